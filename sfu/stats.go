package sfu

import (
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/adapt"
)

// SlotStats is what is known of one slot towards one viewer.
type SlotStats struct {
	Slot            SlotID
	Rendition       int    // that is being sent, -1 for none
	Packets         uint64 // sent, without those sent again
	Bytes           uint64 // of their payloads
	Bitrate         int64  // of them in the last second, bit/s
	Retransmissions uint64 // packets sent again
	NACKs           uint64 // requests for packets
	PLIs            uint64 // requests for keyframes
	Lost            uint32 // packets that the viewer missed so far, by its last report
	LossRate        float64
	Jitter          time.Duration
}

// ViewerStats is what is known of one viewer.
type ViewerStats struct {
	RTT       time.Duration // 0 before the first report
	LossRate  float64       // share of packets lost, the worst of the slots that are being sent
	Receiving bool
	Arriving  time.Duration // for how long reports have shown packets arriving without a break; 0 if they do not now
	Sent      uint64        // packets in the time of the reports so far
	Missed    uint64        // of those, what the viewer missed
	Shown     Shown
	Budget    int64       // what the line is thought to carry, in bit/s; 0 before the connection
	Starved   bool        // not even the lowest rendition of some picture fits
	Slots     []SlotStats // those that the viewer accepted
}

// Shown is how long the best picture that a viewer was sent had which rendition, and how long it was sent none though
// pictures came in.
type Shown struct {
	Nothing time.Duration
	By      [renditions]time.Duration
}

// shown measures Shown; the shard counts.
type shown struct {
	counted time.Duration
	nothing atomic.Int64
	by      [renditions]atomic.Int64
}

// count adds the time since the last call to what the viewer is being sent.
func (s *shown) count(a *adaptation, now time.Duration) {
	spent := int64(now - s.counted)
	first := s.counted == 0
	s.counted = now
	best, flowing := none, false
	for i, l := range a.video {
		if l.active && a.streams[i].Top != adapt.Off && a.streams[i].Rates != [adapt.Levels]float64{} {
			best, flowing = max(best, l.cur), true
		}
	}
	switch {
	case first || !flowing:
	case best == none:
		s.nothing.Add(spent)
	default:
		s.by[best].Add(spent)
	}
}

func (s *shown) read() Shown {
	out := Shown{Nothing: time.Duration(s.nothing.Load())}
	for i := range s.by {
		out.By[i] = time.Duration(s.by[i].Load())
	}
	return out
}

// qualityInterval is how often a viewer's line is judged.
const qualityInterval = 5 * time.Second

// reportQuality tells how good the line is, once the viewer has reported.
func (v *Viewer) reportQuality(now time.Duration) {
	if v.params.OnQuality == nil || v.feedback.rtt.Load() == 0 || v.judged != 0 && now-v.judged < qualityInterval {
		return
	}
	v.judged = now
	st := v.Stats()
	unlocked()
	v.params.OnQuality(st.RTT, st.LossRate)
}

// Stats returns a snapshot.
func (v *Viewer) Stats() ViewerStats {
	st := ViewerStats{RTT: time.Duration(v.feedback.rtt.Load())}
	st.Budget, st.Starved = v.adapt.budget.Load(), v.adapt.starved.Load()
	v.feedback.evidence.mu.Lock()
	st.Receiving, st.Sent, st.Missed = v.feedback.evidence.receiving, uint64(v.feedback.evidence.of), uint64(v.feedback.evidence.missed)
	if now := v.stage.node.now(); st.Receiving && now-v.feedback.evidence.progressed <= steadyGap {
		st.Arriving = now - v.feedback.evidence.steady
	}
	v.feedback.evidence.mu.Unlock()
	st.Shown = v.shown.read()
	v.mu.Lock()
	answered := v.answered
	v.mu.Unlock()
	if !answered {
		return st
	}
	for _, l := range v.legs {
		if !l.active {
			continue
		}
		s := SlotStats{
			Slot: l.slot.spec.ID, Rendition: int(l.rendition.Load()), Packets: l.sent.packets.Load(), Bytes: l.sent.bytes.Load(), Bitrate: l.sent.rate.Load(),
			Retransmissions: l.sent.retransmissions.Load(), NACKs: l.sent.nacks.Load(), PLIs: l.sent.plis.Load(),
		}
		l.report.mu.Lock()
		s.Lost, s.LossRate, s.Jitter = l.report.lost, l.report.rate, l.report.jitter
		l.report.mu.Unlock()
		if s.Rendition != none {
			st.LossRate = max(st.LossRate, s.LossRate)
		}
		st.Slots = append(st.Slots, s)
	}
	return st
}
