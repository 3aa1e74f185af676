package sfu

import "github.com/prometheus/client_golang/prometheus"

// trunkKey names a trunk in metrics. Of two that have one name, as while one takes the other's place, the sum counts.
type trunkKey struct{ end, stage, peer string }

// trunkStats is what the ends of trunks on this node know, by name.
func (n *Node) trunkStats() map[trunkKey]TrunkStats {
	all := map[trunkKey]TrunkStats{}
	add := func(end, stage, peer string, st TrunkStats) {
		key := trunkKey{end, stage, peer}
		sum := all[key]
		all[key] = TrunkStats{
			RTT: max(sum.RTT, st.RTT), Lost: sum.Lost + st.Lost, Repairs: sum.Repairs + st.Repairs,
			Packets: sum.Packets + st.Packets, Live: sum.Live || st.Live,
		}
	}
	for _, s := range n.list() {
		s.mu.Lock()
		for t := range s.trunks {
			add("centre", s.id, t.params.ID, t.Stats())
		}
		for in := range s.intakes {
			add("relay", s.id, in.params.ID, in.Stats())
		}
		s.mu.Unlock()
	}
	return all
}

// collectTrunks reports on the ends of trunks on this node.
func (c *collector) collectTrunks(out chan<- prometheus.Metric) {
	named := func(name, help string) desc {
		return prometheus.NewDesc("diemcau_trunk_"+name, help, []string{"end", "stage", "peer"}, nil)
	}
	lost := named("lost_total", "Packets that a trunk lost: at the centre by the relay's reports, before repair; at the relay those that stayed missing.")
	repairs := named("repairs_total", "Packets sent again on a trunk; at the relay those that came after they had been asked for.")
	rtt := named("rtt_seconds", "Round trip of a trunk.")
	live := named("live", "1 if the other end of a trunk was heard in the last three seconds.")
	for key, st := range c.node.trunkStats() {
		metric := func(d desc, kind prometheus.ValueType, v float64) {
			out <- prometheus.MustNewConstMetric(d, kind, v, key.end, key.stage, key.peer)
		}
		metric(lost, prometheus.CounterValue, float64(st.Lost))
		metric(repairs, prometheus.CounterValue, float64(st.Repairs))
		metric(rtt, prometheus.GaugeValue, st.RTT.Seconds())
		alive := 0.0
		if st.Live {
			alive = 1
		}
		metric(live, prometheus.GaugeValue, alive)
	}
}
