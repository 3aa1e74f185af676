package sfu

import (
	"slices"
	"testing"

	"github.com/pion/rtcp"
)

// What a viewer asks for beyond all need costs the others nothing and is counted.
func TestFeedbackIsBounded(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	a.video(0, 2, true)
	began := r.node.now()
	most := func() int { return int(feedbackRate * (1 + (r.node.now() - began).Seconds())) }
	refused := func() int { return int(r.node.drops.Of(DropFeedback)) }

	_, w := r.view("numbers", StageSlots)
	last := r.got(w, main)[1].SequenceNumber
	pairs := make([]rtcp.NackPair, 250) // a packet of rtcp holds no more
	for i := range pairs {
		pairs[i] = rtcp.NackPair{PacketID: last + 100 + uint16(17*i), LostPackets: 0xffff}
	}
	w.feedback(&rtcp.TransportLayerNack{MediaSSRC: ssrcOf(w, main), Nacks: pairs})
	if got, least := refused(), 17*len(pairs)-most(); got < least {
		t.Errorf("%d numbers refused, want at least %d", got, least)
	}

	v, w := r.view("keyframes", StageSlots)
	for range 100 {
		w.feedback(slices.Repeat([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrcOf(w, main)}}, 100)...)
	}
	if got := int(v.Stats().Slots[1].PLIs); got > most() {
		t.Errorf("%d keyframes asked for, want at most %d", got, most())
	}

	_, w = r.view("reports", StageSlots)
	before, sent := refused(), 2*most()
	for range sent {
		w.feedback(&rtcp.ReceiverReport{})
	}
	if got, least := refused()-before, sent-most(); got < least {
		t.Errorf("%d reports refused, want at least %d", got, least)
	}
	a.tick()
	a.video(0, 2, true)
	again := r.got(w, main)[0].SequenceNumber
	eventually(t, "what is asked for after that comes", func() bool {
		w.nack(main, again)
		r.settle()
		return len(r.gotOn(w, ssrcOf(w, main)+1)) > 0
	})
}

// The count of lost packets is signed: with duplicates it falls below zero (RFC 3550 6.4.1).
func TestCumulativeLost(t *testing.T) {
	for field, want := range map[uint32]uint32{0: 0, 5: 5, 0x7fffff: 0x7fffff, 0x800000: 0, 0xffffff: 0, 0xfffffb: 0} {
		if got := cumulativeLost(field); got != want {
			t.Errorf("%06x: %d, want %d", field, got, want)
		}
	}
	r := newRig(t)
	v, w := r.view(bob, StageSlots)
	w.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: ssrcOf(w, main), TotalLost: 0xffffff}}})
	if lost := v.Stats().Slots[1].Lost; lost != 0 {
		t.Errorf("%d lost", lost)
	}
}
