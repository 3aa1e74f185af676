package sfu

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/adapt"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	// reportInterval is the time between sender reports to a viewer, testInterval while its line is tested: round trips
	// are measured from them.
	reportInterval = time.Second
	testInterval   = 200 * time.Millisecond
	// Losses are judged by this many packets, or by those of this time if they are not too few.
	lossWindowPackets = 100
	lossWindowTime    = 800 * time.Millisecond
	lossWindowLeast   = 40
	// receivingTimeout is how long receiver reports may fail to progress, while something is sent, before a viewer
	// counts as not receiving. Browsers report about once a second, for sound alone every five.
	receivingTimeout = 10 * time.Second
	// steadyGap is the longest time between two reports of progress that count as one time of arriving.
	steadyGap = 7 * time.Second
	// feedbackRate is how much feedback of a viewer is answered in a second: compound packets, numbers asked for again and
	// keyframes asked for, all together. A browser in trouble sends some sixty packets, and what it gets again is limited.
	feedbackRate = 1000
)

// reception is what a viewer last reported of a leg.
type reception struct {
	mu      mutex[leafRank]
	highest uint32 // extended highest sequence number received
	any     bool
	lost    uint32  // cumulative
	rate    float64 // share lost since the report before
	jitter  time.Duration
	sent    uint64        // packets sent by then
	run     uint32        // of the leg, by then
	echoed  atomic.Uint32 // the sender report that it answers: an old one tells of an old round trip
}

// evidence of a viewer's presence.
type evidence struct {
	mu            mutex[leafRank]
	progressed    time.Duration // when a report last showed packets arriving
	sent          uint64        // packets sent by then
	receiving     bool
	steady        time.Duration // when the reports of progress began that still go on
	missed, of    float64       // packets lost by the reports, of those sent in their time
	feedbackLimit allowance     // of feedback
}

// feedback is what comes back from a viewer. It comes on the goroutines of the transport, and is turned into tasks of the
// viewer's shard.
type feedback struct {
	viewer   *Viewer
	bySSRC   map[uint32]*leg
	evidence evidence
	rtt      atomic.Int64 // nanoseconds
}

// handle takes a compound packet from the viewer.
func (f *feedback) handle(compound []byte) {
	v := f.viewer
	now := v.stage.node.now()
	if f.evidence.grant(1, now, &v.stage.node.drops) == 0 {
		return
	}
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		v.stage.node.badRTCP.Add(1)
		return
	}
	for _, packet := range packets {
		switch p := packet.(type) {
		case *rtcp.ReceiverReport:
			f.onReception(p.Reports, now)
		case *rtcp.SenderReport:
			f.onReception(p.Reports, now)
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			bitrate := float64(p.Bitrate)
			f.inform(func(c *adapt.Controller, now time.Duration) { c.Estimate(bitrate, now) })
		case *rtcp.TransportLayerNack:
			f.onNack(p, now)
		case *rtcp.PictureLossIndication:
			f.onPLI(p.MediaSSRC, now)
		case *rtcp.FullIntraRequest:
			for _, entry := range p.FIR {
				f.onPLI(entry.SSRC, now)
			}
		}
	}
}

// grant returns how much of n pieces of feedback is answered and counts the rest: what one viewer asks must not take the
// time of the others.
func (e *evidence) grant(n int, now time.Duration, d *drops) int {
	e.mu.Lock()
	granted := min(n, int(e.feedbackLimit.fill(feedbackRate, now)))
	e.feedbackLimit.left -= float64(granted)
	e.mu.Unlock()
	if granted < n {
		d.Add(DropFeedback, n-granted)
	}
	return granted
}

func (f *feedback) onReception(reports []rtcp.ReceptionReport, now time.Duration) {
	v := f.viewer
	var progress bool
	var lost, of float64
	for _, r := range reports {
		l := f.bySSRC[r.SSRC]
		if l == nil {
			// The padding of a probe may be all that came of a leg.
			if i := slices.IndexFunc(v.legs, func(l *leg) bool { return l.rtx && l.media.RTXSSRC == r.SSRC }); i >= 0 {
				f.onEcho(v.legs[i], r, now)
			}
			continue
		}
		rate := time.Duration(l.slot.spec.clockRate())
		l.report.mu.Lock() // nothing under it can panic
		progress = progress || l.report.any && int32(r.LastSequenceNumber-l.report.highest) > 0
		l.report.highest, l.report.any = r.LastSequenceNumber, true
		l.report.lost, l.report.rate = cumulativeLost(r.TotalLost), float64(r.FractionLost)/256
		if l.media.Kind == transport.Audio {
			v.redundancy.heard(l.report.rate, now)
		}
		sent, run := l.sent.packets.Load(), l.runs.Load()
		if run == l.report.run { // otherwise it may tell what was lost before a pause, and only now shows
			lost += float64(sent-l.report.sent) * l.report.rate
			of += float64(sent - l.report.sent)
		}
		l.report.sent, l.report.run = sent, run
		l.report.jitter = time.Duration(r.Jitter) * time.Second / rate
		l.report.mu.Unlock()
		f.onEcho(l, r, now)
	}
	if of > 0 {
		f.evidence.mu.Lock()
		f.evidence.missed += lost
		f.evidence.of += of
		f.evidence.mu.Unlock()
		f.inform(func(c *adapt.Controller, now time.Duration) {
			if lost, of, ok := v.adapt.loss.add(lost, of, now); ok {
				v.redundancy.learned(lost/of, now)
				c.Loss(lost/of, of, now)
			}
		})
	}
	if progress {
		f.progress(now)
	}
}

// cumulativeLost is the count of a reception report: of 24 bits and signed, as duplicates count as received (RFC 3550
// 6.4.1). Fewer than none is none.
func cumulativeLost(field uint32) uint32 { return uint32(max(0, int32(field<<8)>>8)) }

// onEcho takes the round trip that a report tells of a leg (RFC 3550 6.4.1).
func (f *feedback) onEcho(l *leg, r rtcp.ReceptionReport, now time.Duration) {
	v := f.viewer
	if r.LastSenderReport == 0 || l.report.echoed.Swap(r.LastSenderReport) == r.LastSenderReport {
		return
	}
	if rtt, left, ok := v.stage.node.roundTrip(r, now); ok {
		f.rtt.Store(int64(rtt))
		f.inform(func(c *adapt.Controller, now time.Duration) { c.Delay(rtt, left, now) })
	}
}

// roundTrip returns the round trip that a reception report tells of, and when the sender report left that it answers.
func (n *Node) roundTrip(r rtcp.ReceptionReport, now time.Duration) (rtt, left time.Duration, ok bool) {
	// All are in units of 1/65536 s; the differences wrap rightly.
	since := uint32(rewrite.ToNTP(n.wall(now))>>16) - r.LastSenderReport
	trip := since - r.Delay
	return seconds65536(trip), now - seconds65536(since), r.LastSenderReport != 0 && trip < 30<<16
}

func seconds65536(n uint32) time.Duration { return time.Duration(int64(n) * int64(time.Second) >> 16) }

// inform hands the shard what a report says of the line. What the line no longer carries stops before the next burst.
func (f *feedback) inform(report func(*adapt.Controller, time.Duration)) {
	v := f.viewer
	v.shard.later(func(now time.Duration) {
		if _, ok := v.shard.viewers[v]; !ok {
			return // it has left meanwhile, and must not count as wanting anything again
		}
		v.shard.serving = v
		c := v.adapt.control
		before, probed := c.Budget(), c.Probing()
		report(c, now)
		if c.Budget() < before || probed && !c.Probing() {
			v.adapt.divide(v.shard, now)
		}
	})
}

// lossWindow gathers reports, which come up to five times a second: of a few packets a single one lost is no share.
type lossWindow struct {
	lost, of float64 // packets
	since    time.Duration
}

// add takes a report, and returns what was lost, and of how many, once there is enough to go by.
func (w *lossWindow) add(lost, of float64, now time.Duration) (lostAll, ofAll float64, ok bool) {
	if w.of == 0 && now-w.since > lossWindowTime {
		w.since = now - lossWindowTime // the first after a pause stands for itself
	}
	w.lost, w.of = w.lost+lost, w.of+of
	if w.of < lossWindowLeast || w.of < lossWindowPackets && now-w.since < lossWindowTime {
		return 0, 0, false
	}
	lostAll, ofAll = w.lost, w.of
	*w = lossWindow{since: now}
	return lostAll, ofAll, true
}

func (v *Viewer) packetsSent() (n uint64) {
	for _, l := range v.legs {
		n += l.sent.packets.Load()
	}
	return n
}

func (f *feedback) progress(now time.Duration) {
	v := f.viewer
	sent := v.packetsSent()
	f.evidence.mu.Lock()
	began := !f.evidence.receiving
	if began || now-f.evidence.progressed > steadyGap {
		f.evidence.steady = now
	}
	f.evidence.receiving, f.evidence.progressed, f.evidence.sent = true, now, sent
	f.evidence.mu.Unlock()
	if began && v.params.OnReceiving != nil {
		unlocked()
		v.params.OnReceiving(true, v.stage.node.wall(now))
	}
}

// check notices that packets go out and no report shows them arriving.
func (f *feedback) check(now time.Duration) {
	v := f.viewer
	sent := v.packetsSent()
	e := &f.evidence
	e.mu.Lock()
	ceased := e.receiving && now-e.progressed > receivingTimeout && sent > e.sent
	if ceased {
		e.receiving = false
	}
	at := e.progressed
	e.mu.Unlock()
	if ceased && v.params.OnReceiving != nil {
		unlocked()
		v.params.OnReceiving(false, v.stage.node.wall(at))
	}
}

func (f *feedback) onNack(p *rtcp.TransportLayerNack, now time.Duration) {
	v := f.viewer
	l := f.bySSRC[p.MediaSSRC]
	if l == nil {
		return
	}
	l.sent.nacks.Add(1)
	numbers := 0
	for _, pair := range p.Nacks {
		numbers += 1 + bits.OnesCount16(uint16(pair.LostPackets))
	}
	pairs, left := p.Nacks, f.evidence.grant(numbers, now, &v.stage.node.drops)
	if left == 0 {
		return
	}
	v.shard.try(func(now time.Duration) {
		if _, ok := v.shard.viewers[v]; !ok {
			return // it has left, or failed, and is sent nothing more
		}
		v.shard.serving = v
		for _, pair := range pairs {
			pair.Range(func(seq uint16) bool {
				if left--; left < 0 {
					return false
				}
				l.retransmit(v.shard, seq, now)
				return true
			})
		}
		v.shard.flush()
	})
}

func (f *feedback) onPLI(ssrc uint32, now time.Duration) {
	v := f.viewer
	l := f.bySSRC[ssrc]
	if l == nil || l.media.Kind != transport.Video || f.evidence.grant(1, now, &v.stage.node.drops) == 0 {
		return
	}
	l.sent.plis.Add(1)
	if rendition := l.rendition.Load(); rendition != none {
		l.slot.requestKeyframe(int(rendition))
	}
}

// sendReports sends one compound of a sender report (RFC 3550 6.4.1) for each leg that is flowing, and the CNAME. A leg
// that only carries the padding of a probe is reported on too: browsers tell the round trip of sound alone every 5 s.
func (v *Viewer) sendReports(s *shard, now time.Duration) {
	ntp := rewrite.ToNTP(s.node.wall(now))
	out := v.rtcp[:0]
	var ssrcs []uint32
	var padded *leg
	if v.adapt.control.Probing() {
		padded = v.adapt.prober()
	}
	for _, l := range v.legs {
		rendition, shift := l.cur, rewrite.Shift{}
		switch {
		case l.cur != none && l.gen == l.slot.gen.Load():
			_, shift, _ = l.seq.Latest()
		case l.cur == none && l == padded:
			rendition = 0
		default:
			continue
		}
		rtp, ok := l.slot.clockNow(rendition, now)
		if !ok {
			continue
		}
		out = append(out, 0x80, 200, 0, 6)
		out = binary.BigEndian.AppendUint32(out, l.media.SSRC)
		out = binary.BigEndian.AppendUint64(out, ntp)
		out = binary.BigEndian.AppendUint32(out, rtp+shift.Time)
		out = binary.BigEndian.AppendUint32(out, uint32(l.sent.packets.Load()))
		out = binary.BigEndian.AppendUint32(out, l.sent.octets.Load())
		ssrcs = append(ssrcs, l.media.SSRC)
	}
	if len(ssrcs) == 0 {
		return
	}
	v.rtcp = appendSDES(out, ssrcs)
	if err := v.conn.WriteRTCP(v.rtcp); err != nil {
		s.node.drops.Add(DropWrite, 1)
	}
}

// appendSDES appends a source description with the CNAME of each stream (RFC 3550 6.5).
func appendSDES(out []byte, ssrcs []uint32) []byte {
	at := len(out)
	out = append(out, 0x80|byte(len(ssrcs)), 202, 0, 0)
	for _, ssrc := range ssrcs {
		out = binary.BigEndian.AppendUint32(out, ssrc)
		out = append(out, 1, byte(len(cname)))
		out = append(out, cname...)
		out = append(out, 0)
		for (len(out)-at)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint16(out[at+2:], uint16((len(out)-at)/4-1))
	return out
}
