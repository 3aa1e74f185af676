package api_test

import (
	"database/sql"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// Names go when a session is over and old enough, and only then; by request or by the server itself.
func TestNamesAreKeptForATime(t *testing.T) { onBoth(t, namesAreKeptForATime) }

func namesAreKeptForATime(b *servertest.Bed) {
	t := b.T
	c1 := b.Enter("C1")
	c1.Ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Nguyễn Văn A"}}})
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	secretary := servertest.Token(b.Links.Links.Secretary)
	names := func() bool {
		_, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/ledger.jsonl", secretary, "")
		return strings.Contains(body, "Nguyễn Văn A")
	}
	erase := func(before time.Time) (int, string) {
		return b.Request("DELETE", "/api/v1/names?before="+url.QueryEscape(before.Format(time.RFC3339)), admin.Token, "")
	}
	later := time.Now().Add(time.Hour)
	if status, body := erase(later); status != 200 || !strings.Contains(body, `"entries":0`) || !names() {
		t.Errorf("of a session that goes on: %d %s", status, body)
	}
	c1.Close()
	b.Request("POST", "/api/v1/sessions/"+b.Links.ID+"/end", servertest.Token(b.Links.Links.Host), "")
	if status, body := erase(time.Now().Add(-time.Hour)); status != 200 || !strings.Contains(body, `"entries":0`) || !names() {
		t.Errorf("of a session that ended since: %d %s", status, body)
	}
	if status, _ := b.Request("DELETE", "/api/v1/names?before=yesterday", admin.Token, ""); status != http.StatusBadRequest {
		t.Errorf("no time: %d", status)
	}
	if status, _ := b.Request("DELETE", "/api/v1/names?before=2026-01-01T00:00:00Z", secretary, ""); status != http.StatusForbidden {
		t.Errorf("the secretary erases: %d", status)
	}
	b.NamesKept = time.Nanosecond // the next server finds it old enough
	b.Restart(false)
	secretary = servertest.Token(b.Links.Links.Secretary)
	servertest.Await(t, "the names are gone", func() bool { return !names() })
	if status, body := erase(later); status != 200 || !strings.Contains(body, `"entries":0`) {
		t.Errorf("again: %d %s", status, body)
	}
	_, text := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/ledger.jsonl", secretary, "")
	if n := strings.Count(text, `"kind":"names_erased"`); n != 1 {
		t.Errorf("%d entries say that names were erased", n)
	}
}

// One broken ledger keeps no names, neither its own nor those of others. Nobody can add an entry to it that says so.
func TestNamesGoBesideABrokenLedger(t *testing.T) {
	for what, spoil := range map[string]func(b *servertest.Bed, id string){
		"an entry changed": func(b *servertest.Bed, id string) {
			db, err := sql.Open("sqlite", b.File)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(b.Context(), "UPDATE entries SET kind = 'hand_lowered' WHERE session = ? AND seq = 2", id); err != nil {
				b.Fatal(err)
			}
		},
		"a reader panics": func(b *servertest.Bed, id string) { b.Record.Upset.Store(&id) },
	} {
		t.Run(what, func(t *testing.T) {
			b := servertest.NewBed(t, "")
			b.T = t
			sessions := []servertest.Links{b.Links, {}, {}}
			for i := range sessions[1:] {
				b.Admin("POST", "/api/v1/sessions", `{"title":"Other","units":"D582/*","start":"now","countdown_s":0}`, &sessions[i+1])
			}
			left := func(l servertest.Links) int64 {
				n, err := b.Record.PersonalEntries(t.Context(), l.ID)
				if err != nil {
					t.Error(err)
				}
				return n
			}
			for _, l := range sessions {
				b.Links = l
				c1 := b.Enter("C1")
				c1.Ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Nguyễn Văn A"}}})
				c1.Close()
				b.Request("POST", "/api/v1/sessions/"+l.ID+"/end", servertest.Token(l.Links.Host), "")
				if left(l) == 0 {
					t.Fatal("the test has put no names in")
				}
			}
			b.Links = sessions[0] // the broken one is the second of three
			spoil(b, sessions[1].ID)
			b.Restart(false)
			var admin struct{ Token string }
			b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
			later := url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339))
			if status, body := b.Request("DELETE", "/api/v1/names?before="+later, admin.Token, ""); status != 200 {
				t.Errorf("%d %s", status, body)
			}
			for i, l := range sessions {
				if n := left(l); n != 0 {
					t.Errorf("session %d still has %d entries with names", i, n)
				}
			}
			b.LogMu.Lock()
			defer b.LogMu.Unlock()
			if !strings.Contains(b.LogText.String(), "no entry says so") {
				t.Error("the log says nothing")
			}
		})
	}
}

func TestBackup(t *testing.T) {
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	if status, _ := b.Request("GET", "/api/v1/backup", servertest.Token(b.Links.Links.Host), ""); status != http.StatusForbidden {
		t.Errorf("the host takes a copy: %d", status)
	}
	status, body := b.Request("GET", "/api/v1/backup", admin.Token, "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	path := filepath.Join(t.TempDir(), "diemcau.db")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if rows, err := st.Sessions(t.Context()); err != nil || len(rows) != 1 || rows[0].ID != b.Links.ID {
		t.Errorf("%v, %v", rows, err)
	}
}
