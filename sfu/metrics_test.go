package sfu

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gathered is what a registry gives, by name and labels.
func gathered(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}

// Two trunks of one name, as while one takes the other's place, are one in metrics.
func TestTrunkMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	n, err := New(Config{UDP: netip.MustParseAddrPort("127.0.0.1:0"), Loopback: true}, slog.New(slog.DiscardHandler), reg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 2 {
		trunk, err := n.Stage("s").OpenTrunk(TrunkParams{ID: "P58"})
		if err != nil {
			t.Fatal(err)
		}
		trunk.legs[i].lost.Store(3)
		trunk.legs[i].repairs.Store(2)
		trunk.rtt.Store(int64(time.Second) * int64(i))
	}
	got := gathered(t, reg)
	for name, want := range map[string]float64{
		"diemcau_trunk_lost_total centre P58 s": 6, "diemcau_trunk_repairs_total centre P58 s": 4,
		"diemcau_trunk_rtt_seconds centre P58 s": 1, "diemcau_trunk_live centre P58 s": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, %v", name, v, ok)
		}
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	cfg := Config{UDP: netip.MustParseAddrPort("127.0.0.1:0"), Loopback: true}
	n, err := New(cfg, slog.New(slog.DiscardHandler), reg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	v, err := n.Stage("s").OpenViewer(ViewerParams{ID: "v", Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	n.drops.Add(DropLate, 3)
	for _, l := range v.legs {
		l.active = true
	}
	v.answered = true
	v.feedback.rtt.Store(int64(40 * time.Millisecond))
	mainLeg(v).rendition.Store(2)
	mainLeg(v).sent.rate.Store(1_000_000)
	got := gathered(t, reg)
	for name, want := range map[string]float64{
		"diemcau_sfu_viewers": 1, "diemcau_sfu_legs 2 v-main": 1, "diemcau_sfu_legs -1 v-floor": 1, "diemcau_sfu_slot_bits_per_second v-main": 1_000_000,
		"diemcau_sfu_viewer_rtt_seconds": 1, "diemcau_sfu_viewer_loss_ratio": 1, "diemcau_sfu_viewers_receiving": 0,
		"diemcau_sfu_packets_dropped_total forward late":       3,
		"diemcau_sfu_packets_dropped_total transport bad_stun": 0, "diemcau_sfu_packets_dropped_total udp no_buffer": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, %v", name, v, ok)
		}
	}
	v.Close()
	v.Wait()
}
