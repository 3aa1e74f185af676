package signaling

import (
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"golang.org/x/time/rate"
)

// A site that becomes a console has no turn any more with what is on its way to everyone: it is sent it then.
func TestWhoBecomesAConsoleIsToldAtOnce(t *testing.T) {
	const n = 2*spreadAtOnce + 10
	c := liveCoordinator(t, n)
	host, sites := assemble(t, c, n)
	s := &c.audience.spreads
	chair := sites[n-1]
	said, err := encodeOnce(protocol.Speaking{Slots: []string{string(meeting.SlotFloor)}})
	if err != nil {
		t.Fatal(err)
	}
	s.publish(&s.speaker, said)
	c.audience.stage.pace.SetLimit(rate.Limit(0))
	c.audience.stage.pace.SetBurst(0) // no State comes meanwhile
	chair.drain()
	if s.speaker.left == 0 {
		t.Fatal("everyone was told at once")
	}
	c.must(t, meeting.HandOverChair{To: chair.who.Endpoint}, host.actor())
	if _, is := c.audience.consoles[chair]; !is {
		t.Fatal("it is no console")
	}
	before := len(chair.out)
	s.hasten(chair)                                               // again, to count what it sends
	if more := len(chair.out) - before; more != 1 || before < 2 { // the list of sites and who speaks
		t.Errorf("%d messages, then %d", before, more)
	}
}

// Pages that are still open after the session are told anew what bore names and numbers that were erased.
func TestErasedNamesLeaveThePages(t *testing.T) {
	c := liveCoordinator(t, 2)
	host, site := benchConn(c, meeting.HostCode, meeting.RoleHost, -1), benchConn(c, "C1", meeting.RoleSite, 1)
	c.attachNow(t, host)
	c.attachNow(t, site)
	c.must(t, meeting.DeclareDelegates{Delegates: []meeting.Delegate{{Name: "Nguyễn Văn A"}}}, site.actor())
	c.must(t, meeting.EndSession{}, host.actor())
	host.drain()
	site.drain()
	c.must(t, meeting.EraseNames{}, meeting.Actor{})
	if n := len(host.out); n != 2 { // the list of sites and the session
		t.Errorf("%d messages to the console", n)
	}
	if n := len(site.out); n != 2 { // itself and the session
		t.Errorf("%d messages to the site", n)
	}
}
