package sfu

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// How lines are grouped: round trips in seconds, shares of packets lost.
func rttBounds() []float64  { return []float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2} }
func lossBounds() []float64 { return []float64{0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2} }

// spread counts values by upper bound, as a Prometheus histogram wants them.
type spread struct {
	bounds []float64
	counts map[float64]uint64
	n      uint64
	sum    float64
}

func newSpread(bounds []float64) *spread {
	s := &spread{bounds: bounds, counts: map[float64]uint64{}}
	for _, b := range bounds {
		s.counts[b] = 0
	}
	return s
}

func (s *spread) add(v float64) {
	s.n++
	s.sum += v
	for _, b := range s.bounds {
		if v <= b {
			s.counts[b]++
		}
	}
}

// collectViewers reports how the stage reaches the viewers, all together: by slot and rendition, and how good the lines
// are. It looks at every viewer, which at ten thousand costs some milliseconds a scrape.
func (c *collector) collectViewers(out chan<- prometheus.Metric) {
	rtt, loss := newSpread(rttBounds()), newSpread(lossBounds())
	type stream struct {
		slot      SlotID
		rendition int
	}
	legs, rates := map[stream]int{}, map[SlotID]int64{}
	receiving, starved := 0, 0
	for _, v := range c.node.allViewers() {
		st := v.Stats()
		if st.RTT > 0 {
			rtt.add(st.RTT.Seconds())
			loss.add(st.LossRate)
		}
		if st.Receiving {
			receiving++
		}
		if st.Starved {
			starved++
		}
		for _, s := range st.Slots {
			legs[stream{s.Slot, s.Rendition}]++
			rates[s.Slot] += s.Bitrate
		}
	}
	gauge := func(d desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(newDesc("viewers_receiving", "Viewers whose reports show media arriving."), float64(receiving))
	gauge(newDesc("viewers_starved", "Viewers whose line does not carry some picture at all."), float64(starved))
	byStream := newDesc("legs", "Viewers of a slot by the rendition that they are sent; -1 is nothing.", "slot", "rendition")
	for s, n := range legs {
		gauge(byStream, float64(n), string(s.slot), strconv.Itoa(s.rendition))
	}
	bySlot := newDesc("slot_bits_per_second", "Payload sent to all viewers of a slot in the last second.", "slot")
	for slot, rate := range rates {
		gauge(bySlot, float64(rate), string(slot))
	}
	histogram := func(name, help string, s *spread) {
		out <- prometheus.MustNewConstHistogram(newDesc(name, help), s.n, s.sum, s.counts)
	}
	histogram("viewer_rtt_seconds", "Round trips of the viewers, by their last reports.", rtt)
	histogram("viewer_loss_ratio", "Share of packets lost of each viewer, the worst of its slots, by its last report.", loss)
}

// allViewers lists the viewers of all stages.
func (n *Node) allViewers() (list []*Viewer) {
	for _, stage := range n.list() {
		stage.mu.Lock()
		for v := range stage.viewers {
			list = append(list, v)
		}
		stage.mu.Unlock()
	}
	return list
}
