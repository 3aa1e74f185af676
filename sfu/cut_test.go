package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/packetcache"
)

// weak opens a viewer on a line that a keyframe of a hundred packets keeps busy for seconds.
func (r *rig) weak(owner string) *wire {
	r.t.Helper()
	_, w := r.view(owner, StageSlots)
	w.feedback(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 400_000, SSRCs: []uint32{ssrcOf(w, main)}})
	eventually(r.t, "the line is known", func() bool { return w.budget(r) == 400_000 })
	return w
}

// drained returns what a viewer has been sent on a slot once nothing waits for its line any more.
func (r *rig) drained(w *wire, slot SlotID) []*rtp.Packet {
	r.settle()
	for _, s := range r.node.shards {
		s.do(func(now time.Duration) {
			for at := now; ; at += time.Second {
				if _, ok := s.schedule.Next(); !ok {
					return
				}
				s.release(at)
			}
		})
	}
	return r.got(w, slot)
}

// What waits for a slow line is not sent any more once its source was cut.
func TestCutEndsWhatWaitsForTheLine(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	w := r.weak(bob)
	a.video(0, 100, true)
	r.settle()
	r.feed(main, "", SourceCamera)
	sent := len(r.got(w, main))
	if sent == 0 || sent == 100 {
		t.Fatalf("%d packets were sent at once: nothing waits", sent)
	}
	if n := len(r.drained(w, main)); n != sent {
		t.Fatalf("%d packets came after the cut", n-sent)
	}
	if cut := r.node.drops.Of(DropCut); cut != uint64(100-sent) {
		t.Fatalf("%d packets are counted as cut, of %d", cut, 100-sent)
	}
	r.feed(main, alice, SourceCamera)
	a.tick()
	a.video(0, 3, true)
	got := r.drained(w, main)
	if len(got) != sent+3 {
		t.Fatalf("%d packets of the picture that came back", len(got)-sent)
	}
	numbered(t, got)
}

// A new picture does not queue behind the one that it takes the place of.
func TestChangeEndsWhatWaitsForTheLine(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	r.feed(main, alice, SourceCamera)
	w := r.weak("C00009")
	a.video(0, 100, true)
	r.settle()
	r.feed(main, bob, SourceCamera)
	b.video(0, 3, true)
	r.feed(main, bob, SourceCamera)
	b.tick()
	b.video(0, 3, true)
	r.settle()
	sent := len(r.got(w, main))
	got := r.drained(w, main)
	for _, p := range got[sent:] {
		if mark(p) != markB {
			t.Fatal("the old picture goes on")
		}
	}
	if lastMark(got) != markB {
		t.Fatal("the new picture does not come")
	}
	numbered(t, got)
}

// numbered checks that there is no gap in the numbers.
func numbered(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	for i := range packets[1:] {
		if packets[i+1].SequenceNumber != packets[i].SequenceNumber+1 {
			t.Fatalf("packet %d: number %d after %d", i+1, packets[i+1].SequenceNumber, packets[i].SequenceNumber)
		}
	}
}

// What waits for its sound, or in a writer's queue, is not sent any more once its source was cut.
func TestCutEndsWhatWaitsInTheServer(t *testing.T) {
	const ms = time.Millisecond
	sound := AudioSlot("main")
	for _, tt := range []struct {
		name string
		cut  SlotID
		play func(s *shard, picture, sound burst, cut func(), now time.Duration)
		want int // packets that a viewer gets
	}{
		{"a picture that waits, then sound", main, func(s *shard, picture, sound burst, cut func(), now time.Duration) {
			s.accept(picture, now)
			cut()
			s.accept(sound, now+10*ms)
		}, 1},
		{"a picture that waits, then none", main, func(s *shard, picture, _ burst, cut func(), now time.Duration) {
			s.accept(picture, now)
			cut()
			s.sendDue(now + opusTime)
		}, 0},
		{"a picture in the queue", main, func(s *shard, picture, _ burst, cut func(), now time.Duration) {
			cut()
			s.accept(picture, now)
			s.sendDue(now + opusTime)
		}, 0},
		{"sound in the queue", sound, func(s *shard, picture, sound burst, cut func(), now time.Duration) {
			s.accept(picture, now)
			cut()
			s.accept(sound, now+10*ms)
			s.sendDue(now + opusTime)
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &wires{accept: accepted()}
			n := newNode(t, func(c *Config) { c.viewers, c.Writers = f, 1 })
			r := &rig{t, n, n.Stage("s"), f}
			a := r.site(alice, markA)
			r.feed(main, alice, SourceCamera)
			r.feed(sound, alice, SourceMicrophone)
			a.video(0, 1, true)
			a.audio()
			wires := r.audience(coalesceLegs)
			counts := func() (list []int) {
				r.settle()
				for _, w := range wires {
					list = append(list, len(w.rtp))
				}
				return list
			}
			before := counts()
			s := n.shards[0]
			next := func(slot *slot, ahead uint16) burst {
				time, _ := slot.line.latest.Get(int64(slot.arrived))
				p := packetcache.Packet{Seq: slot.rends[0].out + ahead, Time: time, Start: true, Keyframe: true, Payload: []byte{1}}
				return burst{slot: slot, gen: slot.gen.Load(), packets: []*packetcache.Packet{&p}}
			}
			s.do(func(now time.Duration) {
				audio, video := r.stage.slots[sound], r.stage.slots[main]
				s.accept(next(audio, 1), now) // there is sound
				tt.play(s, next(video, 1), next(audio, 2), func() { r.feed(tt.cut, "", SourceCamera) }, now+ms)
			})
			for i, n := range counts() {
				if got := n - before[i] - 1; got != tt.want {
					t.Fatalf("a viewer got %d packets, want %d", got, tt.want)
				}
			}
			if n.drops.Of(DropCut) != 1 {
				t.Error("what was cut is not counted")
			}
		})
	}
}
