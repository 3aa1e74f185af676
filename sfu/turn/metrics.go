package turn

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// refusal says why something was refused; it is a metric label.
type refusal string

const (
	refusedAuth       refusal = "auth"       // unknown, forged or expired credentials
	refusedQuota      refusal = "quota"      // one allocation too many, of a user, of an address or of all
	refusedPeer       refusal = "peer"       // a peer's address that is not the media port's
	refusedPort       refusal = "port"       // a packet to another port of that address
	refusedPermits    refusal = "permits"    // permissions and channels beyond all use
	refusedConnection refusal = "connection" // one TCP connection too many, or of an address
	refusedRate       refusal = "rate"       // a datagram of an address that sends too many without an allocation
	refusedEnded      refusal = "ended"      // credentials of a user whose relays were ended since
)

func allRefusals() [8]refusal {
	return [...]refusal{
		refusedAuth, refusedQuota, refusedPeer, refusedPort, refusedPermits, refusedConnection, refusedRate, refusedEnded,
	}
}

type refusals [8]atomic.Uint64

func (r *refusals) add(why refusal) {
	for i, other := range allRefusals() {
		if other == why {
			r[i].Add(1)
		}
	}
}

func (r *refusals) of(why refusal) uint64 {
	for i, other := range allRefusals() {
		if other == why {
			return r[i].Load()
		}
	}
	return 0
}

// collector reads the server's counters when it is scraped.
type collector struct{ server *Server }

// Describe sends nothing: the collector is an unchecked one.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.server
	send := func(kind prometheus.ValueType, name, help string, v float64, labels map[string]string) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("diemcau_turn_"+name, help, nil, labels), kind, v)
	}
	s.mu.Lock()
	allocated := s.open.n
	s.mu.Unlock()
	connections := 0
	for _, g := range s.guards {
		connections += g.count()
	}
	send(prometheus.GaugeValue, "allocations", "Relays that are open.", float64(allocated), nil)
	send(prometheus.GaugeValue, "connections", "TCP and TLS connections of clients.", float64(connections), nil)
	send(prometheus.CounterValue, "allocations_total", "Relays that were opened.", float64(s.allocations.Load()), nil)
	for direction, bytes := range map[string]uint64{"up": s.up.Load(), "down": s.down.Load()} {
		send(prometheus.CounterValue, "relayed_bytes_total", "Bytes relayed to the media port and from it.", float64(bytes),
			map[string]string{"direction": direction})
	}
	for _, why := range allRefusals() {
		send(prometheus.CounterValue, "refused_total", "Requests, packets and connections that were refused, by reason.",
			float64(s.refused.of(why)), map[string]string{"reason": string(why)})
	}
}
