package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
)

// must makes a request that succeeds and decodes its answer.
func must(p *servertest.Browser, method, path, body string, into any) {
	p.Helper()
	status, text := p.Ask(method, path, body)
	if status >= 300 {
		p.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			p.Fatal(err)
		}
	}
}

const password = "con meo cua toi"

// person makes an account and logs it in.
func person(b *servertest.Bed, name, role, scope string) *servertest.Browser {
	b.Helper()
	b.Admin("POST", "/api/v1/accounts", fmt.Sprintf(`{"name":%q,"role":%q,"scope":%q,"password":%q}`, name, role, scope, password), nil)
	p := b.Browser()
	must(p, "POST", "/api/v1/login", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password), nil)
	return p
}

func TestOfficeRights(t *testing.T) {
	b := servertest.NewBed(t, "")
	people := map[string]*servertest.Browser{
		"nobody": b.Browser(), "admin": person(b, "an", "admin", ""), "host": person(b, "ha", "host", ""), "operator": person(b, "op", "operator", ""),
		"province": person(b, "nt", "operator", "D582"), "nation": person(b, "tw", "operator", "TW"), "secretary": person(b, "se", "secretary", ""),
	}
	session := "/api/v1/sessions/" + b.Links.ID
	for _, tc := range []struct {
		method, path, body string
		status             map[string]int
	}{
		{"GET", "/api/v1/account", "", map[string]int{"nobody": 401, "admin": 200, "secretary": 200, "province": 200}},
		{"GET", "/api/v1/accounts", "", map[string]int{"nobody": 401, "admin": 200, "host": 403, "operator": 403, "secretary": 403}},
		{"POST", "/api/v1/accounts", `{}`, map[string]int{"nobody": 401, "admin": 400, "host": 403, "province": 403}},
		{"GET", "/api/v1/drafts", "", map[string]int{"nobody": 401, "admin": 200, "host": 200, "operator": 200, "province": 403, "secretary": 403}},
		{"GET", "/api/v1/sessions", "", map[string]int{"nobody": 401, "admin": 200, "host": 200, "secretary": 200, "province": 403}},
		{"GET", "/api/v1/units?q=phuoc", "", map[string]int{"nobody": 401, "secretary": 200, "province": 200}},
		{"GET", session + "/links", "", map[string]int{"nobody": 401, "admin": 200, "host": 200, "province": 403, "secretary": 403}},
		{"GET", session + "/sheet", "", map[string]int{"nobody": 401, "admin": 200, "host": 200, "province": 200, "secretary": 403}},
		{"GET", session + "/rehearsals", "", map[string]int{"nobody": 401, "admin": 200, "province": 200, "secretary": 200}},
		{"GET", session + "/consoles", "", map[string]int{"nobody": 401, "admin": 200, "secretary": 200, "province": 200}},
		{"GET", session + "/attendance.csv", "", map[string]int{"nobody": 401, "secretary": 200, "host": 200, "province": 403}},
		{"GET", session + "/calendar.ics", "", map[string]int{"nobody": 401, "secretary": 200, "host": 200}},
		{"GET", "/api/v1/me", "", map[string]int{"admin": 403, "host": 403}},
		{"POST", session + "/end", "", map[string]int{"nobody": 401, "host": 403, "secretary": 403}},
		{"POST", "/api/v1/roster/preview", `x`, map[string]int{"nobody": 401, "host": 403, "admin": 400}},
		{"POST", "/api/v1/tokens", `{"name":"x"}`, map[string]int{"host": 403, "admin": 201}},
		{"POST", session + "/links/C1/reissue", "", map[string]int{"nobody": 401, "secretary": 403, "province": 200, "host": 200}},
	} {
		for who, want := range tc.status {
			if status, body := people[who].Ask(tc.method, tc.path, tc.body); status != want {
				t.Errorf("%s: %s %s: %d %.200s, want %d", who, tc.method, tc.path, status, body, want)
			}
		}
	}
	// A secretary's office gives the secretariat's link alone; the host's all.
	for who, want := range map[string]string{"secretary": "secretary", "host": "host operator room room secretary", "province": ""} {
		var got struct{ Consoles []struct{ Role, Link string } }
		must(people[who], "GET", session+"/consoles", "", &got)
		var roles []string
		for _, c := range got.Consoles {
			roles = append(roles, c.Role)
		}
		if strings.Join(roles, " ") != want {
			t.Errorf("%s gets the consoles %v", who, roles)
		}
	}
}

func TestLogin(t *testing.T) {
	b := servertest.NewBed(t, "")
	an := person(b, "an", "admin", "")
	for _, tc := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"wrong password", `{"name":"an","password":"con meo cua em"}`, 401, "bad_login"},
		{"nobody", `{"name":"binh","password":"con meo cua toi"}`, 401, "bad_login"},
		{"capitals and spaces of the name", `{"name":" An ","password":"con meo cua toi"}`, 200, `"role":"admin"`},
		{"no JSON", `name=an`, 400, "bad_request"},
	} {
		if status, body := b.Browser().Ask("POST", "/api/v1/login", tc.body); status != tc.status || !strings.Contains(body, tc.want) ||
			strings.Contains(body, "argon2") {
			t.Errorf("%s: %d %s", tc.name, status, body)
		}
	}
	// The cookie is for HTTP of this site alone.
	resp, err := http.Post(b.HTTP.URL+"/api/v1/login", "application/json", strings.NewReader(`{"name":"an","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
		t.Errorf("cookie %q", c)
	}
	// Pages of other sites cannot use it.
	for name, header := range map[string][]string{
		"another origin":      {"Origin", "https://evil.example"},
		"a cross-site fetch":  {"Sec-Fetch-Site", "cross-site", "Origin", "null"},
		"a form":              {"Content-Type", "application/x-www-form-urlencoded"},
		"text of a form":      {"Content-Type", "text/plain"},
		"a body without type": {"Content-Type", ""},
	} {
		if status, body := an.Ask("POST", "/api/v1/drafts", `{}`, header...); status != 403 || !strings.Contains(body, "bad_origin") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	// A restart keeps the login; logging out ends it here and in the record.
	must(an, "POST", "/api/v1/logout", "", nil)
	if status, _ := an.Ask("GET", "/api/v1/account", ""); status != 401 {
		t.Errorf("after logging out: %d", status)
	}
	if strings.Contains(b.LogText.String(), password) {
		t.Error("a password stands in the log")
	}
}

func TestThrottledLogin(t *testing.T) {
	b := servertest.NewBed(t, "")
	an := person(b, "an", "admin", "")
	guess := func(p string) int {
		status, _ := b.Browser().Ask("POST", "/api/v1/login", fmt.Sprintf(`{"name":"an","password":%q}`, p))
		return status
	}
	if status := guess("wrong password"); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	b.API.FailLogins("an", 30) // as if others had guessed
	if status := guess(password); status != 429 {
		t.Errorf("the right password after thirty wrong ones: %d", status)
	}
	if status, _ := an.Ask("GET", "/api/v1/account", ""); status != 200 {
		t.Errorf("who is logged in is shut out: %d", status)
	}
}

func TestPasswordChangeEndsLogins(t *testing.T) {
	b := servertest.NewBed(t, "")
	an := person(b, "an", "admin", "")
	other := b.Browser()
	must(other, "POST", "/api/v1/login", `{"name":"an","password":"`+password+`"}`, nil)
	binh := person(b, "binh", "host", "")
	for body, want := range map[string]string{
		`{"old":"wrong wrong","new":"mot mat khau moi"}`: "401 bad_login",
		`{"old":"` + password + `","new":"ngan"}`:        "400 short_password",
	} {
		if status, text := an.Ask("POST", "/api/v1/account/password", body); fmt.Sprint(status) != want[:3] || !strings.Contains(text, want[4:]) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	must(an, "POST", "/api/v1/account/password", `{"old":"`+password+`","new":"mot mat khau moi"}`, nil)
	for name, tc := range map[string]struct {
		who  *servertest.Browser
		want int
	}{"this browser": {an, 200}, "the other": {other, 401}, "another person": {binh, 200}} {
		if status, _ := tc.who.Ask("GET", "/api/v1/account", ""); status != tc.want {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := b.Browser().Ask("POST", "/api/v1/login", `{"name":"an","password":"`+password+`"}`); status != 401 {
		t.Errorf("the old password: %d", status)
	}
	// An administrator's reset, a disabled account, a revoked login.
	must(an, "POST", "/api/v1/accounts/binh/password", `{"password":"mat khau tam thoi"}`, nil)
	if status, _ := binh.Ask("GET", "/api/v1/account", ""); status != 401 {
		t.Errorf("after a reset: %d", status)
	}
	must(binh, "POST", "/api/v1/login", `{"name":"binh","password":"mat khau tam thoi"}`, nil)
	var me struct {
		MustChange bool `json:"must_change"`
		Logins     []struct {
			ID      string
			Current bool
		}
	}
	must(binh, "GET", "/api/v1/account", "", &me)
	if !me.MustChange || len(me.Logins) != 1 || !me.Logins[0].Current {
		t.Errorf("%+v", me)
	}
	must(binh, "DELETE", "/api/v1/account/logins/"+me.Logins[0].ID, "", nil)
	if status, _ := binh.Ask("GET", "/api/v1/account", ""); status != 401 {
		t.Errorf("after the login was revoked: %d", status)
	}
	must(an, "PUT", "/api/v1/accounts/binh", `{"role":"host","disabled":true}`, nil)
	if status, _ := b.Browser().Ask("POST", "/api/v1/login", `{"name":"binh","password":"mat khau tam thoi"}`); status != 401 {
		t.Errorf("a disabled account: %d", status)
	}
	for _, tc := range []struct{ method, path, body, want string }{
		{"PUT", "/api/v1/accounts/an", `{"role":"host"}`, "last_admin"},
		{"DELETE", "/api/v1/accounts/an", "", "last_admin"},
		{"PUT", "/api/v1/accounts/chi", `{"role":"host"}`, "not_found"},
		{"POST", "/api/v1/accounts", `{"name":"binh","role":"host"}`, "conflict"},
		{"POST", "/api/v1/accounts", `{"name":"chi","role":"boss"}`, "bad_role"},
		{"POST", "/api/v1/accounts", `{"name":"chi","role":"operator","scope":"P99"}`, "bad_scope"},
		{"POST", "/api/v1/accounts", `{"name":"chi","role":"host","password":"1234567890"}`, "weak_password"},
	} {
		if status, body := an.Ask(tc.method, tc.path, tc.body); status < 400 || !strings.Contains(body, tc.want) {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, status, body)
		}
	}
}

type draftAnswer struct {
	ID       string
	Version  int64
	Session  string
	Sites    int
	Problems []struct{ Field, Code string }
	Draft    struct {
		Title string
		Units []string
	}
	Current struct {
		Version   int64
		UpdatedBy string `json:"updated_by"`
		Draft     struct{ Title string }
	}
}

// Two people edit one draft: the later sees what the first wrote and can put both together.
func TestTwoPeopleEditOneDraft(t *testing.T) {
	b := servertest.NewBed(t, "")
	an, binh := person(b, "an", "host", ""), person(b, "binh", "operator", "")
	var d, seen draftAnswer
	must(an, "POST", "/api/v1/drafts", `{"draft":{"title":"Phiên họp","units":["D582/*"]}}`, &d)
	if d.Version != 1 || d.Sites != 3 || len(d.Problems) != 1 || d.Problems[0].Field != "start" {
		t.Fatalf("%+v", d)
	}
	path := "/api/v1/drafts/" + d.ID
	must(binh, "GET", path, "", &seen)
	must(an, "PUT", path, `{"version":1,"draft":{"title":"Phiên họp thứ hai","units":["D582/*"]}}`, nil)
	status, body := binh.Ask("PUT", path, `{"version":1,"draft":{"title":"Phiên họp","units":["C1"]}}`)
	var conflict draftAnswer
	if err := json.Unmarshal([]byte(body), &conflict); err != nil || status != 409 {
		t.Fatalf("%d %s", status, body)
	}
	if c := conflict.Current; c.Version != 2 || c.UpdatedBy != "an" || c.Draft.Title != "Phiên họp thứ hai" {
		t.Errorf("the later is told %+v", c)
	}
	must(binh, "PUT", path, `{"version":2,"draft":{"title":"Phiên họp thứ hai","units":["C1"]}}`, &seen)
	var first draftAnswer
	must(an, "GET", path+"?version=1", "", &first)
	if seen.Version != 3 || seen.Draft.Units[0] != "C1" || first.Draft.Title != "Phiên họp" {
		t.Errorf("newest %+v, first %+v", seen, first)
	}
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", path, `{"draft":{}}`, 400},
		{"PUT", path, `{"version":3,"draft":{"colour":"red"}}`, 400},
		{"PUT", "/api/v1/drafts/none", `{"version":3,"draft":{}}`, 404},
		{"GET", path + "?version=x", "", 400},
		{"GET", path + "?version=9", "", 404},
		{"POST", path + "/convene", `{"version":3}`, 400}, // no time
		{"POST", path + "/convene", `{"version":2}`, 409},
		{"DELETE", "/api/v1/drafts/none", "", 404},
	} {
		if status, body := an.Ask(tc.method, tc.path, tc.body); status != tc.status {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, status, body)
		}
	}
}

func TestConveneADraft(t *testing.T) {
	b := servertest.NewBed(t, "")
	an := person(b, "an", "host", "")
	var d, copied draftAnswer
	must(an, "POST", "/api/v1/drafts", `{"draft":{"title":"Phiên họp","start":"2030-01-02T08:00:00+07:00","units":["D582/*"],"except":["C3"],
		"contacts":{"C2":{"phone":"0259 1","by_phone":true}},"seats":[{"unit":"C1"},{"name":"Bộ Y tế"}],"operators":[{"name":"Kỹ thuật tỉnh","scope":"P58"}],
		"agenda":[{"id":"","title":"Khai mạc","minutes":5,"speakers":["K1"]}],"help_phone":"024 3333"}}`, &d)
	if d.Sites != 4 || d.Problems != nil {
		t.Fatalf("%+v", d)
	}
	// Two people press the button: there is one session.
	statuses := make([]int, 4)
	bodies := make([]string, 4)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() { statuses[i], bodies[i] = an.Ask("POST", "/api/v1/drafts/"+d.ID+"/convene", `{"version":1}`) })
	}
	wg.Wait()
	var made servertest.Links
	for i, status := range statuses {
		switch status {
		case 201:
			if made.ID != "" {
				t.Error("two sessions were made")
			}
			if err := json.Unmarshal([]byte(bodies[i]), &made); err != nil {
				t.Fatal(err)
			}
		case 409:
		default:
			t.Errorf("%d %s", status, bodies[i])
		}
	}
	var codes []string
	for _, e := range made.Endpoints {
		codes = append(codes, e.Code)
	}
	if strings.Join(codes, " ") != "C1 C2 C1-2 K1" {
		t.Errorf("seats %v", codes)
	}
	must(an, "POST", "/api/v1/drafts", `{"session":"`+made.ID+`"}`, &copied)
	if copied.Draft.Title != "Phiên họp" || copied.Version != 1 || copied.ID == d.ID || len(copied.Problems) != 1 || copied.Problems[0].Field != "start" {
		t.Errorf("the copy: %+v", copied)
	}
	session := "/api/v1/sessions/" + made.ID
	// The sheet: short links that lead in, none for who takes part by telephone.
	var sheet struct {
		HelpPhone string `json:"help_phone"`
		Provinces []struct{ Code string }
		Sites     []struct {
			Code, Link, Phone string
			ByPhone           bool `json:"by_phone"`
			QR                *struct {
				Size int
				Path string
			}
		}
	}
	must(an, "GET", session+"/sheet?unit=P58", "", &sheet)
	if len(sheet.Sites) != 3 || len(sheet.Provinces) != 2 || sheet.HelpPhone != "024 3333" {
		t.Fatalf("%+v", sheet)
	}
	c1, c2 := sheet.Sites[0], sheet.Sites[1]
	if c1.QR == nil || c1.QR.Size < 29 || !strings.HasPrefix(c1.QR.Path, "M4 4h7v1h-7z") || c2.Link != "" || !c2.ByPhone || c2.Phone != "0259 1" {
		t.Errorf("%+v %+v", c1, c2)
	}
	// The CSV opens in a spreadsheet and holds the same links.
	_, text := an.Ask("GET", session+"/sheet.csv?lang=vi", "")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF"))).ReadAll()
	if err != nil || len(rows) != 5 || rows[1][5] != c1.Link || rows[0][1] != "Điểm cầu" || rows[1][7] != "02/01/2030 08:00" {
		t.Errorf("%v %v", rows, err)
	}
	enter := func(short string) (int, string) {
		_, code, _ := strings.Cut(short, "/j#")
		status, body := b.Browser().Ask("POST", "/api/v1/join", fmt.Sprintf(`{"code":%q}`, strings.ToUpper(code)))
		var got struct{ Link, Code string }
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		return status, got.Link + got.Code
	}
	for range 2 { // opening a link again changes nothing
		if status, link := enter(c1.Link); status != 200 || link != strings.TrimPrefix(made.Of("C1"), b.HTTP.URL) {
			t.Errorf("%d %s", status, link)
		}
	}
	must(an, "POST", session+"/links/C1/reissue", "", nil)
	if status, code := enter(c1.Link); status != 401 || code != "bad_token" {
		t.Errorf("the old short link: %d %s", status, code)
	}
	must(an, "GET", session+"/sheet?unit=C1", "", &sheet)
	if status, _ := enter(sheet.Sites[0].Link); status != 200 || sheet.Sites[0].Link == c1.Link {
		t.Errorf("the new short link: %d", status)
	}
	if status, code := enter("/j#0000-0000-0000-0000"); status != 404 || code != "not_found" {
		t.Errorf("no such code: %d %s", status, code)
	}
	// It is moved, then called off: every link says so.
	_, ics := an.Ask("GET", session+"/calendar.ics", "")
	if !strings.Contains(ics, "DTSTART:20300102T010000Z") {
		t.Error(ics)
	}
	must(an, "POST", session+"/move", `{"start":"2030-01-03T09:30:00+07:00"}`, nil)
	if _, ics = an.Ask("GET", session+"/calendar.ics", ""); !strings.Contains(ics, "DTSTART:20300103T023000Z") {
		t.Error(ics)
	}
	_, me := b.Request("GET", "/api/v1/me", servertest.Token(made.Of("K1")), "")
	if !strings.Contains(me, fmt.Sprint(time.Date(2030, 1, 3, 2, 30, 0, 0, time.UTC).UnixMilli())) {
		t.Errorf("the link says %s", me)
	}
	must(an, "POST", session+"/call-off", `{"reason":"Bão số 3"}`, nil)
	_, own := b.Request("GET", "/api/v1/rehearsal", servertest.Token(made.Of("K1")), "")
	if !strings.Contains(own, `"called_off":true,"call_off_reason":"Bão số 3"`) {
		t.Errorf("the link says %s", own)
	}
	if _, ics = an.Ask("GET", session+"/calendar.ics", ""); !strings.Contains(ics, "STATUS:CANCELLED") {
		t.Error(ics)
	}
	if status, body := an.Ask("POST", session+"/move", `{"start":"2030-01-04T09:30:00+07:00"}`); status != 409 {
		t.Errorf("move what is called off: %d %s", status, body)
	}
}

func TestScopedOperator(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Admin("POST", "/api/v1/roster", servertest.RosterCSV+"P67,TW,province,Đắk Nông\nC9,P67,commune,Đắk Wil\n", nil)
	var made servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"x","units":"C1,C9","start":"now","operators":[{"scope":"P67"}]}`, &made)
	op := person(b, "dn", "operator", "P67")
	session := "/api/v1/sessions/" + made.ID
	var sheet struct{ Sites []struct{ Code string } }
	must(op, "GET", session+"/sheet", "", &sheet)
	if len(sheet.Sites) != 1 || sheet.Sites[0].Code != "C9" {
		t.Errorf("the sheet of Đắk Nông: %+v", sheet)
	}
	must(op, "GET", session+"/sheet?unit=C1", "", &sheet)
	if len(sheet.Sites) != 0 {
		t.Errorf("the sheet of another province: %+v", sheet)
	}
	for code, want := range map[string]int{"C9": 200, "C1": 403, meeting.HostCode: 403, "none": 403} {
		if status, _ := op.Ask("POST", session+"/links/"+code+"/reissue", ""); status != want {
			t.Errorf("reissue %s: %d, want %d", code, status, want)
		}
	}
	var consoles struct {
		Consoles []struct{ Role, Name, Link string }
	}
	must(op, "GET", session+"/consoles", "", &consoles)
	if c := consoles.Consoles; len(c) != 1 || c[0].Role != "operator" || c[0].Name != "Đắk Nông" {
		t.Errorf("consoles %+v", c)
	}
	var board struct{ Sites []struct{ Code string } }
	must(op, "GET", session+"/rehearsals", "", &board)
	if len(board.Sites) != 1 || board.Sites[0].Code != "C9" {
		t.Errorf("board %+v", board)
	}
}

func TestRehearsal(t *testing.T) {
	b := servertest.NewBed(t, "")
	good := `{"camera":"ok","microphone":"ok","loudspeaker":"ok","contact":"Chị Lan","phone":"0259 5","line":{"connected":true,"protocol":"udp",` +
		`"rtt_ms":30,"up_kbps":1500,"down_kbps":1800}}`
	put := func(code, body string) (int, string) {
		return b.Request("PUT", "/api/v1/rehearsal", servertest.Token(b.Links.Of(code)), body)
	}
	for _, tc := range []struct {
		name, code, body string
		status           int
		want             string
	}{
		{"all well", "C1", good, 200, `"light":"green"`},
		{"silent microphone", "C2", strings.Replace(good, `"microphone":"ok"`, `"microphone":"silent"`, 1), 200,
			`"light":"red","reasons":["silent_microphone"]`},
		{"bad state", "C3", strings.Replace(good, `"ok"`, `"fine"`, 1), 400, "bad_request"},
		{"unknown member", "C3", `{"mood":"good"}`, 400, "bad_request"},
	} {
		if status, body := put(tc.code, tc.body); status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %d %s", tc.name, status, body)
		}
	}
	board := func(who string) string {
		_, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/rehearsals", servertest.Token(b.Links.Of(who)), "")
		return body
	}
	for _, want := range []string{
		`"provinces":[{"code":"P58","name":"Ninh Thuận","lights":{"green":1,"red":1,"untested":1}}]`,
		`"code":"C1","name":"Xã Phước Bình","parents":["Huyện Bác Ái","Ninh Thuận"],"province":"P58","phone":"0259 5","contact":"Chị Lan","light":"green"`,
	} {
		if got := board(meeting.OperatorCode); !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if status, _ := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/rehearsals", servertest.Token(b.Links.Of("C1")), ""); status != 403 {
		t.Errorf("a site reads the board: %d", status)
	}
	// A rehearsal outlives a restart.
	b.Restart(false)
	if _, own := b.Request("GET", "/api/v1/rehearsal", servertest.Token(b.Links.Of("C2")), ""); !strings.Contains(own, `"light":"red"`) {
		t.Errorf("after a restart: %s", own)
	}
}

// A line test has a stage of its own: what is sent in it reaches no session.
func TestLineTest(t *testing.T) {
	b := servertest.LooseBed(t, "")
	link := servertest.Token(b.Links.Of("C1"))
	var offer struct{ Test, Publisher, Viewer string }
	open := func() {
		t.Helper()
		status, body := b.Request("POST", "/api/v1/rehearsal/line", link, "")
		if status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		if err := json.Unmarshal([]byte(body), &offer); err != nil {
			t.Fatal(err)
		}
	}
	open()
	pub, mon := b.Media.Of("C1", "publisher"), b.Media.Of("@check", "monitor")
	if pub.Session != offer.Test || mon.Session != offer.Test || pub.Session == b.Links.ID || b.Media.Watches[mon.ID+"/preview"] != "C1" {
		t.Errorf("publisher %+v, monitor %+v, watches %v", pub, mon, b.Media.Watches)
	}
	answer := func(test string) (int, string) {
		return b.Request("POST", "/api/v1/rehearsal/line/answer", link, fmt.Sprintf(`{"test":%q,"publisher":"v=0","viewer":"v=0"}`, test))
	}
	if status, body := answer(offer.Test); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := answer("check/other"); status != 404 {
		t.Errorf("another test: %d", status)
	}
	first := offer.Test
	open() // a page that was reloaded
	servertest.Await(t, "the test before ends", func() bool { return ended(b.Media, first) && b.Media.Of("C1", "publisher").Session == offer.Test })
	if status, _ := b.Request("DELETE", "/api/v1/rehearsal/line", link, ""); status != 204 {
		t.Errorf("the end of a test: %d", status)
	}
	servertest.Await(t, "the test ends", func() bool { return ended(b.Media, offer.Test) && b.Media.Of("C1", "publisher").ID == "" })
	b.Media.Refuse = true
	if status, body := b.Request("POST", "/api/v1/rehearsal/line", link, ""); status != 503 || !strings.Contains(body, "unavailable") {
		t.Errorf("without a port: %d %s", status, body)
	}
	b.Media.Refuse = false
	open() // ended by the server's end
	b.Srv.Close()
	if !b.Media.Over[offer.Test] {
		t.Error("a test outlives its server")
	}
}

// A rehearsal makes nobody present, and a session goes on as if there were none.
func TestRehearsalIsNoPresence(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	b.Request("POST", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C1")), "")
	b.Request("DELETE", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C1")), "")
	c1, err := b.TryEnter("C1", client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	host.SeesRow("C1", "present")
	c1.Drop()
	for _, entry := range b.Ledger() {
		if strings.Contains(entry, "@check") {
			t.Errorf("the ledger holds %s", entry)
		}
	}
}

// ended reports whether a session's media are over; nobody waits for that.
func ended(m *servertest.FakeMedia, session string) bool {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Over[session]
}
