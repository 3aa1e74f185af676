package sfu

import (
	"time"

	"github.com/diemcau/diemcau/sfu/transport"
)

// A trunk carries a stage from the node that owns it, the centre, to another, a relay: each rendition of each slot once,
// whatever is behind it, on one connection that is never negotiated again. The CSRC of a packet (RFC 3550 5.1) is the
// number of the endpoint that it comes from. At the relay stand-in sources with those numbers feed the relay's own stage,
// so that changes of source and who is not sent his own are there as they are here.

const (
	// trunkReport is how often the centre reports on a trunk, and so says that it is there, relayReport how often the relay does.
	trunkReport = 500 * time.Millisecond
	relayReport = time.Second
	// trunkSilence is how long neither media nor reports may come before a trunk counts as dead.
	trunkSilence = 3 * time.Second
)

// trunkStream is one rendition of a slot, which has an m-line of a trunk.
type trunkStream struct {
	spec      SlotSpec
	rendition int // plainSound of sound: a relay makes the other form itself
}

// trunkStreams lists the m-lines of a trunk.
func trunkStreams() (list []trunkStream) {
	for _, spec := range StageSlots.Specs() {
		for rendition := range spec.Top + 1 {
			list = append(list, trunkStream{spec, rendition})
		}
	}
	return list
}

// mid of the m-line, of 16 characters at most.
func (t trunkStream) mid() string {
	if t.spec.Kind == transport.Audio {
		return string(t.spec.ID)
	}
	return string(t.spec.ID) + "." + rids()[t.rendition]
}

// TrunkStats is what one end of a trunk knows of it.
type TrunkStats struct {
	RTT time.Duration // 0 before it was measured
	// Lost are the packets that the trunk lost: at the centre by the relay's reports, at the relay those that no repair came
	// for, including what had never reached the centre.
	Lost    uint64
	Repairs uint64 // packets sent again, or at the relay those that came after they had been asked for
	Packets uint64 // of media, without those sent again
	Live    bool
}
