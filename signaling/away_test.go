package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestEveryoneLearnsThatNobodySitsAtAPlaceOnStage(t *testing.T) {
	b := newBed(t, "")
	host, c1, c2 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2")
	host.ask(protocol.Start{})
	host.ask(protocol.Grant{Endpoint: "C1"})
	away := func(p *person, slot meeting.Slot, want string) {
		t.Helper()
		p.sees(string(slot)+" "+want, func() bool { s := p.stage(slot); return s.Endpoint != "" && s.Away == want })
	}
	away(c2, meeting.SlotMain, "")
	host.Drop() // the computer falls asleep
	away(c2, meeting.SlotMain, "lost")
	c1.Drop()
	away(c2, meeting.SlotFloor, "lost")
	host = b.enter(meeting.HostCode)
	away(c2, meeting.SlotMain, "")
	host.Close() // with a word
	away(c2, meeting.SlotMain, "absent")
}

func TestWhoWaitsIsToldThatTheSessionIsCalledOffAndWhy(t *testing.T) {
	b := newBed(t, "")
	c1 := b.enter("C1")
	b.admin("POST", "/api/v1/sessions/"+b.links.ID+"/call-off", `{"reason":"Bão số 3"}`, nil)
	c1.sees("that it is called off", func() bool {
		return c1.state.Phase == "ended" && c1.state.CalledOff && c1.state.CallOffReason == "Bão số 3"
	})
	for _, code := range []string{"C1", meeting.HostCode, meeting.SecretaryCode} {
		if _, me := b.request("GET", "/api/v1/me", b.links.of(code)[strings.Index(b.links.of(code), "#")+1:], ""); !strings.Contains(me, `"called_off":true,"call_off_reason":"Bão số 3"`) {
			t.Errorf("the link of %s says %s", code, me)
		}
	}
}
