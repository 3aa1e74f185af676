package main

import (
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// BenchmarkFeedback is what a server pays for a viewer's reports: for one REMB, and with transport-wide feedback for
// each packet that is noted when it is sent and each report on ten of them.
func BenchmarkFeedback(b *testing.B) {
	b.Run("remb", func(b *testing.B) {
		raw := marshal(b, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 500_000, SSRCs: []uint32{1, 2, 3, 4}})
		for b.Loop() {
			if _, err := rtcp.Unmarshal(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("twcc packet", func(b *testing.B) {
		_, send := estimator(b)
		for b.Loop() {
			send()
		}
	})
	b.Run("twcc report of ten", func(b *testing.B) {
		e, send := estimator(b)
		seq := uint16(0)
		for b.Loop() {
			b.StopTimer()
			for range 10 {
				send()
			}
			raw := marshal(b, feedback(seq))
			seq += 10
			b.StartTimer()
			packets, err := rtcp.Unmarshal(raw)
			if err == nil {
				err = e.WriteRTCP(packets, nil)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

func marshal(b *testing.B, p rtcp.Packet) []byte {
	b.Helper()
	raw, err := rtcp.Marshal([]rtcp.Packet{p})
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// estimator returns one, and what sends the next packet through it.
func estimator(b *testing.B) (*gcc.SendSideBWE, func()) {
	b.Helper()
	e, err := gcc.NewSendSideBWE(gcc.SendSideBWEPacer(gcc.NewNoOpPacer()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close() })
	stream := &interceptor.StreamInfo{
		SSRC: 1, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{URI: codec.URITWCC, ID: codec.ExtTWCC}},
	}
	w := e.AddStream(stream, interceptor.RTPWriterFunc(func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 0, nil }))
	payload := make([]byte, payloadSize)
	var n uint16
	return e, func() {
		h := rtp.Header{Version: 2, SSRC: 1, SequenceNumber: n}
		ext, err := rtp.TransportCCExtension{TransportSequence: n}.Marshal()
		if err == nil {
			err = h.SetExtension(codec.ExtTWCC, ext)
		}
		if err == nil {
			_, err = w.Write(&h, payload, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// feedback tells of ten packets from base on, each 1 ms after the other.
func feedback(base uint16) *rtcp.TransportLayerCC {
	f := &rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback},
		BaseSequenceNumber: base, PacketStatusCount: 10, ReferenceTime: uint32(time.Duration(base) * time.Millisecond / (64 * time.Millisecond)),
		PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 10}},
	}
	for range 10 {
		f.RecvDeltas = append(f.RecvDeltas, &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 1000})
	}
	f.Header.Length = uint16(f.MarshalSize()/4 - 1)
	return f
}
