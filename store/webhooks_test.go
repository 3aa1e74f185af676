package store_test

import (
	"testing"
	"time"

	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
)

func TestWebhooks(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		if seq, err := s.WebhookCursor(t.Context(), "u", "presence", "s1"); err != nil || seq != 0 {
			t.Errorf("a cursor at the beginning: %d, %v", seq, err)
		}
		late := store.DeadLetter{ID: "s1-9", URL: "u", Session: "s1", Body: []byte(`{"a":1}`), Attempts: 10, Failure: "503", DiedAt: t0.Add(time.Second)}
		early := store.DeadLetter{ID: "s1-5", URL: "u", Session: "s1", Body: []byte(`{}`), Attempts: 9, Failure: "timeout", DiedAt: t0}
		for i, dead := range []*store.DeadLetter{nil, &late, &early, &late} { // the last is a repetition
			if err := s.AdvanceWebhook(t.Context(), "u", "presence", "s1", uint64(i+1), dead); err != nil {
				t.Fatal(err)
			}
		}
		s = f.reopen()
		if seq, err := s.WebhookCursor(t.Context(), "u", "presence", "s1"); err != nil || seq != 4 {
			t.Errorf("cursor %d, %v", seq, err)
		}
		if seq, err := s.WebhookCursor(t.Context(), "other", "presence", "s1"); err != nil || seq != 0 {
			t.Errorf("another receiver's cursor: %d, %v", seq, err)
		}
		list, err := s.DeadLetters(t.Context())
		if diff := cmp.Diff([]store.DeadLetter{early, late}, list); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := s.DropDeadLetter(t.Context(), early.ID); err != nil {
			t.Fatal(err)
		}
		if list, err := s.DeadLetters(t.Context()); err != nil || len(list) != 1 || list[0].ID != late.ID {
			t.Errorf("%v, %v", list, err)
		}
	})
}
