package admission

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
)

// Describe sends nothing: the collector is an unchecked one.
func (g *Gate) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g *Gate) Collect(out chan<- prometheus.Metric) {
	g.mu.Lock()
	unauthenticated, total, gone := g.unauthenticated, g.total, maps.Clone(g.gone)
	g.mu.Unlock()
	send := func(kind prometheus.ValueType, name, help string, v float64, labels map[string]string) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("diemcau_sockets_"+name, help, nil, labels), kind, v)
	}
	send(prometheus.GaugeValue, "limit", "Connections that the limit of open files leaves room for.", float64(g.limits.Total), nil)
	for who, n := range map[string]int{"unauthenticated": unauthenticated, "known": total - unauthenticated} {
		send(prometheus.GaugeValue, "open", "Connections that are open, by whether they have said who they are.", float64(n), map[string]string{"who": who})
	}
	for _, why := range []Reason{EvictedAddress, EvictedCrowd, RefusedFull, AcceptFailed} {
		send(prometheus.CounterValue, "refused_total", "Connections that were refused or closed for want of room.", float64(gone[why]),
			map[string]string{"reason": string(why)})
	}
}

// Gone is how many connections were not kept for a reason.
func (g *Gate) Gone(why Reason) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gone[why]
}
