package main

import (
	"strings"
	"testing"
)

func TestUnits(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"add", "P56", "--parent", "TW", "--level", "province", "--name", "Tỉnh Khánh Hòa"}, "5 units\n"},
		{[]string{"rename", "C1", "--name", "Phường Một"}, "5 units\n"},
		{[]string{"move", "C2", "--parent", "P56"}, "5 units\n"},
		{[]string{"merge", "P58", "--into", "P56", "--in-force", "2025-07-01"}, "4 units\n"},
	} {
		if out := must(t, append(append([]string{"roster"}, step.args...), "--data", dir)...); out != step.want {
			t.Errorf("%v: %q", step.args, out)
		}
	}
	out := must(t, "roster", "changes", "--data", dir)
	if !strings.Contains(out, `"into":"P56"`) || !strings.Contains(out, `"in_force":"2025-07-01"`) || strings.Count(out, `"kind"`) != 4 {
		t.Errorf("changes %s", out)
	}
	if code, _, errOut := call(t, "roster", "merge", "P99", "--into", "P98", "--data", dir); code != exitBroken || !strings.Contains(errOut, "P98") {
		t.Errorf("merged into nothing: %d %s", code, errOut)
	}
}
