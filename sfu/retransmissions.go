package sfu

import "time"

const (
	// retransmissionShare of its budget, or of what it is sent where that is more, is what a viewer is sent again at most.
	retransmissionShare = 0.5
	// retransmissionInterval is the least time after which the same packet is sent again, a round trip if that is longer.
	retransmissionInterval = 20 * time.Millisecond
	// retransmissionMemory is how many repaired packets are remembered for that; a power of two.
	retransmissionMemory = 256
)

// retransmissions limits what is sent again to one viewer, so that a line that loses because it is full is not filled more.
type retransmissions struct {
	allowance allowance // bits
	// recent is indexed by number. What a younger packet would take the place of is not forgotten for it: the younger
	// one waits until it is asked for again.
	recent []time.Duration // when the packet leaves, 0 for none
}

// at is the place of a packet: of one leg only numbers repairMemory apart share one.
func (r *retransmissions) at(l *leg, seq uint16) *time.Duration {
	if r.recent == nil {
		r.recent = make([]time.Duration, retransmissionMemory)
	}
	return &r.recent[(seq+uint16(l.index)*37)%retransmissionMemory]
}

// asked tells whether a packet was sent again not long ago.
func (r *retransmissions) asked(l *leg, seq uint16, now time.Duration) bool {
	last := *r.at(l, seq)
	return last != 0 && now-last < alarmTime
}

// allow tells whether a packet of size bytes may be sent again now.
func (r *retransmissions) allow(l *leg, seq uint16, size int, now time.Duration) bool {
	last := *r.at(l, seq)
	if last != 0 && now-last < max(retransmissionInterval, time.Duration(l.viewer.feedback.rtt.Load())) {
		return false
	}
	return r.allowance.spend(float64(8*size), retransmissionShare*l.viewer.adapt.carries(), now)
}

// note remembers when a packet leaves again.
func (r *retransmissions) note(l *leg, seq uint16, leaves time.Duration) { *r.at(l, seq) = leaves }

// allowance is what may be used up of something: so much a second, and at once what a second gives.
type allowance struct {
	left   float64
	filled time.Duration // when it was last; 0 before the first use, when it is full
}

// fill adds what the time since the last call gives, and returns what there is.
func (a *allowance) fill(perSecond float64, now time.Duration) float64 {
	if a.filled == 0 {
		a.left = perSecond
	}
	a.left = min(perSecond, a.left+perSecond*(now-a.filled).Seconds())
	a.filled = now
	return a.left
}

// spend uses n up if there is as much.
func (a *allowance) spend(n, perSecond float64, now time.Duration) bool {
	if a.fill(perSecond, now) < n {
		return false
	}
	a.left -= n
	return true
}
