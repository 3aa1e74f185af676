package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/google/uuid"
)

// child appends to one session, for ever or STORE_TEST_ENTRIES times, and prints each entry's seq when it is
// acknowledged.
func child(dir string) {
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(dir, "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	head, err := s.Head(ctx, "s1")
	if err != nil {
		fmt.Println("error", err)
		return
	}
	if storm, _ := strconv.Atoi(os.Getenv("STORE_TEST_STORM")); storm > 0 {
		var all sync.WaitGroup
		for i := range storm {
			all.Go(func() {
				if err := s.Alive(ctx, time.Now(), fmt.Sprint("s", i)); err != nil {
					fmt.Println("error", err)
				}
			})
		}
		all.Wait()
		fmt.Println("stored", storm)
		return
	}
	c := ledger.NewChain("s1", ledger.NewNode(uuid.NewString(), 0), head)
	limit, _ := strconv.Atoi(os.Getenv("STORE_TEST_ENTRIES"))
	for n := 0; limit == 0 || n < limit; n++ {
		e, err := c.Next(time.Time{}, time.Now(), "", &meeting.HandRaised{Endpoint: "C1"})
		if err == nil {
			err = s.Append(ctx, "s1", meeting.PhaseOpen, []ledger.Entry{e})
		}
		if err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println("ok", e.Seq)
	}
	if os.Getenv("STORE_TEST_HANG") != "" {
		time.Sleep(time.Hour) // until it is killed
	}
}

// TestNothingIsAcknowledgedBeforeItsSync watches the system calls of a process that appends: killing it could not
// tell, because what was written and not synced outlives the process, though not a power cut.
func TestNothingIsAcknowledgedBeforeItsSync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	const entries = 20
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", trace, os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+dir, fmt.Sprint("STORE_TEST_ENTRIES=", entries))
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("strace does not work here: %v", err)
	}
	if got := strings.Count(string(out), "ok "); got != entries {
		t.Fatalf("%d entries were acknowledged: %s", got, out)
	}
	log, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var (
		written, synced, acknowledged int
		pending                       = map[string]bool{} // threads within a sync of the log
	)
	for line := range strings.Lines(string(log)) {
		thread, call, _ := strings.Cut(line, " ")
		call = strings.TrimLeft(call, " ")
		ofLog := strings.Contains(call, "diemcau.db-wal")
		sync := strings.HasPrefix(call, "fsync(") || strings.HasPrefix(call, "fdatasync(")
		switch {
		case strings.HasPrefix(call, "pwrite64(") && ofLog:
			written++
			synced = 0
		case sync && ofLog && strings.Contains(call, "unfinished"):
			pending[thread] = true
		case sync && ofLog, pending[thread] && strings.Contains(call, "resumed") && strings.Contains(call, "sync"):
			delete(pending, thread)
			if strings.HasSuffix(strings.TrimSpace(call), "= 0") {
				synced++
			}
		case strings.HasPrefix(call, "write(1<") && strings.Contains(call, `"ok `):
			acknowledged++
			if written == 0 || synced == 0 {
				t.Errorf("acknowledgement %d left after %d writes and %d syncs of the log: %s", acknowledged, written, synced, call)
			}
			written, synced = 0, 0
		}
	}
	if acknowledged != entries {
		t.Errorf("the trace shows %d acknowledgements, want %d", acknowledged, entries)
	}
}

// TestStormCostsFewSyncs counts the syncs of a process in which 1,000 callers write at once, as in a storm of joins.
func TestStormCostsFewSyncs(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	const callers = 1000
	syncs := func(storm int) int {
		t.Helper()
		dir := t.TempDir()
		trace := filepath.Join(dir, "trace")
		cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace, os.Args[0])
		cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+dir, "STORE_TEST_ENTRIES=1", fmt.Sprint("STORE_TEST_STORM=", storm))
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("strace does not work here: %v", err)
		}
		if storm > 0 && string(out) != fmt.Sprintf("stored %d\n", storm) {
			t.Fatalf("%s", out)
		}
		log, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), "diemcau.db-wal")
	}
	one, all := syncs(1), syncs(callers)
	if one == 0 || all-one > callers/10 {
		t.Errorf("%d callers cost %d syncs of the log, one costs %d", callers, all, one)
	}
	t.Logf("%d callers: %d syncs of the log; one: %d", callers, all, one)
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := uint64(0)
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 10+round*7 && lines.Scan(); n++ {
			if _, err := fmt.Sscanf(lines.Text(), "ok %d", &acknowledged); err != nil {
				t.Fatalf("child: %s", lines.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			t.Fatal(err)
		}
		for lines.Scan() { // what it had acknowledged before it died
			fmt.Sscanf(lines.Text(), "ok %d", &acknowledged)
		}
		cmd.Wait()

		s := open(t, filepath.Join(dir, "diemcau.db"))
		head, err := ledgertest.Verify(s.Entries(t.Context(), "s1", 1))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if head.Seq < acknowledged {
			t.Fatalf("round %d: entry %d was acknowledged, the ledger ends at %d", round, acknowledged, head.Seq)
		}
		s.Close()
	}
	if acknowledged < 50 {
		t.Fatalf("only %d entries were acknowledged in all rounds", acknowledged)
	}
}

func TestEditedRowsAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		edit string
		seq  uint64
	}{
		"content":        {"UPDATE entries SET by_endpoint = '@operator' WHERE seq = 3", 3},
		"data":           {`UPDATE entries SET data = '{"endpoint":"C9"}' WHERE seq = 4`, 4},
		"time":           {"UPDATE entries SET happened_at = happened_at - 1 WHERE seq = 2", 2},
		"deleted":        {"DELETE FROM entries WHERE seq = 3", 3},
		"hashes":         {"UPDATE entries SET hash = prev, prev = hash WHERE seq = 5", 5},
		"broken off row": {"UPDATE entries SET data = substr(data, 1, 5) WHERE seq = 6", 6},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "diemcau.db")
			s := open(t, path)
			c := session(t, s, "s1", ledger.NewNode("n1", 0))
			for range 8 {
				if err := s.Append(t.Context(), "s1", meeting.PhaseOpen, []ledger.Entry{next(t, c, &meeting.HandRaised{Endpoint: "C1"})}); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
			edit(t, path, tt.edit)
			s = open(t, path)
			defer s.Close()
			_, err := ledgertest.Verify(s.Entries(t.Context(), "s1", 1))
			var broken *ledger.BrokenError
			if !errors.As(err, &broken) || broken.Seq != tt.seq {
				t.Errorf("got %v, want broken at %d", err, tt.seq)
			}
		})
	}
}

func edit(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	reopen := func(t *testing.T, path string) error {
		t.Helper()
		s, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
		}
		return err
	}
	tests := map[string]struct {
		prepare func(t *testing.T, path string)
		want    error
	}{
		"in use": {func(t *testing.T, path string) {
			t.Helper()
			s := open(t, path)
			t.Cleanup(func() { s.Close() })
		}, store.ErrInUse},
		"newer schema": {func(t *testing.T, path string) {
			t.Helper()
			open(t, path).Close()
			edit(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
		}, store.ErrNewerSchema},
		"another file": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(strings.Repeat("no database at all ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNotADatabase},
		"a file where the folder should be": {func(t *testing.T, path string) {
			t.Helper()
			dir := filepath.Dir(path)
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNotWritable},
		"a folder where the file should be": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNotWritable},
	}
	if os.Geteuid() != 0 { // root may write everywhere
		tests["read-only folder"] = struct {
			prepare func(t *testing.T, path string)
			want    error
		}{func(t *testing.T, path string) {
			t.Helper()
			if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNotWritable}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data", "diemcau.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			tt.prepare(t, path)
			err := reopen(t, path)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is not one line: %q", err)
			}
		})
	}
}
