package signaling

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/time/rate"
)

// keptRecord is a nullRecord that keeps what is appended.
type keptRecord struct {
	*nullRecord
	mu     sync.Mutex
	unsure bool   // appends are kept, and reported as failed
	before func() // an append waits for it
}

// keeping lets a coordinator write to a keptRecord.
func keeping(c *coordinator) *keptRecord {
	r := &keptRecord{nullRecord: c.record.(*nullRecord)} //nolint:forcetypeassert // of liveCoordinator
	c.record = r
	return r
}

func (r *keptRecord) Append(_ context.Context, _ string, _ meeting.Phase, entries []ledger.Entry) error {
	if r.before != nil {
		r.before()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, entries...)
	if r.unsure {
		return context.DeadlineExceeded
	}
	return nil
}

func (r *keptRecord) Entries(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Entry, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return (&nullRecord{entries: slices.Clone(r.entries)}).Entries(ctx, id, from)
}

func (r *keptRecord) Alive(context.Context, time.Time, ...string) error { return nil }

// attaching is what a page asks for that comes in.
func attaching(t *testing.T, c *coordinator, cn *conn) request {
	t.Helper()
	return request{
		cmd: meeting.Connect{Conn: cn.id}, by: cn.actor(), since: time.Now(),
		work: func() error { return c.audience.attach(cn, c.clock.Now()) },
		done: func(err error) {
			if err != nil {
				t.Errorf("%s is refused: %v", cn.who.Endpoint, err)
			}
		},
	}
}

// addSite adds a site.
func addSite(code string) request {
	return request{
		cmd: meeting.AddSites{Endpoints: []meeting.Endpoint{{Code: code, Name: "Xã", Role: meeting.RoleSite}}},
		by:  meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost}, since: time.Now(),
	}
}

// Sites may be added in the same batch as whatever looks at every site: a console that comes in before or after, the chair that
// is handed over, the end of the session.
func TestSitesAreAddedAmongOtherThings(t *testing.T) {
	host := meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost}
	for name, others := range map[string]func(c *coordinator) []request{
		"a console comes": func(c *coordinator) []request {
			return []request{attaching(t, c, benchConn(c, meeting.OperatorCode, meeting.RoleOperator, 9))}
		},
		"the chair is handed over": func(*coordinator) []request {
			return []request{{cmd: meeting.HandOverChair{To: "C1"}, by: host}}
		},
		"the session ends": func(*coordinator) []request { return []request{{cmd: meeting.EndSession{}, by: host}} },
	} {
		for _, last := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", the site last: ", last), func(t *testing.T) {
				c := liveCoordinator(t, 3)
				c.attachNow(t, benchConn(c, meeting.HostCode, meeting.RoleHost, -1))
				c.attachNow(t, benchConn(c, "C1", meeting.RoleSite, 1))
				add := addSite("D1")
				add.done = func(err error) {
					if err != nil && (name != "the session ends" || !last) {
						t.Errorf("the site: %v", err)
					}
				}
				batch := append([]request{add}, others(c)...)
				if last {
					slices.Reverse(batch)
				}
				c.handle(t.Context(), batch)
				c.audience.flush()
				if ep := c.session.Endpoint("D1"); ep != nil && c.audience.members["D1"] == nil {
					t.Error("it has no place")
				}
			})
		}
	}
}

// Sites whose addition is on record though the record said that it failed are taken in, with whatever waited.
func TestSitesOnRecordAreTakenIn(t *testing.T) {
	c := liveCoordinator(t, 3)
	rec := keeping(c)
	host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(t, host)
	defer c.helpers.Wait()
	rec.unsure = true
	c.handle(t.Context(), []request{addSite("D1")})
	rec.mu.Lock()
	rec.unsure = false
	rec.mu.Unlock()
	if c.outage == nil {
		t.Fatal("no outage")
	}
	site := benchConn(c, "D1", meeting.RoleSite, 7)
	c.outage.held = append(c.outage.held, attaching(t, c, site))
	c.resume(t.Context(), <-c.outage.attempt)
	if c.outage != nil || c.audience.members["D1"] == nil || c.audience.members["D1"].conn != site {
		t.Error("the site is not there")
	}
}

// Whoever waits for the record is answered, though a panic ends what would have answered.
func TestWhoWaitsIsAnsweredAfterAPanic(t *testing.T) {
	c := liveCoordinator(t, 3)
	keeping(c)
	c.panicked = func(any, ...any) {}
	answers := make(chan error, 2)
	waiting := func(cmd meeting.Command) request {
		return request{cmd: cmd, since: time.Now(), done: func(err error) { answers <- err }}
	}
	c.outage = &outage{
		metrics: c.metrics, patience: c.patience, since: c.clock.Now(), attempt: make(chan recovery, 1), timer: time.NewTimer(time.Hour),
		pending: []outcome{{request: waiting(meeting.RaiseHand{})}}, held: []request{waiting(meeting.LowerHand{})},
	}
	c.outage.attempt <- recovery{} // neither came the append nor is the session read again: a fault
	if guarded(context.WithoutCancel(t.Context()), c) {
		t.Error("it did not panic")
	}
	close(c.stop)
	c.helpers.Wait()
	for range 2 {
		select {
		case err := <-answers:
			if err == nil {
				t.Error("it is told that all is well")
			}
		default:
			t.Fatal("one waits for ever")
		}
	}
}

// A session that starts over during an outage ends the connections of its life before first: who came in meanwhile is let in
// after that, and stays.
func TestWhoComesWhileASessionStartsOverStays(t *testing.T) {
	c := liveCoordinator(t, 3)
	keeping(c)
	before := benchConn(c, "C1", meeting.RoleSite, 1)
	c.attachNow(t, before)
	coming := benchConn(c, "C2", meeting.RoleSite, 2)
	fact := request{cmd: meeting.Disconnect{Endpoint: "C1", Conn: before.id, Clean: true, Why: meeting.EndPageClosed}, since: time.Now()}
	c.suspend(t.Context(), nil, nil, errors.New("of a test"))
	c.outage.hold([]request{attaching(t, c, coming), fact})
	startOver(t.Context(), c)
	a := <-c.outage.attempt
	c.resume(t.Context(), a)
	c.helpers.Wait()
	if c.outage != nil || !c.taken {
		t.Fatalf("the outage goes on: %+v", a)
	}
	if m := c.audience.members["C2"]; m.conn != coming || c.session.Endpoint("C2").Conn == nil {
		t.Error("who came meanwhile is thrown out")
	}
	if ep := c.session.Endpoint("C1"); ep.Conn != nil || !ep.LostAt.IsZero() {
		t.Errorf("who had left before is taken for lost: %+v", ep)
	}
}

// assemble has a host and n sites come in, and everyone told so.
func assemble(t *testing.T, c *coordinator, n int) (host *conn, sites []*conn) {
	t.Helper()
	host = benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
	c.attachNow(t, host)
	sites = make([]*conn, n)
	for i := range sites {
		sites[i] = benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
		c.attachNow(t, sites[i])
	}
	for s := &c.audience.spreads; s.state.left > 0; {
		s.carryOn(s.next)
	}
	return host, sites
}

// A message on its way to everyone goes on while the coordinator waits for the record.
func TestSpreadGoesOnDuringACommit(t *testing.T) {
	const n = 3 * spreadAtOnce
	c := liveCoordinator(t, n)
	rec := keeping(c)
	c.audience.stage.pace.SetLimit(rate.Inf)
	host, sites := assemble(t, c, n)
	s := &c.audience.spreads
	for _, cn := range sites {
		cn.drain()
	}
	c.must(t, meeting.GrantSlot{Endpoint: "C0"}, host.actor())
	if s.state.left == 0 {
		t.Fatal("everyone was told at once")
	}
	givenUp := make(chan struct{})
	rec.before = func() {
		for _, cn := range sites[2:] { // the two before are told of themselves besides
			select {
			case <-cn.out:
			case <-givenUp:
				return
			}
		}
	}
	c.handle(t.Context(), []request{{cmd: meeting.RaiseHand{}, by: sites[1].actor()}})
	close(givenUp)
	if c.outage != nil {
		t.Error("they were not told before the commit was given up")
		close(c.stop)
	}
	c.helpers.Wait()
}
