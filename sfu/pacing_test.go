package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/pace"
)

// pictureBits is what a packet of a test's picture takes of a line.
const pictureBits = 8 * (wireOverhead + 208)

// onLine is the least time in which a paced line of rate bit/s is given so many bits.
func onLine(total, rate int, burst time.Duration) time.Duration {
	return time.Duration(total-pictureBits)*time.Second/time.Duration(rate) - burst
}

// knownLine makes a viewer's line one of which it is known that it carries rate bit/s.
func (r *rig) knownLine(w *wire, rate float32) {
	r.t.Helper()
	w.estimate(rate)
	r.settle()
	eventually(r.t, "the line is known", func() bool { return w.budget(r) == int64(rate) })
}

// A keyframe of a hundred packets goes to a weak line no faster than the line carries it, and whole.
func TestKeyframeIsPaced(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	_, w := r.view(bob, StageSlots)
	a.video(0, 1, true)
	r.knownLine(w, 400_000)
	began := r.node.now()
	a.tick()
	a.video(0, 100, true)
	eventually(t, "all of the keyframe", func() bool { return len(r.got(w, main)) == 101 })
	if took, least := r.node.now()-began, onLine(100*pictureBits, 400_000, pace.Burst); took < least {
		t.Fatalf("took %v, a line of 400 kbit/s takes %v", took, least)
	}
	decodable(t, r.got(w, main))
}

// A line of which nothing is known yet is paced from the first packet on, whether that comes from the cache or not.
func TestNewLineIsPaced(t *testing.T) {
	for _, cached := range []bool{true, false} {
		t.Run(fmt.Sprint("cached ", cached), func(t *testing.T) {
			r := newRig(t)
			a := r.site(alice, markA)
			r.feed(main, alice, SourceCamera)
			if cached {
				a.video(0, 100, true)
			}
			began := r.node.now()
			_, w := r.enter(bob, StageSlots)
			if !cached {
				a.video(0, 100, true)
			}
			eventually(t, "all of the keyframe", func() bool { return len(r.got(w, main)) == 100 })
			if took, least := r.node.now()-began, onLine(100*pictureBits, pace.Threshold, pace.FirstBurst); took < least {
				t.Fatalf("took %v, pacing takes %v", took, least)
			}
			decodable(t, r.got(w, main))
		})
	}
}

// What waits for a viewer that leaves is counted.
func TestLeavingIsCounted(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	v, w := r.view(bob, StageSlots)
	r.knownLine(w, 400_000) // four seconds for what comes now
	a.video(0, 200, true)
	r.settle()
	v.Close()
	v.Wait()
	sent, dropped := len(r.got(w, main)), r.node.drops.Of(DropPacer)
	if dropped == 0 || sent+int(dropped) != 200 {
		t.Fatalf("%d of 200 sent, %d dropped", sent, dropped)
	}
}

// Fifty packets that are asked for at once come again no faster than the line carries them.
func TestRepairsArePaced(t *testing.T) {
	const n = 50
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	_, w := r.view(bob, StageSlots)
	a.video(0, n, true)
	sent := numbers(r.got(w, main))
	r.knownLine(w, 400_000)
	began := r.node.now()
	w.nack(main, sent...)
	again := func() []*rtp.Packet { return r.gotOn(w, ssrcOf(w, main)+1) }
	eventually(t, "all of them again", func() bool { return len(again()) == n })
	if took, least := r.node.now()-began, onLine(n*pictureBits, 400_000, pace.Burst); took < least {
		t.Fatalf("took %v, a line of 400 kbit/s takes %v", took, least)
	}
	for i, p := range again() {
		if seq, _ := original(p); seq != sent[i] {
			t.Fatalf("%d came again at place %d, want %d", seq, i, sent[i])
		}
	}
}

func numbers(packets []*rtp.Packet) (seqs []uint16) {
	for _, p := range packets {
		seqs = append(seqs, p.SequenceNumber)
	}
	return seqs
}

// However much is asked for, of what the line carries a part is left for what is new.
func TestRepairsLeaveRoom(t *testing.T) {
	for _, budget := range []int64{50_000, 120_000, 400_000, 5_000_000} {
		v := &Viewer{}
		v.adapt.budget.Store(budget)
		l, size, sent := &leg{viewer: v}, 1000, 0
		const seconds = 10
		for ms := range seconds * 1000 {
			now := time.Second + time.Duration(ms)*time.Millisecond
			for seq := range uint16(5) {
				if seq += uint16(5 * ms); v.retransmissions.allow(l, seq, size, now) {
					v.retransmissions.note(l, seq, now)
					sent += 8 * size
				}
			}
		}
		if most := float64(budget) * retransmissionShare * (seconds + 1); float64(sent) > most || float64(sent) < most*0.9 {
			t.Errorf("budget %d: %d bits again in %d s, want up to %.0f", budget, sent, seconds, most)
		}
	}
}

// Nothing is sent again twice within a round trip, however many others are.
func TestRepairOnceInARoundTrip(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	v, w := r.view(bob, StageSlots)
	a.video(0, 200, true)
	sent := numbers(r.got(w, main))
	v.feedback.rtt.Store(int64(time.Hour))
	for range 3 {
		w.nack(main, sent...)
	}
	r.settle()
	if again := len(r.gotOn(w, ssrcOf(w, main)+1)); again != 200 {
		t.Fatalf("%d packets came again, want each of the 200 once", again)
	}
	v.feedback.rtt.Store(0)
	eventually(t, "a packet again after a round trip", func() bool {
		w.nack(main, sent[0])
		r.settle()
		return len(r.gotOn(w, ssrcOf(w, main)+1)) > 200
	})
}

// What was stopped because the line cannot carry it is not sent again either.
func TestNoRepairOfWhatWasStopped(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	v, w := r.view(bob, StageSlots)
	a.video(0, 10, true)
	sent := numbers(r.got(w, main))
	v.SetTop(-1)
	eventually(t, "the picture is stopped", func() bool { return v.Stats().Slots[1].Rendition == none })
	w.nack(main, sent...)
	r.settle()
	if again := len(r.gotOn(w, ssrcOf(w, main)+1)); again != 0 {
		t.Fatalf("%d packets came again", again)
	}
	v.SetTop(2)
	eventually(t, "the picture is back", func() bool {
		a.tick()
		a.video(0, 1, true)
		r.settle()
		return v.Stats().Slots[1].Rendition == 0
	})
	now := r.got(w, main)
	decodable(t, now)
	w.nack(main, append(sent, now[len(now)-1].SequenceNumber)...)
	r.settle()
	if again := len(r.gotOn(w, ssrcOf(w, main)+1)); again != 1 {
		t.Fatalf("%d packets came again, want the one sent since", again)
	}
}
