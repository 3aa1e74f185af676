package store_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

func openShared(t *testing.T, dsn string) *store.Shared {
	t.Helper()
	s, err := store.OpenShared(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// take makes a node the owner of what it sees.
func take(t *testing.T, s *store.Shared, name string) store.Ownership {
	t.Helper()
	saw, err := s.Ownership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, ok, err := s.Take(t.Context(), saw, name)
	if err != nil || !ok {
		t.Fatalf("%s does not take %+v: %v", name, saw, err)
	}
	return got
}

func raise(t *testing.T, s *store.Store, c *ledger.Chain) error {
	t.Helper()
	return s.Append(t.Context(), "s1", meeting.PhaseOpen, []ledger.Entry{next(t, c, &meeting.HandRaised{Endpoint: "C1"})})
}

// The record takes what its owner writes and nothing else, from whoever becomes the owner, and knows who that is.
func TestOwnersAreFenced(t *testing.T) {
	dsn := server.Database(t)
	a, b := openShared(t, dsn), openShared(t, dsn)
	if err := a.SetSetting(t.Context(), "x", "1"); !errors.Is(err, store.ErrFenced) {
		t.Errorf("written without being the owner: %v", err)
	}
	first := take(t, a, "A-1")
	chain := session(t, a.Store, "s1", ledger.NewNode("A-1", 0))
	if err := raise(t, a.Store, chain); err != nil {
		t.Fatal(err)
	}
	stale, err := b.Ownership(t.Context())
	if err != nil || stale != first {
		t.Errorf("b sees %+v, %v; want %+v", stale, err, first)
	}
	if mine, err := a.Renew(t.Context(), first.Epoch); err != nil || !mine {
		t.Errorf("the owner's renewal: %v %v", mine, err)
	}
	if _, ok, err := b.Take(t.Context(), stale, "B-1"); err != nil || ok {
		t.Errorf("what was renewed since is taken: %v %v", ok, err)
	}
	head, err := a.Head(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	second := take(t, b, "B-1")
	if second.Epoch <= first.Epoch {
		t.Errorf("epoch %d follows %d", second.Epoch, first.Epoch)
	}
	if mine, err := a.Renew(t.Context(), first.Epoch); err != nil || mine {
		t.Errorf("the former owner's renewal: %v %v", mine, err)
	}
	if err := raise(t, a.Store, chain); !errors.Is(err, store.ErrFenced) || !store.Unavailable(err) {
		t.Errorf("the former owner's entry: %v", err)
	}
	if err := raise(t, b.Store, ledger.NewChain("s1", ledger.NewNode("B-1", 0), head)); err != nil {
		t.Errorf("the new owner's entry: %v", err)
	}
	if err := b.GiveUp(t.Context(), second.Epoch); err != nil {
		t.Fatal(err)
	}
	if saw, err := a.Ownership(t.Context()); err != nil || saw.Owner != "" {
		t.Errorf("after it was given up: %+v %v", saw, err)
	}
	take(t, a, "A-1")
	if end, err := ledgertest.Verify(a.Entries(t.Context(), "s1", 1)); err != nil || end.Seq != head.Seq+1 {
		t.Errorf("the ledger ends at %d, want %d: %v", end.Seq, head.Seq+1, err)
	}
}

// Whoever takes waits for a commit of the owner that is on its way: it sees its entries, or none of them comes after.
func TestTakingWaitsForACommit(t *testing.T) {
	dsn := server.Database(t)
	a, b := openShared(t, dsn), openShared(t, dsn)
	take(t, a, "A-1")
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	commit, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commit.ExecContext(t.Context(), "SELECT epoch FROM leases WHERE session = '' FOR SHARE"); err != nil {
		t.Fatal(err)
	}
	saw, err := b.Ownership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan bool, 1)
	go func() {
		_, ok, err := b.Take(t.Context(), saw, "B-1")
		taken <- ok && err == nil
	}()
	waiting := 0
	for deadline := time.Now().Add(20 * time.Second); waiting == 0 && time.Now().Before(deadline); {
		const query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		if err := db.QueryRowContext(t.Context(), query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if waiting == 0 {
		t.Error("the record is taken while a commit is on its way")
	}
	if err := commit.Commit(); err != nil {
		t.Fatal(err)
	}
	if !<-taken {
		t.Error("not taken after the commit")
	}
}

// A server that has the record for itself and nodes that share it keep each other out.
func TestSharedOrAlone(t *testing.T) {
	dsn := server.Database(t)
	alone := open(t, dsn)
	if s, err := store.OpenShared(t.Context(), dsn, slog.New(slog.DiscardHandler)); !errors.Is(err, store.ErrServed) {
		t.Errorf("shared beside a server: %v", err)
		s.Close()
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	openShared(t, dsn)
	openShared(t, dsn)
	if s, err := store.Open(t.Context(), dsn, slog.New(slog.DiscardHandler)); !errors.Is(err, store.ErrServed) {
		t.Errorf("alone beside a node: %v", err)
		s.Close()
	}
	if _, err := store.OpenShared(t.Context(), t.TempDir()+"/x.db", slog.New(slog.DiscardHandler)); !errors.Is(err, store.ErrNotShared) {
		t.Errorf("SQLite is shared: %v", err)
	}
}

// A commit that waits for a synchronous stand-by is not cancelled however long that takes: PostgreSQL would show it although it
// is on one machine alone. Who asked is told that nobody knows, and after a further commit everybody does.
func TestCommitsAreNotCancelled(t *testing.T) {
	own, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	if own.Folder() == "" {
		t.Skip("needs a PostgreSQL of its own")
	}
	dsn := own.Database(t)
	s := open(t, dsn)
	chain := session(t, s, "s1", ledger.NewNode("n1", 0))
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// What the test itself writes waits for nobody.
	db.SetMaxOpenConns(1)
	standBy := func(names string) {
		t.Helper()
		for _, statement := range []string{
			"SET synchronous_commit = local", "ALTER SYSTEM SET synchronous_standby_names = '" + names + "'", "SELECT pg_reload_conf()",
		} {
			if _, err := db.ExecContext(context.Background(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	standBy("nobody")
	defer standBy("") // or nothing could be closed
	acknowledged := 1
	for deadline := time.Now().Add(time.Minute); ; acknowledged++ { // PostgreSQL takes a moment to know the setting
		if err := raise(t, s, chain); store.Unavailable(err) {
			break
		} else if err != nil || time.Now().After(deadline) {
			t.Fatalf("acknowledged without the stand-by: %v", err)
		}
	}
	entries := func() (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM entries").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) { // a cancellation would be on its way
		if n := entries(); n != acknowledged {
			t.Fatalf("%d entries are shown while the stand-by has not answered, want %d", n, acknowledged)
		}
	}
	standBy("")
	for deadline := time.Now().Add(30 * time.Second); ; {
		if err := s.Alive(t.Context(), t0); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if n := entries(); n != acknowledged+1 {
		t.Errorf("%d entries after a further commit, want %d", n, acknowledged+1)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
