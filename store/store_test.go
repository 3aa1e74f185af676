package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	demo "github.com/diemcau/diemcau/configs/roster"
	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	var err error
	if server, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
			code = 1
		}
		os.Exit(code)
	}))
}

var server postgrestest.Server

var t0 = time.Date(2026, 3, 2, 1, 0, 0, 123456000, time.UTC)

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fixture is an empty database of some kind.
type fixture struct {
	t    *testing.T
	s    *store.Store
	dsn  string
	file string // of SQLite; empty otherwise
}

// reopen closes the store and opens it again, as a restart does.
func (f *fixture) reopen() *store.Store {
	f.t.Helper()
	if err := f.s.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.s = open(f.t, f.dsn)
	return f.s
}

// conformance runs a test on every kind of database.
func conformance(t *testing.T, test func(f *fixture)) {
	t.Helper()
	run := func(name string, dsn func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			f := &fixture{t: t, dsn: dsn(t)}
			if name == "SQLite" {
				f.file = f.dsn
			}
			f.s = open(t, f.dsn)
			defer func() { f.s.Close() }()
			test(f)
		})
	}
	run("SQLite", func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "a folder?", "diemcau.db") })
	run("PostgreSQL", func(t *testing.T) string { t.Helper(); return server.Database(t) })
}

// session creates a session and returns its chain.
func session(t *testing.T, s *store.Store, id string, node *ledger.Node) *ledger.Chain {
	t.Helper()
	c := ledger.NewChain(id, node, ledger.Head{})
	first := next(t, c, &meeting.Convened{Title: "Phiên họp " + id, TimeZone: "Asia/Ho_Chi_Minh"})
	if err := s.CreateSession(t.Context(), newSession(id, first)); err != nil {
		t.Fatal(err)
	}
	return c
}

func newSession(id string, first ledger.Entry, endpoints ...string) store.NewSession {
	return store.NewSession{
		SessionRow: store.SessionRow{ID: id, Title: "Phiên họp " + id, Phase: meeting.PhaseDraft, CreatedAt: t0},
		Entries:    []ledger.Entry{first}, Endpoints: endpoints,
	}
}

func next(t *testing.T, c *ledger.Chain, ev meeting.Event) ledger.Entry {
	t.Helper()
	e, err := c.Next(time.Time{}, t0.Add(time.Duration(c.Head().Seq)*time.Millisecond), "@host", ev)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func read(t *testing.T, s *store.Store, id string, from uint64) []ledger.Entry {
	t.Helper()
	var list []ledger.Entry
	for e, err := range s.Entries(t.Context(), id, from) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestLedger(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		ctx := t.Context()
		node := ledger.NewNode("n1", 0)
		c := session(t, s, "s1", node)
		session(t, s, "s2", node)
		var want []ledger.Entry
		for i := range 5 {
			want = append(want, next(t, c, &meeting.HandRaised{Endpoint: fmt.Sprintf("Xã <%d> & \u0000'\"", i)}))
		}
		if err := s.Append(ctx, "s1", meeting.PhaseLive, want[:2]); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(ctx, "s1", meeting.PhaseLive, want[2:]); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(ctx, "s1", meeting.PhaseLive, nil); err != nil {
			t.Fatal(err)
		}
		s = f.reopen()
		if diff := cmp.Diff(want, read(t, s, "s1", 2)); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		head, err := ledgertest.Verify(s.Entries(ctx, "s1", 1))
		if err != nil {
			t.Error(err)
		}
		stored, err := s.Head(ctx, "s1")
		if err != nil || stored != head || head != c.Head() {
			t.Errorf("head %+v, verified %+v, made %+v, %v", stored, head, c.Head(), err)
		}
		if none, err := s.Head(ctx, "none"); err != nil || none.Seq != 0 {
			t.Errorf("head of no session: %+v, %v", none, err)
		}
		if want := want[len(want)-1].RecordedAt; !stored.RecordedAt.Equal(want) {
			t.Errorf("the head was recorded at %v, want %v", stored.RecordedAt, want)
		}
		sessions, err := s.Sessions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantSessions := []store.SessionRow{
			{ID: "s1", Title: "Phiên họp s1", Phase: meeting.PhaseLive, CreatedAt: t0, Noted: meeting.PhaseLive},
			{ID: "s2", Title: "Phiên họp s2", Phase: meeting.PhaseDraft, CreatedAt: t0, Noted: meeting.PhaseDraft},
		}
		if diff := cmp.Diff(wantSessions, sessions); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
	})
}

func TestEraseNames(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		node := ledger.NewNode("n1", 0)
		declared := &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: "Nguyễn Thị Bé"}}}
		chains := map[string]*ledger.Chain{}
		for _, id := range []string{"s1", "s2", "s3"} {
			c := session(t, s, id, node)
			chains[id] = c
			if err := s.Append(t.Context(), id, meeting.PhaseOpen, []ledger.Entry{next(t, c, declared)}); err != nil {
				t.Fatal(err)
			}
		}
		erase := func(id string) {
			t.Helper()
			if n, err := s.PersonalEntries(t.Context(), id); err != nil || n != 1 {
				t.Errorf("%d entries to erase of %s, %v", n, id, err)
			}
			// One commit: what is declared after the erasure stays.
			batch := []ledger.Entry{next(t, chains[id], &meeting.NamesErased{}), next(t, chains[id], &meeting.NoteWritten{ID: "n", Text: "Bàn thêm"})}
			if err := s.Append(t.Context(), id, meeting.PhaseOpen, batch); err != nil {
				t.Fatal(err)
			}
			if n, err := s.PersonalEntries(t.Context(), id); err != nil || n != 1 {
				t.Errorf("%d entries left of %s, %v", n, id, err)
			}
			if after, err := read(t, s, id, 4)[0].Event(); err != nil || after.(*meeting.NoteWritten).Text == "" {
				t.Errorf("what was written after the erasure: %+v, %v", after, err)
			}
		}
		names := func(id string) []meeting.Delegate {
			ev, err := read(t, s, id, 2)[0].Event()
			if err != nil {
				t.Fatal(err)
			}
			return ev.(*meeting.DelegatesDeclared).Delegates
		}
		if diff := cmp.Diff(declared.Delegates, names("s1")); diff != "" {
			t.Errorf("before (-want +got):\n%s", diff)
		}
		erase("s1")
		if got := names("s1"); got != nil {
			t.Errorf("names after erasure: %v", got)
		}
		if got := names("s2"); len(got) != 1 {
			t.Errorf("another session's names: %v", got)
		}
		for _, id := range []string{"s2", "s3"} {
			erase(id)
		}
		for _, id := range []string{"s1", "s2", "s3"} {
			if _, err := ledgertest.Verify(s.Entries(t.Context(), id, 1)); err != nil {
				t.Error(err)
			}
		}
		if f.file == "" {
			return
		}
		if err := s.EmptyLog(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "-wal"} {
			if data, err := os.ReadFile(f.file + suffix); err == nil && bytes.Contains(data, []byte("Nguyễn Thị Bé")) {
				t.Errorf("the name is still in %s", f.file+suffix)
			}
		}
	})
}

// The list of sessions is a note: of what it has as over the ledger says how far it is, and an entry puts it right.
func TestListOfSessionsIsANote(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		ctx := t.Context()
		c := session(t, s, "s1", ledger.NewNode("n1", 0))
		for _, step := range []struct {
			ev                 meeting.Event
			told, noted, phase meeting.Phase
		}{
			{&meeting.HandRaised{Endpoint: "C1"}, meeting.PhaseSealed, meeting.PhaseSealed, meeting.PhaseDraft},
			{&meeting.Opened{}, meeting.PhaseEnded, meeting.PhaseEnded, meeting.PhaseOpen},
			{&meeting.Started{}, meeting.PhaseLive, meeting.PhaseLive, meeting.PhaseLive},
			{&meeting.HandRaised{Endpoint: "C1"}, meeting.PhaseEnded, meeting.PhaseEnded, meeting.PhaseLive},
			{&meeting.Ended{}, meeting.PhaseEnded, meeting.PhaseEnded, meeting.PhaseEnded},
			{&meeting.HandRaised{Endpoint: "C1"}, meeting.PhaseSealed, meeting.PhaseSealed, meeting.PhaseEnded},
			{&meeting.Sealed{}, meeting.PhaseSealed, meeting.PhaseSealed, meeting.PhaseSealed},
			{&meeting.HandRaised{Endpoint: "C1"}, meeting.PhaseSealed, meeting.PhaseSealed, meeting.PhaseSealed},
		} {
			if err := s.Append(ctx, "s1", step.told, []ledger.Entry{next(t, c, step.ev)}); err != nil {
				t.Fatal(err)
			}
			row, err := s.Session(ctx, "s1")
			if err != nil || row.Noted != step.noted || row.Phase != step.phase {
				t.Errorf("after %s, told %q: %+v, %v", step.ev.Kind(), step.told, row, err)
			}
			if list, err := s.Sessions(ctx); err != nil || len(list) != 1 || list[0] != row {
				t.Errorf("listed as %+v, %v", list, err)
			}
		}
		if _, err := s.Session(ctx, "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no session: %v", err)
		}
	})
}

func TestLedgerDoesNotFork(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		ctx := t.Context()
		c := session(t, s, "s1", ledger.NewNode("n1", 0))
		head := c.Head()
		first := next(t, c, &meeting.HandRaised{Endpoint: "C1"})
		if err := s.Append(ctx, "s1", meeting.PhaseOpen, []ledger.Entry{first}); err != nil {
			t.Fatal(err)
		}
		other := ledger.NewChain("s1", ledger.NewNode("n2", 0), head)
		fork := next(t, other, &meeting.HandRaised{Endpoint: "C2"})
		gap := next(t, c, &meeting.HandRaised{Endpoint: "C3"})
		after := next(t, c, &meeting.HandRaised{Endpoint: "C4"})
		twice := ledger.NewChain("s1", ledger.NewNode("n1", first.NodeSeq-1), ledger.Head{Seq: first.Seq, Hash: first.Hash})
		tests := map[string][]ledger.Entry{
			"a fork": {fork}, "twice": {first}, "a gap": {after}, "another session's": {{Session: "s2", Seq: 3, Prev: first.Hash}},
			"good, then a gap": {gap, next(t, c, &meeting.HandRaised{Endpoint: "C5"})}, "node_seq used": {next(t, twice, &meeting.HandRaised{Endpoint: "C6"})},
		}
		for name, entries := range tests {
			if err := s.Append(ctx, "s1", meeting.PhaseEnded, entries); !errors.Is(err, store.ErrForked) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := read(t, s, "s1", 1); len(got) != 2 {
			t.Errorf("%d entries, want 2", len(got))
		}
		if list, err := s.Sessions(ctx); err != nil || list[0].Phase != meeting.PhaseOpen {
			t.Errorf("phase %v, %v: a refused append changed it", list, err)
		}
		if err := s.CreateSession(ctx, newSession("s1", fork)); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second session s1: %v", err)
		}
	})
}

func TestConcurrentAppendsShareCommits(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		const sessions, appends = 20, 20
		node := ledger.NewNode("n1", 0)
		var wg sync.WaitGroup
		for i := range sessions {
			c := session(t, s, fmt.Sprint("s", i), node)
			wg.Go(func() {
				for range appends {
					e, err := c.Next(time.Time{}, t0, "", &meeting.HandRaised{Endpoint: "C1"})
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Append(t.Context(), e.Session, meeting.PhaseOpen, []ledger.Entry{e}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		for i := range sessions {
			head, err := ledgertest.Verify(s.Entries(t.Context(), fmt.Sprint("s", i), 1))
			if err != nil || head.Seq != appends+1 {
				t.Errorf("session %d: %d entries, %v", i, head.Seq, err)
			}
		}
	})
}

func TestAlive(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		if at, err := s.LastAlive(t.Context(), "s1"); err != nil || !at.IsZero() {
			t.Errorf("never alive: %v, %v", at, err)
		}
		for i := range 3 {
			if err := s.Alive(t.Context(), t0.Add(time.Duration(i)*time.Second), "s1"); err != nil {
				t.Fatal(err)
			}
		}
		s = f.reopen()
		if at, err := s.LastAlive(t.Context(), "s1"); err != nil || !at.Equal(t0.Add(2*time.Second)) {
			t.Errorf("last alive %v, %v", at, err)
		}
	})
}

func TestRoster(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		if units, err := s.Units(t.Context()); err != nil || len(units) != 0 {
			t.Errorf("before the first import: %v, %v", units, err)
		}
		tree, problems := roster.Import(strings.NewReader(string(demo.Demo)), roster.CSV)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		small, err := roster.New([]meeting.Unit{{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range []*roster.Tree{tree, small, tree} {
			if err := s.ReplaceRoster(t.Context(), tree, t0); err != nil {
				t.Fatal(err)
			}
			s = f.reopen()
			units, err := s.Units(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tree.Units(), units); diff != "" {
				t.Errorf("units (-want +got):\n%s", diff)
			}
		}
	})
}

func TestLinks(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		ctx := t.Context()
		codes := make([]string, 10_600)
		for i := range codes {
			codes[i] = fmt.Sprintf("C%05d", i)
		}
		first := next(t, ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{}), &meeting.Convened{Title: "x", TimeZone: "UTC"})
		if err := s.CreateSession(ctx, newSession("s1", first, codes...)); err != nil {
			t.Fatal(err)
		}
		if serial, err := s.LinkSerial(ctx, "s1", "C10599"); err != nil || serial != 1 {
			t.Errorf("serial %d, %v", serial, err)
		}
		if _, err := s.LinkSerial(ctx, "s2", "C10599"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("link of another session: %v", err)
		}
		if err := s.RevokeLink(ctx, "s1", "C00001", t0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LinkSerial(ctx, "s1", "C00001"); !errors.Is(err, store.ErrRevoked) {
			t.Errorf("revoked link: %v", err)
		}
		if serial, err := s.ReissueLink(ctx, "s1", "C00001"); err != nil || serial != 2 {
			t.Errorf("reissued: %d, %v", serial, err)
		}
		if err := s.RevokeLink(ctx, "s1", "C00002", t0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReissueLink(ctx, "s1", "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("reissue of no link: %v", err)
		}
		if err := s.RevokeLink(ctx, "s1", "none", t0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoke of no link: %v", err)
		}
		links, err := s.Links(ctx, "s1")
		if err != nil || len(links) != len(codes) {
			t.Fatalf("%d links, %v", len(links), err)
		}
		want := []store.Link{
			{Session: "s1", Endpoint: "C00000", Serial: 1}, {Session: "s1", Endpoint: "C00001", Serial: 2},
			{Session: "s1", Endpoint: "C00002", Serial: 1, RevokedAt: t0},
		}
		if diff := cmp.Diff(want, links[:3]); diff != "" {
			t.Errorf("links (-want +got):\n%s", diff)
		}
	})
}

// What lists show and the links of new sites follow the ledger in the same commit.
func TestChangesOfASession(t *testing.T) {
	conformance(t, func(f *fixture) {
		ctx := f.t.Context()
		c := ledger.NewChain("s1", ledger.NewNode("n", 0), ledger.Head{})
		first := next(f.t, c, &meeting.Convened{Title: "T", TimeZone: "UTC"})
		if err := f.s.CreateSession(ctx, newSession("s1", first, "C1")); err != nil {
			f.t.Fatal(err)
		}
		second, err := f.s.ReissueLink(ctx, "s1", "C1")
		if err != nil {
			f.t.Fatal(err)
		}
		entries := []ledger.Entry{
			next(f.t, c, &meeting.TitleChanged{Title: "Họp giao ban"}),
			next(f.t, c, &meeting.SitesAdded{Endpoints: []meeting.Endpoint{{Code: "C2", Role: meeting.RoleSite, Phone: "024"},
				{Code: "C3", Role: meeting.RoleSite}}}),
		}
		if err := f.s.Append(ctx, "s1", meeting.PhaseOpen, entries); err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.Append(ctx, "s1", meeting.PhaseOpen, entries); !errors.Is(err, store.ErrForked) {
			f.t.Errorf("the same once more: %v", err)
		}
		rows, err := f.s.Sessions(ctx)
		if err != nil || len(rows) != 1 || rows[0].Title != "Họp giao ban" {
			f.t.Errorf("%+v, %v", rows, err)
		}
		for code, want := range map[string]int{"C1": second, "C2": 1, "C3": 1} {
			if got, err := f.s.LinkSerial(ctx, "s1", code); err != nil || got != want {
				f.t.Errorf("link of %s: %d, %v; want %d", code, got, err, want)
			}
		}
	})
}

func TestSettings(t *testing.T) {
	conformance(t, func(f *fixture) {
		t, s := f.t, f.s
		if _, err := s.Setting(t.Context(), "public_url"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no setting: %v", err)
		}
		for _, value := range []string{"http://a", "http://b"} {
			if err := s.SetSetting(t.Context(), "public_url", value); err != nil {
				t.Fatal(err)
			}
		}
		s = f.reopen()
		if v, err := s.Setting(t.Context(), "public_url"); err != nil || v != "http://b" {
			t.Errorf("setting %q, %v", v, err)
		}
	})
}

func TestClosedStoreRefuses(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "diemcau.db"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.SetSetting(t.Context(), "a", "b"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestACancelledCallerIsNotQueued(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "diemcau.db"))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	id := uuid.NewString()
	// Either it was refused, or it was made durable and said so.
	err := s.SetSetting(ctx, id, "x")
	if _, missing := s.Setting(t.Context(), id); (err == nil) != (missing == nil) {
		t.Errorf("SetSetting says %v, Setting says %v", err, missing)
	}
}
