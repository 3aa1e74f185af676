// Package pace spreads what is sent to a viewer on a weak line, so that its access link is never given more at once
// than it carries in a few milliseconds. It is pure: it knows neither clocks nor sockets nor packets, only sizes and
// the times its caller tells it.
//
// A Pacer belongs to one viewer; a Schedule orders the pacers of one writer by when they may send next.
package pace

import "time"

const (
	// Threshold is the rate in bit/s above which a viewer is not paced.
	Threshold = 3_000_000
	// Burst is how much may leave at once, in time on the viewer's line.
	Burst = 10 * time.Millisecond
	// FirstBurst is the same at Threshold, on a line of which nothing is known: with the packet that may exceed it the
	// ten packets that TCP begins with (RFC 6928). A common frame leaves whole.
	FirstBurst = 30 * time.Millisecond
	// MaxQueue bounds the packets that wait for one viewer: a keyframe of 100 packets and what comes while it drains.
	// As many more may wait to be sent again.
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
// the burst. So the average is the rate, and what leaves at once is the burst and at most one packet more.
type Pacer[T any] struct {
	perByte  time.Duration // time of a byte on the line; 0 does not pace
	burst    time.Duration
	free     time.Duration // when the line will have carried all that was sent and all that waits to be sent again
	dropping uint64        // streams that are dropped to the end of the frame, by bit
	again    ring[entry[T]]
	first    ring[entry[T]]

	position int           // in the Schedule, from 1; 0 if not in it
	due      time.Duration // by which the Schedule has ordered it
}

type entry[T any] struct {
	item   T
	size   int           // of one that is sent for the first time
	leaves time.Duration // of one that is sent again
	stream uint8
}

// SetRate sets what the line is estimated to carry, in bit/s, and how much of that may leave at once. Above Threshold,
// and for 0, nothing is held back.
func (p *Pacer[T]) SetRate(bitsPerSecond int, burst time.Duration) {
	p.burst = burst
	if bitsPerSecond <= 0 || bitsPerSecond > Threshold {
		p.perByte = 0
		return
	}
	p.perByte = 8 * time.Second / time.Duration(bitsPerSecond)
}

// Offer decides about a packet of size bytes of a stream (below MaxStreams) at time now; start marks the first packet
// of a frame. When the queue is full, the stream is dropped to the end of the frame.
func (p *Pacer[T]) Offer(now time.Duration, stream uint8, start bool, size int, item T) Verdict {
	bit := uint64(1) << (stream % MaxStreams)
	if p.first.n == MaxQueue || (p.dropping&bit != 0 && !start) {
		p.dropping |= bit
		return Dropped
	}
	p.dropping &^= bit
	if p.first.n == 0 && p.ready(now) {
		p.Charge(now, size)
		return Send
	}
	p.first.push(entry[T]{item: item, size: size, stream: stream})
	return Queued
}

// Repeat decides about a packet that is sent again: it goes before all that is sent for the first time, and leaves is
// when. The caller bounds the share of the line that is repeated.
func (p *Pacer[T]) Repeat(now time.Duration, stream uint8, size int, item T) (leaves time.Duration, v Verdict) {
	if p.again.n == MaxQueue {
		return 0, Dropped
	}
	leaves = now
	if !p.ready(now) {
		leaves = p.nextReady()
	}
	p.Charge(now, size)
	if leaves == now && p.again.n == 0 {
		return now, Send
	}
	p.again.push(entry[T]{item: item, leaves: leaves, stream: stream})
	return leaves, Queued
}

// Charge counts a packet that does not wait, such as sound: what follows waits for it.
func (p *Pacer[T]) Charge(now time.Duration, size int) {
	p.free = max(p.free, now) + time.Duration(size)*p.perByte
}

// Pop returns the next packet that may be sent at time now.
func (p *Pacer[T]) Pop(now time.Duration) (item T, ok bool) {
	due, waits := p.Due()
	switch {
	case !waits || due > now:
		return item, false
	case p.again.n > 0:
		return p.again.pop().item, true
	default:
		e := p.first.pop()
		p.Charge(now, e.size)
		return e.item, true
	}
}

// Due is when Pop will return a packet; false if none waits.
func (p *Pacer[T]) Due() (time.Duration, bool) {
	switch {
	case p.perByte == 0:
		return 0, p.again.n+p.first.n > 0
	case p.again.n > 0:
		return p.again.at(0).leaves, true
	default:
		return p.nextReady(), p.first.n > 0
	}
}

// Clear forgets what waits and returns how many packets that were.
func (p *Pacer[T]) Clear() int {
	n := p.again.n + p.first.n
	p.again, p.first, p.dropping = ring[entry[T]]{}, ring[entry[T]]{}, 0
	return n
}

// Forget drops what waits of one stream, and returns how many packets that were. The others keep their places.
func (p *Pacer[T]) Forget(stream uint8) int {
	of := func(e *entry[T]) bool { return e.stream == stream }
	p.dropping &^= 1 << (stream % MaxStreams)
	return p.again.drop(of) + p.first.drop(of)
}

func (p *Pacer[T]) ready(now time.Duration) bool { return p.perByte == 0 || p.free-now < p.burst }

func (p *Pacer[T]) nextReady() time.Duration { return p.free - p.burst + 1 }
