package api_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
)

// BenchmarkFigures answers whole requests for a nation's year: 100 sessions of 10,599 communes that were counted by the map of
// three tiers, asked by the map of two; as JSON by province, of a province, of those most often absent, and as files of all.
func BenchmarkFigures(b *testing.B) {
	nation := func(name string) string {
		text, err := os.ReadFile(filepath.FromSlash("../configs/roster/" + name))
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	before, faults := roster.Import(strings.NewReader(nation("units-vn-3tier.csv")), roster.CSV)
	if len(faults) > 0 {
		b.Fatal(faults)
	}
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		b.Run(database, func(b *testing.B) {
			dsn := filepath.Join(b.TempDir(), "diemcau.db")
			if database == "PostgreSQL" {
				server, err := postgrestest.Start()
				if err != nil {
					b.Skip(err)
				}
				b.Cleanup(func() { _ = server.Stop() })
				dsn = server.Database(b)
			}
			st, err := store.Open(b.Context(), dsn, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			srv, made, _, _ := servertest.Wire(b, servertest.NewKeys(b), signaling.Config{Record: st, Media: servertest.NewFakeMedia(),
				Log: slog.New(slog.DiscardHandler)},
				api.Config{Record: st, CodeKey: make([]byte, link.CodeKeySize), PublicURL: "https://hop.example.vn"})
			defer srv.Close()
			if err := srv.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			handler := made.AdminHandler()
			ask := func(b *testing.B, method, path, body string) string {
				b.Helper()
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
				if w.Code >= 300 {
					b.Fatalf("%s %s: %d %.300s", method, path, w.Code, w.Body)
				}
				return w.Body.String()
			}
			ask(b, "POST", "/api/v1/roster", nation("units-vn-2tier.csv"))
			for i := range 100 {
				if err := st.PutFigures(b.Context(), yearOf(before, i)); err != nil {
					b.Fatal(err)
				}
			}
			for _, path := range []string{"", "?unit=P56", "?each=1&order=absent&limit=20", ".xlsx?each=1", ".pdf?unit=P56", "/compare?session=s99"} {
				b.Run(strings.NewReplacer("/", "", "&", ",").Replace(path), func(b *testing.B) {
					size := 0
					for b.Loop() {
						size = len(ask(b, "GET", "/api/v1/figures"+path, ""))
					}
					b.ReportMetric(float64(size), "answer-bytes")
				})
			}
		})
	}
}

// yearOf is one of a year's sessions of all communes.
func yearOf(tree *roster.Tree, number int) *figures.Session {
	at := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC).AddDate(0, 0, 3*number)
	f := &figures.Session{ID: fmt.Sprint("s", number), Title: fmt.Sprint("Phiên họp thứ ", number+1), StartedAt: at, EndedAt: at.Add(2 * time.Hour), Seq: 9}
	verdicts := []meeting.Verdict{meeting.VerdictOnTime, meeting.VerdictOnTime, meeting.VerdictLate, meeting.VerdictAbsent}
	for _, u := range tree.Units() {
		f.Units = append(f.Units, u)
		if u.Level != meeting.LevelCommune {
			continue
		}
		i := len(f.Sites)
		f.Sites = append(f.Sites, figures.Site{
			Unit: len(f.Units) - 1, Verdict: verdicts[(i+number)%4], PresentS: 7000 + i%100, ReceivedS: 6900, Headcount: i % 30, Interruptions: i % 3,
			Packets: 1_500_000, Lost: uint64(i % 1000),
		})
	}
	return f
}
