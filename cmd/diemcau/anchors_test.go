package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/anchor"
)

// What the file of heads beside the database knows, verify can be asked about; and a head file of a longer ledger names
// what is missing.
func TestVerifyTakesAnchors(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	_, stop := serve(t, dir)
	stop()
	heads, exported := filepath.Join(dir, anchor.HeadsFile), filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--format", "jsonl", "--out", exported)
	if out := must(t, "attendance", "verify", exported, "--anchor", heads); !strings.Contains(out, "as 1 anchors say") {
		t.Errorf("%q", out)
	}
	text, err := os.ReadFile(heads)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ file, says string }{
		"cut":       {strings.Replace(string(text), `"seq":2`, `"seq":9`, 1), "the entries up to 9 are missing"},
		"rewritten": {rewriteHead(string(text)), "it is not the entry that was anchored"},
		"of others": {strings.ReplaceAll(string(text), links.ID, "other"), "none of the anchors is about this session"},
		"no anchor": {"", "none of the anchors is about this session"},
		"rubbish":   {"rubbish", "anchor 1"},
		"no stamp":  {"\x30\x03\x02\x01\x00", "no time stamp"},
	} {
		file := write(t, "anchor", tt.file)
		if code, _, errOut := call(t, "attendance", "verify", exported, "--anchor", file); code != exitBroken || !strings.Contains(errOut, tt.says) {
			t.Errorf("%s: %d %s", name, code, errOut)
		}
	}
}

// rewriteHead turns the hash of a head into another.
func rewriteHead(text string) string {
	before, after, _ := strings.Cut(text, `"head":"`)
	return before + `"head":"` + strings.Map(func(r rune) rune {
		if r == '0' {
			return '1'
		}
		return '0'
	}, after[:64]) + after[64:]
}
