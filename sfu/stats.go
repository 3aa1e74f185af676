package sfu

import (
	"time"
)

// SlotStats is what is known of one slot towards one viewer.
type SlotStats struct {
	Slot      SlotID
	Rendition int    // that is being sent, -1 for none
	Packets   uint64 // sent, without those sent again
	Bytes     uint64 // of their payloads
	Repairs   uint64 // packets sent again
	NACKs     uint64 // requests for packets
	PLIs      uint64 // requests for keyframes
	Lost      uint32 // packets that the viewer missed so far, by its last report
	LossRate  float64
	Jitter    time.Duration
}

// ViewerStats is what is known of one viewer.
type ViewerStats struct {
	RTT       time.Duration // 0 before the first report
	LossRate  float64       // share of packets lost, the worst of the slots that are being sent
	LastRTCP  time.Time     // zero before the first packet
	Receiving bool
	Budget    int64       // what the line is thought to carry, in bit/s; 0 before the connection
	Starved   bool        // not even the lowest rendition of some picture fits
	Slots     []SlotStats // those that the viewer accepted
}

// Stats returns a snapshot.
func (v *Viewer) Stats() ViewerStats {
	st := ViewerStats{RTT: time.Duration(v.rtt.Load())}
	st.Budget, st.Starved = v.adapt.budget.Load(), v.adapt.starved.Load()
	v.evidence.mu.Lock()
	st.Receiving = v.evidence.receiving
	if v.evidence.lastRTCP != 0 {
		st.LastRTCP = v.stage.node.wall(v.evidence.lastRTCP)
	}
	v.evidence.mu.Unlock()
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
			Slot: l.slot.spec.ID, Rendition: int(l.rendition.Load()), Packets: l.sent.packets.Load(), Bytes: l.sent.bytes.Load(),
			Repairs: l.sent.repairs.Load(), NACKs: l.sent.nacks.Load(), PLIs: l.sent.plis.Load(),
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
