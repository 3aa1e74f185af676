package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

// A command that is killed at any of its writes has done all or nothing. It is killed at its first write to the database,
// then anew at its second, and so on until it comes through. make steps does that with every command and every write.
func TestKilledAtEachWrite(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	bin := buildBinary(t)
	all := os.Getenv("DIEMCAU_TEST_STEPS") != ""
	t.Run("SQLite", func(t *testing.T) {
		dir := t.TempDir()
		// Each page of the log is written by two calls; the last is the commit, which is followed by a sync.
		s := &steps{T: t, strace: strace, bin: bin, calls: "pwrite64", where: []string{"--data", dir}, record: filepath.Join(dir, "diemcau.db")}
		s.run(all)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		database := startPostgres(t).Database(t)
		s := &steps{T: t, strace: strace, bin: bin, calls: "write", where: []string{"--data", t.TempDir(), "--database", database}, record: database}
		s.run(all)
	})
}

type steps struct {
	*testing.T
	strace, bin, calls, record string
	where                      []string
}

// run steps through convening, calling off and erasing, and if all are wanted through the other commands that change a session.
func (s *steps) run(all bool) {
	must(s.T, append([]string{"roster", "import", write(s.T, "units.csv", smallRoster)}, s.where...)...)
	s.each("session create", all, func(before, after map[string]state) {
		for id, now := range after {
			if _, old := before[id]; !old && (now.links == 0 || !slices.Equal(now.kinds, []string{"convened", "opened"})) {
				s.Errorf("half a session: %+v", now)
			}
		}
	}, "session", "create", "--title", "Phiên họp", "--units", "P58/*", "--start", "now", "--json")
	planned := create(s.T, append([]string{"--start", "2030-01-02T08:00:00+07:00"}, s.where...)...)
	whole := func(kinds ...string) func(before, after map[string]state) { // all of them or none
		return func(before, after map[string]state) {
			b, a := before[planned.ID], after[planned.ID]
			made := a.kinds[len(b.kinds):]
			if len(made) > 0 && !slices.Equal(made, kinds) || a.links != b.links || a.serials > b.serials+1 {
				s.Errorf("before %+v, after %+v", b, a)
			}
		}
	}
	if code := planned.Endpoints[0].Code; all {
		s.each("reissue", all, whole(), "session", "link", "reissue", code, "--session", planned.ID)
		s.each("move", all, whole("moved"), "session", "move", "--session", planned.ID, "--start", "2030-01-03T08:00:00+07:00")
	}
	s.each("call off", all, whole("called_off", "ended"), "session", "call-off", "--session", planned.ID, "--reason", "mưa bão")
	s.declare(planned.ID)
	s.each("erase", all, func(before, after map[string]state) {
		whole("names_erased")(before, after)
		if a := after[planned.ID]; slices.Contains(a.kinds, "names_erased") != (a.personal == 0) {
			s.Errorf("erased by halves: %+v", a)
		}
	}, "admin", "erase-names", "--session", planned.ID)
}

// each kills a command at its first write, its second, and so on until it is not killed, and compares the record before and
// after. Without all writes it goes faster and faster.
func (s *steps) each(name string, all bool, compare func(before, after map[string]state), args ...string) {
	s.Helper()
	kills, done := 0, false
	for n := 1; ; n++ {
		before := s.look()
		trace := []string{"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + s.calls, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", s.calls, n), s.bin}
		cmd := exec.CommandContext(s.Context(), s.strace, append(append(trace, args...), s.where...)...)
		out, err := cmd.CombinedOutput()
		after := s.look()
		compare(before, after)
		if err == nil {
			break
		}
		refused := cmd.ProcessState.ExitCode() == exitBroken
		if refused && done { // what was killed after its commit cannot be done again
			break
		}
		done = done || !reflect.DeepEqual(before, after)
		if refused {
			s.Fatalf("%s, write %d: %s", name, n, out)
		}
		kills++
		if !all {
			n += n / 4
		}
		if n > 5000 {
			s.Fatalf("%s does not come through: %s", name, out)
		}
	}
	if kills == 0 {
		s.Errorf("%s was never killed", name)
	}
	s.Logf("%s: killed at %d writes", name, kills)
}

// state is what the record holds of a session.
type state struct {
	kinds   []string
	links   int
	serials int
	// personal counts the entries that have something personal beside them.
	personal int
}

// declare puts something personal into a session.
func (s *steps) declare(id string) {
	s.Helper()
	st, err := store.Open(s.Context(), s.record, slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	head, err := st.Head(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	chain, now := ledger.NewChain(id, ledger.NewNode("test", 0), head), time.Now().UTC().Truncate(time.Microsecond)
	e, err := chain.Next(time.Time{}, now, "", &meeting.HelpPhoneSet{Phone: "0259 3822 xxx"})
	if err != nil {
		s.Fatal(err)
	}
	if err := st.Append(s.Context(), id, meeting.PhaseEnded, []ledger.Entry{e}); err != nil {
		s.Fatal(err)
	}
}

func (s *steps) look() map[string]state {
	s.Helper()
	st, err := store.Open(s.Context(), s.record, slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	rows, err := st.Sessions(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	found := map[string]state{}
	for _, row := range rows {
		var now state
		for e, err := range ledger.Checked(st.Entries(s.Context(), row.ID, 1)) {
			if err != nil {
				s.Fatal(err)
			}
			now.kinds = append(now.kinds, e.Kind)
			if e.Personal != nil {
				now.personal++
			}
		}
		links, err := st.Links(s.Context(), row.ID)
		if err != nil {
			s.Fatal(err)
		}
		now.links = len(links)
		for _, l := range links {
			now.serials += l.Serial
		}
		found[row.ID] = now
	}
	return found
}
