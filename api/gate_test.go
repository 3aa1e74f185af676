package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// What a delegated operator is shown holds its own sites alone.
func TestDelegatesFilesHoldItsOwnSites(t *testing.T) {
	b := servertest.Delegated(t)
	host, c1, p58 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("P58")
	host.Ask(protocol.Start{})
	host.Ask(protocol.RollCall{Open: true})
	c1.Ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 4})
	p58.Ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 30})
	p58.Ask(protocol.RaiseHand{})
	host.Ask(protocol.Grant{Endpoint: "P58"})
	p58.Ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Trần Thị Bí Mật"}}})
	session, bearer := "/api/v1/sessions/"+b.Links.ID, servertest.Token(b.Links.Of(servertest.Delegate))
	for _, file := range []string{
		"/attendance.csv", "/attendance.csv?table=intervals", "/attendance.json", "/attendance.json?limit=10", "/attendance.json?unit=P58",
		"/attendance.json?site=P58",
		"", "/acts", "/rehearsals",
	} {
		status, body := b.Request("GET", session+file, bearer, "")
		if status != 200 {
			t.Errorf("%q: %d %s", file, status, body)
		}
		for _, foreign := range []string{`P58,`, `"P58"`, `"endpoint":"P58"`, "Trần", `"headcount":30`, `"headcount":34`, `"convened":2`} {
			// The unit that P58 is stands above C1 as its province, which it may know.
			if strings.Contains(strings.ReplaceAll(body, `{"code":"P58","parent":"TW","level":"province","name":"Ninh Thuận"}`, ""), foreign) &&
				foreign != `"P58"` {
				t.Errorf("%q holds %s: %s", file, foreign, body)
			}
		}
	}
	var report struct {
		Sites []struct{ Endpoint string }
		Total struct{ Convened, Headcount int }
		Floor []json.RawMessage
	}
	_, body := b.Request("GET", session+"/attendance.json", bearer, "")
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Sites) != 1 || report.Sites[0].Endpoint != "C1" || report.Total.Convened != 1 || report.Total.Headcount != 4 || len(report.Floor) != 0 {
		t.Errorf("%s", body)
	}
	for _, file := range []string{"/attendance.xlsx", "/attendance.pdf"} {
		if status, _ := b.Request("GET", session+file, bearer, ""); status != 200 {
			t.Errorf("%s: %d", file, status)
		}
	}
}

// A site that was removed may do nothing more.
func TestRemovedSiteDoesNothing(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, _ := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: true})
	bearer := servertest.Token(b.Links.Of("C1"))
	for _, req := range []string{
		"GET /api/v1/me", "PUT /api/v1/me/headcount", "PUT /api/v1/me/delegates", "PUT /api/v1/me/snapshot", "GET /api/v1/rehearsal",
		"POST /api/v1/rehearsal/line",
		"GET /api/v1/sessions/" + b.Links.ID + "/calendar.ics",
	} {
		method, path, _ := strings.Cut(req, " ")
		if status, body := b.Request(method, path, bearer, `{}`); status != 403 || !strings.Contains(body, `"removed"`) {
			t.Errorf("%s: %d %s", req, status, body)
		}
	}
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: false})
	if status, body := b.Request("GET", "/api/v1/me", bearer, ""); status != 200 {
		t.Errorf("let in again: %d %s", status, body)
	}
}

// An administrator's token corrects and seals, and the record says who.
func TestAdministratorCorrects(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	host.Ask(protocol.End{})
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	session := "/api/v1/sessions/" + b.Links.ID
	for _, step := range []struct{ method, path, body string }{
		{"PUT", "/sites/C1/verdict", `{"verdict":"on_time","reason":"by telephone"}`},
		{"PUT", "/sites/C2/declared", `{"headcount":7}`},
		{"POST", "/sites/C2/attended", `{"from":"2026-01-01T00:00:00Z","means":"phone","reason":"x"}`},
		{"PUT", "/rules", `{"grace_s":61,"late_after_s":300,"partial_pct":80,"reason":"x"}`},
		{"POST", "/seal", ""},
	} {
		if status, body := b.Request(step.method, session+step.path, admin.Token, step.body); status != 204 {
			t.Errorf("%s: %d %s", step.path, status, body)
		}
	}
	if _, body := b.Request("GET", session+"/ledger.jsonl", admin.Token, ""); strings.Count(body, `"by":"@office/ops"`) < 4 {
		t.Errorf("the ledger: %s", body)
	}
}
