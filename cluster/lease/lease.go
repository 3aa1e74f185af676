// Package lease decides when a node may act as the owner of what several nodes share, and when another may take over. It is
// pure: whoever uses it asks the record, and gives the times of its own monotonic clock. Clocks of different nodes, or of the
// database, are never compared.
package lease

import "time"

// The times of a lease. Owner and stand-by count by themselves, each on its own clock: the owner from when it sent what was
// seen, the stand-by from when it saw it, so that the owner is always the first to give up. What lies between, Stale less
// Hold, is what the owner has to fall silent, and for clocks that do not run alike.
const (
	RenewEvery = time.Second             // the owner renews
	LookEvery  = 500 * time.Millisecond  // the stand-by looks
	Hold       = 4500 * time.Millisecond // the owner acts for so long after it sent a renewal that was made
	Stale      = 6 * time.Second         // the stand-by takes what it has seen unchanged for so long
)

// Holder is the owner's side. Its zero value holds nothing.
type Holder struct{ sent time.Time }

// Renewed takes note that the record has accepted a renewal, or the taking itself, that was sent at a moment.
func (h *Holder) Renewed(sent time.Time) {
	if sent.After(h.sent) {
		h.sent = sent
	}
}

// Lost takes note that the record has refused a renewal.
func (h *Holder) Lost() { h.sent = time.Time{} }

// Until is the moment from which the owner must be silent; zero if it is that already.
func (h *Holder) Until() time.Time {
	if h.sent.IsZero() {
		return time.Time{}
	}
	return h.sent.Add(Hold)
}

// Holds reports whether the owner may act.
func (h *Holder) Holds(now time.Time) bool { return now.Before(h.Until()) }

// Watcher is the stand-by's side: it sees marks of an owner, which differ with each renewal.
type Watcher[Mark comparable] struct {
	mark  Mark
	since time.Time // when the mark was seen first
	seen  bool
}

// Saw takes note of the mark that the record gave to a question asked at a moment, the answer to which came at another, and
// reports whether the owner may be followed: for Stale before the question nothing has changed. Where the mark is that of
// nobody the caller need not wait for that.
func (w *Watcher[Mark]) Saw(mark Mark, asked, answered time.Time) (stale bool) {
	if !w.seen || mark != w.mark {
		w.mark, w.since, w.seen = mark, answered, true
		return false
	}
	return asked.Sub(w.since) >= Stale
}

// Quiet is for how long the mark that was seen last has been the same at a moment.
func (w *Watcher[Mark]) Quiet(now time.Time) time.Duration { return now.Sub(w.since) }
