package signaling_test

import (
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestConsolesLearnThatNobodyHearsASpeaker(t *testing.T) {
	b := newBed(t, "")
	host, c1, c2 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2")
	host.ask(protocol.Start{})
	host.ask(protocol.Grant{Endpoint: "C1"})
	mic := func(p *person, slot, want string) {
		t.Helper()
		p.sees("the microphone of "+slot, func() bool { return p.stage(meeting.Slot(slot)).Microphone == want })
	}
	host.ask(protocol.Microphone{Problem: "talking"})
	c1.ask(protocol.Microphone{Problem: "system"})
	c2.ask(protocol.Microphone{Problem: "system"}) // holds no slot: nobody is told
	mic(c2, "main", "talking")
	mic(host, "floor", "system")
	c1.ask(protocol.Microphone{})
	mic(host, "floor", "")
	c1.refused("bad_value", protocol.Microphone{Problem: "other"})
	host.Close()
	mic(c1, "main", "") // what was told of a connection that is gone counts no more
}
