package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
)

func TestPictures(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		session(t, s, "s1", ledger.NewNode("n1", 0))
		pictures := []store.Picture{
			{Commitment: "aa", Salt: "01", JPEG: []byte{0xff, 0xd8, 0}, TakenAt: t0},
			{Commitment: "bb", Salt: "02", JPEG: bytes.Repeat([]byte{7}, 48<<10), TakenAt: t0.Add(time.Hour)},
			{Commitment: "cc", Salt: "03", JPEG: []byte{1}, TakenAt: t0.Add(2 * time.Hour)},
		}
		for _, p := range pictures {
			if err := s.SavePicture(t.Context(), "s1", p); err != nil {
				t.Fatal(err)
			}
		}
		s = f.reopen()
		there := func(want ...bool) {
			t.Helper()
			for i, p := range pictures {
				got, err := s.Picture(t.Context(), "s1", p.Commitment)
				switch {
				case !want[i] && !errors.Is(err, store.ErrNotFound):
					t.Errorf("picture %d: %v", i, err)
				case want[i] && (err != nil || !cmp.Equal(got, p)):
					t.Errorf("picture %d: %v, %v", i, got, err)
				}
			}
		}
		there(true, true, true)
		if n, err := s.ErasePictures(t.Context(), t0.Add(time.Hour)); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		there(false, true, true)
		if _, err := s.Picture(t.Context(), "s2", "bb"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of another session: %v", err)
		}
		if n, err := s.EraseNames(t.Context(), "s1"); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		there(false, false, false)
	})
}
