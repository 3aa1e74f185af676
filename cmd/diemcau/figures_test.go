package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The command line sums up sessions of a folder that no server runs on.
func TestFigures(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	if out := must(t, "figures", "show", "--data", dir); !strings.Contains(out, `"sessions":[]`) {
		t.Errorf("without sessions: %s", out)
	}
	if out := must(t, "figures", "rebuild", "--data", dir); out != "0 sessions\n" {
		t.Errorf("rebuilt %q", out)
	}
	for _, format := range []string{"xlsx", "pdf"} {
		must(t, "figures", "export", "--from", "2026-01-01", "--to", "2026-12-31", "--format", format, "--out", filepath.Join(dir, "f."+format), "--data", dir)
	}
	if code, _, errOut := call(t, "figures", "show", "--from", "1/1/2026", "--data", dir); code != exitUsage || !strings.Contains(errOut, "--from") {
		t.Errorf("a wrong day: %d %s", code, errOut)
	}
	if code, _, _ := call(t, "figures", "compare", "nothing", "--data", dir); code != exitBroken {
		t.Errorf("compared nothing: %d", code)
	}
}
