package signaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const delegate = "@operator-2"

// delegated is a session of C1 and P58 with an operator of D582, which C1 alone is in.
func delegated(t *testing.T) *bed {
	t.Helper()
	b := newBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	var all struct{ Operators []struct{ Code, Link string } }
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &all)
	if len(all.Operators) != 1 || all.Operators[0].Code != delegate {
		t.Fatalf("operators %+v", all.Operators)
	}
	b.links.Endpoints = append(b.links.Endpoints, struct{ Code, Unit, Name, Link string }{Code: delegate, Link: all.Operators[0].Link})
	return b
}

// A delegated operator gives out and ends the links of its own sites, and of nobody else.
func TestDelegateDoesNotBecomeHost(t *testing.T) {
	b := delegated(t)
	session, bearer := "/api/v1/sessions/"+b.links.ID, token(b.links.of(delegate))
	for _, act := range []string{"reissue", "revoke"} {
		for _, code := range []string{"P58", meeting.HostCode, meeting.OperatorCode, meeting.SecretaryCode, delegate, "NOBODY"} {
			if code == delegate { // its own seat is a console's too
				continue
			}
			if status, body := b.request("POST", session+"/links/"+code+"/"+act, bearer, ""); status != 403 || !strings.Contains(body, "forbidden") {
				t.Errorf("%s of %s: %d %s", act, code, status, body)
			}
		}
	}
	b.enter(meeting.HostCode) // its link still opens
	for path, want := range map[string]int{
		session + "/ledger.jsonl": 403, session + "/attendance.csv": 200, session + "/open": 403, session + "/end": 403, session + "/seal": 403,
	} {
		method := "GET"
		if strings.Contains(path, "/open") || strings.Contains(path, "/end") || strings.Contains(path, "/seal") {
			method = "POST"
		}
		if status, body := b.request(method, path, bearer, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := b.request("POST", session+"/links/C1/reissue", bearer, ""); status != 200 || !strings.Contains(body, "/join#") {
		t.Errorf("its own site: %d %s", status, body)
	}
}

// What a delegated operator is shown holds its own sites alone.
func TestDelegatesFilesHoldItsOwnSites(t *testing.T) {
	b := delegated(t)
	host, c1, p58 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("P58")
	host.ask(protocol.Start{})
	host.ask(protocol.RollCall{Open: true})
	c1.ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 4})
	p58.ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 30})
	p58.ask(protocol.RaiseHand{})
	host.ask(protocol.Grant{Endpoint: "P58"})
	p58.ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Trần Thị Bí Mật"}}})
	session, bearer := "/api/v1/sessions/"+b.links.ID, token(b.links.of(delegate))
	for _, file := range []string{
		"/attendance.csv", "/attendance.csv?table=intervals", "/attendance.json", "/attendance.json?limit=10", "/attendance.json?unit=P58", "/attendance.json?site=P58",
		"", "/acts", "/rehearsals",
	} {
		status, body := b.request("GET", session+file, bearer, "")
		if status != 200 {
			t.Errorf("%q: %d %s", file, status, body)
		}
		for _, foreign := range []string{`P58,`, `"P58"`, `"endpoint":"P58"`, "Trần", `"headcount":30`, `"headcount":34`, `"convened":2`} {
			// The unit that P58 is stands above C1 as its province, which it may know.
			if strings.Contains(strings.ReplaceAll(body, `{"code":"P58","parent":"TW","level":"province","name":"Ninh Thuận"}`, ""), foreign) && foreign != `"P58"` {
				t.Errorf("%q holds %s: %s", file, foreign, body)
			}
		}
	}
	var report struct {
		Sites []struct{ Endpoint string }
		Total struct{ Convened, Headcount int }
		Floor []json.RawMessage
	}
	_, body := b.request("GET", session+"/attendance.json", bearer, "")
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Sites) != 1 || report.Sites[0].Endpoint != "C1" || report.Total.Convened != 1 || report.Total.Headcount != 4 || len(report.Floor) != 0 {
		t.Errorf("%s", body)
	}
	for _, file := range []string{"/attendance.xlsx", "/attendance.pdf"} {
		if status, _ := b.request("GET", session+file, bearer, ""); status != 200 {
			t.Errorf("%s: %d", file, status)
		}
	}
}

// A link that was checked before it was revoked opens nothing after: neither a connection that is just coming, nor its
// commands, nor a request.
func TestRevocationRace(t *testing.T) {
	b := newBed(t, "")
	session := "/api/v1/sessions/" + b.links.ID
	host := b.enter(meeting.HostCode)
	host.ask(protocol.Start{})
	for round := range 60 {
		var fresh struct{ Link string }
		b.admin("POST", session+"/links/C1/reissue", "", &fresh)
		var came *client.Client
		var coming sync.WaitGroup
		coming.Go(func() {
			if c, err := client.Dial(context.Background(), fresh.Link, client.Options{TakeOver: true}); err == nil {
				came = c
			}
		})
		time.Sleep(time.Duration(round%12) * 250 * time.Microsecond) // somewhere between the first byte and the welcome
		b.admin("POST", session+"/links/C1/revoke", "", nil)
		coming.Wait()
		if came == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := came.Request(ctx, protocol.Headcount{Headcount: round + 1})
		cancel()
		var refused *client.RequestError
		switch {
		case err == nil:
			t.Errorf("round %d: a revoked link acts", round)
		case errors.As(err, &refused) && refused.Code != "bad_token":
			t.Errorf("round %d: %v", round, err)
		}
		select {
		case <-came.Done():
		case <-time.After(patience):
			t.Errorf("round %d: a revoked link stays", round)
		}
		if status, body := b.request("GET", "/api/v1/me", token(fresh.Link), ""); status != 401 {
			t.Errorf("round %d: a revoked link reads: %d %s", round, status, body)
		}
		came.Close()
		if t.Failed() {
			return
		}
	}
}

// A site that was removed may do nothing more.
func TestRemovedSiteDoesNothing(t *testing.T) {
	b := newBed(t, "")
	host, _ := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Remove{Endpoint: "C1", Removed: true})
	bearer := token(b.links.of("C1"))
	for _, req := range []string{
		"GET /api/v1/me", "PUT /api/v1/me/headcount", "PUT /api/v1/me/delegates", "PUT /api/v1/me/snapshot", "GET /api/v1/rehearsal", "POST /api/v1/rehearsal/line",
		"GET /api/v1/sessions/" + b.links.ID + "/calendar.ics",
	} {
		method, path, _ := strings.Cut(req, " ")
		if status, body := b.request(method, path, bearer, `{}`); status != 403 || !strings.Contains(body, `"removed"`) {
			t.Errorf("%s: %d %s", req, status, body)
		}
	}
	host.ask(protocol.Remove{Endpoint: "C1", Removed: false})
	if status, body := b.request("GET", "/api/v1/me", bearer, ""); status != 200 {
		t.Errorf("let in again: %d %s", status, body)
	}
}

// Links follow a session that is moved, also those that were given out before and name an end.
func TestLinksFollowTheSession(t *testing.T) {
	b := newBed(t, fmt.Sprintf(`{"title":"x","units":"C1","start":%q}`, time.Now().Add(24*time.Hour).Format(time.RFC3339)))
	before := token(b.links.of("C1"))
	b.admin("POST", "/api/v1/sessions/"+b.links.ID+"/move", fmt.Sprintf(`{"start":%q}`, time.Now().Add(90*24*time.Hour).Format(time.RFC3339)), nil)
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &b.links)
	if after := token(b.links.of("C1")); after != before {
		t.Error("the link changed")
	}
	if status, body := b.request("GET", "/api/v1/me", before, ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

// An administrator's token corrects and seals, and the record says who.
func TestAdministratorCorrects(t *testing.T) {
	b := newBed(t, "")
	host := b.enter(meeting.HostCode)
	host.ask(protocol.Start{})
	host.ask(protocol.End{})
	var admin struct{ Token string }
	b.admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	session := "/api/v1/sessions/" + b.links.ID
	for _, step := range []struct{ method, path, body string }{
		{"PUT", "/sites/C1/verdict", `{"verdict":"on_time","reason":"by telephone"}`},
		{"POST", "/sites/C2/attended", `{"from":"2026-01-01T00:00:00Z","means":"phone","reason":"x"}`},
		{"PUT", "/rules", `{"grace_s":61,"late_after_s":300,"partial_pct":80,"reason":"x"}`},
		{"POST", "/seal", ""},
	} {
		if status, body := b.request(step.method, session+step.path, admin.Token, step.body); status != 204 {
			t.Errorf("%s: %d %s", step.path, status, body)
		}
	}
	if _, body := b.request("GET", session+"/ledger.jsonl", admin.Token, ""); strings.Count(body, `"by":"@office/ops"`) < 4 {
		t.Errorf("the ledger: %s", body)
	}
}
