package signaling_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// forge changes the record behind the server's back.
func forge(b *servertest.Bed, query string, args ...any) {
	b.Helper()
	db, err := sql.Open("sqlite", b.File+"?_pragma=busy_timeout(5000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(b.Context(), query, args...); err != nil {
		b.Fatal(err)
	}
}

// listed is the bed's session in the list of sessions.
func listed(b *servertest.Bed) (phase, title, contradiction string) {
	b.Helper()
	var list struct {
		Sessions []struct{ ID, Phase, Title, Contradiction string }
	}
	b.Admin("GET", "/api/v1/sessions", "", &list)
	for _, s := range list.Sessions {
		if s.ID == b.Links.ID {
			return s.Phase, s.Title, s.Contradiction
		}
	}
	b.Fatalf("the session is not in the list: %+v", list)
	return "", "", ""
}

// What the list in the record says against the ledger is noticed at the start and in lists, told, and never gone by.
func TestListContradictsTheLedger(t *testing.T) {
	for name, tt := range map[string]struct {
		query, says string
		heals       bool // the next entry puts it right
	}{
		"over, but not by the ledger": {"UPDATE sessions SET phase = 'ended'", `the list had the phase "ended", the ledger "open"`, true},
		"sealed":                      {"UPDATE sessions SET phase = 'sealed'", `the list had the phase "sealed", the ledger "open"`, true},
		"live, but not by the ledger": {"UPDATE sessions SET phase = 'live'", `the list had the phase "live", the ledger "open"`, true},
		"not a phase":                 {"UPDATE sessions SET phase = 'x'", `the list had the phase "x", the ledger "open"`, true},
		"another title":               {"UPDATE sessions SET title = 'Khác'", `the list had the title "Khác", the ledger "Giao ban"`, false},
		"a ledger that was cut": {"DELETE FROM entries WHERE seq >= (SELECT seq FROM entries WHERE kind = 'started')",
			`the list had the phase "ended", the ledger "open"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := servertest.NewBed(t, "")
			if code, _ := ready(b); code != http.StatusOK {
				t.Fatalf("readyz before: %d", code)
			}
			if strings.HasPrefix(tt.query, "DELETE") {
				host := b.Enter(meeting.HostCode)
				host.Ask(protocol.Start{})
				host.Ask(protocol.End{})
			}
			forge(b, tt.query)
			b.Restart(false)
			if code, text := ready(b); code != http.StatusServiceUnavailable || !strings.Contains(text, "contradicted") || strings.Contains(text, b.Links.ID) {
				t.Errorf("readyz: %d %s", code, text)
			}
			if _, metrics := b.Request("GET", "/metrics", "", ""); !strings.Contains(metrics, "diemcau_list_contradictions 1") {
				t.Error("the metric does not tell of it")
			}
			phase, title, contradiction := listed(b)
			if !strings.Contains(tt.says, `ledger "`+phase) && tt.heals || title != "Giao ban" || contradiction != tt.says {
				t.Errorf("listed as %q %q, %q", phase, title, contradiction)
			}
			b.LogMu.Lock()
			told := strings.Count(b.LogText.String(), "behind the server's back")
			b.LogMu.Unlock()
			if told != 1 {
				t.Errorf("the log tells of it %d times", told)
			}
			if phase != string(meeting.PhaseOpen) {
				return
			}
			host := b.Enter(meeting.HostCode) // it was taken over, whatever the list says, and this is an entry
			host.Sees("how the record stands", func() bool {
				return len(host.Recording) == 1 && host.Recording[0] == protocol.Recording{Contradiction: true}
			})
			b.Restart(false)
			if code, text := ready(b); (code == http.StatusOK) != tt.heals {
				t.Errorf("readyz after the next start: %d %s", code, text)
			}
		})
	}
}

// A list that is changed while the server runs is noticed by who asks for it, and names are not erased by it.
func TestListIsForgedMeanwhile(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	c1.Ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Nguyễn Thị Bé"}}})
	forge(b, "UPDATE sessions SET phase = 'sealed'")
	var erased struct{ Entries int }
	b.Admin("DELETE", "/api/v1/names?before=2100-01-01T00:00:00Z", "", &erased)
	if erased.Entries != 0 {
		t.Errorf("names of a live session were erased: %d", erased.Entries)
	}
	if phase, _, contradiction := listed(b); phase != "live" || !strings.Contains(contradiction, "sealed") {
		t.Errorf("listed as %q, %q", phase, contradiction)
	}
	if code, _ := ready(b); code != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", code)
	}
	host.Ask(protocol.End{})
	b.Restart(false) // the next entry has put it right
	if phase, _, contradiction := listed(b); phase != "ended" || contradiction != "" {
		t.Errorf("afterwards %q, %q", phase, contradiction)
	}
	if code, text := ready(b); code != http.StatusOK {
		t.Errorf("readyz afterwards: %d %s", code, text)
	}
	forge(b, "UPDATE sessions SET phase = 'live'")
	if phase, _, contradiction := listed(b); phase != "ended" || !strings.Contains(contradiction, "live") {
		t.Errorf("listed as %q, %q", phase, contradiction)
	}
}
