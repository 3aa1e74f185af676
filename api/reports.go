package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
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
	mu    sync.Mutex
	live  *attendance.Live
	audit []auditEntry
	head  ledger.Head // the last entry that was folded
}

func newReports(rec Record) *reports {
	return &reports{record: rec, sessions: map[string]*liveReport{}}
}

// of returns the report of a session as of a moment, with the sites that sel takes and how many match. A page of the
// present costs what has changed since the last one. With a scope it is as if the sites of that unit and those below were
// all. A ledger that is not whole gives none.
func (r *reports) of(
	ctx context.Context, session string, asOf time.Time, present bool, scope string, sel attendance.Selection,
) (*attendance.Report, int, error) {
	live, err := r.followed(ctx, session)
	if err != nil {
		return nil, 0, err
	}
	defer live.mu.Unlock()
	if scope != "" {
		whole := live.live.Builder().Report(attendance.FoldOptions{AsOf: asOf})
		page, matching := whole.Within(scope).Select(sel)
		return page, matching, nil
	}
	if present {
		page, matching := live.live.Page(asOf, sel)
		return page, matching, nil
	}
	page, matching := live.live.Builder().Report(attendance.FoldOptions{AsOf: asOf}).Select(sel)
	return page, matching, nil
}

// particulars are what the documents of a session say about it now.
func (r *reports) particulars(ctx context.Context, session string) (meeting.Particulars, error) {
	live, err := r.followed(ctx, session)
	if err != nil {
		return meeting.Particulars{}, err
	}
	defer live.mu.Unlock()
	return live.live.Particulars(), nil
}

// auditLog returns the control acts of a session so far, the earliest first. They are not to be changed.
func (r *reports) auditLog(ctx context.Context, session string) ([]auditEntry, error) {
	live, err := r.followed(ctx, session)
	if err != nil {
		return nil, err
	}
	defer live.mu.Unlock()
	return live.audit, nil
}

// followed brings a session up to date. Who gets it without an error unlocks it.
func (r *reports) followed(ctx context.Context, session string) (*liveReport, error) {
	r.mu.Lock()
	live := r.sessions[session]
	if live == nil {
		if len(r.sessions) >= maxReports {
			clear(r.sessions) // rare, and only costs folding anew
		}
		live = &liveReport{live: attendance.NewLive(), head: ledger.Head{Hash: ledger.Genesis()}}
		r.sessions[session] = live
	}
	r.mu.Unlock()
	live.mu.Lock()
	for e, err := range ledger.CheckedFrom(live.head, r.record.Entries(ctx, session, live.head.Seq+1)) {
		if err == nil {
			err = live.add(e)
		}
		if err != nil {
			live.mu.Unlock()
			return nil, fmt.Errorf("record of %s: %w", session, err)
		}
	}
	if live.head.Seq == 0 { // who asks knows that there is such a session
		live.mu.Unlock()
		return nil, fmt.Errorf("record of %s: %w", session, &ledger.BrokenError{Seq: 1, Why: ledger.ErrEmpty.Error()})
	}
	return live, nil
}

func (l *liveReport) add(e ledger.Entry) error {
	if err := l.live.Add(e); err != nil {
		return err
	}
	one, is, err := auditEntryOf(e)
	if err != nil {
		return err
	}
	if is {
		// The earliest go; what was handed out keeps the array that it has.
		l.audit = append(l.audit[max(0, len(l.audit)+1-keptAudit):], one)
	}
	l.head = ledger.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	return nil
}

// forget folds a session anew the next time, after something was erased from its record.
func (r *reports) forget(session string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, session)
}
