package signaling_test

import (
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Commands go on while the media plane takes its time to end what is no longer wanted.
func TestSlowEndsOfMediaHoldNobodyUp(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	host.Sees("its publisher", func() bool {
		for _, kind := range host.Peers {
			if kind == "publisher" {
				return true
			}
		}
		return false
	})
	stuck := make(chan struct{})
	b.Media.Mu.Lock()
	b.Media.Stuck = stuck
	b.Media.Mu.Unlock()
	host.Ask(protocol.End{})
	host.Sees("the end of its peers", func() bool { return len(host.Peers) == 0 })
	c1.Ask(protocol.Headcount{Headcount: 3})
	close(stuck)
	servertest.Await(t, "the stage is closed", func() bool {
		b.Media.Mu.Lock()
		defer b.Media.Mu.Unlock()
		return b.Media.Over[b.Links.ID]
	})
}
