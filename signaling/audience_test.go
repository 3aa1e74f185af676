package signaling

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"golang.org/x/time/rate"
)

func (c *coordinator) must(tb testing.TB, cmd meeting.Command, by meeting.Actor) {
	tb.Helper()
	c.handle(context.Background(), []request{{cmd: cmd, by: by, done: func(err error) {
		if err != nil {
			tb.Fatalf("%T: %v", cmd, err)
		}
	}}})
}

// A row says since when it is as it is; what changes beside its state does not touch that.
func TestRowSince(t *testing.T) {
	c := liveCoordinator(t, 1)
	m := c.audience.members["C0"]
	if v := rowOf(&c.session.View, c.session.Endpoint("C0"), m).message(); v.State != rowAbsent || v.SinceMs != 0 {
		t.Errorf("before it came: %+v", v)
	}
	cn := benchConn(c, "C0", meeting.RoleSite, 0)
	c.attachNow(t, cn)
	connecting := m.since
	if v := rowOf(&c.session.View, c.session.Endpoint("C0"), m).message(); v.State != rowConnecting || v.SinceMs == 0 {
		t.Errorf("connecting: %+v", v)
	}
	c.must(t, meeting.RaiseHand{}, cn.actor())
	if !m.since.Equal(connecting) {
		t.Error("a raised hand changed since when the row is as it is")
	}
	lost := c.clock.Now()
	c.must(t, meeting.Disconnect{Endpoint: "C0", Conn: cn.id, LastSeen: lost, Why: "closed"}, meeting.Actor{})
	if v := rowOf(&c.session.View, c.session.Endpoint("C0"), m).message(); v.State != rowLost || v.SinceMs != lost.UnixMilli() {
		t.Errorf("lost: %+v, want since %d", v, lost.UnixMilli())
	}
}

// However often sites change between two flushes, a console gets one message; a site hears of none of it.
func TestPresenceIsBatched(t *testing.T) {
	c := liveCoordinator(t, 50)
	host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(t, host)
	site := benchConn(c, "C49", meeting.RoleSite, 49)
	c.attachNow(t, site)
	c.audience.flush()
	host.drain()
	site.drain()
	for i := range 40 {
		cn := benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, cn)
		for range 10 {
			c.must(t, meeting.RaiseHand{}, cn.actor())
			c.must(t, meeting.LowerHand{}, cn.actor())
		}
	}
	if n := len(host.out); n != 0 {
		t.Errorf("%d messages to the console before the flush", n)
	}
	c.audience.flush()
	c.audience.flush()
	if n := len(host.out); n != 1 {
		t.Errorf("%d messages to the console, want 1", n)
	}
	if n := len(site.out); n != 0 {
		t.Errorf("%d messages to a site that nothing concerns", n)
	}
}

// A console that has not taken its last message, or has taken it just now, gets the next one later, with all that
// changed meanwhile.
func TestPresenceWaitsForTheSocket(t *testing.T) {
	c := liveCoordinator(t, 4)
	host, slow := benchConn(c, meeting.HostCode, meeting.RoleHost, -1), benchConn(c, meeting.OperatorCode, meeting.RoleOperator, -2)
	c.attachNow(t, host)
	c.attachNow(t, slow)
	k := c.audience.consoles[slow]
	enter := func(i int) {
		cn := benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, cn)
	}
	flushed := func(want int) {
		t.Helper()
		host.drain()
		before := len(slow.out)
		c.audience.flush()
		if n := len(host.out); n != 1 {
			t.Errorf("%d messages to the other console, want 1", n)
		}
		if n := len(slow.out) - before; n != want {
			t.Errorf("%d messages, want %d", n, want)
		}
	}
	enter(0)
	flushed(1)
	enter(1)
	flushed(0) // the first one still waits
	k.wrote()
	enter(2)
	flushed(0) // written just now
	if len(k.behind) != 2 {
		t.Errorf("behind with %v", k.behind)
	}
	long := time.Now().Add(-presenceGap)
	k.written.Store(&long)
	enter(3)
	flushed(1)
	if len(k.behind) != 0 {
		t.Errorf("still behind with %v", k.behind)
	}
}

// A change of everything goes in parts.
func TestPresenceIsBounded(t *testing.T) {
	c := liveCoordinator(t, 2*maxRows+1)
	host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(t, host)
	for code := range c.audience.members {
		if c.session.Endpoint(code).Role == meeting.RoleSite {
			c.audience.rows[code] = struct{}{}
		}
	}
	for _, left := range []int{maxRows + 1, 1, 0} {
		host.drain()
		c.audience.flush()
		if n := len(c.audience.consoles[host].behind); n != left || len(host.out) != 1 {
			t.Errorf("%d rows left after %d messages, want %d after 1", n, len(host.out), left)
		}
	}
}

// What is again as consoles were told is not told again, but to one that came when it was otherwise.
func TestPresenceTellsWhatIsNew(t *testing.T) {
	c := liveCoordinator(t, 1)
	host, operator := benchConn(c, meeting.HostCode, meeting.RoleHost, -1), benchConn(c, meeting.OperatorCode, meeting.RoleOperator, -2)
	c.attachNow(t, host)
	site := benchConn(c, "C0", meeting.RoleSite, 0)
	c.attachNow(t, site)
	c.audience.flush()
	for _, meanwhile := range []bool{false, true} {
		host.drain()
		c.must(t, meeting.RaiseHand{}, site.actor())
		if meanwhile {
			c.attachNow(t, operator)
		}
		c.must(t, meeting.LowerHand{}, site.actor())
		host.drain()
		operator.drain()
		c.audience.flush()
		if told := len(host.out) + len(operator.out); told > 0 != meanwhile {
			t.Errorf("another came meanwhile: %v; %d messages", meanwhile, told)
		}
	}
}

// A speaker who plays with the microphone's button does not flood ten thousand others: most changes wait, the
// last one is told.
func TestStateIsPaced(t *testing.T) {
	c := liveCoordinator(t, 3)
	site, speaker := benchConn(c, "C1", meeting.RoleSite, 1), benchConn(c, "C0", meeting.RoleSite, 0)
	c.attachNow(t, site)
	c.attachNow(t, speaker)
	c.must(t, meeting.GrantSlot{Endpoint: "C0"}, meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost})
	c.audience.stage.pace = rate.NewLimiter(0, 2)
	site.drain()
	for i := range 99 {
		c.must(t, meeting.SetMuted{Muted: i%2 == 0}, speaker.actor())
	}
	if n := len(site.out); n != 2 {
		t.Errorf("%d messages at once, want 2", n)
	}
	c.audience.flush()
	c.audience.flush()
	if n := len(site.out); n != 3 {
		t.Errorf("%d messages with the flush, want 3", n)
	}
	if st := c.audience.stage.state; !slices.ContainsFunc(st.slots[:], func(slot slotState) bool { return slot.muted }) {
		t.Errorf("the last State is %+v", st)
	}
}

// The whole queue moves up when its first leaves; those behind the one that leaves, and no others, are told.
func TestQueueMovesUp(t *testing.T) {
	c := liveCoordinator(t, 5)
	conns := make([]*conn, 5)
	for i := range conns {
		conns[i] = benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, conns[i])
		c.must(t, meeting.RaiseHand{}, conns[i].actor())
	}
	for _, cn := range conns {
		cn.drain()
	}
	c.must(t, meeting.LowerHand{}, conns[2].actor())
	for i, want := range []int{0, 0, 1, 1, 1} {
		if n := len(conns[i].out); n != want {
			t.Errorf("C%d got %d messages, want %d", i, n, want)
		}
	}
	if m := c.audience.members["C4"]; m.position != 4 {
		t.Errorf("C4 is at %d", m.position)
	}
}

// A console's flush of a thousand changed rows among all communes.
func BenchmarkFlush(b *testing.B) {
	c := liveCoordinator(b, 10_600)
	host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(b, host)
	b.ReportAllocs()
	for b.Loop() {
		for i := range 250 { // 1,000 a second
			code := fmt.Sprintf("C%d", i)
			c.audience.rows[code] = struct{}{}
			c.audience.members[code].told = siteRow{}
		}
		c.audience.flush()
		host.drain()
	}
}

// What a console is sent when it opens with all communes convened.
func BenchmarkSites(b *testing.B) {
	c := liveCoordinator(b, 10_600)
	b.ReportAllocs()
	for b.Loop() {
		text, err := protocol.Encode(c.audience.sites("", meeting.HostCode), 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(text)), "message-bytes")
	}
}
