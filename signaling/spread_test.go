package signaling

import (
	"fmt"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/time/rate"
)

// What goes to everyone goes to consoles at once and to the others some at a time; each gets the last word, whoever comes
// and leaves meanwhile, and however often it changes before all were told.
func TestEveryoneIsToldByAndBy(t *testing.T) {
	const n = 3*spreadAtOnce + 10
	c := liveCoordinator(t, n)
	c.audience.stage.pace.SetLimit(rate.Inf)
	host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(t, host)
	sites := make([]*conn, n-1)
	for i := range sites {
		sites[i] = benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, sites[i])
	}
	s := &c.audience.spreads
	now := time.Now().Add(time.Hour)
	passes := func() (k int) {
		for ; s.state.left > 0; k++ {
			now = now.Add(spreadEvery)
			s.carryOn(now)
		}
		return k
	}
	told := func() (k int) {
		for _, cn := range sites {
			k += min(len(cn.out), 1)
			cn.drain()
		}
		return k
	}
	passes()
	told()
	host.drain()
	grant := func(code string) {
		c.must(t, meeting.GrantSlot{Endpoint: code}, host.actor())
	}
	grant("C0")
	if len(host.out) == 0 {
		t.Error("the console waits")
	}
	if k := told(); k > spreadAtOnce+1 {
		t.Errorf("%d sites at once", k)
	}
	if again := s.carryOn(time.Time{}); again <= 0 {
		t.Error("the others are not waited for")
	}
	// Another change comes, one site leaves and another comes.
	c.must(t, meeting.Disconnect{Endpoint: "C700", Conn: sites[700].id, Clean: true, Why: meeting.EndPageClosed}, meeting.Actor{})
	last := benchConn(c, fmt.Sprintf("C%d", n-1), meeting.RoleSite, n)
	c.attachNow(t, last)
	last.drain()
	grant("C1")
	left := s.state.left
	if k := passes(); k != (left+spreadAtOnce-1)/spreadAtOnce || k < 2 {
		t.Errorf("%d passes for %d of %d", k, left, len(s.order))
	}
	if k := told(); k != len(sites)-1 {
		t.Errorf("%d of %d sites have the last State", k, len(sites)-1)
	}
	if len(last.out) != 1 {
		t.Errorf("the last one has %d", len(last.out))
	}
	if again := s.carryOn(now); again != 0 {
		t.Errorf("again in %v", again)
	}
	// Those who have left are forgotten, though nobody is told anything meanwhile.
	for i, cn := range sites {
		if i == 700 {
			continue
		}
		c.must(t, meeting.Disconnect{Endpoint: cn.who.Endpoint, Conn: cn.id, Clean: true, Why: meeting.EndPageClosed}, meeting.Actor{})
	}
	for i := range 4 * spreadAtOnce {
		cn := benchConn(c, "C5", meeting.RoleSite, 2*n+i)
		c.attachNow(t, cn)
		c.must(t, meeting.Disconnect{Endpoint: "C5", Conn: cn.id, Clean: true, Why: meeting.EndPageClosed}, meeting.Actor{})
	}
	if k := len(s.order); k > 2*len(c.audience.conns)+spreadAtOnce+1 {
		t.Errorf("%d places for %d", k, len(c.audience.conns))
	}
}

// A session that everyone has left holds on to none of their sockets, though nobody comes any more.
func TestNobodyIsKeptWhenAllHaveLeft(t *testing.T) {
	const n = 2 * spreadAtOnce
	c := liveCoordinator(t, n)
	var sites []*conn
	for i := range n {
		cn := benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, cn)
		sites = append(sites, cn)
	}
	for _, cn := range sites {
		c.must(t, meeting.Disconnect{Endpoint: cn.who.Endpoint, Conn: cn.id, Clean: true, Why: meeting.EndPageClosed}, meeting.Actor{})
		if k := len(c.audience.spreads.order); k > 2*len(c.audience.conns)+spreadAtOnce {
			t.Fatalf("%d places for %d", k, len(c.audience.conns))
		}
	}
	if k := len(c.audience.spreads.order); k != 0 {
		t.Errorf("%d sockets are kept", k)
	}
}
