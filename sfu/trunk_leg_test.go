package sfu

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
)

// trunk opens a connected trunk whose packets are kept.
func (r *rig) trunk(params TrunkParams) (*Trunk, *wire) {
	r.t.Helper()
	x, err := r.stage.OpenTrunk(params)
	if err != nil {
		r.t.Fatal(err)
	}
	w := r.wires.last()
	if err := x.Answer(""); err != nil {
		r.t.Fatal(err)
	}
	w.params.OnState(transport.Connected)
	x.shard.do(func(time.Duration) {})
	return x, w
}

// follow checks that numbers have no gap, and that all come from an endpoint.
func (r *rig) follow(what string, list []*rtp.Packet, count int, number uint32) {
	r.t.Helper()
	if len(list) != count {
		r.t.Fatalf("%s: %d packets, want %d", what, len(list), count)
	}
	for i, p := range list {
		if p.SequenceNumber != list[0].SequenceNumber+uint16(i) || len(p.CSRC) != 1 || p.CSRC[0] != number {
			r.t.Fatalf("%s: packet %d is %v", what, i, p.Header)
		}
	}
	if list[0].SequenceNumber >= 1<<15 {
		r.t.Errorf("%s: the first number, %d, is not low", what, list[0].SequenceNumber)
	}
}

// A trunk gets every rendition and the sound, at once and whole, beside an audience that is large enough for pictures to be
// held back until sound comes, and for which sound is made longer.
func TestTrunkIsPinned(t *testing.T) {
	f := &wires{accept: accepted()}
	n := newNode(t, func(c *Config) { c.viewers, c.Writers, c.SoundPacket = f, 1, 2*opusTime })
	r := &rig{t, n, n.Stage("s"), f}
	for slot, kind := range map[SlotID]SourceKind{main: SourceCamera, mainSoundSlot: SourceMicrophone} {
		if err := r.stage.FeedNumbered(slot, alice, 7, kind); err != nil {
			t.Fatal(err)
		}
	}
	_, w := r.trunk(TrunkParams{ID: "P58"})
	r.audience(coalesceLegs + 4)
	a := r.site(alice, markA)
	for frame := range 10 {
		a.audio()
		for layer := range renditions {
			a.video(layer, 1+layer, frame == 0)
		}
		a.tick()
		r.settle()
		for layer, rid := range rids() { // now, not when sound comes
			r.follow(rid, r.got(w, main+"."+SlotID(rid)), (frame+1)*(1+layer), 7)
		}
		r.follow("sound", r.got(w, mainSoundSlot), frame+1, 7)
	}
}

// What is asked for again comes again, sound too, as RTX with the number of the endpoint that it came from; what was
// given out before a pause does not, and nothing does in a pause.
func TestTrunkRepairsAndPauses(t *testing.T) {
	r := newRig(t)
	feed := func(owner string, number uint32) {
		t.Helper()
		for slot, kind := range map[SlotID]SourceKind{main: SourceCamera, mainSoundSlot: SourceMicrophone} {
			if err := r.stage.FeedNumbered(slot, owner, number, kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	x, w := r.trunk(TrunkParams{ID: "P58"})
	const low, high = main + ".l", main + ".h"
	feed(alice, 7)
	a, b := r.site(alice, markA), r.site(bob, markB)
	a.video(0, 3, true)
	a.video(2, 3, true)
	a.audio()
	sound, picture := r.got(w, mainSoundSlot)[0], r.got(w, high)[1]
	b.audio() // he is there: what is shown is not cut for him
	feed(bob, 8)
	b.video(2, 2, true)
	b.audio()
	w.nack(mainSoundSlot, sound.SequenceNumber)
	w.nack(high, picture.SequenceNumber, picture.SequenceNumber+1000, picture.SequenceNumber-1000)
	x.shard.do(func(time.Duration) {})
	eventually(t, "they are repaired", func() bool { return x.Stats().Repairs == 2 })
	for _, p := range []*rtp.Packet{sound, picture} {
		again := r.gotOn(w, p.SSRC+1)
		if len(again) != 1 || len(again[0].CSRC) != 1 || again[0].CSRC[0] != 7 {
			t.Fatalf("sent again: %v", again)
		}
		if seq, payload := original(again[0]); seq != p.SequenceNumber || !slices.Equal(payload, p.Payload[:len(payload)]) {
			t.Errorf("sent again: %d % x", seq, payload)
		}
	}
	ask := func(kind codec.PauseKind, id uint16, slot SlotID) {
		raw := rtcp.RawPacket(codec.AppendPause(nil, relaySSRC, []codec.PauseMessage{{SSRC: ssrcOf(w, slot), Kind: kind, ID: id}}))
		w.feedback(&raw)
		eventually(t, "it is heard", func() bool { return len(x.shard.tasks) == 0 })
		x.shard.do(func(time.Duration) {})
	}
	wanted := func() (n [renditions]int32) {
		for i := range n {
			n[i] = r.stage.slots[main].demand[i].Load()
		}
		return n
	}
	before := r.got(w, high)
	last := before[len(before)-1].SequenceNumber
	ask(codec.KindPause, 0, high)
	ask(codec.KindPause, 0, high) // repeated
	b.video(2, 4, false)
	b.video(0, 1, true)
	if n := len(r.got(w, high)); n != len(before) || len(r.got(w, low)) != 4 || wanted() != [renditions]int32{1, 1, 0} {
		t.Fatalf("%d packets, and %v wanted", n, wanted())
	}
	ask(codec.KindResume, 0, high)
	ask(codec.KindPause, 0, high) // late: of before
	if wanted() != [renditions]int32{1, 1, 1} || !slices.Contains(b.asked(), 3) {
		t.Fatalf("%v wanted, keyframes asked for %v", wanted(), b.asked())
	}
	b.video(2, 4, true)
	if list := r.got(w, high); len(list) != len(before)+4 || list[len(before)].SequenceNumber != last+1 {
		t.Fatalf("it does not go on right after %d: %d packets", last, len(list))
	}
	w.nack(high, last)
	eventually(t, "it is heard", func() bool { return len(x.shard.tasks) == 0 })
	x.shard.do(func(time.Duration) {})
	if n := x.Stats().Repairs; n != 2 {
		t.Errorf("%d repairs: a number of before the pause means another packet now", n)
	}
	paused := 0
	w.mu.Lock()
	for _, p := range w.rtcp {
		if raw, ok := p.(*rtcp.RawPacket); ok {
			list, err := codec.ParsePause(*raw, nil)
			if err != nil || len(list) != 1 || list[0].Kind != codec.KindPaused || uint16(list[0].Highest) != last {
				t.Errorf("the centre says %v, %v", list, err)
			}
			paused++
		}
	}
	w.mu.Unlock()
	if paused != 2 {
		t.Errorf("PAUSED was said %d times", paused)
	}
	x.Close()
	x.Wait()
	if wanted() != [renditions]int32{} || r.stage.slots[main].legs[0].Load() != 0 {
		t.Errorf("%v are wanted by nobody", wanted())
	}
}

// A panic over a trunk ends that, and nobody else; one over a viewer does not end the trunk.
func TestTrunkIsContained(t *testing.T) {
	r, faults := newFaultyRig(t)
	r.feed(main, alice, SourceCamera)
	failed := make(chan State, 4)
	_, upset := r.trunk(TrunkParams{ID: "P58", OnState: func(s State) { failed <- s }})
	_, other := r.trunk(TrunkParams{ID: "P79"})
	_, viewer := r.view("C00009", StageSlots)
	if s := <-failed; s != Connected {
		t.Fatal(s)
	}
	a := r.site(alice, markA)
	a.video(0, 1, true)
	r.settle()
	upset.mu.Lock()
	upset.upset = true
	upset.mu.Unlock()
	a.tick()
	a.video(0, 1, false)
	if s := <-failed; s != Failed {
		t.Errorf("it is %v", s)
	}
	for range 3 {
		a.tick()
		a.video(0, 1, false)
	}
	if n := faults.seen(); n != 1 || len(r.got(other, main+".l")) < 4 || len(r.got(viewer, main)) < 4 {
		t.Errorf("%d panics, the others got %d and %d packets", n, len(r.got(other, main+".l")), len(r.got(viewer, main)))
	}
}

func FuzzTrunkFeedback(f *testing.F) {
	nack, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: firstSSRC, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}}})
	report, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: firstSSRC, LastSenderReport: 5}}}})
	f.Add(nack)
	f.Add(report)
	f.Add(codec.AppendPause(nil, 1, []codec.PauseMessage{{SSRC: firstSSRC, Kind: codec.KindPause}, {SSRC: firstSSRC + 2, Kind: codec.KindResume, ID: 9}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRig(t)
		r.feed(main, alice, SourceCamera)
		x, w := r.trunk(TrunkParams{ID: "P58"})
		a := r.site(alice, markA)
		a.video(0, 3, true)
		w.params.OnRTCP(b)
		if len(b) >= 4 {
			w.params.OnRTCP(append(codec.AppendPause(nil, 1, []codec.PauseMessage{{SSRC: binary.BigEndian.Uint32(b), Kind: codec.KindPause}}), b...))
		}
		x.shard.do(func(time.Duration) {})
		x.Close()
		x.Wait()
		if n := r.stage.slots[main].demand[0].Load(); n != 0 {
			t.Fatalf("%d want what nobody is sent", n)
		}
	})
}
