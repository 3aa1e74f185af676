package sfu

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

// The time of sending is that of the viewer's own packets, not of the first viewer's.
func TestSendTimeIsOfEachViewer(t *testing.T) {
	const viewers, held = stampPackets + 10, 50 * time.Millisecond
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed("a-main", alice, SourceMicrophone)
	all := make([]*wire, viewers)
	for i := range all {
		_, all[i] = r.enter(fmt.Sprint(i), StageSlots)
	}
	slow := all[1]
	slow.hold = make(chan struct{})
	a.audio()
	eventually(t, "the first viewer's", func() bool { return len(r.gotOn(all[0], ssrcOf(all[0], "a-main"))) == 1 })
	began := r.node.now()
	eventually(t, "time passes while a packet is sealed", func() bool { return r.node.now()-began > held })
	close(slow.hold)
	first, last := sendTimes(r.got(all[0], "a-main")), sendTimes(r.got(all[viewers-1], "a-main"))
	if len(first) != 1 || len(last) != 1 {
		t.Fatalf("%d and %d packets", len(first), len(last))
	}
	if apart := time.Duration((last[0]-first[0])&0xffffff) * time.Second >> 18; apart < held-time.Millisecond || apart > time.Minute {
		t.Fatalf("%v apart, the second viewer took %v", apart, held)
	}
}

// sendTimes takes the abs-send-time out of packets.
func sendTimes(packets []*rtp.Packet) (times []uint32) {
	for _, p := range packets {
		times = append(times, binary.BigEndian.Uint32(append([]byte{0}, p.GetExtension(codec.ExtAbsSendTime)...)))
	}
	return times
}
