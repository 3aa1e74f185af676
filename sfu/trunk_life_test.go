package sfu

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// A trunk on which nothing comes any more is told at both ends, though nothing is wrong with the sites; and that it is back.
func TestDeadTrunk(t *testing.T) {
	line := newLossy(t, 0)
	x := lay(t, line, nil, IntakeParams{Seat: seats})
	x.feed(t, alice, 1)
	publish(t, x.near, alice, markA, nil)
	w := watch(t, x.far, ViewerParams{ID: "w", Owner: bob}, nil)
	eventually(t, "alice is seen", func() bool { return len(w.got(main)) > 10 })
	told := func(live bool) {
		t.Helper()
		eventually(t, "both ends are told", func() bool {
			a, _ := x.outLive.last()
			b, _ := x.inLive.last()
			return a == live && b == live && x.out.Stats().Live == live && x.in.Stats().Live == live
		})
	}
	line.blocked.Store(true)
	told(false)
	line.blocked.Store(false)
	told(true)
	n := len(w.got(main))
	eventually(t, "alice is seen again", func() bool { return len(w.got(main)) > n+50 })
	for _, p := range []*pulses{&x.outLive, &x.inLive} {
		if _, n := p.last(); n != 3 {
			t.Errorf("told %d times", n)
		}
	}
}

// A quiet trunk, on which nobody is shown, is not a dead one.
func TestQuietTrunkLives(t *testing.T) {
	x := lay(t, nil, nil, IntakeParams{})
	began := x.relay.now()
	heard := func(p *pulse) time.Duration { return time.Duration(p.heard.Load()) }
	eventually(t, "signs of life for longer than a dead trunk is given", func() bool {
		return min(heard(&x.out.pulse), heard(&x.in.pulse)) > began+trunkSilence+trunkReport
	})
	for _, p := range []*pulses{&x.outLive, &x.inLive} {
		if live, n := p.last(); n != 1 || !live {
			t.Errorf("told %d times, last %v", n, live)
		}
	}
}

// A new trunk takes the place of the old one: who watches goes on.
func TestTrunkIsReplaced(t *testing.T) {
	x := lay(t, nil, nil, IntakeParams{Seat: seats})
	x.feed(t, alice, 1)
	publish(t, x.near, alice, markA, nil)
	w := watch(t, x.far, ViewerParams{ID: "w", Owner: bob}, nil)
	eventually(t, "alice is seen", func() bool { return len(w.got(main)) > 10 && len(w.got(mainSoundSlot)) > 3 })
	oldOut, oldIn := x.out, x.in
	x.open(t, IntakeParams{Seat: seats})
	eventually(t, "the new one feeds the stage", func() bool { return x.far.intake.Load() == x.in })
	slots := []SlotID{main, mainSoundSlot}
	for _, slot := range slots {
		eventually(t, "its stand-in is shown", func() bool {
			src := x.far.slots[slot].from.Load()
			return src != nil && src.from == &x.in.origin
		})
	}
	oldIn.Close()
	oldOut.Close()
	oldIn.Wait()
	oldOut.Wait()
	n := len(w.got(main))
	eventually(t, "alice is still seen", func() bool { return len(w.got(main)) > n+50 })
	follows(t, w.got(main))
}

// Renditions that nobody at the relay takes are not sent to it, nor to the centre; they come again when somebody does.
func TestTrunkPauses(t *testing.T) {
	f := &wires{accept: accepted()}
	x := layTo(t, newNode(t, func(c *Config) { c.viewers = f }), nil, IntakeParams{Seat: seats})
	x.feed(t, alice, 1)
	a := (&rig{t: t, node: x.centre, stage: x.near}).site(alice, markA)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		asked := -1
		for ticker := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
			n := len(a.asked())
			for layer := range renditions {
				a.video(layer, 1+layer, n != asked)
			}
			asked = n
			a.tick()
		}
	}()
	defer func() { close(stop); <-done }()
	v, _ := (&rig{t: t, node: x.relay, stage: x.far, wires: f}).view(bob, StageSlots)
	shows := func(rendition int) {
		t.Helper()
		eventually(t, "the rendition is sent", func() bool {
			for _, s := range v.Stats().Slots {
				if s.Slot == main {
					return s.Rendition == rendition
				}
			}
			return false
		})
	}
	wanted := func(low, middle, high int32) {
		t.Helper()
		d := &x.near.slots[main].demand
		eventually(t, "that is wanted of the centre", func() bool {
			return d[0].Load() == low && d[1].Load() == middle && d[2].Load() == high
		})
	}
	shows(2)
	wanted(1, 1, 1)
	v.SetTop(0)
	shows(0)
	wanted(1, 0, 0)
	leg := func(rendition int) *trunkLeg {
		return x.out.legs[slices.IndexFunc(x.out.legs, func(l *trunkLeg) bool {
			return l.slot.spec.ID == main && l.rendition == rendition
		})]
	}
	high, lowest := leg(2), leg(0)
	before, low := high.packets.Load(), lowest.packets.Load()
	eventually(t, "the lowest goes on", func() bool { return lowest.packets.Load() > low+20 })
	if n := high.packets.Load(); n != before {
		t.Errorf("%d packets of what is paused", n-before)
	}
	v.SetTop(2)
	wanted(1, 1, 1)
	shows(2)
}

// However many viewers of however many relays ask for keyframes, the source is asked twice a second.
func TestTrunkMergesKeyframes(t *testing.T) {
	x := lay(t, nil, nil, IntakeParams{Seat: seats})
	x.feed(t, alice, 1)
	publish(t, x.near, alice, markA, nil)
	var viewers []*watcher
	for _, id := range []string{"a", "b", "c"} {
		viewers = append(viewers, watch(t, x.far, ViewerParams{ID: id, Owner: bob}, nil))
	}
	viewers = append(viewers, watch(t, x.near, ViewerParams{ID: "d", Owner: bob}, nil))
	for _, v := range viewers {
		eventually(t, "alice is seen", func() bool { return len(v.got(main)) > 10 })
	}
	requests := func() (near, far uint64) { return x.centre.keyframeRequests.Load(), x.relay.keyframeRequests.Load() }
	near, far := requests()
	began := x.centre.now()
	asked := 0
	for x.centre.now()-began < 2*time.Second {
		for _, v := range viewers {
			if v.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
				if err := v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: mainSSRC}}); err != nil {
					t.Fatal(err)
				}
				asked++
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	nearAfter, farAfter := requests()
	most := uint64((x.centre.now()-began)/keyframeInterval) + 1
	if near, far := nearAfter-near, farAfter-far; near == 0 || far == 0 || near > most || far > most {
		t.Errorf("of %d requests the relay made %d, the centre %d; at most %d may be", asked, far, near, most)
	}
}
