package sfu

import (
	"io"
	"sync/atomic"

	"github.com/pion/transport/v5/packetio"
)

const (
	// maxStreams bounds the SSRCs of a publisher connection: its four tracks with three layers each and their
	// retransmissions have sixteen.
	maxStreams = 32
	// rtpBuffer and rtcpBuffer bound what waits to be read of one SSRC, in bytes.
	rtpBuffer  = 256 << 10
	rtcpBuffer = 32 << 10
)

// streams makes the buffers of a publisher's SSRCs, and counts them: whoever sends on ever more of them wants memory.
type streams struct {
	overrun   func() // called for each SSRC beyond the bound
	rtp, rtcp atomic.Int32
}

// buffer is called by Pion for each SSRC of which something authentic has come.
func (s *streams) buffer(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	count, size := &s.rtp, rtpBuffer
	if kind == packetio.RTCPBufferPacket {
		count, size = &s.rtcp, rtcpBuffer
	}
	b := &streamBuffer{packetio.NewBuffer()}
	b.SetLimitSize(size)
	if count.Add(1) > maxStreams {
		b.SetLimitCount(1)
		s.overrun()
	}
	return b
}

// streamBuffer is a packetio.Buffer as the buffer of an SSRC.
type streamBuffer struct{ *packetio.Buffer }

func (b *streamBuffer) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	return n, err
}

func (b *streamBuffer) Write(p []byte) (int, error) { return b.Buffer.Write(p, nil) }

// ReadWithAttributes and WriteWithAttributes keep what the socket told of a packet, such as ECN.
func (b *streamBuffer) ReadWithAttributes(p []byte, a packetio.Attributes) (int, packetio.Attributes, error) {
	return b.Buffer.Read(p, a)
}

// WriteWithAttributes is the counterpart of ReadWithAttributes.
func (b *streamBuffer) WriteWithAttributes(p []byte, a packetio.Attributes) (int, error) {
	return b.Buffer.Write(p, a)
}
