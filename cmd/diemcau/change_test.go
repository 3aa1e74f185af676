package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What was convened is changed from the command line, without a server.
func TestSessionChange(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	var made struct{ ID string }
	out := must(t, "session", "create", "--title", "Họp", "--units", "C1", "--start", "now", "--json", "--data", dir)
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	change := func(args ...string) string {
		t.Helper()
		return must(t, append(append([]string{"session", "change"}, args...), "--data", dir)...)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		code, _, errOut := call(t, append(append([]string{"session", "change"}, args...), "--data", dir)...)
		if code == exitDone || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %s", args, code, errOut)
		}
	}
	change("title", made.ID, "Họp giao ban")
	change("help-phone", made.ID, "024 3333")
	added := change("add", made.ID, "--units", "C2", "--guests", "Bộ Y tế")
	if strings.Count(added, "/join#") != 2 || strings.Count(added, "/j#") != 2 {
		t.Errorf("added %s", added)
	}
	agenda := write(t, "agenda.json", `[{"title":"Khai mạc","minutes":5,"speakers":["C1","C2"]}]`)
	change("agenda", made.ID, agenda)
	refused("version 2", "agenda", made.ID, agenda, "--base", "1")
	refused("agenda.0.speakers", "agenda", made.ID, write(t, "wrong.json", `[{"title":"x","speakers":["C9"]}]`))
	refused("no JSON list", "agenda", made.ID, write(t, "no.json", `{`))
	change("rules", made.ID, "--late-after", "120", "--receiving-only", "yes", "--reason", "theo giấy mời")
	refused("no rule", "rules", made.ID, "--reason", "x")
	change("withdraw", made.ID, "C2", "K1", "--reason", "sáp nhập")
	refused("K1", "withdraw", made.ID, "K1", "--reason", "x")
	change("restore", made.ID, "C2")
	must(t, "session", "particulars", made.ID, write(t, "p.json", `{"body":"Văn phòng","chair":{"name":"Nguyễn Văn A","title":"Trưởng ban"}}`), "--data", dir)
	change("particulars", made.ID, "--number", "12/BC-VP", "--chair-name", "Lê Thị B", "--recipient", "Như trên, mỗi nơi một bản;", "--recipient", "Lưu: VT.")
	refused("nothing to change", "particulars", made.ID)
	refused("place", "particulars", made.ID, "--place", strings.Repeat("x", 301))
	const want = `{"version":2,"particulars":{"body":"Văn phòng","number":"12/BC-VP",` +
		`"recipients":["Như trên, mỗi nơi một bản;","Lưu: VT."],"chair":{"name":"Lê Thị B","title":"Trưởng ban"}}}`
	if got := must(t, "session", "particulars", made.ID, "--data", dir); strings.TrimSpace(got) != want {
		t.Errorf("particulars %s, want %s", got, want)
	}
	refused("C1", "restore", made.ID, "C1")

	var s struct {
		Title     string
		Convened  int
		Withdrawn int
		Agenda    []struct{ Speakers []string }
		Phone     string `json:"help_phone"`
		Rules     struct {
			Late      int  `json:"late_after_s"`
			Partial   int  `json:"partial_pct"`
			Receiving bool `json:"receiving_only"`
		}
	}
	if err := json.Unmarshal([]byte(change("show", made.ID)), &s); err != nil {
		t.Fatal(err)
	}
	if s.Title != "Họp giao ban" || s.Convened != 2 || s.Withdrawn != 1 || s.Phone != "024 3333" ||
		s.Rules.Late != 120 || s.Rules.Partial != 80 || !s.Rules.Receiving ||
		len(s.Agenda) != 1 || len(s.Agenda[0].Speakers) != 1 {
		t.Errorf("%+v", s)
	}
	if out := change("sites", made.ID, "--withdrawn"); !strings.Contains(out, "sáp nhập") || !strings.Contains(out, "K1") || strings.Contains(out, `"C2"`) {
		t.Errorf("withdrawn: %s", out)
	}
}
