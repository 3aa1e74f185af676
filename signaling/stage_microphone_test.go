package signaling_test

import (
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestConsolesLearnThatNobodyHearsASpeaker(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
	host.Ask(protocol.Start{})
	host.Ask(protocol.Grant{Endpoint: "C1"})
	mic := func(p *servertest.Person, slot, want string) {
		t.Helper()
		p.Sees("the microphone of "+slot, func() bool { return p.Stage(meeting.Slot(slot)).Microphone == want })
	}
	host.Ask(protocol.Microphone{Problem: "talking"})
	c1.Ask(protocol.Microphone{Problem: "system"})
	c2.Ask(protocol.Microphone{Problem: "system"}) // holds no slot: nobody is told
	mic(c2, "main", "talking")
	mic(host, "floor", "system")
	c1.Ask(protocol.Microphone{})
	mic(host, "floor", "")
	c1.Refused("bad_value", protocol.Microphone{Problem: "other"})
	host.Close()
	mic(c1, "main", "") // what was told of a connection that is gone counts no more
}
