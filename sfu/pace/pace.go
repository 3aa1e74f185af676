// Package pace spreads what is sent to a viewer on a weak line, so that its access link is never given more at once
// than it carries in a few milliseconds. It is pure: it knows neither clocks nor sockets nor packets, only sizes and
// the times its caller tells it.
//
// A Pacer belongs to one viewer; a Schedule orders the pacers of one writer by when they may send next.
package pace

import "time"

const (
	// Threshold is the estimate in bit/s from which on a viewer is not paced.
	Threshold = 3_000_000
	// Burst is how much may leave at once, in time on the viewer's line.
	Burst = 10 * time.Millisecond
	// MaxQueue bounds the packets that wait for one viewer: a keyframe of 100 packets and what comes while it drains.
	MaxQueue = 256
	// MaxStreams is the number of streams of one viewer that can be told apart.
	MaxStreams = 64
)

// Verdict says what becomes of an offered packet.
type Verdict int

// The verdicts.
const (
	Send   Verdict = iota // it may be sent now
	Queued                // Pop will return it when its time has come
	Dropped
)

// Pacer holds back the packets of one viewer. T is what the caller needs to send a packet later. The zero Pacer lets
// everything through. Times are of any one monotonic clock.
//
// It is the generic cell rate algorithm: a packet may go while what went before still occupies the line for less than
// Burst. So the average is the rate, and what leaves at once is Burst of the rate and at most one packet more.
type Pacer[T any] struct {
	perByte  time.Duration // time of a byte on the line; 0 does not pace
	free     time.Duration // when the line will have carried all that was sent
	dropping uint64        // streams that are dropped to the end of the frame, by bit
	queue    []entry[T]    // a ring, allocated when the viewer is first held back
	head, n  int

	position int           // in the Schedule, from 1; 0 if not in it
	due      time.Duration // by which the Schedule has ordered it
}

type entry[T any] struct {
	item   T
	size   int
	stream uint8
}

// SetRate sets what the line is estimated to carry, in bit/s. From Threshold on, and for 0, nothing is held back.
func (p *Pacer[T]) SetRate(bitsPerSecond int) {
	if bitsPerSecond <= 0 || bitsPerSecond >= Threshold {
		p.perByte = 0
		return
	}
	p.perByte = 8 * time.Second / time.Duration(bitsPerSecond)
}

// Offer decides about a packet of size bytes of a stream (below MaxStreams) at time now; start marks the first packet
// of a frame. When the queue is full, the stream is dropped to the end of the frame.
func (p *Pacer[T]) Offer(now time.Duration, stream uint8, start bool, size int, item T) Verdict {
	bit := uint64(1) << (stream % MaxStreams)
	if p.n == MaxQueue || (p.dropping&bit != 0 && !start) {
		p.dropping |= bit
		return Dropped
	}
	p.dropping &^= bit
	if p.n == 0 && p.ready(now) {
		p.Charge(now, size)
		return Send
	}
	p.push(entry[T]{item, size, stream})
	return Queued
}

// Charge counts a packet that does not wait, such as sound: what follows waits for it.
func (p *Pacer[T]) Charge(now time.Duration, size int) {
	p.free = max(p.free, now) + time.Duration(size)*p.perByte
}

// Pop returns the next packet that may be sent at time now.
func (p *Pacer[T]) Pop(now time.Duration) (item T, ok bool) {
	if p.n == 0 || !p.ready(now) {
		return item, false
	}
	e := &p.queue[p.head]
	item = e.item
	p.Charge(now, e.size)
	*e = entry[T]{} // nothing is kept alive by the ring
	p.head = (p.head + 1) % len(p.queue)
	p.n--
	return item, true
}

// Due is when Pop will return a packet; false if none waits.
func (p *Pacer[T]) Due() (time.Duration, bool) {
	if p.perByte == 0 {
		return 0, p.n > 0
	}
	return p.free - Burst + 1, p.n > 0
}

// Len is the number of packets that wait.
func (p *Pacer[T]) Len() int { return p.n }

// Clear forgets what waits and returns how many packets that were.
func (p *Pacer[T]) Clear() int {
	n := p.n
	p.queue, p.head, p.n, p.dropping = nil, 0, 0, 0
	return n
}

// Forget drops what waits of one stream, and returns how many packets that were. The others keep their places.
func (p *Pacer[T]) Forget(stream uint8) int {
	kept := 0
	for i := range p.n {
		e := p.queue[(p.head+i)%len(p.queue)]
		if e.stream != stream {
			p.queue[(p.head+kept)%len(p.queue)] = e
			kept++
		}
	}
	for i := kept; i < p.n; i++ {
		p.queue[(p.head+i)%len(p.queue)] = entry[T]{} // nothing is kept alive by the ring
	}
	n := p.n - kept
	p.n = kept
	p.dropping &^= 1 << (stream % MaxStreams)
	return n
}

func (p *Pacer[T]) ready(now time.Duration) bool { return p.perByte == 0 || p.free-now < Burst }

func (p *Pacer[T]) push(e entry[T]) {
	if p.n == len(p.queue) {
		grown := make([]entry[T], min(MaxQueue, max(16, 2*p.n)))
		copy(grown[copy(grown, p.queue[p.head:]):], p.queue[:p.head])
		p.queue, p.head = grown, 0
	}
	p.queue[(p.head+p.n)%len(p.queue)] = e
	p.n++
}
