package signaling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// errRolledBack says that the record has lost what it had acknowledged: another, older copy of it answers.
var errRolledBack = errors.New("the record lacks entries that it had acknowledged")

// replayed is a session as its ledger tells it.
type replayed struct {
	serials map[string]int // of the links in force; 0 = revoked
	session *meeting.Session
	head    ledger.Head
	alive   time.Time // the last evidence of life of whoever served it
	chat    []chatMessage
	row     store.SessionRow
	budget  ledgerBudget
	known   map[uint64]bool // numbers of this node's entries, of those that were asked for
}

// reload replays a session for its coordinator, which knows confirmed to be on record, and notes which entries after
// that are its node's.
func reload(ctx context.Context, rec Record, id string, node string, confirmed ledger.Head) (*replayed, error) {
	r := &replayed{known: map[uint64]bool{}}
	var kept chat
	same := confirmed.Seq == 0
	var err error
	r.session, r.head, err = ledger.Replay(id, rec.Entries(ctx, id, 1), func(e ledger.Entry, ev meeting.Event) {
		if m, ok := ev.(*meeting.MessageSent); ok && m.Text != "" { // empty once erased
			kept.keep(chatMessage{m, e.At})
		}
		if _, erased := ev.(*meeting.NamesErased); erased {
			kept.kept = nil
		}
		r.budget.spend(e, ev)
		if e.Seq == confirmed.Seq {
			same = e.Hash == confirmed.Hash
		}
		if e.Seq > confirmed.Seq && e.Node == node {
			r.known[e.NodeSeq] = true
		}
	})
	if err != nil {
		return nil, err
	}
	if !same {
		return nil, fmt.Errorf("session %s: %w: entry %d", id, errRolledBack, confirmed.Seq)
	}
	if r.row, err = rec.Session(ctx, id); err != nil {
		return nil, err
	}
	r.chat = kept.kept
	if r.serials, err = serialsOf(ctx, rec, id); err != nil {
		return nil, err
	}
	if r.alive, err = rec.LastAlive(ctx, id); err != nil {
		return nil, fmt.Errorf("session %s: %w", id, err)
	}
	if r.head.RecordedAt.After(r.alive) {
		r.alive = r.head.RecordedAt
	}
	return r, nil
}
