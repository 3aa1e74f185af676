package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

func TestBackupWhileASessionGoesOn(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "diemcau.db"))
	defer s.Close()
	c := session(t, s, "s1", ledger.NewNode("n1", 0))
	add := func() error {
		e, err := c.Next(time.Time{}, t0, "", &meeting.HandRaised{Endpoint: "C1"})
		if err != nil {
			return err
		}
		return s.Append(t.Context(), "s1", meeting.PhaseLive, []ledger.Entry{e})
	}
	for range 20 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := add(); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	path := filepath.Join(t.TempDir(), "backup.db")
	err := s.Backup(t.Context(), path)
	close(done)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}
	copied := open(t, path)
	defer copied.Close()
	head, err := ledgertest.Verify(copied.Entries(t.Context(), "s1", 1))
	if err != nil || head.Seq < 21 {
		t.Errorf("the copy has %d entries, %v", head.Seq, err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file that exists: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none", "backup.db")
	if err := s.Backup(t.Context(), missing); err == nil {
		t.Error("into a folder that does not exist: no error")
	}
}

func TestBackupOfPostgres(t *testing.T) {
	s := open(t, server.Database(t))
	defer s.Close()
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "backup.db")); !errors.Is(err, store.ErrBackupElsewhere) {
		t.Errorf("got %v", err)
	}
}
