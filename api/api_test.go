package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestAPI(t *testing.T) {
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	tokens := map[string]string{"admin": admin.Token, "none": "", "forged": admin.Token[:len(admin.Token)-4] + "AAAA"}
	for _, code := range []string{meeting.HostCode, meeting.OperatorCode, meeting.SecretaryCode, "C1"} {
		tokens[code] = servertest.Token(b.Links.Of(code))
	}
	session := "/api/v1/sessions/" + b.Links.ID
	foreign := servertest.NewBed(t, "")
	for _, tc := range []struct {
		name, method, path, who, body string
		status                        int
		want                          string // in the body
	}{
		{"health", "GET", "/healthz", "none", "", 200, "ok"},
		{"ready", "GET", "/readyz", "none", "", 200, "ready"},
		{"metrics", "GET", "/metrics", "none", "", 200, "diemcau_commit_seconds"},
		{"a page", "GET", "/join", "none", "", 200, "page"},
		{"no such address", "GET", "/api/v1/nothing", "admin", "", 404, "not_found"},
		{"wrong method", "DELETE", "/api/v1/sessions", "admin", "", 404, "not_found"},
		{"no token", "GET", "/api/v1/sessions", "none", "", 401, "bad_token"},
		{"forged token", "GET", "/api/v1/sessions", "forged", "", 401, "bad_token"},
		{"site lists", "GET", "/api/v1/sessions", "C1", "", 403, "forbidden"},
		{"host lists", "GET", "/api/v1/sessions", meeting.HostCode, "", 403, "forbidden"},
		{"list", "GET", "/api/v1/sessions", "admin", "", 200, b.Links.ID},
		{"me", "GET", "/api/v1/me", "C1", "", 200, `"name":"Xã Phước Bình","role":"endpoint"`},
		{"admin is nobody", "GET", "/api/v1/me", "admin", "", 403, "forbidden"},
		{"detail", "GET", session, meeting.SecretaryCode, "", 200, `"convened":3,"present":0`},
		{"site reads detail", "GET", session, "C1", "", 403, "forbidden"},
		{"foreign session", "GET", "/api/v1/sessions/" + foreign.Links.ID, meeting.HostCode, "", 403, "forbidden"},
		{"unknown session", "GET", "/api/v1/sessions/none", "admin", "", 404, "not_found"},
		{"links", "GET", session + "/links", "admin", "", 200, tokens["C1"]},
		{"host reads links", "GET", session + "/links", meeting.HostCode, "", 403, "forbidden"},
		{"csv", "GET", session + "/attendance.csv", meeting.SecretaryCode, "", 200, "endpoint,unit,name,level,parents,first_joined,last_left,total_s," +
			"interruptions,status,computed_status,headcount,late_s,receiving_s,phone,reason,level_name,connected_only_s,convened_at,withdrawn_at\r\nC1,C1,"},
		{"intervals", "GET", session + "/attendance.csv?table=intervals", meeting.OperatorCode, "", 200, "endpoint,from,to,end_reason"},
		{"xlsx", "GET", session + "/attendance.xlsx?lang=vi", meeting.HostCode, "", 200, "PK"},
		{"pdf", "GET", session + "/attendance.pdf?lang=vi", meeting.HostCode, "", 200, "%PDF-"},
		{"as of", "GET", session + "/attendance.csv?as_of=2020-01-01T00:00:00Z", meeting.HostCode, "", 200, "endpoint,"},
		{"bad as of", "GET", session + "/attendance.csv?as_of=yesterday", meeting.HostCode, "", 400, "bad_request"},
		{"json", "GET", session + "/attendance.json", meeting.HostCode, "", 200, `"endpoint"`},
		{"bad table", "GET", session + "/attendance.csv?table=x", "admin", "", 400, "bad_request"},
		{"bad format", "GET", session + "/attendance.exe", "admin", "", 404, "not_found"},
		{"site reads attendance", "GET", session + "/attendance.csv", "C1", "", 403, "forbidden"},
		{"ledger", "GET", session + "/ledger.jsonl", meeting.SecretaryCode, "", 200, `"kind":"convened"`},
		{"ledger of none", "GET", "/api/v1/sessions/none/ledger.jsonl", "admin", "", 404, "not_found"},
		{"roster by host", "POST", "/api/v1/roster", meeting.HostCode, servertest.RosterCSV, 403, "forbidden"},
		{"roster", "POST", "/api/v1/roster", "admin", servertest.RosterCSV, 200, `{"units":6}`},
		{"bad roster", "POST", "/api/v1/roster", "admin", servertest.RosterCSV + "C3,D582,commune,Again\n", 400,
			`"row":8,"column":"code","problem":"duplicate_code"`},
		{"title missing", "POST", "/api/v1/sessions", "admin", `{"units":"C1","start":"now"}`, 400, `{"field":"title","code":"missing"}`},
		{"no seats", "POST", "/api/v1/sessions", "admin", `{"title":"x","start":"now"}`, 400, "bad_draft"},
		{"unknown unit", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1,Z9","start":"now"}`, 400, "Z9"},
		{"bad start", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"soon"}`, 400, "bad_request"},
		{"bad zone", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"now","time_zone":"Mars"}`, 400, "bad_draft"},
		{"bad countdown", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"now","countdown_s":-1}`, 400, "bad_draft"},
		{"unknown member", "POST", "/api/v1/sessions", "admin", `{"title":"x","unit":"C1"}`, 400, "bad_request"},
		{"not JSON", "POST", "/api/v1/sessions", "admin", `title`, 400, "bad_request"},
		{"trailing data", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"now"}{}`, 400, "bad_request"},
		{"too large", "POST", "/api/v1/sessions", "admin", `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
		{"guests", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"now","guests":[{"unit":"C1"},{"name":"Bộ Y tế"},{"name":"B"}]}`,
			201,
			`{"code":"C1-2","unit":"C1","name":"Xã Phước Bình"`},
		{"seat twice", "POST", "/api/v1/sessions", "admin", `{"title":"x","units":"C1","start":"now","guests":[{"code":"C1","name":"A"}]}`, 400,
			`"field":"seats.0.code","code":"double"`},
		{"token without a name", "POST", "/api/v1/tokens", "admin", `{}`, 400, "bad_request"},
		{"token by host", "POST", "/api/v1/tokens", meeting.HostCode, `{"name":"x"}`, 403, "forbidden"},
		{"revoke by site", "POST", session + "/links/C2/revoke", "C1", "", 403, "forbidden"},
		{"revoke unknown", "POST", session + "/links/C9/revoke", "admin", "", 404, "unknown_endpoint"},
		{"revoke", "POST", session + "/links/C2/revoke", meeting.HostCode, "", 204, ""},
		{"revoked is empty", "GET", session + "/links", "admin", "", 200, `"name":"Xã Phước Hòa","link":""`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, body := b.Request(tc.method, tc.path, tokens[tc.who], tc.body)
			if status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("got %d %.500s", status, body)
			}
		})
	}
}

// What is corrected after the session is in the report, with the ledger whole and signed.
func TestCorrections(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	secretary, site := servertest.Token(b.Links.Links.Secretary), servertest.Token(b.Links.Of("C1"))
	c1.Ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "riêng tư"})
	session := "/api/v1/sessions/" + b.Links.ID
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	for _, tc := range []struct {
		method, path, who, body string
		status                  int
		code                    string
	}{
		{"POST", session + "/seal", secretary, "", 409, "wrong_phase"},
		{"DELETE", session + "/names", admin.Token, "", 409, "wrong_phase"},
		{"POST", session + "/end", secretary, "", 403, "forbidden"},
		{"POST", session + "/end", servertest.Token(b.Links.Links.Host), "", 204, ""},
		{"POST", session + "/end", servertest.Token(b.Links.Links.Host), "", 409, "wrong_phase"},
		{"GET", session + "/ledger.jsonl", secretary, "", 200, "riêng tư"},
		{"PUT", "/api/v1/me/headcount", site, `{"headcount":7}`, 204, ""},
		{"PUT", "/api/v1/me/headcount", site, `{"headcount":-7}`, 400, "bad_value"},
		{"PUT", "/api/v1/me/headcount", secretary, `{"headcount":7}`, 403, "forbidden"},
		{"PUT", "/api/v1/me/delegates", site, `{"delegates":[{"name":"Nguyễn Văn A"}]}`, 204, ""},
		{"GET", "/api/v1/me", site, "", 200, `"headcount":7,"delegates":[{"name":"Nguyễn Văn A"}]`},
		{"PUT", session + "/sites/C2/verdict", secretary, `{"verdict":"on_time","reason":"mất điện"}`, 204, ""},
		{"PUT", session + "/sites/C2/verdict", secretary, `{"verdict":"on_time"}`, 400, "bad_value"},
		{"PUT", session + "/sites/C2/verdict", site, `{"verdict":"on_time","reason":"x"}`, 403, "forbidden"},
		{"PUT", session + "/sites/C9/verdict", secretary, `{"verdict":"on_time","reason":"x"}`, 404, "unknown_endpoint"},
		{"PUT", session + "/sites/C3/declared", secretary, `{"headcount":7,"delegates":[{"name":"Bé","title":"Chủ tịch"}]}`, 204, ""},
		{"PUT", session + "/sites/C3/declared", secretary, `{}`, 400, "bad_value"},
		{"PUT", session + "/sites/C3/declared", secretary, `{"headcount":-1}`, 400, "bad_value"},
		{"PUT", session + "/sites/C9/declared", secretary, `{"headcount":1}`, 404, "unknown_endpoint"},
		{"POST", session + "/sites/C3/attended", secretary, `{"from":"2020-01-01T08:00:00+07:00","means":"phone","reason":"x"}`, 204, ""},
		{"PUT", session + "/rules", secretary, `{"grace_s":60,"late_after_s":300,"partial_pct":90,"reason":"x"}`, 204, ""},
		{"DELETE", session + "/names", secretary, "", 403, "forbidden"},
		{"GET", session + "/attendance.json", secretary, "", 200, "Nguyễn Văn A"},
		{"DELETE", session + "/names", admin.Token, "", 200, `{"entries":`},
		{"GET", "/api/v1/me", site, "", 200, `"headcount":7,"delegates":[]`},
		{"POST", session + "/seal", secretary, "", 204, ""},
		{"PUT", "/api/v1/me/headcount", site, `{"headcount":8}`, 409, "wrong_phase"},
		{"POST", "/api/v1/sessions/none/seal", secretary, "", 403, "forbidden"},
	} {
		status, body := b.Request(tc.method, tc.path, tc.who, tc.body)
		if status != tc.status || !strings.Contains(body, tc.code) {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, status, body)
		}
	}
	c1.Sees("the seal", func() bool { return c1.State.Phase == "sealed" })

	for _, format := range []string{"json", "csv", "xlsx"} {
		if _, body := b.Request("GET", session+"/attendance."+format, secretary, ""); strings.Contains(body, "Nguyễn Văn A") {
			t.Errorf("an erased name stands in the %s report", format)
		}
	}
	_, file := b.Request("GET", session+"/ledger.jsonl", secretary, "")
	if strings.Contains(file, "riêng tư") || strings.Contains(file, "Nguyễn Văn A") {
		t.Error("what was erased stands in the ledger")
	}
	_, pem := b.Request("GET", "/api/v1/ledger-key", secretary, "")
	key, err := ledger.DecodePublicKey([]byte(pem))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(strings.NewReader(file), key); err != nil {
		t.Error(err)
	}
	for _, kind := range []string{"headcount", "delegates", "verdict_overridden", "attendance_added", "rules_changed", "sealed"} {
		if !slices.ContainsFunc(b.Ledger(), func(s string) bool { return strings.HasPrefix(s, kind) }) {
			t.Errorf("the ledger has no %s", kind)
		}
	}
}

// The report follows the ledger entry by entry, and has a tag once it stays the same.
func TestReportIsLive(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	path := "/api/v1/sessions/" + b.Links.ID + "/attendance.csv"
	row := func(code string) string {
		t.Helper()
		_, body := b.Request("GET", path, servertest.Token(b.Links.Links.Secretary), "")
		for line := range strings.SplitSeq(body, "\r\n") {
			if strings.HasPrefix(line, code+",") {
				return line
			}
		}
		t.Fatalf("no row of %s in %s", code, body)
		return ""
	}
	const nobody = ",,,0,0,absent,absent,0,,0,,,Commune,0,," // neither first_joined nor last_left, no time, not there
	if got := row("C1"); !strings.HasSuffix(got, nobody) {
		t.Errorf("before C1 came: %s", got)
	}
	c1 := b.Enter("C1")
	if got := row("C1"); strings.HasSuffix(got, nobody) || !strings.HasSuffix(row("C2"), nobody) {
		t.Errorf("with C1: %s", got)
	}
	tagged := func(etag string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+servertest.Token(b.Links.Links.Secretary))
		r.Header.Set("If-None-Match", etag)
		resp, err := b.HTTP.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if etag := tagged("").Header.Get("ETag"); etag != "" {
		t.Errorf("a running session's report has the tag %s", etag)
	}
	host.Ask(protocol.End{})
	c1.Close()
	servertest.Await(t, "C1's leaving is recorded", func() bool { l := b.Ledger(); return l[len(l)-1] == "left C1 page_closed" })
	etag := tagged("").Header.Get("ETag")
	if resp := tagged(etag); etag == "" || resp.StatusCode != http.StatusNotModified {
		t.Errorf("the same report again: %s with tag %q", resp.Status, etag)
	}
	if status, body := b.Request("PUT", "/api/v1/sessions/"+b.Links.ID+"/sites/C2/verdict", servertest.Token(b.Links.Links.Secretary),
		`{"verdict":"late","reason":"x"}`); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	if resp := tagged(etag); resp.StatusCode != http.StatusOK {
		t.Errorf("after a correction: %s", resp.Status)
	}
}

// A site that asks what its link is for is not there yet.
func TestMeIsNoPresence(t *testing.T) {
	b := servertest.NewBed(t, "")
	if status, body := b.Request("GET", "/api/v1/me", servertest.Token(b.Links.Of("C1")), ""); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if d := b.Ledger(); len(d) != 2 {
		t.Errorf("ledger: %v", d)
	}
}

func TestHeaders(t *testing.T) {
	b := servertest.NewBed(t, "")
	for _, path := range []string{"/join", "/api/v1/me", "/healthz"} {
		resp := servertest.Get(t, b, path, "")
		policy := resp.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'self'", "script-src 'self';", "frame-ancestors 'none'", "connect-src 'self' ws://127.0.0.1:"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: policy %q has no %q", path, policy, part)
			}
		}
		if !strings.Contains(resp.Header.Get("Permissions-Policy"), "camera=(self)") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
	if resp := servertest.Get(t, b, "/api/v1/me", ""); resp.Header.Get("Cache-Control") != "no-store" {
		t.Error("the API may be cached")
	}
}

// The administrator's commands work on a record that no server serves, and leave its sessions alone.
func TestAdminWithoutServer(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Enter("C1").Drop()
	b.Restart(true)
	before := len(b.Ledger())
	b.Srv.Close()
	status := func(method, path, body string, into any) int {
		w := httptest.NewRecorder()
		servertest.Documented(t, b.API.AdminHandler()).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if into != nil {
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				t.Fatalf("%s %s: %s", method, path, w.Body)
			}
		}
		return w.Code
	}
	var created servertest.Links
	if got := status("POST", "/api/v1/sessions", `{"title":"x","units":"C1,C2","start":"2030-01-02T08:00:00+07:00"}`, &created); got != 201 ||
		len(created.Endpoints) != 2 {
		t.Errorf("create: %d %+v", got, created)
	}
	var detail struct {
		Phase       string
		ScheduledAt time.Time `json:"scheduled_at"`
	}
	want := time.Date(2030, 1, 2, 1, 0, 0, 0, time.UTC)
	if got := status("GET", "/api/v1/sessions/"+created.ID, "", &detail); got != 200 || detail.Phase != "draft" || !detail.ScheduledAt.Equal(want) {
		t.Errorf("detail: %d %+v", got, detail)
	}
	if got := status("GET", "/api/v1/sessions/"+b.Links.ID+"/attendance.csv", "", nil); got != 200 {
		t.Errorf("attendance: %d", got)
	}
	if after := len(b.Ledger()); after != before {
		t.Errorf("the ledger grew from %d to %d", before, after)
	}
}

// A start that lies more than an hour back is asked about, wherever one is given: it is refused unless it is meant.
func TestPastStart(t *testing.T) {
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	now := time.Now()
	at := func(ago time.Duration) string { return now.Add(-ago).UTC().Format(time.RFC3339) }
	lastYear, justNow, later := at(365*24*time.Hour), at(30*time.Minute), at(-24*time.Hour)
	var coming servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"x","units":"C1","start":"`+later+`"}`, &coming)
	draft := func(start string) string {
		var made struct{ ID string }
		b.Admin("POST", "/api/v1/drafts", `{"draft":{"title":"x","units":["C1"],"start":"`+start+`"}}`, &made)
		return "/api/v1/drafts/" + made.ID + "/convene"
	}
	for _, tt := range []struct {
		name, path, body string
		want             int
	}{
		{"create", "/api/v1/sessions", `{"title":"x","units":"C1","start":"` + lastYear + `"}`, 400},
		{"create, meant", "/api/v1/sessions", `{"title":"x","units":"C1","start":"` + lastYear + `","allow_past":true}`, 201},
		{"create, half an hour ago", "/api/v1/sessions", `{"title":"x","units":"C1","start":"` + justNow + `"}`, 201},
		{"move", "/api/v1/sessions/" + coming.ID + "/move", `{"start":"` + lastYear + `"}`, 400},
		{"move, meant", "/api/v1/sessions/" + coming.ID + "/move", `{"start":"` + lastYear + `","allow_past":true}`, 204},
		{"convene", draft(lastYear), `{"version":1}`, 400},
		{"convene, meant", draft(lastYear), `{"version":1,"allow_past":true}`, 201},
		{"convene, later", draft(later), `{"version":1}`, 201},
	} {
		status, body := b.Request("POST", tt.path, admin.Token, tt.body)
		if status != tt.want || strings.Contains(body, "past_start") != (tt.want == 400) {
			t.Errorf("%s: %d %s", tt.name, status, body)
		}
	}
}
