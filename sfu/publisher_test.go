package sfu

import (
	"io"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
)

// tape is a track that gives what is on it and then ends.
type tape []func(b []byte) (int, error)

func (t *tape) Read(b []byte) (int, interceptor.Attributes, error) {
	if len(*t) == 0 {
		return 0, nil, io.EOF
	}
	next := (*t)[0]
	*t = (*t)[1:]
	n, err := next(b)
	return n, nil, err
}

// What cannot be read is left out and counted; it does not end what follows.
func TestUnreadablePackets(t *testing.T) {
	packet := func(payloadType uint8, seq uint16, payload []byte) func([]byte) (int, error) {
		return func(b []byte) (int, error) {
			p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: seq, Marker: true}, Payload: payload}
			n, err := p.MarshalTo(b)
			if err == nil && payloadType == 77 { // Pion gives the packet and an error
				err = webrtc.ErrCodecNotFound
			}
			return n, err
		}
	}
	key := vp8(true, true, 1, markA)
	r := newRig(t)
	r.feed(main, alice, SourceCamera)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	list := tape{
		packet(codec.PayloadVP8, 1, key),
		packet(77, 2, key),
		func(b []byte) (int, error) { return copy(b, []byte{0xbf, 96, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0}), nil }, // sources cut short
		packet(codec.PayloadVP8, 2, vp8(true, false, 2, markA)),
	}
	a.pub.readRTP(&list, a.pub.sources[SourceCamera], 0)
	if n := len(r.got(w, main)); n != 2 {
		t.Errorf("%d packets, want 2", n)
	}
	if n := r.node.drops.Of(DropMalformed); n != 2 {
		t.Errorf("%d are counted as malformed, want 2", n)
	}
}
