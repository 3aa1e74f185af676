// Package missing keeps which sequence numbers of one stream have not come, and says which of them to ask for again and
// when (RFC 4585 6.2.1). It is plain arithmetic on the times it is given.
package missing

import (
	"slices"
	"time"
)

const (
	// MaxAttempts is how often a number is asked for at most.
	MaxAttempts = 5
	// settle is how long a number may be late before it is asked for: packets overtake each other.
	settle = 10 * time.Millisecond
	// least is the least time between two requests for one number, and what is added to a round trip.
	least = 20 * time.Millisecond
	// maxAge is when a number is given up: the sender keeps its packets for little longer.
	maxAge = time.Second
	// maxNumbers bounds the numbers that are waited for: what is further behind comes too late to be forwarded.
	maxNumbers = 256
	// maxAsked bounds those that are asked for at once. Those that were asked for least often are first, so that numbers
	// that the sender does not have either do not keep the others waiting.
	maxAsked = 64
	// maxGap is from where on a step is another stream rather than a loss.
	maxGap = 1 << 12
)

// Numbers are those of one stream. The zero value has seen nothing. It is not safe for concurrent use.
type Numbers struct {
	started bool
	highest uint16
	list    []number // in the order of their sequence
	lost    uint64
	back    uint64
}

type number struct {
	seq      uint16
	since    time.Duration // when it was noticed
	asked    time.Duration // when last
	attempts int
	past     bool // a keyframe has begun after it
}

// Arrived takes the number of a packet that came, whether for the first time or sent again. It tells whether that is
// ahead of all before it.
func (n *Numbers) Arrived(seq uint16, now time.Duration) (ahead bool) {
	step := int16(seq - n.highest)
	switch {
	case !n.started || step >= maxGap || step <= -maxGap:
		n.started, n.highest, n.list = true, seq, n.list[:0]
		return true
	case step <= 0:
		if at, ok := n.find(seq); ok {
			if n.list[at].attempts > 0 {
				n.back++
			}
			n.list = slices.Delete(n.list, at, at+1)
		}
		return false
	}
	for s := n.highest + 1; s != seq; s++ {
		n.list = append(n.list, number{seq: s, since: now})
	}
	if over := len(n.list) - maxNumbers; over > 0 {
		n.lost += uint64(over)
		n.list = slices.Delete(n.list, 0, over)
	}
	n.highest = seq
	return true
}

func (n *Numbers) find(seq uint16) (at int, ok bool) {
	return slices.BinarySearchFunc(n.list, seq, func(have number, want uint16) int { return int(int16(have.seq - want)) })
}

// Keyframe says that a keyframe begins at a number: what came before it and has been asked for is not asked for again.
func (n *Numbers) Keyframe(seq uint16) {
	at, _ := n.find(seq)
	for i := range n.list[:at] {
		n.list[i].past = true
	}
}

// Forget forgets everything, as where a stream was stopped and goes on.
func (n *Numbers) Forget() { n.started, n.list = false, n.list[:0] }

// Due appends to asked the numbers to ask for now, over a path with a round trip, and gives up those that were asked for
// often enough or are too old.
func (n *Numbers) Due(now, trip time.Duration, asked []uint16) []uint16 {
	again := max(least, trip+trip/4+least)
	n.list = slices.DeleteFunc(n.list, func(m number) bool {
		spent := m.attempts >= MaxAttempts || m.past && m.attempts > 0
		over := spent && now-m.asked >= again || now-m.since >= maxAge
		if over {
			n.lost++
		}
		return over
	})
	before := len(asked)
	for attempts := range MaxAttempts {
		for i := range n.list {
			m := &n.list[i]
			if m.attempts != attempts || m.past && attempts > 0 || now-m.since < settle || attempts > 0 && now-m.asked < again {
				continue
			}
			if len(asked)-before == maxAsked {
				return asked
			}
			asked = append(asked, m.seq)
			m.asked, m.attempts = now, attempts+1
		}
	}
	return asked
}

// Counts returns how many numbers were given up, and how many came after they had been asked for.
func (n *Numbers) Counts() (lost, back uint64) { return n.lost, n.back }
