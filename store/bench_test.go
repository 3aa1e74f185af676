package store_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// BenchmarkAppend appends single entries, of one session and of several at once as fast as their acknowledgements come,
// and of a session that 1,000 sites a minute join; it reports how long an acknowledgement takes.
func BenchmarkAppend(b *testing.B) {
	for _, bb := range []struct {
		name     string
		sessions int
		every    time.Duration // between two entries of a session; 0 is as fast as it goes
	}{{"sessions=1", 1, 0}, {"sessions=16", 16, 0}, {"1000_joins_a_minute", 1, time.Minute / 1000}} {
		b.Run(bb.name, func(b *testing.B) {
			sessions := bb.sessions
			s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "diemcau.db"), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			node := ledger.NewNode("n1", 0)
			took := make([][]time.Duration, sessions)
			var wg sync.WaitGroup
			b.ResetTimer()
			for i := range sessions {
				wg.Go(func() {
					c := ledger.NewChain(fmt.Sprint("s", i), node, ledger.Head{})
					for range (b.N + sessions - 1) / sessions {
						time.Sleep(bb.every)
						e, err := c.Next(time.Time{}, time.Now(), "", &meeting.Connected{Endpoint: "C22738", Conn: "018f0000-0000-7000-8000-000000000000"})
						began := time.Now()
						if err == nil {
							err = s.Append(b.Context(), e.Session, meeting.PhaseLive, []ledger.Entry{e})
						}
						if err != nil {
							b.Error(err)
							return
						}
						took[i] = append(took[i], time.Since(began))
					}
				})
			}
			wg.Wait()
			all := slices.Concat(took...)
			slices.Sort(all)
			if len(all) == 0 {
				b.Fatal("nothing was appended")
			}
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkEntries reads a long ledger, as a restart or a report does.
func BenchmarkEntries(b *testing.B) {
	const entries = 100_000
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var list []ledger.Entry
	for range entries {
		e, err := c.Next(time.Time{}, time.Now(), "", &meeting.Connected{Endpoint: "C22738", Conn: "018f0000-0000-7000-8000-000000000000"})
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, e)
	}
	if err := s.Append(b.Context(), "s1", meeting.PhaseLive, list); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		for _, err := range s.Entries(b.Context(), "s1", 1) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != entries {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
