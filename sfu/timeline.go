package sfu

import (
	"math/rand/v2"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	// opusFrame is the length of a packet of sound as browsers send it, maxJoin how far a speaker's sound may be moved
	// to go on right after the one before; both in timestamp units.
	opusFrame = codec.OpusClock / 50
	maxJoin   = codec.OpusClock / 10
)

// timeline is what the timestamps of all outputs of a slot have in common, whatever source they come from: a sample
// stands at the local time it was taken (RFC 3550 5.1). It never runs backwards across a change of source.
type timeline struct {
	rate   uint32         // units a second
	base   uint32         // timestamp at the node's time 0
	least  uint32         // from the last timestamp of a source to the first of the next
	join   uint32         // how far a source may be moved to go on right there
	shift  uint32         // how far the present source is moved
	begun  bool           // the present source has given a packet
	latest rewrite.Latest // timestamp given out
}

func newTimeline(kind transport.Kind) timeline {
	t := timeline{rate: clockRate(kind), base: rand.Uint32(), least: 1}
	if kind == transport.Audio {
		t.least, t.join = opusFrame, maxJoin
	}
	return t
}

// at is the timestamp at a local time, without the present source's shift.
func (t *timeline) at(local time.Duration) uint32 {
	return t.base + rewrite.Ticks(int64(local), t.rate)
}

// change begins another source.
func (t *timeline) change() { t.shift, t.begun = 0, false }

// place returns the timestamp of a sample taken at a local time and arrived at another. The first one of a source
// decides how far all of it is moved: sound goes on where it was, so that a change of speaker is no gap, and the sender
// reports tell the difference.
func (t *timeline) place(local time.Duration, arrived int64) uint32 {
	want := t.at(local) + t.shift
	if t.begun {
		return want
	}
	t.begun = true
	last, ever := t.latest.Get(arrived)
	after := last + t.least
	if joined := uint32(int32(want-after)+int32(t.join)) <= 2*t.join; ever && (joined || int32(want-after) < 0) {
		t.shift += after - want
		want = after
	}
	return want
}
