package webhook

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A message that makes the sender panic is told and tried again later; other sessions are told meanwhile.
func TestPanicOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults, upset atomic.Int32
		upset.Store(3)
		m := newMemory()
		p := &program{t: t, down: func(m testMessage) int {
			if m.Session == "poison" && upset.Add(-1) >= 0 {
				panic("of a test")
			}
			return 0
		}}
		s, err := New(Config{
			Targets: []Target{{URL: "https://log.example.vn", Secret: testSecret}}, Sources: []Source{m}, Record: m, Log: slog.New(slog.DiscardHandler),
			Registry: prometheus.NewRegistry(), Panicked: func(any, ...any) { faults.Add(1) }, transport: p,
		})
		if err != nil {
			t.Fatal(err)
		}
		m.record("poison")
		m.record("good")
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, []string{"good/1"}) || faults.Load() != 1 {
			t.Errorf("told at once %v, %d faults", got, faults.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, []string{"good/1", "poison/1"}) || faults.Load() != 3 {
			t.Errorf("told in the end %v, %d faults", got, faults.Load())
		}
	})
}
