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
	if err := json.Unmarshal([]byte(must(t, with("roster", "import", units, "--preview")...)), &changes); err != nil || changes.After != 3 || len(changes.Added) != 3 {
		t.Errorf("preview: %+v %v", changes, err)
	}
	if code, _, errOut := call(t, with("session", "create", "--title", "x", "--units", "C1")...); code != exitBroken {
		t.Errorf("a preview was applied: %d %s", code, errOut)
	}
	must(t, with("roster", "import", units)...)

	var out, errOut bytes.Buffer
	if code := run(t.Context(), with("admin", "create", "--name", "an"), streams{strings.NewReader("con meo cua toi\n"), &out, &errOut}); code != exitDone || out.Len() > 0 {
		t.Errorf("an account with a given password: %d %q %s", code, &out, &errOut)
	}
	if got := must(t, with("admin", "create", "--name", "binh", "--role", "operator", "--scope", "P58")...); !regexp.MustCompile(`^[a-z2-7]{4}(-[a-z2-7]{4}){3}\n$`).MatchString(got) {
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
	if err := json.Unmarshal([]byte(must(t, with("session", "draft", "convene", draft.ID, "--version", "2")...)), &links); err != nil || len(links.Endpoints) != 1 {
		t.Fatalf("%+v %v", links, err)
	}
	sheet := must(t, with("session", "sheet", "--session", links.ID, "--lang", "en")...)
	if !regexp.MustCompile(`C1,Phước Bình,.*,http://localhost:8080/j/[0-9a-z]{4}-.*,024 3333`).MatchString(sheet) {
		t.Errorf("sheet: %s", sheet)
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
