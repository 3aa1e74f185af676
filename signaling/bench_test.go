package signaling

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

func newTestMetrics() *metrics { return newMetrics(prometheus.NewRegistry()) }

// nullRecord remembers one session and writes nothing down.
type nullRecord struct {
	Record
	entries []ledger.Entry
}

func (r *nullRecord) Append(context.Context, string, meeting.Phase, []ledger.Entry) error {
	return nil
}

func (r *nullRecord) Entries(context.Context, string, uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range r.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (r *nullRecord) Links(context.Context, string) ([]store.Link, error) { return nil, nil }

func (r *nullRecord) Session(context.Context, string) (store.SessionRow, error) {
	return store.SessionRow{ID: "s", Title: "x", Phase: meeting.PhaseLive, Noted: meeting.PhaseLive}, nil
}

func (r *nullRecord) LastAlive(context.Context, string) (time.Time, error) { return time.Time{}, nil }

// liveCoordinator is a coordinator of a live session of n sites, which nobody runs.
func liveCoordinator(tb testing.TB, n int) *coordinator {
	tb.Helper()
	srv := &Server{
		recorded: func(string) {}, over: func(string) {},
		media: &closer{Media: newPeerBench()}, metrics: newTestMetrics(), log: slog.New(slog.DiscardHandler),

		node: ledger.NewNode("bench", 0), clock: newClock(TimeSource{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry()),
	}
	srv.listed, srv.lines = newContradictions(srv.log, prometheus.NewRegistry()), newLineTests(srv)
	srv.patience.Store(int64(recordPatience))
	rec := &nullRecord{}
	srv.record = rec
	convene := meeting.Convene{Title: "x", TimeZone: "UTC", Rules: meeting.DefaultRules()}
	convene.Rules.CountdownS = 0
	for i := range n {
		convene.Endpoints = append(convene.Endpoints, meeting.Endpoint{Code: fmt.Sprintf("C%d", i), Name: "Xã", Role: meeting.RoleSite})
	}
	s, chain, now := meeting.New("s"), ledger.NewChain("s", srv.node, ledger.Head{}), srv.clock.Now()
	for _, step := range []struct {
		cmd meeting.Command
		by  meeting.Actor
	}{
		{convene, meeting.Actor{}},
		{meeting.OpenSession{}, meeting.Actor{}},
		{meeting.StartSession{}, meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost}},
	} {
		events, err := s.Decide(step.cmd, step.by, now)
		if err != nil {
			tb.Fatal(err)
		}
		for _, ev := range events {
			e, err := chain.Next(time.Time{}, now, "", ev)
			if err != nil {
				tb.Fatal(err)
			}
			s.Apply(ev, e.At)
			rec.entries = append(rec.entries, e)
		}
	}
	c, err := loadCoordinator(tb.Context(), srv, "s")
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// benchConn is a connection whose messages are thrown away by drain.
func benchConn(c *coordinator, endpoint string, role meeting.Role, id int) *conn {
	cn := &conn{
		outbox: newOutbox(nil, c.metrics), srv: &Server{}, id: fmt.Sprintf("conn-%d", id), coord: c,
		who: access.Identity{Holder: link.Holder{Session: "s", Endpoint: endpoint, Role: string(role)}}, watching: map[string]string{},
	}
	cn.peers = newPeers(newPeerBench(), &cn.srv.peerIDs, cn.outbox)
	return cn
}

func (c *conn) drain() {
	for len(c.out) > 0 {
		<-c.out
	}
	if k := c.coord.audience.consoles[c]; k != nil {
		k.written.Store(&time.Time{})
	}
}

func (c *coordinator) attachNow(tb testing.TB, cn *conn) {
	tb.Helper()
	var refused error
	c.handle(context.Background(), []request{{
		cmd: meeting.Connect{Conn: cn.id, TakeOver: true}, by: cn.actor(),
		work: func() error { return c.audience.attach(cn, c.clock.Now()) },
		done: func(err error) { refused = err },
	}})
	if refused != nil {
		tb.Fatal(refused)
	}
}

// The coordinator's cost of one site's join and leave, all others being there, must not grow with their number.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			c := liveCoordinator(b, n)
			host := benchConn(c, meeting.HostCode, meeting.RoleHost, -1)
			c.attachNow(b, host)
			for i := range n - 1 {
				cn := benchConn(c, fmt.Sprintf("C%d", i+1), meeting.RoleSite, i)
				c.attachNow(b, cn)
				cn.drain()
			}
			for range n/maxRows + 1 {
				host.drain()
				c.audience.flush()
			}
			host.drain()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				cn := benchConn(c, "C0", meeting.RoleSite, n+i)
				c.attachNow(b, cn)
				c.handle(context.Background(), []request{{cmd: meeting.Disconnect{
					Endpoint: "C0", Conn: cn.id, Clean: true, Why: "page_closed",
				}}})
				c.audience.flush()
				host.drain()
			}
		})
	}
}

// What one change of the stage costs with everyone there: it is encoded once.
func BenchmarkStageChange(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			c := liveCoordinator(b, n)
			conns := make([]*conn, n)
			for i := range conns {
				conns[i] = benchConn(c, fmt.Sprintf("C%d", i), meeting.RoleSite, i)
				c.attachNow(b, conns[i])
			}
			c.audience.stage.pace.SetLimit(rate.Inf)
			host := meeting.Actor{Endpoint: meeting.HostCode, Role: meeting.RoleHost}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				for _, cn := range conns {
					cn.drain()
				}
				b.StartTimer()
				c.handle(context.Background(), []request{{cmd: meeting.GrantSlot{Endpoint: fmt.Sprintf("C%d", i%2)}, by: host}})
			}
		})
	}
}
