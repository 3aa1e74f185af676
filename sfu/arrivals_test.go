package sfu

import (
	"slices"
	"testing"
	"time"
)

// From the last packet of a rendition that died until its viewers see the lower one goes half a second, if the sender
// answers at once.
func TestDeadRenditionIsLeftInTime(t *testing.T) {
	const (
		frame  = time.Second / 30
		answer = 50 * time.Millisecond // of the sender
	)
	for _, tt := range []struct {
		name    string
		died    []int // highest first
		left    []int
		request uint32 // SSRC of the layer
	}{
		{"h", []int{2}, []int{0, 1}, 2},
		{"h and m", []int{2, 1}, []int{0}, 1},
		{"l", []int{0}, []int{1, 2}, 0}, // nobody watches it
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.feed(main, alice, SourceCamera)
			a := r.site(alice, markA)
			v, w := r.view(bob, StageSlots)
			a.clock = r.node.now() + 10*time.Second // ahead of the node's own ticks, and of all earlier requests
			for layer := range renditions {
				a.video(layer, 1, true)
			}
			r.settle()
			level := mainLeg(v).rendition.Load
			if level() != 2 {
				t.Fatalf("on rendition %d", level())
			}
			last, asked := a.clock, len(a.asked())
			slot := r.stage.slots[main]
			for a.clock < last+500*time.Millisecond-answer && len(a.asked()) == asked {
				a.clock += frame
				a.tick()
				for _, layer := range tt.left {
					a.video(layer, 1, false)
				}
				slot.tick(a.clock)
			}
			if tt.request == 0 {
				if n := len(a.asked()); n != asked {
					t.Fatal("a keyframe was requested for nobody")
				}
				return
			}
			if got := a.asked()[asked:]; !slices.Contains(got, tt.request) {
				t.Fatalf("no keyframe of layer %d was requested in time: %v", tt.request, got)
			}
			a.tick()
			a.video(int(tt.request)-1, 1, true)
			r.settle()
			if level() != int32(tt.request)-1 {
				t.Fatalf("still on rendition %d", level())
			}
			decodable(t, r.got(w, main))
		})
	}
}

// A layer that nobody wanted for hours stands on the others' timeline when it comes back.
func TestLayerAfterHours(t *testing.T) {
	const hours = 7 // more than half the range of the timestamps
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	slot := r.stage.slots[main]
	a.clock = r.node.now() + time.Second
	a.video(0, 1, true)
	a.video(2, 1, true)
	for range hours {
		a.clock += time.Hour
		a.time += 3600 * 90_000
		a.video(0, 1, true)
		slot.tick(a.clock)
		r.settle()
	}
	at := func(rendition int) uint32 {
		rtp, _ := slot.rends[rendition].latest.Get(int64(a.clock))
		return rtp
	}
	for range 3 {
		a.video(2, 1, true)
		if ahead := int32(at(2) - at(0)); ahead < 0 || ahead > 10 {
			t.Fatalf("h stands at %d, l at %d", at(2), at(0))
		}
		a.clock += time.Second / 30
		a.tick()
		a.video(0, 1, true)
	}
	decodable(t, r.got(w, main))
}

// Pictures that come five times a second, one layer behind another, do not count as dead.
func TestSlowRenditionsLive(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	slot := r.stage.slots[main]
	a.clock = r.node.now() + 10*time.Second
	a.video(0, 1, true)
	a.video(2, 1, true)
	for range 20 {
		a.tick()
		a.clock += 200 * time.Millisecond
		a.video(0, 1, false)
		a.clock += 80 * time.Millisecond // h takes longer on its way
		slot.tick(a.clock)
		if alive := slot.alive.Load(); alive != 5 {
			t.Fatalf("alive: %b", alive)
		}
		a.video(2, 1, false)
		a.clock -= 80 * time.Millisecond
	}
}

// A viewer with a weak line does not take h because its keyframe is the first to come, but it does if nothing else is
// sent.
func TestLowestWaitsForItsKeyframe(t *testing.T) {
	for _, lowComes := range []bool{true, false} {
		r := newRig(t)
		a := r.site(alice, markA)
		v, w := r.view(bob, StageSlots)
		v.SetTop(0)
		v.shard.do(func(now time.Duration) { v.adapt.divide(v.shard, now) })
		a.video(2, 3, false)
		if lowComes {
			a.video(0, 1, false)
		}
		r.feed(main, alice, SourceCamera)
		a.tick()
		a.video(2, 3, true)
		got := r.got(w, main)
		if !lowComes {
			if len(got) != 3 {
				t.Fatalf("%d packets of h, which is all there is", len(got))
			}
			continue
		}
		a.tick()
		a.video(0, 2, true)
		a.video(2, 3, false)
		if got = r.got(w, main); len(got) != 2 || mainLeg(v).rendition.Load() != 0 {
			t.Fatalf("%d packets, on rendition %d", len(got), mainLeg(v).rendition.Load())
		}
	}
}

// A new source is reckoned with what a source of its kind took before, from its first packet on.
func TestRateOfANewSource(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	rates := &r.stage.slots[main].rates
	began := r.node.now()
	show := func(c *site, kind SourceKind) {
		r.feed(main, c.pub.params.Owner, kind)
		c.push(kind, 0, c.seq[0], true, vp8(true, true, c.frame[0]+1, c.mark))
		c.seq[0]++
		c.frame[0]++
		c.push(kind, 0, c.seq[0], true, vp8(true, true, c.frame[0]+1, c.mark))
		c.seq[0]++
		c.frame[0]++
	}
	show(a, SourceCamera)
	if rate := float64(rates[0].Load()); rate != nominalRate(SourceCamera.media(), 0) {
		t.Fatalf("a camera that was never measured: %v", rate)
	}
	for i := range 8 {
		r.stage.slots[main].tick(began + time.Duration(i+1)*time.Second)
		a.video(0, 1, false)
	}
	measured := rates[0].Load()
	if measured > 100_000 {
		t.Fatalf("measured %d", measured)
	}
	show(b, SourceCamera)
	if rate := rates[0].Load(); rate != measured {
		t.Fatalf("another camera: %d, the one before %d", rate, measured)
	}
	show(b, SourceScreen)
	if rate := float64(rates[0].Load()); rate != nominalRate(SourceScreen.media(), 0) {
		t.Fatalf("a screen: %v", rate)
	}
}
