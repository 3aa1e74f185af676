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
	mu   sync.Mutex
	live *attendance.Live
	head attendance.Head // the last entry that was folded
}

func newReports(rec Record) *reports {
	return &reports{record: rec, sessions: map[string]*liveReport{}}
}

// of returns the report of a session as of a moment, with the sites that sel takes and how many match. A page of the
// present costs what has changed since the last one. A ledger that is not whole gives none.
func (r *reports) of(ctx context.Context, session string, asOf time.Time, present bool, sel attendance.Selection) (*attendance.Report, int, error) {
	r.mu.Lock()
	live := r.sessions[session]
	if live == nil {
		if len(r.sessions) >= maxReports {
			clear(r.sessions) // rare, and only costs folding anew
		}
		live = &liveReport{live: attendance.NewLive(), head: attendance.Head{Hash: attendance.Genesis()}}
		r.sessions[session] = live
	}
	r.mu.Unlock()
	live.mu.Lock()
	defer live.mu.Unlock()
	for e, err := range attendance.CheckedFrom(live.head, r.record.Entries(ctx, session, live.head.Seq+1)) {
		if err == nil {
			err = live.live.Add(e)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("attendance of %s: %w", session, err)
		}
		live.head = attendance.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	if present {
		page, matching := live.live.Page(asOf, sel)
		return page, matching, nil
	}
	page, matching := live.live.Builder().Report(attendance.FoldOptions{AsOf: asOf}).Select(sel)
	return page, matching, nil
}

// forget folds a session anew the next time, after something was erased from its record.
func (r *reports) forget(session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, session)
}
