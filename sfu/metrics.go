package sfu

import (
	"github.com/prometheus/client_golang/prometheus"
)

// collector reads the node's counters when it is scraped, so that counting costs the packet path nothing more than
// an atomic addition. Nothing is labelled by viewer.
type collector struct{ node *Node }

type desc = *prometheus.Desc

func (c *collector) descs() (stages, viewers, publishers, packets, bytes, repairs, dropped, requests, badRTCP desc) {
	d := func(name, help string, labels ...string) desc {
		return prometheus.NewDesc("diemcau_sfu_"+name, help, labels, nil)
	}
	return d("stages", "Stages that exist."),
		d("viewers", "Viewer connections."),
		d("publishers", "Publisher connections."),
		d("packets_forwarded_total", "RTP packets sent to viewers."),
		d("payload_bytes_forwarded_total", "RTP payload bytes sent to viewers."),
		d("packets_repaired_total", "RTP packets sent to viewers again."),
		d("packets_dropped_total", "Packets not forwarded, by reason.", "reason"),
		d("keyframe_requests_total", "Keyframe requests sent to publishers."),
		d("bad_rtcp_total", "RTCP packets of viewers that could not be read.")
}

// Describe sends nothing: the collector is an unchecked one.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stages, viewers, publishers, packets, bytes, repairs, dropped, requests, badRTCP := c.descs()
	gauge := func(d desc, v int) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	counter := func(d desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	n := c.node
	var s, v, p int
	n.mu.Lock()
	s = len(n.stages)
	for _, stage := range n.stages {
		stage.mu.Lock()
		v += len(stage.viewers)
		for _, list := range stage.publishers {
			p += len(list)
		}
		stage.mu.Unlock()
	}
	n.mu.Unlock()
	gauge(stages, s)
	gauge(viewers, v)
	gauge(publishers, p)
	var sent, sentBytes, again uint64
	for _, shard := range n.shards {
		sent += shard.packets.Load()
		sentBytes += shard.bytes.Load()
		again += shard.repairs.Load()
	}
	counter(packets, sent)
	counter(bytes, sentBytes)
	counter(repairs, again)
	for i, reason := range dropReasons() {
		counter(dropped, n.drops[i].Load(), string(reason))
	}
	counter(requests, n.keyframeRequests.Load())
	counter(badRTCP, n.badRTCP.Load())
}
