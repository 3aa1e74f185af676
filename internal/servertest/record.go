package servertest

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// Record is a store that can break, or die as a killed process does.
type Record struct {
	*store.Store
	Failing atomic.Bool                   // nothing is written
	Dead    atomic.Bool                   // nothing is written any more
	Unsure  atomic.Int32                  // so many appends are made and yet reported as failed
	Slow    atomic.Pointer[chan struct{}] // appends are made, and come back when it is closed
	Lacks   atomic.Uint64                 // entries from this one on are not there, as in an older copy; 0 = none
	Silent  atomic.Bool                   // nothing can be read
	Upset   atomic.Pointer[string]        // session whose ledger makes its reader panic
	Damaged string                        // session whose ledger cannot be read
	Forged  uint64                        // Seq of the entry that somebody changed; 0 = none
}

// ErrDisk is what a full disk answers.
var ErrDisk = errors.New("no space left on device")

func (r *Record) Append(ctx context.Context, session string, phase meeting.Phase, entries []ledger.Entry) error {
	if r.Failing.Load() || r.Dead.Load() {
		return ErrDisk
	}
	err := r.Store.Append(ctx, session, phase, entries)
	if until := r.Slow.Load(); until != nil {
		<-*until
	}
	if r.Unsure.Add(-1) >= 0 {
		return ErrDisk
	}
	return err
}

func (r *Record) Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error] {
	if session == r.Damaged {
		return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, ErrDisk) }
	}
	return func(yield func(ledger.Entry, error) bool) {
		if upset := r.Upset.Load(); upset != nil && *upset == session {
			panic("of a test")
		}
		if r.Silent.Load() {
			yield(ledger.Entry{}, context.DeadlineExceeded)
			return
		}
		for e, err := range r.Store.Entries(ctx, session, fromSeq) {
			if e.Seq == r.Forged {
				e.At = e.At.Add(time.Second)
			}
			if lacks := r.Lacks.Load(); lacks > 0 && e.Seq >= lacks {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (r *Record) Alive(ctx context.Context, at time.Time, sessions ...string) error {
	if r.Failing.Load() || r.Dead.Load() {
		return ErrDisk
	}
	return r.Store.Alive(ctx, at, sessions...)
}
