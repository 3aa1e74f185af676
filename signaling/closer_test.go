package signaling_test

import (
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Commands go on while the media plane takes its time to end what is no longer wanted.
func TestSlowEndsOfMediaHoldNobodyUp(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	host.sees("its publisher", func() bool {
		for _, kind := range host.peers {
			if kind == "publisher" {
				return true
			}
		}
		return false
	})
	stuck := make(chan struct{})
	b.media.mu.Lock()
	b.media.stuck = stuck
	b.media.mu.Unlock()
	host.ask(protocol.End{})
	host.sees("the end of its peers", func() bool { return len(host.peers) == 0 })
	c1.ask(protocol.Headcount{Headcount: 3})
	close(stuck)
	await(t, "the stage is closed", func() bool {
		b.media.mu.Lock()
		defer b.media.mu.Unlock()
		return b.media.over[b.links.ID]
	})
}
