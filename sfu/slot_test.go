package sfu

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

const main = "v-main"

// decodable checks what a decoder needs: numbers without gaps, a keyframe wherever source or rendition changes,
// timestamps that grow from frame to frame, picture ids that never go back.
func decodable(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	if len(packets) == 0 {
		t.Fatal("nothing was sent")
	}
	var last codec.VP8
	for i, p := range packets {
		v, err := codec.ParseVP8(p.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if !v.Keyframe {
				t.Fatal("does not begin with a keyframe")
			}
			last = v
			continue
		}
		before := packets[i-1]
		if p.SequenceNumber != before.SequenceNumber+1 {
			t.Fatalf("packet %d: number %d after %d", i, p.SequenceNumber, before.SequenceNumber)
		}
		forward := int32(p.Timestamp - before.Timestamp)
		if v.FrameStart && forward <= 0 || !v.FrameStart && forward != 0 {
			t.Fatalf("packet %d: timestamp moves by %d, start of a frame: %v", i, forward, v.FrameStart)
		}
		ids, tl0s := (v.PictureID-last.PictureID)&0x7fff, v.TL0PICIDX-last.TL0PICIDX
		if v.FrameStart && (ids == 0 || ids >= 1<<14 || tl0s == 0 || tl0s >= 1<<7) || !v.FrameStart && ids != 0 {
			t.Fatalf("packet %d: picture id %d after %d, index %d after %d",
				i, v.PictureID, last.PictureID, v.TL0PICIDX, last.TL0PICIDX)
		}
		if ids > 1 && !v.Keyframe {
			t.Fatalf("packet %d: picture ids jump without a keyframe", i)
		}
		last = v
	}
}

func TestRenditionSwitch(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	for i := range 100 {
		a.tick()
		for layer, n := range []int{1, 2, 5} {
			if layer == 2 && i < 10 || layer == 1 && i < 5 {
				continue // higher layers come later, as with browsers
			}
			a.video(layer, n, i%5 == 0)
		}
	}
	got := r.got(w, main)
	decodable(t, got)
	// 5 frames of one packet, 5 of two, 90 of five; at each change both have a frame of the same time. A keyframe may
	// pass before the leg aims at its rendition, so how soon it is taken is not certain.
	if n := len(got); n < 300 || n > 5+10+450+3 {
		t.Fatalf("%d packets", n)
	}
}

func TestDeadRendition(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	v, w := r.view(bob, StageSlots)
	slot := r.stage.slots[main]
	a.video(0, 1, true)
	a.video(2, 3, true)
	r.settle()
	leg := mainLeg(v)
	eventually(t, "the leg is on h", func() bool { return leg.rendition.Load() == 2 })

	// h stops; l goes on without a keyframe until it is asked for one.
	var sent time.Duration
	send := func() { // at a frame rate: no more than half of TL0PICIDX's range in the time it takes
		if now := r.node.now(); now-sent > 20*time.Millisecond {
			sent = now
			a.tick()
			a.video(0, 1, false)
		}
	}
	eventually(t, "h counts as dead", func() bool { send(); return slot.alive.Load() == 1 })
	asked := len(a.asked())
	eventually(t, "a keyframe of l is requested", func() bool { send(); return slices.Contains(a.asked()[asked:], 1) })
	a.tick()
	a.video(0, 1, true)
	a.tick()
	a.video(0, 1, false)
	eventually(t, "the leg is on l", func() bool { return leg.rendition.Load() == 0 })
	eventually(t, "the leg is back on h", func() bool { // it asks for another keyframe when h has come back
		a.tick()
		a.video(2, 3, true)
		return leg.rendition.Load() == 2
	})
	decodable(t, r.got(w, main))
}

func TestMakeBeforeBreak(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	_, w := r.view("C00009", StageSlots)
	r.feed(main, alice, SourceCamera)
	a.video(0, 2, true)
	b.video(0, 2, true) // bob sends, but is not on stage
	r.feed(main, bob, SourceCamera)
	if len(b.asked()) == 0 {
		t.Fatal("bob was not asked for a keyframe")
	}
	for range 10 {
		a.tick()
		b.tick()
		a.video(0, 2, false)
		b.video(0, 2, false)
	}
	if got := r.got(w, main); len(got) != 22 || lastMark(got) != markA {
		t.Fatalf("%d packets, the last of %x: alice must stay until bob's keyframe", len(got), lastMark(got))
	}
	b.tick()
	b.video(0, 3, true)
	a.tick()
	a.video(0, 2, true)
	b.tick()
	b.video(0, 1, false)
	got := r.got(w, main)
	decodable(t, got)
	if len(got) != 22+4 || lastMark(got) != markB {
		t.Fatalf("%d packets, the last of %x", len(got), lastMark(got))
	}

	// Nobody's keyframe comes: after a second the old picture goes.
	r.feed(main, alice, SourceCamera)
	eventually(t, "bob's picture is cut", func() bool {
		before := len(r.got(w, main))
		b.tick()
		b.video(0, 1, false)
		return len(r.got(w, main)) == before
	})
	a.video(0, 1, true)
	if got := r.got(w, main); lastMark(got) != markA {
		t.Fatal("alice's keyframe still counts")
	}
}

func TestCutForgets(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	a.video(0, 2, true)
	a.audio()
	r.settle()
	r.feed(main, "", SourceCamera)
	r.feed("a-main", "", SourceMicrophone)
	a.video(0, 2, true)
	a.audio()
	if n, m := len(r.got(w, main)), len(r.got(w, "a-main")); n != 2 || m != 1 {
		t.Fatalf("%d packets of video, %d of audio after the cut", n, m)
	}
	_, late := r.view("C00009", StageSlots)
	if n := len(r.got(late, main)); n != 0 {
		t.Fatalf("a newcomer was shown %d packets of what was cut", n)
	}
}

func TestOwnSoundIsPaused(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	_, w := r.view(bob, StageSlots)
	r.feed("a-main", alice, SourceMicrophone)
	r.feed("a-floor", bob, SourceMicrophone)
	for range 5 {
		a.audio()
		b.audio()
	}
	r.feed("a-main", bob, SourceMicrophone)
	for range 5 {
		b.audio()
	}
	r.feed("a-main", alice, SourceMicrophone)
	for range 5 {
		a.audio()
	}
	got := r.got(w, "a-main")
	follows(t, got)
	if len(got) != 10 {
		t.Fatalf("%d packets on main, want alice's ten", len(got))
	}
	if n := len(r.got(w, "a-floor")); n != 0 {
		t.Fatalf("bob was sent %d packets of himself", n)
	}
}

func TestFastStart(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	a.video(0, 4, true)
	for range 10 {
		a.tick()
		a.video(0, 1, false)
	}
	asked := len(a.asked())
	_, w := r.view(bob, StageSlots)
	a.tick()
	a.video(0, 1, false)
	got := r.got(w, main)
	decodable(t, got)
	if len(got) != 15 {
		t.Fatalf("%d packets, want the 14 cached and the next one", len(got))
	}
	if got[0].SequenceNumber > 1<<13 {
		t.Errorf("first number %d", got[0].SequenceNumber)
	}
	if len(a.asked()) != asked {
		t.Error("a keyframe was requested though a young one was cached")
	}
}

func TestKeyframeRequestsAreMerged(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	a.video(0, 1, true)
	began := r.node.now()
	before := r.node.keyframeRequests.Load()
	for time.Duration(0) < began && r.node.now()-began < 1200*time.Millisecond {
		r.stage.slots[main].requestKeyframe(0)
	}
	took := r.node.now() - began
	if n, most := r.node.keyframeRequests.Load()-before, uint64(took/keyframeInterval)+1; n == 0 || n > most {
		t.Fatalf("%d requests in %v", n, took)
	}
}

func TestRepair(t *testing.T) {
	for _, rtx := range []bool{true, false} {
		r := newRig(t)
		r.wires.accept.RTX = rtx
		r.feed(main, alice, SourceCamera)
		a := r.site(alice, markA)
		v, w := r.view(bob, StageSlots)
		a.video(0, 3, true)
		a.tick()
		a.video(2, 3, true) // the leg changes rendition; both parts can be asked for
		sent := r.got(w, main)
		if len(sent) != 6 {
			t.Fatalf("%d packets", len(sent))
		}
		asked := []uint16{sent[1].SequenceNumber, sent[4].SequenceNumber}
		w.nack(main, append(asked, sent[5].SequenceNumber+1, sent[0].SequenceNumber-1)...)
		if len(r.got(w, main)) != 6 {
			t.Fatalf("rtx %v: a number was used twice", rtx)
		}
		if !rtx {
			eventually(t, "both are refused", func() bool { return r.node.drops.Of(DropNoRTX) == 2 })
			if again := r.gotOn(w, ssrcOf(w, main)+1); len(again) != 0 {
				t.Fatalf("without RTX %d packets came again", len(again))
			}
			continue
		}
		var again []*rtp.Packet
		eventually(t, "both come again", func() bool {
			again = r.gotOn(w, ssrcOf(w, main)+1)
			return len(again) >= 2
		})
		if len(again) != 2 || mainLeg(v).sent.retransmissions.Load() != 2 {
			t.Fatalf("%d packets came again", len(again))
		}
		for i, want := range []*rtp.Packet{sent[1], sent[4]} {
			seq, payload := original(again[i])
			if seq != want.SequenceNumber || !bytes.Equal(payload, want.Payload) || again[i].Timestamp != want.Timestamp ||
				again[i].PayloadType != codec.PayloadRTX || again[i].Marker != want.Marker {
				t.Errorf("got %v, want %v", again[i], want)
			}
		}
	}
}

func TestPaddingAndRepeats(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	a.video(0, 2, true)
	for range 3 {
		a.push(SourceCamera, 0, a.seq[0], false, nil) // padding on the media stream
		a.seq[0]++
		a.tick()
		a.video(0, 2, false)
	}
	a.push(SourceCamera, 0, a.seq[0]-1, true, vp8(false, false, a.frame[0], markA)) // a probe repeats the last packet
	a.push(SourceCamera, 0, a.seq[0], true, []byte{0x90})                           // cut short
	got := r.got(w, main)
	decodable(t, got)
	if len(got) != 8 {
		t.Fatalf("%d packets", len(got))
	}
}

// Numbers of padding are left out, however much there is, and wherever packets of a picture come late.
func TestPaddingAmongLosses(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrives string // a packet by its letter, in the order of the alphabet; capitals are padding
		want    string
	}{
		{"in a row", "abCDEFGHIJKLMNOPq", "abq"},
		{"in a row behind a lost packet", "aCDEFGHIJKLMNOPqb", "aqb"},
		{"in a row, then one that was before", "acDEFGHIJKLMNOPbq", "acbq"},
		{"behind two lost packets", "abcFdeg", "abcdeg"},
		{"right behind a lost packet", "aCdb", "adb"},
		{"twice behind a lost packet", "aCEfbdg", "afbdg"},
		{"overtaken", "acBd", "acd"}, // the gap is seen already
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.feed(main, alice, SourceCamera)
			a := r.site(alice, markA)
			_, w := r.view(bob, StageSlots)
			began := a.time
			for _, letter := range tt.arrives {
				at := uint16(letter|0x20) - 'a'
				a.time = began + 3000*uint32(at)
				var payload []byte
				if letter >= 'a' {
					payload = vp8(true, at == 0, at, byte(letter))
				}
				a.push(SourceCamera, 0, a.seq[0]+at, true, payload)
			}
			got := r.got(w, main)
			var marks []byte
			for _, p := range got {
				marks = append(marks, mark(p))
			}
			if string(marks) != tt.want {
				t.Fatalf("%q", marks)
			}
			gaps := 0
			for i, p := range sorted(got)[1:] {
				gaps += int(p.SequenceNumber-sorted(got)[i].SequenceNumber) - 1
			}
			if seen := strings.Contains(tt.name, "overtaken"); seen != (gaps == 1) || gaps > 1 {
				t.Fatalf("%d numbers are missing", gaps)
			}
		})
	}
}

func TestReordering(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	a.video(0, 1, true)
	a.tick()
	seq, id := a.seq[0], a.frame[0]+1
	a.push(SourceCamera, 0, seq+1, false, vp8(false, false, id, markA))
	a.push(SourceCamera, 0, seq, false, vp8(true, false, id, markA)) // overtaken within the frame: put right
	a.push(SourceCamera, 0, seq+2, true, vp8(false, false, id, markA))
	decodable(t, r.got(w, main))
	a.tick()
	a.push(SourceCamera, 0, seq+4, true, vp8(false, false, id+1, markA))
	a.push(SourceCamera, 0, seq+3, false, vp8(true, false, id+1, markA)) // overtaken by the end of the frame: sent late
	got := r.got(w, main)
	if n := len(got); n != 6 || got[4].SequenceNumber != got[5].SequenceNumber+1 {
		t.Fatalf("%d packets", n)
	}
}

// A packet so late that a browser would take it for a new beginning is not sent.
func TestVeryLate(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	_, w := r.view(bob, StageSlots)
	a.video(0, 1, true)
	hole := a.seq[0]
	a.seq[0]++
	for i := range latePicture + 10 {
		a.tick()
		a.video(0, 1, false)
		if i%32 == 0 {
			r.got(w, main) // lets the writer catch up: its queue is bounded
		}
	}
	before := len(r.got(w, main))
	a.push(SourceCamera, 0, hole, true, vp8(true, false, a.frame[0], markA))
	a.tick()
	a.video(0, 1, false)
	got := r.got(w, main)
	if len(got) != before+1 || got[before].SequenceNumber != got[before-1].SequenceNumber+1 {
		t.Fatalf("%d packets came after %d", len(got)-before, before)
	}
	if late := r.node.drops.Of(DropLate); late != 1 {
		t.Fatalf("%d were late", late)
	}
}

func TestSenderReports(t *testing.T) {
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	var reports map[uint32]*rtcp.SenderReport
	eventually(t, "sender reports of sound and picture", func() bool {
		a.tick()
		a.video(0, 1, true)
		a.audio()
		r.settle()
		reports = map[uint32]*rtcp.SenderReport{}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.rtcp {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				reports[sr.SSRC] = sr
			}
		}
		return len(reports) == 2
	})
	if sr := reports[ssrcOf(w, main)]; sr.PacketCount == 0 || sr.OctetCount == 0 {
		t.Errorf("counts %+v", sr)
	}
	names := 0
	for _, p := range w.rtcp {
		if sdes, ok := p.(*rtcp.SourceDescription); ok {
			for _, c := range sdes.Chunks {
				names++
				if c.Items[0].Text != cname {
					t.Errorf("CNAME %q", c.Items[0].Text)
				}
			}
		}
	}
	if names < 2 {
		t.Errorf("%d names", names)
	}
}

func TestRedundantSoundUnderLoss(t *testing.T) {
	r := newRig(t)
	r.wires.accept.RED = true
	r.feed("a-main", alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	a.audio()
	if got := r.got(w, "a-main"); len(got) != 1 || got[0].PayloadType != codec.PayloadOpus {
		t.Fatalf("without loss sound is plain Opus: %v", got)
	}
	w.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: ssrcOf(w, "a-main"), FractionLost: 26}}})
	a.audio()
	a.audio()
	got := r.got(w, "a-main")
	follows(t, got)
	last := got[len(got)-1]
	primary, redundant, offset, err := parseRED(last.Payload)
	if err != nil || last.PayloadType != codec.PayloadRED || offset != 960 || len(primary) != 3 || !bytes.Equal(primary, redundant) {
		t.Fatalf("got %v, %v", last, err)
	}
}

// A change of speaker is no gap in the sound's timestamps.
func TestSpeakersJoin(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	_, w := r.view("C00009", StageSlots)
	for _, c := range []*site{a, b, a, b} {
		c.audio() // it is active
		r.feed("a-main", c.pub.params.Owner, SourceMicrophone)
		for range 3 {
			c.audio()
		}
	}
	got := r.got(w, "a-main")
	follows(t, got)
	for i, p := range got[1:] {
		if step := p.Timestamp - got[i].Timestamp; step != 960 {
			t.Fatalf("packet %d: %d after the one before", i+1, step)
		}
	}
}

// Hundreds of changes of source and of rendition, at random, with frames cut off in the middle: what the viewer gets is
// one decodable stream.
func TestManySwitches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	r := newRig(t)
	sites := []*site{r.site(alice, markA), r.site(bob, markB)}
	v, w := r.view("C00009", StageSlots)
	asked := []int{0, 0}
	for range 3000 {
		for i, c := range sites {
			c.tick()
			n := len(c.asked())
			for _, layer := range rnd.Perm(renditions) {
				c.video(layer, 1+rnd.IntN(2+2*layer), n > asked[i] || rnd.IntN(40) == 0)
				if rnd.IntN(10) == 0 { // padding
					c.push(SourceCamera, layer, c.seq[layer], false, nil)
					c.seq[layer]++
				}
			}
			asked[i] = n
		}
		switch rnd.IntN(12) {
		case 0:
			r.feed(main, []string{alice, bob}[rnd.IntN(2)], SourceCamera)
		case 1:
			v.SetTop(rnd.IntN(4) - 1)
			v.shard.do(func(now time.Duration) { v.adapt.divide(v.shard, now) })
		case 2:
			if rnd.IntN(4) == 0 {
				r.feed(main, "", SourceCamera)
			}
		}
		r.settle()
	}
	got := r.got(w, main)
	decodable(t, got)
	if len(got) < 1000 {
		t.Fatalf("only %d packets", len(got))
	}
}
