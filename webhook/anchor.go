package webhook

import (
	"context"
	"time"

	"github.com/diemcau/diemcau/ledger"
)

// KindAnchor is the kind of the messages about the heads of ledgers.
const KindAnchor = "anchor"

// Anchors returns the source of heads: at once when a session is sealed, and otherwise once in a while as long as it
// records something. Who keeps the messages can show later that a ledger was shortened or written anew.
func Anchors(ledgers Entries, every time.Duration, now func() time.Time) Source {
	return anchors{ledgers, every, now}
}

type anchors struct {
	ledgers Entries
	every   time.Duration
	now     func() time.Time
}

// anchorMessage is the body of one message; ledger.ParseAnchors reads it.
type anchorMessage struct {
	Kind string `json:"kind"`
	ledger.Anchor
}

func (anchors) Kind() string { return KindAnchor }

// Next tells the last head of a stretch of time, which begins with the first entry that nobody was told of and is over:
// so the same cursor gives the same message.
func (a anchors) Next(ctx context.Context, session string, after uint64) (Message, error) {
	m := Message{Last: after}
	var over time.Time
	var head ledger.Anchor
	for e, err := range a.ledgers.Entries(ctx, session, after+1) {
		if err != nil {
			return m, err
		}
		if head.Seq == 0 {
			m.First, over = e.Seq, e.RecordedAt.Add(a.every)
		} else if !e.RecordedAt.Before(over) {
			over = time.Time{}
			break
		}
		head = ledger.Anchor{Session: session, Seq: e.Seq, Head: e.Hash, At: e.RecordedAt}
		if e.Kind == "sealed" {
			over = time.Time{}
			break
		}
	}
	if head.Seq == 0 || a.now().Before(over) {
		return Message{Last: after}, nil
	}
	m.Last, m.Body = head.Seq, anchorMessage{KindAnchor, head}
	return m, nil
}
