package sfu

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"

	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// sink is a transport that throws everything away: what is measured is the media plane itself.
type sink struct{ params transport.Params }

type sinks struct{}

func (sinks) New(p transport.Params) (transport.Conn, error) { return &sink{p}, nil }
func (sinks) Close() error                                   { return nil }

func (s *sink) Offer() string { return "" }

func (s *sink) Answer(string) ([]transport.Accepted, error) {
	return slices.Repeat([]transport.Accepted{{Active: true, RTX: true}}, len(s.params.Media)), nil
}

func (*sink) WriteRTP(*udpio.Batch, []byte, []byte) error { return nil }
func (*sink) WriteRTCP([]byte) error                      { return nil }
func (*sink) Close() error                                { return nil }

// BenchmarkFanout is the cost of a packet from the publisher's goroutine to a viewer's transport, by number of
// viewers: a frame of five packets of 1,000 B each time. ns and allocs are per packet forwarded.
func BenchmarkFanout(b *testing.B) {
	for _, viewers := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) { benchmarkFanout(b, viewers) })
	}
}

func benchmarkFanout(b *testing.B, viewers int) {
	b.Helper()
	n, err := New(Config{Writers: 2, viewers: sinks{}}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = n.Close() })
	r := &rig{t: b, node: n, stage: n.Stage("s")}
	r.feed(main, alice, Camera)
	a := r.site(alice, markA)
	for i := range viewers {
		v, err := r.stage.OpenViewer(ViewerParams{ID: fmt.Sprint(i), Owner: "viewer", Slots: StageSlots})
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Answer(""); err != nil {
			b.Fatal(err)
		}
		v.onState(Connected)
	}
	payload := make([]byte, 1000)
	copy(payload, vp8(true, true, 1, 0))
	a.push(Camera, 0, a.seq[0], true, payload)
	rest := make([]byte, 1000)
	copy(rest, vp8(false, false, 1, 0))
	r.settle()
	forwarded := func() (total uint64) {
		for _, s := range n.shards {
			total += s.packets.Load()
		}
		return total
	}
	before := forwarded()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	for b.Loop() {
		a.tick()
		a.frame[0]++
		for i := range 5 {
			a.seq[0]++
			p := rest
			if i == 0 {
				p = payload
			}
			a.push(Camera, 0, a.seq[0], i == 4, p)
		}
		for _, s := range n.shards {
			for len(s.bursts) > burstQueue/2 {
				runtime.Gosched()
			}
		}
	}
	r.settle()
	runtime.ReadMemStats(&m1)
	packets := float64(forwarded() - before)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
	b.ReportMetric(float64(m1.Mallocs-m0.Mallocs)/packets, "allocs/packet")
	b.ReportMetric(0, "ns/op")
}
