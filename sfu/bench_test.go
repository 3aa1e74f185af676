package sfu

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"

	"github.com/pion/rtcp"

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

// benchmarkStage is a stage with viewers on good lines whose packets are thrown away; forwarded counts them.
func benchmarkStage(b *testing.B, cfg Config, viewers int) (r *rig, forwarded func() uint64) {
	b.Helper()
	cfg.Writers, cfg.viewers = 2, sinks{}
	n, err := New(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = n.Close() })
	r = &rig{t: b, node: n, stage: n.Stage("s")}
	good, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 20e6, SSRCs: []uint32{mainSSRC}}})
	if err != nil {
		b.Fatal(err)
	}
	list := make([]*Viewer, viewers)
	for i := range list {
		v, err := r.stage.OpenViewer(ViewerParams{ID: fmt.Sprint(i), Owner: "viewer", Slots: StageSlots})
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Answer(""); err != nil {
			b.Fatal(err)
		}
		v.onState(Connected)
		v.feedback.handle(good) // otherwise it is paced, and frames come here as fast as they are sent
		list[i] = v
	}
	for _, v := range list {
		eventually(b, "the good line is used", func() bool { return v.Stats().Budget == 20e6 })
	}
	return r, r.forwarded
}

// benchmark measures what is pushed each time, by packets forwarded.
func benchmark(b *testing.B, r *rig, forwarded func() uint64, push func()) {
	b.Helper()
	r.settle()
	before := forwarded()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	for b.Loop() {
		push()
		for _, s := range r.node.shards {
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
