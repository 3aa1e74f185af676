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

// notReplayed is a session of which nothing was read yet.
func notReplayed(id string) *replayed {
	return &replayed{session: meeting.New(id), head: ledger.Head{Hash: ledger.Genesis()}, known: map[uint64]bool{}}
}

// reload replays a session for its coordinator, which knows confirmed to be on record, and notes which entries after
// that are its node's.
func reload(ctx context.Context, rec Record, id string, node string, confirmed ledger.Head) (*replayed, error) {
	r := notReplayed(id)
	same := confirmed.Seq == 0
	err := r.follow(ctx, rec, func(e ledger.Entry) {
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
	return r, r.complete(ctx, rec)
}

// follow reads the entries that were not read yet. After an error what was read is of no use.
func (r *replayed) follow(ctx context.Context, rec Record, seen func(ledger.Entry)) (err error) {
	kept := chat{kept: r.chat}
	r.head, err = ledger.Follow(r.session, r.head, rec.Entries(ctx, r.session.ID, r.head.Seq+1), func(e ledger.Entry, ev meeting.Event) {
		if m, ok := ev.(*meeting.MessageSent); ok && m.Text != "" { // empty once erased
			kept.keep(chatMessage{m, e.At})
		}
		if _, erased := ev.(*meeting.NamesErased); erased {
			kept.kept = nil
		}
		r.budget.spend(e, ev)
		if seen != nil {
			seen(e)
		}
	})
	r.chat = kept.kept
	if err == nil && r.head.Seq == 0 {
		err = fmt.Errorf("session %s: its ledger is empty", r.session.ID)
	}
	return err
}

// complete reads what stands beside the ledger.
func (r *replayed) complete(ctx context.Context, rec Record) (err error) {
	id := r.session.ID
	if r.row, err = rec.Session(ctx, id); err != nil {
		return err
	}
	if r.serials, err = serialsOf(ctx, rec, id); err != nil {
		return err
	}
	if r.alive, err = rec.LastAlive(ctx, id); err != nil {
		return fmt.Errorf("session %s: %w", id, err)
	}
	if r.head.RecordedAt.After(r.alive) {
		r.alive = r.head.RecordedAt
	}
	return nil
}
