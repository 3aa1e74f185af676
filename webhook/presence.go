package webhook

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// KindPresence is the kind of the messages about who joined and left, and that a session was sealed.
const KindPresence = "presence"

const maxEvents = 100 // in one message

// Entries reads ledgers; *store.Store does.
type Entries interface {
	Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error]
}

// Presence returns the source of who joined and left, and that a session was sealed.
func Presence(ledgers Entries) Source { return presence{ledgers} }

type presence struct{ ledgers Entries }

// presenceMessage is the body of one message.
type presenceMessage struct {
	Kind    string          `json:"kind"`
	Session string          `json:"session"`
	Events  []presenceEvent `json:"events"`
}

// presenceEvent is one entry of the ledger as other programs are told of it: codes, no names of people.
type presenceEvent struct {
	Seq      uint64            `json:"seq"`
	At       time.Time         `json:"at"`
	Type     string            `json:"type"` // joined, left, sealed
	Endpoint string            `json:"endpoint,omitempty"`
	Why      meeting.EndReason `json:"why,omitempty"` // of left
}

func (presence) Kind() string { return KindPresence }

func (p presence) Next(ctx context.Context, session string, after uint64) (Message, error) {
	m := Message{Last: after}
	body := presenceMessage{Kind: KindPresence, Session: session}
	for e, err := range p.ledgers.Entries(ctx, session, after+1) {
		if err != nil {
			return m, err
		}
		told, concerns, err := presenceOf(e)
		if err != nil {
			return m, err
		}
		if concerns {
			body.Events = append(body.Events, told)
		}
		if m.Last = e.Seq; len(body.Events) == maxEvents {
			break
		}
	}
	if len(body.Events) > 0 {
		m.First, m.Body = body.Events[0].Seq, body
	}
	return m, nil
}

// presenceOf is what other programs are told of an entry, if anything.
func presenceOf(e ledger.Entry) (told presenceEvent, concerns bool, err error) {
	ev, err := e.Event()
	if err != nil {
		return told, false, fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	told = presenceEvent{Seq: e.Seq, At: e.At}
	switch ev := ev.(type) {
	case *meeting.Connected:
		told.Type, told.Endpoint = "joined", ev.Endpoint
	case *meeting.Resumed:
		told.Type, told.Endpoint = "joined", ev.Endpoint
	case *meeting.Left:
		told.Type, told.Endpoint, told.Why = "left", ev.Endpoint, ev.Why
	case *meeting.Lost:
		told.Type, told.Endpoint, told.Why = "left", ev.Endpoint, ev.Why
	case *meeting.Sealed:
		told.Type = "sealed"
	default:
		return told, false, nil
	}
	return told, true, nil
}
