package store_test

import (
	"fmt"
	"log/slog"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/google/go-cmp/cmp"
)

func figuresOf(id string, seq uint64, at time.Time, sites int) *figures.Session {
	f := &figures.Session{ID: id, Title: "Phiên họp " + id, StartedAt: at, EndedAt: at.Add(2 * time.Hour), Seq: seq}
	f.Units = append(f.Units, meeting.Unit{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"})
	for p := range (sites + 167) / 168 {
		f.Units = append(f.Units, meeting.Unit{Code: fmt.Sprintf("P%02d", p), Parent: "TW", Level: meeting.LevelProvince, Name: fmt.Sprintf("Tỉnh số %d", p)})
	}
	provinces := len(f.Units) - 1
	for i := range sites {
		f.Units = append(f.Units, meeting.Unit{Code: fmt.Sprintf("C%05d", i), Parent: f.Units[1+i%provinces].Code, Level: meeting.LevelCommune,
			Name: fmt.Sprintf("Xã Phước Bình %d", i)})
		f.Sites = append(f.Sites, figures.Site{
			Unit: len(f.Units) - 1, Verdict: []meeting.Verdict{meeting.VerdictOnTime, meeting.VerdictOnTime, meeting.VerdictLate,
				meeting.VerdictAbsent}[(i+int(seq))%4], PresentS: 7000 + i%100,
			ReceivedS: 6900, Headcount: i % 30, Interruptions: i % 3, Packets: 1_500_000, Lost: uint64(i % 1000),
		})
	}
	return f
}

func TestFigures(t *testing.T) {
	conformance(t, func(f *fixture) {
		ctx, node := f.t.Context(), ledger.NewNode("n1", 0)
		chains := map[string]*ledger.Chain{}
		stale := func(want ...string) {
			f.t.Helper()
			got, err := f.s.StaleFigures(ctx)
			if err != nil || !slices.Equal(got, want) {
				f.t.Fatalf("stale %q, %v; want %q", got, err, want)
			}
		}
		for i, id := range []string{"s1", "s2", "s3"} {
			chains[id] = session(f.t, f.s, id, node)
			if i == 2 {
				break // still running
			}
			if err := f.s.Append(ctx, id, meeting.PhaseEnded, []ledger.Entry{next(f.t, chains[id], &meeting.Ended{})}); err != nil {
				f.t.Fatal(err)
			}
		}
		stale("s1", "s2")
		one, two := figuresOf("s1", 2, t0, 3), figuresOf("s2", 2, t0.AddDate(0, 1, 0), 3)
		for _, s := range []*figures.Session{one, two} {
			if err := f.s.PutFigures(ctx, s); err != nil {
				f.t.Fatal(err)
			}
		}
		stale()
		if err := f.s.Append(ctx, "s1", meeting.PhaseSealed, []ledger.Entry{next(f.t, chains["s1"], &meeting.Sealed{})}); err != nil {
			f.t.Fatal(err)
		}
		stale("s1")
		later := figuresOf("s1", 3, t0, 4)
		if err := f.s.PutFigures(ctx, later); err != nil {
			f.t.Fatal(err)
		}
		if err := f.s.PutFigures(ctx, one); err != nil { // who was slower knows less
			f.t.Fatal(err)
		}
		stale()
		db, _ := f.raw()
		var lists, used int // of units: s1 has others now, s2 those that it shared
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*), (SELECT COUNT(DISTINCT units) FROM figures) FROM figures_units").Scan(&lists, &used); err != nil {
			f.t.Fatal(err)
		}
		if lists != 2 || used != 2 {
			f.t.Errorf("%d lists of units are kept, %d are used; want 2 of each", lists, used)
		}
		again := figuresOf("s1", 4, t0, 3)
		if err := f.s.PutFigures(ctx, again); err != nil {
			f.t.Fatal(err)
		}
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM figures_units").Scan(&lists); err != nil || lists != 1 {
			f.t.Errorf("%d lists of units are kept, %v; want the one that both sessions share", lists, err)
		}
		if err := f.s.PutFigures(ctx, later); err != nil { // rests on less of the ledger
			f.t.Fatal(err)
		}
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM figures_units").Scan(&lists); err != nil || lists != 1 {
			f.t.Errorf("%d lists of units are kept, %v, of figures that were not", lists, err)
		}
		later = again
		f.reopen()
		for _, tt := range []struct {
			from, to time.Time
			want     []*figures.Session
		}{
			{want: []*figures.Session{two, later}},
			{from: t0.AddDate(0, 0, 1), want: []*figures.Session{two}},
			{to: two.StartedAt, want: []*figures.Session{later}},
			{from: t0, to: two.StartedAt.Add(time.Microsecond), want: []*figures.Session{two, later}},
			{from: two.StartedAt.Add(time.Hour)},
		} {
			var got []*figures.Session
			for s, err := range f.s.Figures(ctx, tt.from, tt.to) {
				if err != nil {
					f.t.Fatal(err)
				}
				s.Sites = slices.Clone(s.Sites)
				got = append(got, s)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				f.t.Errorf("from %v to %v: %s", tt.from, tt.to, diff)
			}
		}
		var ids []string
		for s, err := range f.s.FiguresBefore(ctx, "s2") {
			if err != nil {
				f.t.Fatal(err)
			}
			ids = append(ids, s.ID)
		}
		for s, err := range f.s.FiguresBefore(ctx, "s1") {
			if err != nil {
				f.t.Fatal(err)
			}
			ids = append(ids, s.ID)
		}
		if !slices.Equal(ids, []string{"s2", "s1", "s1"}) {
			f.t.Errorf("compared are %q", ids)
		}
		if err := f.s.ForgetFigures(ctx); err != nil {
			f.t.Fatal(err)
		}
		stale("s1", "s2")
	})
}

// none is an organisation of which nothing is known, so that every unit stands as in its sessions.
type none struct{}

func (none) Unit(string) (meeting.Unit, bool) { return meeting.Unit{}, false }
func (none) Follow(code string) string        { return code }

// BenchmarkFigures answers for a year of a nation: 100 sessions of 10,600 sites, by province and for each unit.
func BenchmarkFigures(b *testing.B) {
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		dsn := b.TempDir() + "/diemcau.db"
		if database == "PostgreSQL" {
			dsn = server.Database(b)
		}
		s, err := store.Open(b.Context(), dsn, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		for i := range 100 {
			if err := s.PutFigures(b.Context(), figuresOf(fmt.Sprint("s", i), uint64(i), t0.AddDate(0, 0, 3*i), 10_600)); err != nil {
				b.Fatal(err)
			}
		}
		for _, q := range []figures.Query{{}, {Unit: "P07"}, {Each: true, Order: figures.ByAbsent}} {
			b.Run(fmt.Sprintf("%s/unit=%s,each=%t", database, q.Unit, q.Each), func(b *testing.B) {
				began := cpu(b)
				for b.Loop() {
					sum := figures.NewAdder(none{}, q)
					for f, err := range s.Figures(b.Context(), time.Time{}, time.Time{}) {
						if err != nil {
							b.Fatal(err)
						}
						sum.Add(f)
					}
					if got := sum.Table(); len(got.Sessions) != 100 || q.Unit == "" && got.Total.Convened != 1_060_000 {
						b.Fatalf("%d sessions, %d sites", len(got.Sessions), got.Total.Convened)
					}
				}
				b.ReportMetric(float64((cpu(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is the time that the processors have given to this process: what a busy machine does not change.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
