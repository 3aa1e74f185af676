package sfu

import (
	"testing"
	"time"
)

// Who was on the floor sees the next speaker from its first keyframe on, as everybody else does.
func TestLastSpeakerSeesTheNext(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	v, w := r.view(alice, StageSlots)
	r.feed("v-floor", alice, SourceCamera)
	leg := mainLeg(v)
	for _, l := range v.legs {
		if l.slot.spec.ID == "v-floor" {
			leg = l
		}
	}
	target := func() (target int) {
		v.shard.do(func(now time.Duration) { v.adapt.divide(v.shard, now); target = leg.target })
		return target
	}
	for range 2 {
		a.tick()
		a.video(0, 2, true)
		r.settle()
		if n := target(); n != none {
			t.Fatalf("a site is to be sent its own picture: %d", n)
		}
		before := len(r.got(w, "v-floor"))
		r.feed("v-floor", bob, SourceCamera)
		b.tick()
		b.video(0, 2, true)
		b.tick()
		b.video(0, 1, false)
		if got := r.got(w, "v-floor"); len(got) != before+3 || lastMark(got) != markB {
			t.Fatalf("%d packets after %d, the last of %x", len(got), before, lastMark(got))
		}
		r.feed("v-floor", alice, SourceCamera)
		a.tick()
		a.video(0, 2, true)
		r.settle()
	}
	decodable(t, r.got(w, "v-floor"))
}
