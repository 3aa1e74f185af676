package ledger

import (
	"fmt"
	"iter"

	"github.com/diemcau/diemcau/meeting"
)

// Replay rebuilds a session from all entries of its ledger, whose chain has to be whole, letting seen, if given, look at each on
// the way.
func Replay(id string, entries iter.Seq2[Entry, error], seen func(Entry, meeting.Event)) (*meeting.Session, Head, error) {
	s := meeting.New(id)
	head, err := Follow(s, Head{Hash: Genesis()}, entries, seen)
	if err != nil {
		return nil, head, err
	}
	if head.Seq == 0 {
		return nil, head, fmt.Errorf("session %s: its ledger is empty", id)
	}
	return s, head, nil
}

// Follow applies to a session the entries that come after the head it stands at, as Replay does from the first, and returns
// where it stands then. After an error the session is of no further use.
func Follow(s *meeting.Session, head Head, entries iter.Seq2[Entry, error], seen func(Entry, meeting.Event)) (Head, error) {
	for e, err := range CheckedFrom(head, entries) {
		if err != nil {
			return head, fmt.Errorf("session %s: %w", s.ID, err)
		}
		ev, err := e.Event()
		if err != nil {
			return head, fmt.Errorf("session %s, entry %d: %w", s.ID, e.Seq, err)
		}
		s.Apply(ev, e.At)
		if seen != nil {
			seen(e, ev)
		}
		head = Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	return head, nil
}
