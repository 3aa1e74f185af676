package sfu

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// framed puts packets into one input, each behind its length.
func framed(packets ...[]byte) (b []byte) {
	for _, p := range packets {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
	}
	return b
}

// unframed is the inverse, as far as it goes.
func unframed(b []byte) (packets [][]byte) {
	for len(b) >= 2 {
		n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
		packets, b = append(packets, b[2:2+n]), b[2+n:]
	}
	return packets
}

// written takes what a wire was given since the last call.
func (w *wire) written() []*rtp.Packet {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.rtp
	w.rtp, w.rtcp = nil, nil
	return list
}

// FuzzPublisher throws packets at a publisher's tracks, from the header to a viewer's leg: what is forwarded can be
// parsed, and no number is given out twice.
func FuzzPublisher(f *testing.F) {
	packet := func(seq uint16, payload []byte) []byte {
		b, err := (&rtp.Packet{
			Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 3000, Marker: true}, Payload: payload,
		}).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	key, delta := vp8(true, true, 5, markA), vp8(true, false, 6, markA)
	padded := func(n byte) []byte {
		b := append(packet(3, delta), 0, n)
		b[0] |= 0x20
		return b
	}
	f.Add(byte(0), framed(packet(1, key), packet(2, delta), packet(4, delta), packet(3, delta)))
	f.Add(byte(2), framed(packet(65535, key), packet(0, key)))
	f.Add(byte(0), framed(packet(1, key), padded(2), padded(0), padded(255), padded(1)[:13])) // padding longer than the packet
	for n := range 8 {                                                                        // descriptors cut short
		f.Add(byte(0), framed(packet(1, key), packet(2, key[:n]), packet(3, delta[:n])))
	}
	f.Add(byte(3), framed(packet(1, []byte{0xf8, 0xff, 1}), packet(2, []byte{0xfc}), packet(3, nil), packet(1, []byte{0xff})))
	f.Add(byte(0), framed(packet(1, key)[:11], []byte{}, []byte{0x80}, []byte{0xbf, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}))

	r := newRig(f)
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	_, w := r.view(bob, StageSlots)
	c := r.site(alice, markA)
	var in depacketizer
	base := uint16(0)
	try := func(tb testing.TB, which byte, input []byte) (forwarded int) {
		tb.Helper()
		src, layer := c.pub.sources[SourceCamera], int(which)%4
		if layer == 3 {
			src, layer = c.pub.sources[SourceMicrophone], 0
		}
		base += 500 // beyond what came before, which would only be late
		for _, b := range unframed(input) {
			b = bytes.Clone(b)
			if len(b) >= 8 {
				binary.BigEndian.PutUint16(b[2:], binary.BigEndian.Uint16(b[2:])+base)
				binary.BigEndian.PutUint32(b[4:], binary.BigEndian.Uint32(b[4:])+uint32(base)*3000)
			}
			c.pub.forward(b, &in, src, layer)
		}
		r.settle()
		seen := map[uint32]map[uint16]bool{}
		for _, p := range w.written() {
			forwarded++
			if seen[p.SSRC] == nil {
				seen[p.SSRC] = map[uint16]bool{}
			}
			if seen[p.SSRC][p.SequenceNumber] {
				tb.Errorf("number %d of %x twice", p.SequenceNumber, p.SSRC)
			}
			seen[p.SSRC][p.SequenceNumber] = true
			if _, err := codec.ParseVP8(p.Payload); err != nil && p.PayloadType == codec.PayloadVP8 {
				tb.Errorf("forwarded %x: %v", p.Payload, err)
			}
		}
		return forwarded
	}
	if n := try(f, 0, framed(packet(1, key), packet(2, delta))); n != 2 {
		f.Fatalf("%d of 2 good packets forwarded", n)
	}
	f.Fuzz(func(t *testing.T, which byte, input []byte) { try(t, which, input) })
}

// FuzzFeedback throws RTCP at a viewer that is being sent a stage: what is sent again is what was sent, under its number.
func FuzzFeedback(f *testing.F) {
	r := newRig(f)
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	v, w := r.view(bob, StageSlots)
	c := r.site(alice, markA)
	media, last := ssrcOf(w, main), uint16(0)

	add := func(packets ...rtcp.Packet) {
		b, err := rtcp.Marshal(packets)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(0))
		f.Add(b[:len(b)-1], uint16(0))
	}
	rr := &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: media, FractionLost: 255, TotalLost: 1<<24 - 1, LastSenderReport: 1}}}
	nack := &rtcp.TransportLayerNack{MediaSSRC: media, Nacks: []rtcp.NackPair{{PacketID: 0, LostPackets: 0xffff}}}
	add(rr, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{media}})
	add(nack, &rtcp.PictureLossIndication{MediaSSRC: media})
	add(&rtcp.FullIntraRequest{MediaSSRC: media, FIR: []rtcp.FIREntry{{SSRC: media}}})
	add(&rtcp.SenderReport{SSRC: 1, Reports: rr.Reports}, &rtcp.Goodbye{Sources: []uint32{media}})
	f.Add([]byte{0x81, 205, 0, 2, 0, 0, 0, 1}, uint16(0)) // a NACK cut short
	f.Add([]byte{0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 255, 255, 255, 255}, uint16(0))

	sent := map[uint16][]byte{}
	frames := 0
	try := func(tb testing.TB, b []byte, near uint16) (repaired int) {
		tb.Helper()
		c.tick()
		c.video(frames%2, 3, frames%20 < 2)
		frames++
		r.settle()
		for _, p := range w.written() {
			if p.SSRC == media {
				sent[p.SequenceNumber], last = p.Payload, p.SequenceNumber
			}
		}
		v.feedback.evidence.mu.Lock()
		v.feedback.evidence.feedbackLimit = allowance{} // what is not heeded would prove nothing
		v.feedback.evidence.mu.Unlock()
		b = bytes.Clone(b)
		for at := 12; len(b) >= 16 && b[1] == 205 && at+4 <= len(b); at += 4 {
			// Near the last number that was sent, or a NACK (RFC 4585 6.2.1) would hardly ever hit.
			binary.BigEndian.PutUint16(b[at:], binary.BigEndian.Uint16(b[at:])+last-near%64)
		}
		v.feedback.handle(b)
		r.settle()
		for _, p := range w.written() {
			if p.SSRC == media { // the pacer kept it until now
				sent[p.SequenceNumber], last = p.Payload, p.SequenceNumber
			}
			if p.SSRC != media+1 || p.Padding {
				continue
			}
			repaired++
			if seq, payload := original(p); !bytes.Equal(payload, sent[seq]) {
				tb.Errorf("number %d was sent again with other bytes", seq)
			}
		}
		v.Stats()
		return repaired
	}
	asks, err := rtcp.Marshal([]rtcp.Packet{nack})
	if err != nil {
		f.Fatal(err)
	}
	if try(f, asks, 0); try(f, asks, 2) == 0 {
		f.Fatal("nothing was sent again")
	}
	f.Fuzz(func(t *testing.T, b []byte, near uint16) { try(t, b, near) })
}

// FuzzPublisherAnswer gives a publisher's connection whatever text: Pion reads what is left of it.
func FuzzPublisherAnswer(f *testing.F) {
	s := newNode(f, nil).Stage("s")
	const good = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 00:11\r\na=group:BUNDLE camera\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:camera\r\na=ice-ufrag:abcd\r\n" +
		"a=ice-pwd:0123456789012345678901\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n" +
		"a=fmtp:97 apt=96\r\na=rid:l send\r\na=rid:m send\r\na=rid:h send\r\na=simulcast:send l;m;h\r\na=ssrc:1 cname:x\r\n" +
		"m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:microphone\r\na=inactive\r\n"
	f.Add(good)
	f.Add(strings.ReplaceAll(good, "sendonly", "recvonly"))
	f.Add(strings.ReplaceAll(good, "a=mid:camera\r\n", ""))
	f.Add(strings.ReplaceAll(good, "96 97", "0 1 2 3"))
	f.Add("v=0\r\n")
	var p *Publisher
	f.Cleanup(func() {
		if p != nil {
			p.Close()
		}
	})
	f.Fuzz(func(t *testing.T, sdp string) {
		if p == nil {
			var err error
			if p, err = s.OpenPublisher(PublisherParams{}); err != nil {
				t.Fatal(err)
			}
		}
		if p.Answer(sdp) == nil { // once
			p.Close()
			p = nil
		}
	})
}
