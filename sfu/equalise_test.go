package sfu

import (
	"testing"
)

// A frame whose packets differ by a byte leaves in packets of one length, and what is in them is what came.
func TestFrameIsEqualised(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	_, w := r.view(bob, StageSlots)
	a.video(0, 1, true)
	a.tick()
	a.frame[0]++
	sizes := []int{207, 208, 206, 208, 100}
	for i, n := range sizes {
		payload := append(vp8(i == 0, true, a.frame[0], 0)[:n-1], markA)
		a.push(SourceCamera, 0, a.seq[0]+uint16(i), i == len(sizes)-1, payload)
	}
	got := r.got(w, main)
	if len(got) != 1+len(sizes) {
		t.Fatalf("%d packets", len(got))
	}
	for i, p := range got[1:] {
		want := 208
		if i == len(sizes)-1 {
			want = sizes[i]
		}
		if p.MarshalSize() != headerSize+want || len(p.Payload) != sizes[i] || mark(p) != markA {
			t.Errorf("packet %d has %d bytes, %d of payload", i, p.MarshalSize(), len(p.Payload))
		}
	}
	w.nack(main, got[1].SequenceNumber)
	eventually(t, "the packet again", func() bool { return len(r.gotOn(w, ssrcOf(w, main)+1)) == 1 })
	if _, payload := original(r.gotOn(w, ssrcOf(w, main)+1)[0]); len(payload) != sizes[0] {
		t.Errorf("%d bytes were sent again, want %d", len(payload), sizes[0])
	}
	decodable(t, got)
}
