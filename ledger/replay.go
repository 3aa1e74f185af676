package ledger

import (
	"fmt"
	"iter"

	"github.com/diemcau/diemcau/meeting"
)

// Replay rebuilds a session from all entries of its ledger, whose chain has to be whole, letting seen, if given, look at each on
// the way.
func Replay(id string, entries iter.Seq2[Entry, error], seen func(Entry, meeting.Event)) (*meeting.Session, Head, error) {
	s, head := meeting.New(id), Head{}
	for e, err := range Checked(entries) {
		if err != nil {
			return nil, head, fmt.Errorf("session %s: %w", id, err)
		}
		ev, err := e.Event()
		if err != nil {
			return nil, head, fmt.Errorf("session %s, entry %d: %w", id, e.Seq, err)
		}
		s.Apply(ev, e.At)
		if seen != nil {
			seen(e, ev)
		}
		head = Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	if head.Seq == 0 {
		return nil, head, fmt.Errorf("session %s: its ledger is empty", id)
	}
	return s, head, nil
}
