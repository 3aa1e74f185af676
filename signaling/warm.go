package signaling

import (
	"context"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// tailEvery is how often a node that stands by reads on in the ledgers.
const tailEvery = time.Second

// warm are sessions as a node knows them that stands by, so that it need not read long ledgers when it takes over. Its zero
// value has none. It belongs to StandBy, and then to who loads sessions, one at a time.
type warm struct{ byID map[string]*replayed }

// StandBy follows, until the context ends, the ledgers of the sessions that are not over, for a Start after that. It writes nothing.
func StandBy(ctx context.Context, s *Server) {
	for ctx.Err() == nil {
		if err := s.warm.tail(ctx, s.record); err != nil && ctx.Err() == nil {
			s.log.Debug("the ledgers cannot be followed", "err", err)
		}
		select {
		case <-time.After(tailEvery):
		case <-ctx.Done():
		}
	}
}

// tail reads on in every ledger. One that cannot be read is begun anew the next time.
func (w *warm) tail(ctx context.Context, rec Record) error {
	rows, err := rec.Sessions(ctx)
	if err != nil {
		return err
	}
	before := w.byID
	w.byID = map[string]*replayed{}
	for _, row := range rows {
		if row.Phase == meeting.PhaseEnded || row.Phase == meeting.PhaseSealed {
			continue
		}
		r := before[row.ID]
		if r == nil {
			r = notReplayed(row.ID)
		}
		if err = r.follow(ctx, rec, nil); err != nil {
			continue
		}
		w.byID[row.ID] = r
	}
	return err
}

// load reads a session, from where it was followed to if it was.
func (w *warm) load(ctx context.Context, rec Record, id, node string) (*replayed, error) {
	r := w.byID[id]
	delete(w.byID, id)
	if r != nil && r.follow(ctx, rec, nil) == nil {
		return r, r.complete(ctx, rec)
	}
	return reload(ctx, rec, id, node, ledger.Head{})
}
