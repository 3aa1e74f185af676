package sfu

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// inflow is the relay's end of a trunk without a network; a test says which packet comes when.
type inflow struct {
	r    *rig
	in   *Intake
	time uint32
}

func newInflow(tb testing.TB, params IntakeParams) *inflow {
	tb.Helper()
	r := newRig(tb)
	f := &inflow{r: r, in: newIntake(r.stage, params), time: 1 << 31}
	r.stage.intake.Store(f.in)
	for i, s := range f.in.streams {
		s.ssrc.Store(uint32(100 + i))
	}
	return f
}

// ssrc of a stream.
func (f *inflow) ssrc(mid string) uint32 { return f.in.stream(mid).ssrc.Load() }

// send brings one packet, which is a whole frame.
func (f *inflow) send(mid string, seq uint16, number uint32, payload []byte) {
	f.r.t.Helper()
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: f.time, Marker: true, CSRC: []uint32{number}},
		Payload: payload,
	}
	b, err := p.Marshal()
	if err != nil {
		f.r.t.Fatal(err)
	}
	f.in.forward(b, new(rtp.Header), f.in.stream(mid), false)
}

// picture brings a frame marked with the low byte of its endpoint's number.
func (f *inflow) picture(mid string, seq uint16, number uint32, key bool) {
	f.r.t.Helper()
	f.send(mid, seq, number, vp8(true, key, seq, byte(number)))
}

// marks are of whom the packets are that a viewer got.
func (f *inflow) marks(w *wire, slot SlotID) (list []byte) {
	for _, p := range f.r.got(w, slot) {
		list = append(list, mark(p))
	}
	return list
}

// What feeds a slot changes with the number at the head of a stream. Packets of before that come late change nothing, in
// whatever order the streams of the slot change, and from there and back again.
func TestStandIns(t *testing.T) {
	f := newInflow(t, IntakeParams{Seat: seats})
	v, w := f.r.view("C00009", StageSlots)
	const l, h = "v-main.l", "v-main.h"
	show := func(want ...byte) {
		t.Helper()
		if got := f.marks(w, main); !slices.Equal(got, want) {
			t.Fatalf("shown %v, want %v", got, want)
		}
	}
	v.SetTop(0)
	eventually(t, "the lowest is wanted", func() bool { return f.r.stage.slots[main].demand[0].Load() == 1 })
	f.picture(l, 10, 1, true)
	f.picture(l, 11, 1, false)
	f.picture(h, 910, 1, true)
	show(1, 1)
	f.time += 3000
	f.picture(h, 912, 2, true) // one change, which the other stream has still to make
	f.picture(l, 12, 1, false)
	f.picture(h, 911, 1, false) // late
	f.time += 3000
	f.picture(l, 13, 2, true)
	f.picture(l, 14, 2, false)
	f.r.settle()
	if got := f.marks(w, main); !slices.Equal(got[:2], []byte{1, 1}) || slices.Contains(got[3:], 1) || got[len(got)-1] != 2 {
		t.Fatalf("shown %v", got)
	}
	first := f.in.slots[main].present()
	if first.number != 2 {
		t.Fatalf("%d feeds the slot", first.number)
	}
	f.time += 3000
	f.picture(l, 15, 1, true) // back again
	f.picture(h, 913, 2, false)
	f.time += 3000
	f.picture(h, 914, 1, true)
	second := f.in.slots[main].present()
	if second.number != 1 || second == first {
		t.Fatalf("%d feeds the slot", second.number)
	}
	f.picture(l, 16, 1, false)
	if got := f.marks(w, main); got[len(got)-1] != 1 {
		t.Fatalf("shown %v", got)
	}
	if third := f.in.slots[main].present(); third != second {
		t.Fatal("the other stream has made it change again")
	}
	f.time += 3000 // one stream changes twice before the other has changed once
	behind := f.time
	f.picture(h, 915, 2, true)
	f.time += 3000
	f.picture(h, 916, 3, true)
	now := f.in.slots[main].present()
	f.time = behind
	f.picture(l, 17, 2, true)
	if last := f.in.slots[main].present(); last != now || now.number != 3 {
		t.Fatalf("%d feeds the slot, as a stream says that is behind", last.number)
	}
}

// Until a keyframe of the new one comes the old picture stays; it is asked for.
func TestStandInWaitsForKeyframe(t *testing.T) {
	f := newInflow(t, IntakeParams{Seat: seats})
	_, w := f.r.view("C00009", StageSlots)
	f.picture("v-main.l", 10, 1, false) // the trunk comes in the middle
	if n := len(f.r.got(w, main)); n != 0 {
		t.Fatalf("%d packets of no keyframe", n)
	}
	src := f.in.slots[main].present().source
	src.mu.Lock()
	due := slices.Clone(src.due)
	src.mu.Unlock()
	if want := []uint32{f.ssrc("v-main.l"), f.ssrc("v-main.m"), f.ssrc("v-main.h")}; !slices.Equal(due, want) {
		t.Errorf("keyframes asked of %v", due)
	}
	f.picture("v-main.l", 11, 1, true)
	if n := len(f.r.got(w, main)); n != 1 {
		t.Fatalf("%d packets", n)
	}
}

// When the centre changes it has asked for keyframes itself, and they come: the relay does not ask for others.
func TestChangeAsksForNothingMore(t *testing.T) {
	f := newInflow(t, IntakeParams{Seat: seats})
	f.r.view("C00009", StageSlots)
	before := f.r.node.keyframeRequests.Load()
	for i, mid := range []string{"v-main.l", "v-main.m", "v-main.h"} {
		f.picture(mid, uint16(10+i*1000), 1, true)
	}
	f.in.slots[main].present().source.tick(f.r.node.now() + 2*keyframeInterval)
	if n := f.r.node.keyframeRequests.Load() - before; n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Nobody is sent what is his own: who sits here by the endpoint's number; while that says nothing, whoever may speak.
func TestStandInIsNotHeardByItself(t *testing.T) {
	var known atomic.Bool
	f := newInflow(t, IntakeParams{
		Seat: func(number uint32) (string, bool) {
			owner, ok := seats(number)
			return owner, ok && known.Load()
		},
		Granted: func(owner string) bool { return owner == alice || owner == bob },
	})
	_, a := f.r.view(alice, StageSlots)
	_, b := f.r.view(bob, StageSlots)
	_, c := f.r.view("C00009", StageSlots)
	seq := uint16(20)
	heard := func() (list [3]int) {
		t.Helper()
		before := [3]int{}
		wires := []*wire{a, b, c}
		for i, w := range wires {
			before[i] = len(f.r.got(w, mainSoundSlot))
		}
		f.time += 960
		seq++
		f.send("a-main", seq, 1, []byte{0xf8, 0xff, 1})
		for i, w := range wires {
			list[i] = len(f.r.got(w, mainSoundSlot)) - before[i]
		}
		return list
	}
	if got := heard(); got != [3]int{0, 0, 1} {
		t.Errorf("of an unknown endpoint alice, bob and a listener hear %v", got)
	}
	known.Store(true)
	f.in.tick(f.r.node.now())
	if got := heard(); got != [3]int{0, 1, 1} {
		t.Errorf("of alice they hear %v", got)
	}
	known.Store(false)
	f.time += 960
	seq++
	f.send("a-main", seq, 3, []byte{0xf8, 0xff, 3}) // another, elsewhere
	known.Store(true)
	f.in.tick(f.r.node.now())
	f.time += 960
	seq++
	before := len(f.r.got(a, mainSoundSlot))
	f.send("a-main", seq, 3, []byte{0xf8, 0xff, 3})
	if n := len(f.r.got(a, mainSoundSlot)); n != before+1 {
		t.Errorf("alice hears %d of somebody elsewhere", n-before)
	}
}

// An empty feed cuts what the trunk shows, also for newcomers, until something comes anew.
func TestTrunkIsCut(t *testing.T) {
	f := newInflow(t, IntakeParams{Seat: seats})
	_, w := f.r.view("C00009", StageSlots)
	f.picture("v-main.l", 10, 1, true)
	f.r.settle()
	f.r.feed(main, "", SourceCamera)
	f.picture("v-main.l", 11, 1, false) // was under way
	if n := len(f.r.got(w, main)); n != 1 {
		t.Fatalf("%d packets", n)
	}
	f.time += 3000
	f.picture("v-main.l", 12, 1, true)
	if n := len(f.r.got(w, main)); n != 2 {
		t.Fatalf("%d packets when it is back", n)
	}
	f.in.forget()
	f.time += 3000
	f.picture("v-main.l", 13, 1, true)
	if n := len(f.r.got(w, main)); n != 2 || f.r.stage.slots[main].owner() != "" {
		t.Errorf("%d packets of a trunk that was closed", n)
	}
}

// What nobody is to be sent the centre is asked to pause, again until it says that it has, and to resume until it comes.
func TestWishes(t *testing.T) {
	f := newInflow(t, IntakeParams{Seat: seats})
	v, _ := f.r.view("C00009", StageSlots)
	for i, rid := range rids() {
		f.picture("v-main."+rid, uint16(10+1000*i), 1, true)
	}
	eventually(t, "the best is wanted", func() bool { return f.r.stage.slots[main].demand[2].Load() == 1 })
	now := f.r.node.now()
	requests := func(at time.Duration) (list []codec.PauseMessage) {
		for _, s := range f.in.streams {
			if m, ok := s.request(now + at); ok {
				list = append(list, m)
			}
		}
		return list
	}
	const s = time.Second
	f.in.tick(now)
	if got := requests(0); got != nil {
		t.Fatalf("at first %v", got)
	}
	v.SetTop(1)
	eventually(t, "less is wanted", func() bool { return f.r.stage.slots[main].demand[2].Load() == 0 })
	f.in.tick(now)
	f.in.tick(now + demandDelay)
	pause := []codec.PauseMessage{{SSRC: f.ssrc("v-main.h"), Kind: codec.KindPause}}
	if got := requests(5 * s); !slices.Equal(got, pause) {
		t.Fatalf("asked for %v", got)
	}
	if requests(5500*time.Millisecond) != nil || !slices.Equal(requests(6*s), pause) {
		t.Error("it is to be asked for every second")
	}
	f.in.onPaused(codec.AppendPause(nil, 1, []codec.PauseMessage{{SSRC: f.ssrc("v-main.h"), Kind: codec.KindPaused}}))
	if got := requests(7 * s); got != nil {
		t.Errorf("asked for again: %v", got)
	}
	v.SetTop(2)
	eventually(t, "more is wanted", func() bool { return f.r.stage.slots[main].demand[2].Load() == 1 })
	f.in.tick(now + 8*s) // at once
	resume := []codec.PauseMessage{{SSRC: f.ssrc("v-main.h"), Kind: codec.KindResume}}
	if got := requests(8 * s); !slices.Equal(got, resume) {
		t.Fatalf("asked for %v", got)
	}
	if got := requests(9 * s); !slices.Equal(got, resume) {
		t.Errorf("asked for %v", got)
	}
	stream := f.in.stream("v-main.h")
	stream.arrived(&arrival{packet: packet{seq: 2013, arrived: now + 10*s}})
	if got := requests(10 * s); got != nil {
		t.Errorf("it comes, and is asked for: %v", got)
	}
	stream.want(false, now+11*s)
	if got := requests(11 * s); len(got) != 1 || got[0].ID != 1 {
		t.Errorf("the next request is %v", got)
	}
}

func FuzzIntake(f *testing.F) {
	f.Add([]byte{0, 1, 5, 4, 9, 200, 2, 16, 255, 0, 3, 128}, uint32(1))
	f.Fuzz(func(t *testing.T, steps []byte, number uint32) {
		in := newInflow(t, IntakeParams{Seat: seats, Granted: func(string) bool { return true }})
		_, w := in.r.enter("C00009", StageSlots)
		header := new(rtp.Header)
		var seq [16]uint16
		for i, s := range steps {
			stream := int(s) % 16
			seq[stream] += uint16(s >> 6)
			in.time += uint32(s&0x30) * 100
			p := rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: seq[stream], Timestamp: in.time, Marker: s&2 == 0},
				Payload: vp8(s&1 == 0, s&4 == 0, uint16(i), s),
			}
			for range s & 3 {
				p.CSRC = append(p.CSRC, number+uint32(s&8))
			}
			b, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if s&0x80 != 0 {
				b = b[:len(b)-int(s&0x7f)]
				b[0] ^= s & 0x30
			}
			in.in.forward(b, header, in.in.streams[stream], s&16 != 0)
		}
		list := in.r.got(w, main)
		for i := 1; i < len(list); i++ {
			if int32(list[i].Timestamp-list[i-1].Timestamp) < 0 && int16(list[i].SequenceNumber-list[i-1].SequenceNumber) > 0 {
				t.Fatalf("time runs back at %d", i)
			}
		}
		in.in.forget()
		if in.r.stage.slots[main].owner() != "" {
			t.Fatal("it is still shown")
		}
	})
}
