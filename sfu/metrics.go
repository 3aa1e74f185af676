package sfu

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/sfu/transport/lean"
)

// collector reads the node's counters when it is scraped, so that counting costs the packet path nothing more than
// an atomic addition. Nothing is labelled by viewer.
type collector struct{ node *Node }

type desc = *prometheus.Desc

func newDesc(name, help string, labels ...string) desc {
	return prometheus.NewDesc("diemcau_sfu_"+name, help, labels, nil)
}

// Describe sends nothing: the collector is an unchecked one.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(name, help string, v int) {
		out <- prometheus.MustNewConstMetric(newDesc(name, help), prometheus.GaugeValue, float64(v))
	}
	counter := func(name, help string, v uint64) {
		out <- prometheus.MustNewConstMetric(newDesc(name, help), prometheus.CounterValue, float64(v))
	}
	n := c.node
	stages, viewers, publishers := n.counts()
	gauge("stages", "Stages that exist.", stages)
	gauge("viewers", "Viewer connections.", viewers)
	gauge("publishers", "Publisher connections.", publishers)
	var packets, bytes, retransmissions uint64
	for _, shard := range n.shards {
		packets += shard.packets.Load()
		bytes += shard.bytes.Load()
		retransmissions += shard.retransmissions.Load()
	}
	counter("packets_forwarded_total", "RTP packets sent to viewers.", packets)
	counter("payload_bytes_forwarded_total", "RTP payload bytes sent to viewers.", bytes)
	counter("packets_repaired_total", "RTP packets sent to viewers again.", retransmissions)
	counter("keyframe_requests_total", "Keyframe requests sent to publishers.", n.keyframeRequests.Load())
	counter("bad_rtcp_total", "RTCP packets of viewers that could not be read.", n.badRTCP.Load())
	c.collectDrops(out)
	c.collectViewers(out)
	c.collectTrunks(out)
	if n.port == nil {
		return
	}
	port := n.port.Stats()
	counter("udp_packets_sent_total", "Datagrams sent in batches.", port.Packets)
	counter("udp_messages_sent_total", "Messages that they were sent as; a segmented one holds several.", port.Messages)
	counter("udp_syscalls_total", "System calls for them.", port.Syscalls)
	counter("udp_segmented_total", "Messages that the kernel cut into several datagrams (GSO).", port.Segmented)
	counter("udp_waits_total", "Times that a writer waited for room in the send buffer.", port.Waits)
	gso := 0
	if n.port.GSO() {
		gso = 1
	}
	gauge("udp_gso", "1 if the kernel segments (UDP GSO), 0 if every packet is a message of its own.", gso)
	counter("udp_fallbacks_total", "Segmented messages that the kernel refused.", port.Fallbacks)
}

// collectDrops reports what was dropped, by the part of the media plane that dropped it and the reason.
func (c *collector) collectDrops(out chan<- prometheus.Metric) {
	d := newDesc("packets_dropped_total", "Packets not forwarded, not sent or not taken, by part and reason.", "part", "reason")
	drop := func(part, reason string, v uint64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), part, reason)
	}
	for reason := range dropReasons {
		drop("forward", reason.String(), c.node.drops.Of(reason))
	}
	if c.node.port != nil {
		for reason, v := range c.node.port.Stats().Drops {
			drop("udp", reason.String(), v)
		}
	}
	if c.node.tcp != nil {
		drop("publisher_tcp", "not_taken", c.node.tcp.Dropped())
	}
	if c.node.gate != nil {
		drop("publisher_ice", "unproven", c.node.gate.Held())
	}
	if f, ok := c.node.viewers.(*lean.Factory); ok {
		for reason, v := range f.Stats() {
			drop("transport", reason.String(), v)
		}
	}
}

// counts the stages and what is on them.
func (n *Node) counts() (stages, viewers, publishers int) {
	all := n.list()
	for _, stage := range all {
		stage.mu.Lock()
		viewers += len(stage.viewers)
		for _, list := range stage.publishers {
			publishers += len(list)
		}
		stage.mu.Unlock()
	}
	return len(all), viewers, publishers
}
