package sfu

import (
	"slices"
	"strings"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

const (
	// A publisher's sound is asked for again every soundInterval, for as long as listeners wait for it (500 ms), of the last
	// soundNumbers packets. Browsers answer once in a round trip.
	soundInterval = 50 * time.Millisecond
	soundAttempts = 10
	soundNumbers  = 64
)

// asksAgain tells whether the publisher took generic NACK (RFC 4585 6.2.1) for a stream.
func asksAgain(i *interceptor.StreamInfo) bool {
	return slices.Contains(i.RTCPFeedback, interceptor.RTCPFeedback{Type: "nack"})
}

func isSound(i *interceptor.StreamInfo) bool { return strings.HasPrefix(i.MimeType, "audio/") }

// depacketizer is what reading one track of a publisher needs from packet to packet.
type depacketizer struct {
	header rtp.Header
	blocks []codec.REDBlock
	seen   seen
}

// sound hands the Opus packets of a packet to the source, the oldest first: of those that are sent as redundancy the ones that did
// not come before.
func (in *depacketizer) sound(src *source, index int, pkt *packet) {
	drops := &src.from.stage.node.drops
	if in.header.PayloadType == codec.PayloadRED && len(pkt.payload) > 0 {
		var err error
		if in.blocks, err = codec.SplitRED(in.blocks[:0], pkt.payload, pkt.time); err != nil {
			drops.Add(DropMalformed, 1)
			return
		}
		last := len(in.blocks) - 1
		for i, b := range in.blocks[:last] {
			// Each is a packet of its own number; none of before the first that came.
			if seq := pkt.seq - uint16(last-i); in.seen.any && len(b.Payload) > 0 && in.seen.first(seq) {
				src.push(index, &packet{seq: seq, time: b.Time, payload: b.Payload, arrived: pkt.arrived})
			}
		}
		pkt.payload = in.blocks[last].Payload
	}
	if !in.seen.first(pkt.seq) {
		drops.Add(DropDuplicate, 1)
		return
	}
	src.push(index, pkt)
}

// seen remembers which of the last 64 numbers of a stream have come.
type seen struct {
	any     bool
	highest uint16
	came    uint64 // bit of how far below the highest
	behind  int    // numbers in a row that were too far below
}

// restarted is how many numbers in a row are far below the highest when the sender has begun to count anew.
const restarted = 16

// first tells whether a number comes for the first time. One too far below the highest to know does not.
func (s *seen) first(seq uint16) bool {
	ahead := int16(seq - s.highest)
	switch {
	case !s.any, ahead <= -64 && s.behind == restarted:
		*s = seen{any: true, highest: seq, came: 1}
		return true
	case ahead > 0:
		s.highest, s.came, s.behind = seq, s.came<<ahead|1, 0
		return true
	case ahead <= -64:
		s.behind++
		return false
	}
	s.behind = 0
	bit := uint64(1) << -ahead
	first := s.came&bit == 0
	s.came |= bit
	return first
}
