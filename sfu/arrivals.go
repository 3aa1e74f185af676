package sfu

import (
	"sync/atomic"
	"time"
)

const (
	// renditionTimeout makes a rendition that stopped arriving, while others go on, one to leave. It is more than the
	// time between two frames at five a second; with a tick and the sender's answer a picture stands still for no more
	// than about half a second.
	renditionTimeout = 300 * time.Millisecond
	// rateWindow is the time over which a rendition's bit rate is measured.
	rateWindow = 500 * time.Millisecond
)

// arrivals watches which renditions of a slot's source arrive, and at what bit rates. Its slot's lock guards what is not
// atomic.
type arrivals struct {
	alive atomic.Uint32 // bit set of the renditions that are arriving
	// rates are the bit rates of the renditions that arrive, or would if they were asked for; 0 for others.
	rates [renditions]atomic.Uint32

	came     [renditions]time.Duration // the last packet; 0 for none of the present source
	bytes    [renditions]int           // since the rates were measured
	rate     [renditions]float64       // bit/s, 0 before the first packet
	kind     SourceKind                // of what was measured
	measured time.Duration
}

// watch begins with a source, up to a rendition, or ends with nil. What the source sent before counts, so that nobody
// takes one rendition for all there is. One camera is much like another: rates that were measured hold for the next.
func (a *arrivals) watch(src *source, top int, now time.Duration) {
	if src == nil {
		a.came = [renditions]time.Duration{}
		a.alive.Store(0)
		a.publish(nil)
		return
	}
	if src.kind != a.kind {
		a.kind, a.rate = src.kind, [renditions]float64{}
	}
	a.came, a.bytes, a.measured = src.arrivals(), [renditions]int{}, now
	clear(a.came[top+1:])
	a.alive.Store(a.arriving())
	a.publish(src)
}

// accept counts a packet.
func (a *arrivals) accept(src *source, layer int, p *packet) {
	a.came[layer] = p.arrived
	a.bytes[layer] += len(p.payload) + headerSize
	if alive, bit := a.alive.Load(), uint32(1)<<layer; alive&bit == 0 {
		a.alive.Store(alive | bit)
		a.publish(src)
	}
}

// tick notices renditions that have died, measures the others, and returns what was alive before.
func (a *arrivals) tick(src *source, now time.Duration) (before uint32) {
	if window := now - a.measured; window >= rateWindow {
		for i := range a.rate {
			if measured := float64(a.bytes[i]*8) / window.Seconds(); measured > 0 {
				a.rate[i] = (a.rate[i] + measured) / 2
			}
			a.bytes[i] = 0
		}
		a.measured = now
	}
	before = a.alive.Load()
	a.alive.Store(before & a.arriving())
	a.publish(src)
	return before
}

// arriving is the renditions whose last packet is not much older than that of any other.
func (a *arrivals) arriving() (alive uint32) {
	newest := max(a.came[0], a.came[1], a.came[2])
	for i, came := range a.came {
		if came != 0 && newest-came <= renditionTimeout {
			alive |= 1 << i
		}
	}
	return alive
}

// publish tells the rates to the legs.
func (a *arrivals) publish(src *source) {
	alive := a.alive.Load()
	for i := range a.rates {
		switch arriving := alive&(1<<i) != 0; {
		case arriving && a.rate[i] == 0:
			a.rate[i] = nominalRate(src.kind.media(), i)
			fallthrough
		case arriving:
			a.rates[i].Store(uint32(a.rate[i]))
		case src != nil && src.pausedByDemand(i):
			a.rates[i].Store(uint32(max(a.rate[i], nominalRate(src.kind.media(), i))))
		default:
			a.rates[i].Store(0)
		}
	}
}

// best is the rendition for a target: the highest of a set up to it, or else the lowest of the set; none if it is empty.
func best(alive uint32, target int) int {
	for r := target; r >= 0; r-- {
		if alive&(1<<r) != 0 {
			return r
		}
	}
	for r := range renditions {
		if alive&(1<<r) != 0 {
			return r
		}
	}
	return none
}
