package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
)

// Every request has its row, and there is no row for another one.
func TestAccessTableIsWhole(t *testing.T) {
	want, rows := servertest.NewBed(t, "").API.Routes(), servertest.AccessRows(false)
	slices.Sort(want)
	if !slices.Equal(want, rows) || len(rows) < 60 {
		t.Errorf("registered\n%s\nrows\n%s", strings.Join(want, "\n"), strings.Join(rows, "\n"))
	}
}

// The page of the manual shows the table as it is.
func TestAccessTableInTheManual(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```text\n"+servertest.AccessText()+"```\n") {
		t.Error("docs/security.md does not hold access/access.txt; copy it there")
	}
}

var accountOf = map[string]account.Account{
	"account admin": {Name: "a", Role: account.RoleAdmin}, "account host": {Name: "h", Role: account.RoleHost},
	"account operator": {Name: "o", Role: account.RoleOperator},
	"account scoped":   {Name: "s", Role: account.RoleOperator, Scope: "D582"}, "account secretary": {Name: "e", Role: account.RoleSecretary},
}

// Every cell over HTTP: request by party by what it concerns by phase by state of the link, through the very routes.
func TestAccessOverHTTP(t *testing.T) {
	b := servertest.NewAccessBed(t)
	clock := &servertest.Settable{Began: time.Now()}
	b.Time = clock.Source()
	b.Restart(false)
	var who access.Identity
	var asks error
	api := b.API.Probe(func(*http.Request) (access.Identity, error) { return who, asks })
	ask := func(what, session, code string) (int, string) {
		t.Helper()
		method, path, _ := strings.Cut(what, " ")
		path = strings.NewReplacer("{id}", session, "{code}", code, "{name}", "x", "{file}", "attendance.csv", "{entry}", "1", "{note}", "1").Replace(path)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
		return w.Code, w.Body.String()
	}
	signed := map[link.Holder]string{}
	identify := func(party, session string, serial int) error {
		if of, ok := accountOf[party]; ok {
			who, asks = access.Identity{Holder: link.Holder{Endpoint: of.Name}, Account: &of}, nil
			return nil
		}
		if party == "token admin" {
			who, asks = access.Identity{Holder: link.Holder{Endpoint: "ops", Role: link.RoleAdmin}}, nil
			return nil
		}
		seat := servertest.SeatOf[party]
		holder := link.Holder{Session: session, Endpoint: seat.Code, Role: string(seat.Role), Serial: serial}
		if signed[holder] == "" {
			var err error
			if signed[holder], err = b.Tokens.SignLink(holder); err != nil {
				t.Fatal(err)
			}
		}
		who, asks = b.Srv.Links().Identify(t.Context(), signed[holder])
		return asks
	}
	cells, admitted := 0, 0
	for what, row := range servertest.AccessTable() {
		if strings.HasPrefix(what, "ws ") || len(row) == 0 {
			continue
		}
		seats := []string{""}
		if strings.Contains(what, "{code}") {
			seats = []string{"C1", "P58", "@host", "@secretary", servertest.Delegate, "NOBODY"}
		}
		for party, cell := range row {
			b.Every(party, func(phase meeting.Phase, session string) {
				for _, code := range seats {
					if err := identify(party, session, 2); err != nil {
						t.Fatalf("%s in %s: %v", party, phase, err)
					}
					want := cell != "" && (code == "" || strings.Contains(cell, servertest.Letters(party)[code]))
					status, body := ask(what, session, code)
					if cells++; want {
						admitted++
					}
					if want != (status == http.StatusNoContent) || !want && status != http.StatusForbidden {
						t.Errorf("%s of %q by %s, %s: %d %s, cell %q", what, code, party, phase, status, body, cell)
					}
					if _, isLink := servertest.SeatOf[party]; !isLink {
						continue
					}
					// Another session's link, and one that is no longer in force.
					if strings.Contains(what, "/sessions/{id}") {
						if status, _ := ask(what, b.Other, code); status != http.StatusForbidden {
							t.Errorf("%s of another session by %s: %d", what, party, status)
						}
						cells++
					}
					for _, serial := range []int{1, 3} {
						_ = identify(party, session, serial)
						if status, _ := ask(what, session, code); status != http.StatusUnauthorized {
							t.Errorf("%s by a replaced link of %s: %d", what, party, status)
						}
						cells++
					}
				}
			})
		}
		who, asks = access.Identity{}, nil
		if status, _ := ask(what, b.Other, "C1"); status != http.StatusForbidden {
			t.Errorf("%s by nobody: %d", what, status)
		}
		of := accountOf["account admin"]
		of.MustChange = true
		who = access.Identity{Holder: link.Holder{Endpoint: "a", Role: link.RoleAdmin}, Account: &of}
		want := http.StatusForbidden
		if row["account admin"] == "o" {
			want = http.StatusNoContent
		}
		if status, body := ask(what, b.Other, "C1"); status != want || want == http.StatusForbidden && !strings.Contains(body, "must_change") {
			t.Errorf("%s by who must change the password: %d %s", what, status, body)
		}
		cells += 2
	}
	t.Logf("%d cells, %d of them admitted", cells, admitted)
	if cells < 8000 {
		t.Errorf("only %d cells", cells)
	}
	// The states of a link that end it for the whole session, over all requests.
	for _, tt := range []struct {
		state string
		phase meeting.Phase
		end   func(session string)
	}{
		{"revoked", meeting.PhaseOpen, func(session string) {
			for _, seat := range servertest.SeatOf {
				b.Admin("POST", "/api/v1/sessions/"+session+"/links/"+seat.Code+"/revoke", "", nil)
			}
		}},
		{"expired", meeting.PhaseEnded, func(string) { clock.Set(link.Life + time.Hour) }},
	} {
		session := b.Sessions[tt.phase]
		tt.end(session)
		for what, row := range servertest.AccessTable() {
			if strings.HasPrefix(what, "ws ") || len(row) == 0 {
				continue
			}
			for party := range servertest.SeatOf {
				_ = identify(party, session, 2)
				if status, _ := ask(what, session, "C1"); status != http.StatusUnauthorized {
					t.Errorf("%s by a link of %s that is %s: %d", what, party, tt.state, status)
				}
			}
		}
	}
}
