package webhook

import (
	"context"
	"encoding/json"
	"iter"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

type ledgerOf []ledger.Entry

func (l ledgerOf) Entries(_ context.Context, _ string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range l {
			if e.Seq >= from && !yield(e, nil) {
				return
			}
		}
	}
}

func TestAnchors(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	c := ledger.NewChain("s1", ledger.NewNode("n", 0), ledger.Head{})
	var list ledgerOf
	for _, at := range []time.Duration{0, time.Minute, 11 * time.Minute, 12 * time.Minute} {
		var ev meeting.Event = &meeting.HandRaised{Endpoint: "C1"}
		if at == 12*time.Minute {
			ev = &meeting.Sealed{By: "@secretary"}
		}
		e, err := c.Next(time.Time{}, t0.Add(at), "", ev)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	now := t0
	source := Anchors(list, 10*time.Minute, func() time.Time { return now })
	open := Anchors(list[:3], 10*time.Minute, func() time.Time { return now })
	for _, tt := range []struct {
		name   string
		source Source
		at     time.Duration
		after  uint64
		seq    uint64 // of the head that is told; 0 = nothing yet
	}{
		{"the first stretch is over", source, 5 * time.Minute, 0, 2},
		{"the same later", source, time.Hour, 0, 2},
		{"sealed: at once", source, 5 * time.Minute, 2, 4},
		{"nothing new", source, time.Hour, 4, 0},
		{"the stretch goes on", open, 15 * time.Minute, 2, 0},
		{"it is over", open, 22 * time.Minute, 2, 3},
	} {
		now = t0.Add(tt.at)
		m, err := tt.source.Next(t.Context(), "s1", tt.after)
		if err != nil {
			t.Fatal(err)
		}
		if tt.seq == 0 {
			if m.Body != nil || m.Last != tt.after {
				t.Errorf("%s: told %+v", tt.name, m)
			}
			continue
		}
		body, err := json.Marshal(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		anchors, err := ledger.ParseAnchors(body)
		if err != nil || len(anchors) != 1 || anchors[0].Seq != tt.seq || anchors[0].Head != list[tt.seq-1].Hash || m.Last != tt.seq {
			t.Errorf("%s: told %s, last %d, %v", tt.name, body, m.Last, err)
		}
	}
}
