package sfu

import (
	"testing"
	"time"

	"github.com/diemcau/diemcau/sfu/adapt"
	"github.com/diemcau/diemcau/sfu/codec"
)

func TestRedundancy(t *testing.T) {
	for _, tt := range []struct {
		name            string
		sound, line     float64 // shares lost
		free, atALimits int     // packets that go along
	}{
		{"nothing is lost", 0, 0, 0, 0},
		{"next to nothing", 0.01, 0.01, 0, 0},
		{"some of the line", 0, 0.05, 1, 0},
		{"much of it", 0, 0.2, 2, 0},
		{"some sound", 0.05, 0, 1, 1},
		{"much sound", 0.2, 0, 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r redundancy
			const now = time.Minute
			r.heard(tt.sound, now)
			r.learned(tt.line, now)
			if free, limited := r.generations(false, now+1), r.generations(true, now+1); free != tt.free || limited != tt.atALimits {
				t.Errorf("%d go along, %d at a limit; want %d and %d", free, limited, tt.free, tt.atALimits)
			}
			if n := r.generations(false, now+redTime); n != 0 {
				t.Errorf("%d go along after %v", n, redTime)
			}
		})
	}
}

// Numbers asked for again are heard before any report.
func TestAlarm(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every uint64 // of so many packets one is asked for again
		want  int
	}{
		{"one in 200", 200, 0},
		{"one in 20", 20, 1},
		{"one in 5", 5, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r redundancy
			now := time.Minute
			for sent := uint64(1); sent < 1000; sent++ {
				if now += 5 * time.Millisecond; sent%tt.every == 0 {
					r.asked(sent, now)
				}
			}
			if got := r.generations(false, now); got != tt.want {
				t.Errorf("%d go along, want %d", got, tt.want)
			}
		})
	}
}

// On a line that loses much, two packets go along with each of sound, before a report tells of it.
func TestNumbersAskedForProtectSound(t *testing.T) {
	r := newRig(t)
	r.wires.accept.RED = true
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	a.video(0, 40, true)
	w.nack(main, numbers(r.got(w, main))[:12]...)
	r.settle()
	for range 3 {
		a.audio()
	}
	got := r.got(w, "a-main")
	last := got[len(got)-1]
	blocks, err := codec.SplitRED(nil, last.Payload, last.Timestamp)
	if err != nil || last.PayloadType != codec.PayloadRED || len(blocks) != 3 || last.Timestamp-blocks[0].Time != 2*960 {
		t.Fatalf("%v: %v, %v", last, blocks, err)
	}
}

// Of a line that loses whatever is sent, a repair goes out twice: one that is lost costs another round trip.
func TestRepairsOfALossyLine(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	v, w := r.view(bob, StageSlots)
	a.video(0, 10, true)
	sent := numbers(r.got(w, main))
	w.nack(main, sent[0])
	r.settle()
	again := func() int { return len(r.gotOn(w, ssrcOf(w, main)+1)) }
	if n := again(); n != 1 {
		t.Fatalf("on a good line %d repairs", n)
	}
	v.feedback.inform(func(c *adapt.Controller, now time.Duration) {
		for range 20 {
			c.Loss(0.05, 200, now)
		}
	})
	eventually(t, "two repairs of one packet", func() bool {
		before := again()
		a.tick()
		a.video(0, 1, false)
		now := r.got(w, main)
		w.nack(main, now[len(now)-1].SequenceNumber)
		r.settle()
		return again()-before == 2
	})
}

// Of a few packets a share means nothing.
func TestLossWindow(t *testing.T) {
	type report struct{ at, lost, of int }
	for _, tt := range []struct {
		name    string
		reports []report
		lost    float64
		of      float64
	}{
		{"a few of a still slide", []report{{1000, 11, 39}}, 0, 0},
		{"and more of it", []report{{1000, 11, 39}, {2000, 1, 41}}, 12, 80},
		{"many at once", []report{{1000, 5, 100}}, 5, 100},
		{"enough after a while", []report{{1000, 0, 39}, {1200, 0, 20}, {1900, 3, 20}}, 0, 59},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w lossWindow
			for _, r := range tt.reports {
				lost, of, ok := w.add(float64(r.lost), float64(r.of), time.Duration(r.at)*time.Millisecond)
				if ok && (lost != tt.lost || of != tt.of) {
					t.Errorf("%v of %v, want %v of %v", lost, of, tt.lost, tt.of)
				}
				if ok {
					return
				}
			}
			if tt.of > 0 {
				t.Error("nothing comes of it")
			}
		})
	}
}
