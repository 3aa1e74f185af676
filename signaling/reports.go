package signaling

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/diemcau/diemcau/attendance"
)

// maxReports is how many sessions' reports are kept up to date in memory.
const maxReports = 8

// reports folds the ledgers of the sessions that are asked for, each entry once: a page that follows the
// attendance live costs what has changed.
type reports struct {
	record Record

	mu       sync.Mutex
	sessions map[string]*liveReport
}

type liveReport struct {
	mu      sync.Mutex
	builder *attendance.Builder
	head    attendance.Head // the last entry that was folded
}

func newReports(rec Record) *reports {
	return &reports{record: rec, sessions: map[string]*liveReport{}}
}

// of returns the report of a session as of a moment. A ledger that is not whole gives none.
func (r *reports) of(ctx context.Context, session string, asOf time.Time) (*attendance.Report, error) {
	r.mu.Lock()
	live := r.sessions[session]
	if live == nil {
		if len(r.sessions) >= maxReports {
			clear(r.sessions) // rare, and only costs folding anew
		}
		live = &liveReport{builder: attendance.NewBuilder(), head: attendance.Head{Hash: attendance.Genesis()}}
		r.sessions[session] = live
	}
	r.mu.Unlock()
	live.mu.Lock()
	defer live.mu.Unlock()
	for e, err := range attendance.CheckedFrom(live.head, r.record.Entries(ctx, session, live.head.Seq+1)) {
		if err == nil {
			err = live.builder.Add(e)
		}
		if err != nil {
			return nil, fmt.Errorf("attendance of %s: %w", session, err)
		}
		live.head = attendance.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	return live.builder.Report(attendance.FoldOptions{AsOf: asOf}), nil
}

// forget folds a session anew the next time, after something was erased from its record.
func (r *reports) forget(session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, session)
}
