package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An office prepares a session by the command line alone, without a server.
func TestPrepareOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	data := []string{"--data", filepath.Join(dir, "data")}
	with := func(args ...string) []string { return append(args, data...) }
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	units := file("units.csv", "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Ninh Thuận\nC1,P58,commune,Phước Bình\n")
	var changes struct {
		Before, After int
		Added         []struct{ Code string }
	}
	if err := json.Unmarshal([]byte(must(t, with("roster", "import", units, "--preview")...)), &changes); err != nil || changes.After != 3 ||
		len(changes.Added) != 3 {
		t.Errorf("preview: %+v %v", changes, err)
	}
	if code, _, errOut := call(t, with("session", "create", "--title", "x", "--units", "C1")...); code != exitBroken {
		t.Errorf("a preview was applied: %d %s", code, errOut)
	}
	must(t, with("roster", "import", units)...)

	var out, errOut bytes.Buffer
	if code := run(t.Context(), with("admin", "create", "--name", "an"),
		streams{in: strings.NewReader("con meo cua toi\n"), out: &out, err: &errOut}); code != exitDone || out.Len() > 0 {
		t.Errorf("an account with a given password: %d %q %s", code, &out, &errOut)
	}
	if got := must(t, with("admin", "create", "--name", "binh", "--role", "operator", "--scope",
		"P58")...); !regexp.MustCompile(`^[a-z2-7]{4}(-[a-z2-7]{4}){3}\n$`).MatchString(got) {
		t.Errorf("the made password is %q", got)
	}
	if code, _, errOut := call(t, with("admin", "create", "--name", "an")...); code != exitBroken || !strings.Contains(errOut, "already there") {
		t.Errorf("an account twice: %d %s", code, errOut)
	}

	var draft struct {
		ID       string
		Version  int
		Problems []struct{ Field string }
	}
	read := func(text string) {
		t.Helper()
		draft.Problems = nil
		if err := json.Unmarshal([]byte(text), &draft); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	read(must(t, with("session", "draft", "put", file("draft.json", `{"title":"Phiên họp","units":["P58/*"]}`))...))
	if len(draft.Problems) != 1 || draft.Problems[0].Field != "start" {
		t.Errorf("%+v", draft)
	}
	better := file("better.json", `{"title":"Phiên họp","units":["P58/*"],"start":"2030-01-02T08:00:00+07:00","help_phone":"024 3333"}`)
	read(must(t, with("session", "draft", "put", better, "--id", draft.ID, "--version", "1")...))
	if draft.Version != 2 || draft.Problems != nil {
		t.Errorf("%+v", draft)
	}
	if code, _, _ := call(t, with("session", "draft", "put", better, "--id", draft.ID, "--version", "1")...); code != exitBroken {
		t.Error("a conflict was not seen")
	}
	if code, _, _ := call(t, with("session", "draft", "put", better, "--id", draft.ID)...); code != exitUsage {
		t.Error("--id without --version was taken")
	}
	if list := must(t, with("session", "draft", "list")...); !strings.Contains(list, draft.ID) {
		t.Errorf("list: %s", list)
	}
	var links sessionLinks
	if err := json.Unmarshal([]byte(must(t, with("session", "draft", "convene", draft.ID, "--version", "2")...)), &links); err != nil ||
		len(links.Endpoints) != 1 {
		t.Fatalf("%+v %v", links, err)
	}
	sheet := must(t, with("session", "sheet", "--session", links.ID, "--lang", "en")...)
	if !regexp.MustCompile(`C1,Phước Bình,.*,http://localhost:8080/j#[0-9a-z]{4}-.*,024 3333`).MatchString(sheet) {
		t.Errorf("sheet: %s", sheet)
	}
	_, before, _ := strings.Cut(sheet, "/j#")
	issued := strings.Fields(must(t, with("session", "link", "reissue", "C1", "--session", links.ID)...))
	if len(issued) != 2 || !strings.Contains(issued[0], "/join#") || issued[0] == links.Endpoints[0].Link || !strings.Contains(issued[1], "/j#") {
		t.Errorf("reissued: %v", issued)
	}
	if sheet = must(t, with("session", "sheet", "--session", links.ID)...); !strings.Contains(sheet, issued[1]) || strings.Contains(sheet, before[:19]) {
		t.Errorf("the sheet after the reissue: %s", sheet)
	}
	must(t, with("session", "link", "revoke", "C1", "--session", links.ID)...)
	if sheet = must(t, with("session", "sheet", "--session", links.ID)...); strings.Contains(sheet, "/j#") {
		t.Errorf("the sheet after the revocation: %s", sheet)
	}
	if code, _, _ := call(t, with("session", "link", "revoke", "C9", "--session", links.ID)...); code != exitBroken {
		t.Error("the link of nobody was revoked")
	}
	if board := must(t, with("session", "rehearsals", "--session", links.ID)...); !strings.Contains(board, `"untested":1`) {
		t.Errorf("board: %s", board)
	}
	must(t, with("session", "move", "--session", links.ID, "--start", "2030-01-03T08:00:00+07:00")...)
	if list := must(t, with("session", "list")...); !strings.Contains(list, `"scheduled_at":"2030-01-03T01:00:00Z"`) {
		t.Errorf("moved: %s", list)
	}
	must(t, with("session", "call-off", "--session", links.ID, "--reason", "Bão số 3")...)
	if code, _, errOut := call(t, with("session", "move", "--session", links.ID, "--start", "2030-01-04T08:00:00+07:00")...); code != exitBroken {
		t.Errorf("what is called off was moved: %s", errOut)
	}
	if got := must(t, with("session", "draft", "show", draft.ID)...); !strings.Contains(got, links.ID) {
		t.Errorf("show: %s", got)
	}
}

// A session of the command line can have operators of provinces; what it prints keeps its members.
func TestOperatorsHaveNames(t *testing.T) {
	dir := t.TempDir()
	units := filepath.Join(dir, "units.csv")
	if err := os.WriteFile(units, []byte("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Ninh Thuận\nC1,P58,commune,Phước Bình\nP67,"+
		"TW,province,Đắk Nông\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := []string{"--data", filepath.Join(dir, "data")}
	must(t, append([]string{"roster", "import", units}, data...)...)
	create := append([]string{"session", "create", "--title", "x", "--units", "C1", "--operators", "P58=Sở TT&TT phòng 1,P67"}, data...)
	out := must(t, append(create, "--json")...)
	var links sessionLinks
	if err := json.Unmarshal([]byte(out), &links); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range links.Operators {
		got = append(got, o.Code+" "+o.Unit+" "+o.Name)
		if !strings.Contains(o.Link, "/host#") {
			t.Errorf("link %s", o.Link)
		}
	}
	if want := "@operator-2 P58 Sở TT&TT phòng 1;@operator-3 P67 Đắk Nông"; strings.Join(got, ";") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if links.Links.Host == "" || len(links.Endpoints) != 1 || links.Endpoints[0].Code != "C1" {
		t.Errorf("%+v", links)
	}
	if text := must(t, create...); !strings.Contains(text, " (Đắk Nông)\n") {
		t.Error(text)
	}
	if code, _, errOut := call(t, append(create, "--operators", "P99")...); code != exitBroken || !strings.Contains(errOut, "P99") {
		t.Errorf("an operator of nothing: %d %s", code, errOut)
	}
}
