package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// The office changes a live session: everyone is told, links of others stay, who is withdrawn is out and knows why, and all of
// it is on record with who did it. A restart changes nothing of that.
func TestChangeAfterConvening(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,C2","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	office := person(b, "lan", "host", "")
	path := "/api/v1/sessions/" + b.Links.ID
	host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
	host.Ask(protocol.Start{})

	must(office, "PUT", path+"/title", `{"title":"Họp giao ban"}`, nil)
	must(office, "PUT", path+"/agenda", `{"base":1,"agenda":[{"title":"Khai mạc","minutes":5,"speakers":["C1","C2"]}]}`, nil)
	must(office, "PUT", path+"/help-phone", `{"help_phone":"024 3333"}`, nil)
	for _, p := range []*servertest.Person{host, c1, c2} {
		p.Sees("the new heading", func() bool {
			return p.Session.Title == "Họp giao ban" && len(p.Session.Agenda) == 1 && p.Session.AgendaVersion == 2 && p.Session.HelpPhone == "024 3333"
		})
	}
	if status, _ := office.Ask("PUT", path+"/agenda", `{"base":1,"agenda":[]}`); status != http.StatusConflict {
		t.Errorf("an agenda of an old version: %d", status)
	}

	var added struct {
		Endpoints []struct {
			Code, Link string
			Short      string `json:"short_link"`
		}
	}
	must(office, "POST", path+"/sites", `{"units":["D582/*"],"seats":[{"name":"Bộ Y tế"}]}`, &added)
	if len(added.Endpoints) != 2 || added.Endpoints[0].Code != "C3" || added.Endpoints[1].Code != "K1" || added.Endpoints[0].Link == "" ||
		added.Endpoints[1].Short == "" {
		t.Fatalf("added %+v", added)
	}
	for _, refused := range []struct{ body, problem string }{
		{`{"units":["C1"]}`, "double"}, {`{"units":["C9"]}`, "unknown_unit"}, {`{}`, "missing"}, {`{"seats":[{}]}`, "missing"},
	} {
		if status, text := office.Ask("POST", path+"/sites", refused.body); status != http.StatusBadRequest || !strings.Contains(text, refused.problem) {
			t.Errorf("%s: %d %s", refused.body, status, text)
		}
	}
	host.Sees("four sites", func() bool { return len(host.Sites) == 4 && host.State.Convened == 4 })
	b.Admin("GET", path+"/links", "", &b.Links)
	if got := b.Links.Of("C3"); got != added.Endpoints[0].Link {
		t.Errorf("the link of C3 is %s and %s", got, added.Endpoints[0].Link)
	}
	b.Enter("C3")
	host.SeesRow("C3", "present")

	if status, _ := office.Ask("POST", path+"/sites/C1/withdraw", `{"reason":""}`); status != http.StatusBadRequest {
		t.Errorf("without a reason: %d", status)
	}
	must(office, "POST", path+"/sites/C1/withdraw", `{"reason":"sáp nhập"}`, nil)
	c1.Closed(protocol.CloseWithdrawn)
	host.Sees("three sites", func() bool { return len(host.Sites) == 3 && host.State.Convened == 3 })
	host.Sees("no speaker who is not convened", func() bool { return slices.Equal(host.Session.Agenda[0].Speakers, []string{"C2"}) })
	out := func(when string) {
		t.Helper()
		if _, err := b.TryEnter("C1", client.Options{}); servertest.CloseCode(err) != protocol.CloseWithdrawn {
			t.Errorf("%s C1 enters: %v", when, err)
		}
		status, text := b.Request("GET", "/api/v1/me", servertest.Token(b.Links.Of("C1")), "")
		var refused struct {
			Code, Detail string
			HelpPhone    string `json:"help_phone"`
		}
		if err := json.Unmarshal([]byte(text), &refused); err != nil || status != http.StatusForbidden || refused.Code != "withdrawn" ||
			refused.Detail != "sáp nhập" || refused.HelpPhone != "024 3333" {
			t.Errorf("%s its page is told %d %s", when, status, text)
		}
	}
	out("once withdrawn")
	var sheet struct{ Sites []struct{ Code string } }
	must(office, "GET", path+"/sheet", "", &sheet)
	if len(sheet.Sites) != 3 {
		t.Errorf("the sheet has %v", sheet.Sites)
	}
	var list struct {
		Convened, Withdrawn int
		Sites               []struct{ Code, Reason string }
	}
	must(office, "GET", path+"/sites?withdrawn=1", "", &list)
	if list.Convened != 3 || list.Withdrawn != 1 || len(list.Sites) != 1 || list.Sites[0].Code != "C1" || list.Sites[0].Reason != "sáp nhập" {
		t.Errorf("withdrawn: %+v", list)
	}
	must(office, "GET", path+"/sites?q=phuoc+hoa", "", &list)
	if len(list.Sites) != 1 || list.Sites[0].Code != "C2" {
		t.Errorf("phuoc hoa finds %+v", list.Sites)
	}

	given := b.Links.Of("C1")
	b.Admin("GET", path+"/links", "", &b.Links) // which has none of it any more
	b.Restart(true)
	for i := range b.Links.Endpoints {
		if ep := &b.Links.Endpoints[i]; ep.Code == "C1" { // the server tells its link no more
			ep.Link = strings.Replace(b.Links.Of("C2"), servertest.Token(b.Links.Of("C2")), servertest.Token(given), 1)
		}
	}
	out("after a restart")
	var sessions struct{ Sessions []struct{ Title string } }
	b.Admin("GET", "/api/v1/sessions", "", &sessions)
	if sessions.Sessions[0].Title != "Họp giao ban" {
		t.Errorf("the list calls it %q", sessions.Sessions[0].Title)
	}
	b.Admin("POST", path+"/sites/C1/restore", "", nil)
	b.Enter("C1")
	b.Enter("C3")

	for _, want := range []string{"title_changed", "agenda_changed", "help_phone", "sites_added", "site_withdrawn C1", "left C1 withdrawn",
		"site_restored C1"} {
		if !slices.Contains(b.Ledger(), want) {
			t.Errorf("the ledger has no %q: %q", want, b.Ledger())
		}
	}
	var acts struct {
		Acts []struct {
			By, Kind, To string
			Number       int
		}
	}
	b.Admin("GET", path+"/acts", "", &acts)
	var by []string
	for _, a := range acts.Acts {
		by = append(by, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.By, a.Kind, a.To)))
	}
	for _, want := range []string{"@office/lan title_changed", "@office/lan site_withdrawn C1", "@office/lan sites_added"} {
		if !slices.Contains(by, want) {
			t.Errorf("the acts have no %q: %q", want, by)
		}
	}
}

// Who does not decide whom to convene cannot, be it inside of what he steers.
func TestWhoMayChange(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,C2","start":"now","operators":[{"scope":"D582"}]}`)
	path := "/api/v1/sessions/" + b.Links.ID
	changes := [][3]string{
		{"PUT", "/title", `{"title":"y"}`}, {"PUT", "/agenda", `{"base":1,"agenda":[{"title":"y"}]}`}, {"PUT", "/help-phone", `{"help_phone":"1"}`},
		{"POST", "/sites", `{"units":["C3"]}`}, {"POST", "/sites/C2/withdraw", `{"reason":"y"}`}, {"POST", "/sites/C2/restore", ""},
	}
	var all struct{ Operators []struct{ Link string } }
	b.Admin("GET", path+"/links", "", &all)
	secretary, scoped := person(b, "thu", "secretary", ""), person(b, "tinh", "operator", "P58")
	for _, c := range changes {
		for name, link := range map[string]string{"a site": b.Links.Of("C1"), "the secretary": b.Links.Links.Secretary, "a delegate": all.Operators[0].Link} {
			if status, _ := b.Request(c[0], path+c[1], servertest.Token(link), c[2]); status != http.StatusForbidden {
				t.Errorf("%s: %s %s gives %d", name, c[0], c[1], status)
			}
		}
		for name, p := range map[string]*servertest.Browser{"a secretary": secretary, "a province's operator": scoped} {
			if status, _ := p.Ask(c[0], path+c[1], c[2]); status != http.StatusForbidden {
				t.Errorf("%s: %s %s gives %d", name, c[0], c[1], status)
			}
		}
	}
	for _, c := range changes { // in order: what is withdrawn can be restored
		if status, text := b.Request(c[0], path+c[1], servertest.Token(b.Links.Links.Operator), c[2]); status >= 300 {
			t.Errorf("the operator: %s %s gives %d %s", c[0], c[1], status, text)
		}
	}
}
