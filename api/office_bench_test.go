package api_test

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/store"
)

// The office's work on the whole nation: 11,368 units, 10,599 communes, through the API on a real record.
func BenchmarkOffice(b *testing.B) {
	nation, err := os.ReadFile(filepath.FromSlash("../configs/roster/units-vn-3tier.csv"))
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	srv, made, _, _ := servertest.Wire(b, servertest.NewKeys(b),
		signaling.Config{Record: st, Media: servertest.NewFakeMedia(), Log: slog.New(slog.DiscardHandler)},
		api.Config{Record: st, CodeKey: make([]byte, link.CodeKeySize), PublicURL: "https://hop.example.vn"})
	defer srv.Close()
	if err := srv.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	handler := made.AdminHandler()
	ask := func(b *testing.B, method, path, body string, into any) {
		b.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code >= 300 {
			b.Fatalf("%s %s: %d %.300s", method, path, w.Code, w.Body)
		}
		if into != nil {
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				b.Fatal(err)
			}
		}
	}
	convene := func(b *testing.B) string {
		b.Helper()
		var d struct{ ID string }
		ask(b, "POST", "/api/v1/drafts", `{"draft":{"title":"x","start":"2030-01-02T08:00:00+07:00","units":["TW/commune"]}}`, &d)
		var made servertest.Links
		ask(b, "POST", "/api/v1/drafts/"+d.ID+"/convene", `{"version":1}`, &made)
		if len(made.Endpoints) < 10_500 || made.Endpoints[0].Link == "" {
			b.Fatalf("%d sites", len(made.Endpoints))
		}
		return made.ID
	}
	ask(b, "POST", "/api/v1/roster", string(nation), nil)
	session := convene(b)
	b.Run("import", func(b *testing.B) {
		for b.Loop() {
			ask(b, "POST", "/api/v1/roster", string(nation), nil)
		}
	})
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			ask(b, "GET", "/api/v1/units?q=ninh+thuan", "", nil)
		}
	})
	b.Run("convene", func(b *testing.B) {
		for b.Loop() {
			convene(b)
		}
	})
	b.Run("sheet", func(b *testing.B) { // of Thanh Hóa, the largest of the provinces
		for b.Loop() {
			var sheet struct{ Sites []struct{ Link string } }
			ask(b, "GET", "/api/v1/sessions/"+session+"/sheet?unit=P38", "", &sheet)
			if len(sheet.Sites) < 180 || sheet.Sites[0].Link == "" {
				b.Fatalf("%d sites", len(sheet.Sites))
			}
		}
	})
	b.Run("board", func(b *testing.B) {
		for b.Loop() {
			ask(b, "GET", "/api/v1/sessions/"+session+"/rehearsals", "", nil)
		}
	})
}
