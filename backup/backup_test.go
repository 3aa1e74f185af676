package backup

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/diemcau/diemcau/anchor"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	t0   = time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC)
	mute = slog.New(slog.DiscardHandler)
)

// record makes a record with a session of n entries, and a copy of it after the first two.
func record(t *testing.T, dir string, n int) (st *store.Store, copied string) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(dir, recordFile), mute)
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	copied = filepath.Join(t.TempDir(), "copy.db")
	for i := range n {
		var ev meeting.Event = &meeting.HandRaised{Endpoint: "C1"}
		if i == 0 {
			ev = &meeting.Convened{Title: "T", TimeZone: "UTC"}
		}
		e, err := c.Next(time.Time{}, t0.Add(time.Duration(i)*time.Second), "", ev)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			err = st.CreateSession(t.Context(), store.NewSession{
				SessionRow: store.SessionRow{ID: "s1", Title: "T", Phase: meeting.PhaseOpen, CreatedAt: t0}, Entries: []ledger.Entry{e},
			})
		} else {
			err = st.Append(t.Context(), "s1", meeting.PhaseOpen, []ledger.Entry{e})
		}
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if err := st.Backup(t.Context(), copied); err != nil {
				t.Fatal(err)
			}
		}
	}
	return st, copied
}

func TestDrill(t *testing.T) {
	st, copied := record(t, t.TempDir(), 3)
	defer st.Close()
	before, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Drill(t.Context(), copied, mute)
	if err != nil || s.Sessions != 1 || s.Entries != 2 || !s.Newest.Equal(t0.Add(time.Second)) {
		t.Errorf("%+v, %v", s, err)
	}
	if after, err := os.ReadFile(copied); err != nil || !slices.Equal(before, after) {
		t.Error("the drill changed the copy")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(copied), ".diemcau-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// damage changes a record as something else than this program would.
func damage(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestBadCopiesAreRefused(t *testing.T) {
	st, good := record(t, t.TempDir(), 3)
	defer st.Close()
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	variant := func(change func(file string)) string {
		file := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		change(file)
		return file
	}
	cut := func(n int64) func(string) {
		return func(file string) {
			if err := os.Truncate(file, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		file string
		want error
		says string
	}{
		"cut":     {variant(cut(int64(len(text)) / 2)), store.ErrNotADatabase, ""},
		"empty":   {variant(cut(0)), store.ErrNotADatabase, ""},
		"a text":  {variant(func(f string) { os.WriteFile(f, []byte(strings.Repeat("kính gửi ", 900)), 0o600) }), store.ErrNotADatabase, ""},
		"foreign": {variant(func(f string) { damage(t, f, "DROP TABLE goose_db_version") }), store.ErrNotADatabase, ""},
		"newer": {variant(func(f string) { damage(t, f, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)") }),
			store.ErrNewerSchema, "999"},
		"changed entry": {variant(func(f string) { damage(t, f, "UPDATE entries SET kind = 'hand_lowered' WHERE seq = 2") }), nil, "broken at entry 2"},
		"no entries":    {variant(func(f string) { damage(t, f, "DELETE FROM entries") }), nil, "empty"},
		"not there":     {filepath.Join(t.TempDir(), "none.db"), fs.ErrNotExist, ""},
	} {
		dir := t.TempDir()
		_, err := Restore(t.Context(), c.file, dir, false, t0, mute)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, recordFile)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something was restored", name)
		}
	}
}

func TestRestoreOverARecord(t *testing.T) {
	dir := t.TempDir()
	st, copied := record(t, dir, 5)
	if _, err := Restore(t.Context(), copied, dir, true, t0, mute); !errors.Is(err, store.ErrInUse) {
		t.Errorf("beside a server: %v", err)
	}
	keeper, _, err := anchor.Open(t.Context(), anchor.Config{Dir: dir, Record: st, Every: time.Hour, Log: mute, Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(keeper.Start(t.Context()), keeper.Close(), st.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, dir, false, t0, mute); !errors.Is(err, ErrRecordThere) {
		t.Errorf("over a record: %v", err)
	}
	r, err := Restore(t.Context(), copied, dir, true, t0, mute)
	if err != nil || r.Entries != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Lost) != 1 || !strings.Contains(r.Lost[0], "s1") {
		t.Errorf("lost: %q; the file of heads knows five entries", r.Lost)
	}
	for _, name := range []string{recordFile, anchor.HeadsFile} {
		if !slices.Contains(r.Aside, filepath.Join(dir, name+".before-20261129T010000Z")) {
			t.Errorf("%s is not aside: %v", name, r.Aside)
		}
	}
	for file, want := range map[string]uint64{recordFile: 2, recordFile + ".before-20261129T010000Z": 5} {
		again, err := store.Open(t.Context(), filepath.Join(dir, file), mute)
		if err != nil {
			t.Fatal(err)
		}
		if head, err := again.Head(t.Context(), "s1"); err != nil || head.Seq != want {
			t.Errorf("%s ends at %d, %v", file, head.Seq, err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A process that was killed leaves its last entries in the write-ahead log, which goes with the record that is put aside.
func TestRestoreKeepsTheLogOfTheRecordPutAside(t *testing.T) {
	live, dir := t.TempDir(), t.TempDir()
	st, copied := record(t, live, 5)
	defer st.Close()
	for _, name := range []string{recordFile, recordFile + "-wal", recordFile + "-shm"} {
		if err := copyFile(t.Context(), filepath.Join(live, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Restore(t.Context(), copied, dir, true, t0, mute)
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, recordFile+".before-20261129T010000Z")
	if want := []string{kept, kept + "-wal", kept + "-shm"}; !slices.Equal(r.Aside, want) {
		t.Errorf("put aside: %v, want %v", r.Aside, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, recordFile+"-*")); len(left) > 0 {
		t.Errorf("beside the restored record: %v", left)
	}
	for file, want := range map[string]uint64{filepath.Join(dir, recordFile): 2, kept: 5} {
		s, err := open(t.Context(), file, mute, nil)
		if err != nil || uint64(s.Entries) != want {
			t.Errorf("%s has %d entries, %v; want %d", file, s.Entries, err, want)
		}
	}
	if _, err := Restore(t.Context(), copied, dir, true, t0, mute); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again within the second: %v", err)
	}
	if s, err := open(t.Context(), kept, mute, nil); err != nil || s.Entries != 5 {
		t.Errorf("what was put aside before: %d entries, %v", s.Entries, err)
	}
}

// A restore that was cut off when the old record had moved and its log had not goes on the next time.
func TestRestoreAfterOneThatWasCutOff(t *testing.T) {
	live, dir := t.TempDir(), t.TempDir()
	st, copied := record(t, live, 5)
	defer st.Close()
	if err := copyFile(t.Context(), filepath.Join(live, recordFile+"-wal"), filepath.Join(dir, recordFile+"-wal")); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, dir, false, t0, mute); err != nil {
		t.Fatal(err)
	}
	if s, err := open(t.Context(), filepath.Join(dir, recordFile), mute, nil); err != nil || s.Entries != 2 {
		t.Errorf("%d entries, %v", s.Entries, err)
	}
}

// A clock that was ahead for a while leaves names of the future. They do not push out what is made since.
func TestKeeperAfterAClockThatWasAhead(t *testing.T) {
	st, _ := record(t, t.TempDir(), 3)
	defer st.Close()
	dir := t.TempDir()
	now := t0.AddDate(10, 0, 0)
	k, err := NewKeeper(Config{Record: st, Dir: dir, Every: time.Hour, Keep: 2, Log: mute, Registry: prometheus.NewRegistry(),
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	once := func(want ...time.Time) {
		t.Helper()
		if err := k.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, at := range want {
			names = append(names, nameOf(at))
		}
		if got, err := k.names(); err != nil || !slices.Equal(got, names) {
			t.Errorf("%v, %v; want %v", got, err, names)
		}
		now = now.Add(time.Hour)
	}
	ahead := now
	once(ahead)
	once(ahead, ahead.Add(time.Hour))
	now = t0
	once(ahead.Add(time.Hour), t0)
	once(t0, t0.Add(time.Hour))
	once(t0.Add(time.Hour), t0.Add(2*time.Hour))
	// A clock that is set back while a copy is made.
	if got := surplus(oldestFirst([]string{nameOf(t0), nameOf(ahead)}, t0), nameOf(ahead), 1); !slices.Equal(got, []string{nameOf(t0)}) {
		t.Errorf("%v would go", got)
	}
}

// poisoned is a source that panics.
type poisoned struct{ tries chan struct{} }

func (s poisoned) Backup(context.Context, string) error {
	s.tries <- struct{}{}
	panic("of a test")
}

func TestPanicOfACopy(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source, panics := poisoned{make(chan struct{})}, 0
		k, err := NewKeeper(Config{Record: source, Dir: dir, Every: time.Hour, Keep: 1, Log: mute, Registry: prometheus.NewRegistry(),
			Now: time.Now, Panicked: func(any, ...any) { panics++ }})
		if err != nil {
			t.Fatal(err)
		}
		k.Start(t.Context())
		for range 3 {
			<-source.tries
		}
		synctest.Wait()
		k.Close()
		if panics != 3 {
			t.Errorf("%d panics were reported", panics)
		}
	})
}

func TestKeeper(t *testing.T) {
	st, _ := record(t, t.TempDir(), 3)
	defer st.Close()
	dir := t.TempDir()
	now := t0
	k, err := NewKeeper(Config{Record: st, Dir: dir, Every: time.Hour, Keep: 2, Log: mute, Registry: prometheus.NewRegistry(),
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"diemcau-20261101T000000Z.db.making", ".diemcau-drill-1", "note.txt", "diemcau-later.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := k.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	files, err := os.ReadDir(dir)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	want := []string{"diemcau-20261129T020000Z.db", "diemcau-20261129T030000Z.db", "diemcau-later.db", "note.txt"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v; want %v", names, err, want)
	}
	if _, err := Drill(t.Context(), filepath.Join(dir, names[1]), mute); err != nil {
		t.Error(err)
	}
}

// spoiled is a source whose copies are no records.
type spoiled struct{}

func (spoiled) Backup(_ context.Context, path string) error {
	return os.WriteFile(path, []byte("no record"), 0o600)
}

func TestACopyThatCannotBeRestoredReplacesNone(t *testing.T) {
	dir := t.TempDir()
	k, err := NewKeeper(Config{Record: spoiled{}, Dir: dir, Every: time.Hour, Keep: 1, Log: mute, Registry: prometheus.NewRegistry(),
		Now: func() time.Time { return t0 }})
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, nameOf(t0.Add(-time.Hour)))
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Once(t.Context()); !errors.Is(err, store.ErrNotADatabase) {
		t.Errorf("a spoiled copy: %v", err)
	}
	if names, err := k.names(); err != nil || len(names) != 1 || names[0] != filepath.Base(old) {
		t.Errorf("%v, %v", names, err)
	}
}

func TestKeeperRunsByItself(t *testing.T) {
	st, _ := record(t, t.TempDir(), 3)
	defer st.Close()
	made := make(chan string, 1)
	k, err := NewKeeper(Config{Record: told{st, made}, Dir: t.TempDir(), Every: time.Hour, Keep: 1, Log: mute, Registry: prometheus.NewRegistry(),
		Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	k.Start(t.Context())
	<-made
	k.Close()
}

// told tells of each copy.
type told struct {
	Source
	made chan<- string
}

func (s told) Backup(ctx context.Context, path string) error {
	err := s.Source.Backup(ctx, path)
	s.made <- path
	return err
}

func TestWhenTheNextIsDue(t *testing.T) {
	hour := time.Hour
	for name, c := range map[string]struct {
		names []string
		want  time.Duration
	}{
		"none yet":      {nil, 0},
		"half way":      {[]string{nameOf(t0.Add(-9 * hour)), nameOf(t0.Add(-hour / 2))}, hour / 2},
		"overdue":       {[]string{nameOf(t0.Add(-9 * hour))}, 0},
		"of the future": {[]string{nameOf(t0.Add(1000 * hour))}, hour},
	} {
		if got := due(c.names, hour, t0); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for name, want := range map[string]bool{nameOf(t0): true, "diemcau-x.db": false, "diemcau-20261129T010000Z.db.making": false,
		"20261129T010000Z.db": false} {
		if got := !madeAt(name).IsZero(); got != want {
			t.Errorf("%s is a copy: %v", name, got)
		}
	}
}
