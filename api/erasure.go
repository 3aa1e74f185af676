package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// eraseNames erases what is personal from a session that is over: the names of the people in the rooms,
// telephone numbers, messages. Its ledger stays whole, and says so, unless it is broken: then no entry can be added.
func (s *API) eraseNames(ctx context.Context, id string, by meeting.Actor) (entries int64, err error) {
	if entries, err = s.record.PersonalEntries(ctx, id); err != nil {
		return 0, err
	}
	err = contain.Run(s.guard.Panicked, func() error { return s.live.CommandOnRecord(ctx, id, meeting.EraseNames{}, by) }, "session", id)
	if err != nil {
		if err := (erasing{s}).eraseUnreadable(ctx, id, entries, err); err != nil {
			return 0, err
		}
	}
	s.reports.forget(id)
	return entries, nil
}

// erasing are the steps of an erasure.
type erasing struct{ *API }

// eraseUnreadable erases where the erasure was refused because the ledger cannot be replayed, and returns the refusal otherwise.
func (s erasing) eraseUnreadable(ctx context.Context, id string, entries int64, refusal error) error {
	if decided := new(meeting.Error); errors.As(refusal, &decided) {
		return refusal
	}
	row, err := s.record.Session(ctx, id)
	if err != nil || !over(row.Phase) {
		return errors.Join(refusal, err)
	}
	why := s.unreadable(ctx, id)
	if why == nil {
		return refusal
	}
	if err := s.record.EraseUnreadable(ctx, id); err != nil {
		return err
	}
	if entries > 0 {
		s.log.Error("names were erased, and no entry says so: the ledger is broken", "session", id, "entries", entries, "err", why)
	}
	return nil
}

// unreadable returns why a ledger cannot be replayed; nil if it can, or if the record does not answer.
func (s erasing) unreadable(ctx context.Context, id string) error {
	silent := false
	read := func(entries iter.Seq2[ledger.Entry, error]) iter.Seq2[ledger.Entry, error] {
		return func(yield func(ledger.Entry, error) bool) {
			for e, err := range entries {
				silent = silent || err != nil
				if !yield(e, err) {
					return
				}
			}
		}
	}
	err := contain.Run(s.guard.Panicked, func() error {
		_, _, err := ledger.Replay(id, read(s.record.Entries(ctx, id, 1)), nil)
		return err
	}, "session", id)
	if silent {
		return nil
	}
	return err
}

func over(phase meeting.Phase) bool {
	return phase == meeting.PhaseEnded || phase == meeting.PhaseSealed
}

const maxTold = 10 // sessions that could not be erased, in one error

// eraseNamesBefore does so with every session that is over and recorded nothing since a moment, unless that was the
// last thing that it recorded. One that cannot be erased hinders no other.
func (s *API) eraseNamesBefore(ctx context.Context, before time.Time, by meeting.Actor) (entries int64, err error) {
	rows, err := s.record.Sessions(ctx)
	if err != nil {
		return 0, err
	}
	var told []error
	failed := 0
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return entries, errors.Join(append(told, err)...)
		}
		if !over(row.Phase) {
			continue
		}
		n, err := erasing{s}.eraseIfQuiet(ctx, row.ID, before, by)
		entries += n
		if err == nil {
			continue
		}
		if failed++; failed <= maxTold {
			told = append(told, fmt.Errorf("session %s: %w", row.ID, err))
		}
	}
	if failed > maxTold {
		told = append(told, fmt.Errorf("and of %d more sessions", failed-maxTold))
	}
	return entries, errors.Join(told...)
}

// eraseIfQuiet erases the names of a session that recorded nothing since a moment, unless that is done.
func (s erasing) eraseIfQuiet(ctx context.Context, id string, before time.Time, by meeting.Actor) (entries int64, err error) {
	head, err := s.record.Head(ctx, id)
	if err != nil || !head.RecordedAt.Before(before) {
		return 0, err
	}
	if erased, err := s.namesErased(ctx, id, head); erased || err != nil {
		return 0, err
	}
	return s.eraseNames(ctx, id, by)
}

// namesErased reports whether the end of a ledger says that the names were erased.
func (s erasing) namesErased(ctx context.Context, id string, head ledger.Head) (erased bool, err error) {
	err = contain.Run(s.guard.Panicked, func() error {
		for e, err := range s.record.Entries(ctx, id, head.Seq) {
			erased = err == nil && e.Kind == (&meeting.NamesErased{}).Kind()
			return err
		}
		return nil
	}, "session", id)
	if errors.Is(err, contain.ErrPanic) {
		return false, nil // a ledger that makes its reader panic says nothing
	}
	return erased, err
}
