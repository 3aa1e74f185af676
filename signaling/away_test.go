package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestEveryoneLearnsThatNobodySitsAtAPlaceOnStage(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
	host.Ask(protocol.Start{})
	host.Ask(protocol.Grant{Endpoint: "C1"})
	away := func(p *servertest.Person, slot meeting.Slot, want string) {
		t.Helper()
		p.Sees(string(slot)+" "+want, func() bool { s := p.Stage(slot); return s.Endpoint != "" && s.Away == want })
	}
	away(c2, meeting.SlotMain, "")
	host.Drop() // the computer falls asleep
	away(c2, meeting.SlotMain, "lost")
	c1.Drop()
	away(c2, meeting.SlotFloor, "lost")
	host = b.Enter(meeting.HostCode)
	away(c2, meeting.SlotMain, "")
	host.Close() // with a word
	away(c2, meeting.SlotMain, "absent")
}

func TestWhoWaitsIsToldThatTheSessionIsCalledOffAndWhy(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1 := b.Enter("C1")
	b.Admin("POST", "/api/v1/sessions/"+b.Links.ID+"/call-off", `{"reason":"Bão số 3"}`, nil)
	c1.Sees("that it is called off", func() bool {
		return c1.State.Phase == "ended" && c1.State.CalledOff && c1.State.CallOffReason == "Bão số 3"
	})
	for _, code := range []string{"C1", meeting.HostCode, meeting.SecretaryCode} {
		_, me := b.Request("GET", "/api/v1/me", b.Links.Of(code)[strings.Index(b.Links.Of(code), "#")+1:], "")
		if !strings.Contains(me, `"called_off":true,"call_off_reason":"Bão số 3"`) {
			t.Errorf("the link of %s says %s", code, me)
		}
	}
}
