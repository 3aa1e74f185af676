package sfu

import "time"

const (
	// A viewer is sent at most repairRate bit/s again, or a quarter of its budget, and a second of that at once.
	repairRate  = 400_000
	repairShare = 4
	// repairAgain is the least time after which the same packet is sent again, a round trip if that is longer.
	repairAgain = 20 * time.Millisecond
	// repairMemory is how many repaired packets are remembered for that.
	repairMemory = 64
)

// repairs limits what is sent again to one viewer, so that a line that loses because it is full is not filled more.
type repairs struct {
	allowance float64 // bits
	filled    time.Duration
	recent    [repairMemory]repaired
	at        int
}

type repaired struct {
	leg *leg
	seq uint16
	at  time.Duration
}

// allow tells whether a packet may be sent again now, and takes note of it.
func (r *repairs) allow(l *leg, seq uint16, size int, now time.Duration) bool {
	rate := max(repairRate, float64(l.viewer.adapt.budget.Load())/repairShare)
	if r.filled == 0 {
		r.allowance = rate
	}
	r.allowance = min(rate, r.allowance+rate*(now-r.filled).Seconds())
	r.filled = now
	again := max(repairAgain, time.Duration(l.viewer.rtt.Load()))
	for _, old := range r.recent {
		if old.leg == l && old.seq == seq && now-old.at < again {
			return false
		}
	}
	bits := float64(8 * (size + headerSize))
	if bits > r.allowance {
		return false
	}
	r.allowance -= bits
	r.recent[r.at] = repaired{l, seq, now}
	r.at = (r.at + 1) % repairMemory
	return true
}
