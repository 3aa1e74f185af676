package sfu

import (
	"slices"
	"testing"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

func TestSeen(t *testing.T) {
	for _, tt := range []struct {
		name string
		seqs []uint16
		want []bool
	}{
		{"in order", []uint16{1, 2, 3}, []bool{true, true, true}},
		{"twice", []uint16{1, 1, 2, 1, 2}, []bool{true, false, true, false, false}},
		{"late", []uint16{1, 4, 2, 3, 2}, []bool{true, true, true, true, false}},
		{"around the end", []uint16{65534, 1, 65535, 0, 65535}, []bool{true, true, true, true, false}},
		{"before the first", []uint16{10, 9, 9}, []bool{true, true, false}},
		{"after a jump", []uint16{10, 90, 27, 26}, []bool{true, true, true, false}},
		{"far behind", []uint16{100, 36, 37}, []bool{true, false, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s seen
			var got []bool
			for _, seq := range tt.seqs {
				got = append(got, s.first(seq))
			}
			if !slices.Equal(got, tt.want) {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

// What is lost of a speaker's sound comes with the packet after it, in its place, and what came already does not come again.
func TestSpeakerSendsRED(t *testing.T) {
	r := newRig(t)
	r.feed("a-main", alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	opus := func(n int) []byte { return []byte{0xf8, 0xff, byte(n)} }
	var in depacketizer
	send := func(n int, payloadType uint8, payload []byte) {
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: uint16(n), Timestamp: uint32(n * 960)}, Payload: payload}
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		a.pub.forward(b, &in, a.pub.sources[SourceMicrophone], 0)
	}
	red := func(n int) {
		block := func(n int) codec.REDBlock { return codec.REDBlock{Time: uint32(n * 960), Payload: opus(n)} }
		send(n, codec.PayloadRED, codec.AppendRED(nil, block(n), block(n-2), block(n-1)))
	}
	red(10) // what went before it is of no use any more
	red(11)
	red(14) // 12 and 13 were lost
	red(13) // and come late, or again
	red(14)
	send(15, codec.PayloadOpus, opus(15))
	red(16)
	send(17, codec.PayloadRED, []byte{0x80 | codec.PayloadOpus, 0xff})
	var got []int
	for _, p := range r.got(w, "a-main") {
		got = append(got, int(p.Payload[2]))
		if int(p.Timestamp-r.got(w, "a-main")[0].Timestamp) != 960*(got[len(got)-1]-10) {
			t.Errorf("%d has the timestamp %d", got[len(got)-1], p.Timestamp)
		}
	}
	if want := []int{10, 11, 12, 13, 14, 15, 16}; !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
	follows(t, r.got(w, "a-main"))
	if twice, bad := r.node.drops.Of(DropDuplicate), r.node.drops.Of(DropMalformed); twice != 2 || bad != 1 {
		t.Errorf("%d came again, %d are malformed", twice, bad)
	}
}

// A sender that counts anew far below is heard again soon.
func TestSeenFromAnew(t *testing.T) {
	var s seen
	s.first(5000)
	lost := 0
	for i := range uint16(100) {
		if !s.first(100 + i) {
			lost++
		}
	}
	if lost != restarted {
		t.Errorf("%d packets are taken for old ones", lost)
	}
}
