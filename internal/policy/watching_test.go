package policy

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const watching = "../../configs/prometheus"

// What the examples for Prometheus and Grafana ask for is what the program has.
func TestExamplesForWatchingNameWhatThereIs(t *testing.T) {
	source := goSource(t)
	known := func(name string) bool {
		for _, prefix := range []string{"", "diemcau_sfu_", "diemcau_sockets_", "diemcau_turn_"} {
			rest, is := strings.CutPrefix(name, prefix)
			if is && strings.Contains(source, `"`+rest+`"`) && strings.Contains(source, `"`+prefix) {
				return true
			}
		}
		return false
	}
	if known("diemcau_nothing_total") || !known("diemcau_sfu_udp_waits_total") {
		t.Fatal("known metrics are not told from others")
	}
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		text, err := os.ReadFile(filepath.Join(watching, file))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\bdiemcau_[a-z0-9_]+`).FindAllString(string(text), -1)
		if len(found) < 10 {
			t.Errorf("%s names only %d metrics", file, len(found))
		}
		for _, name := range found {
			if !known(strings.TrimSuffix(name, "_bucket")) {
				t.Errorf("%s names %s, which the program has not", file, name)
			}
		}
		if filepath.Ext(file) == ".json" && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
	}
}

// goSource is all of the program's source.
func goSource(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool (package prometheus) is not installed")
	}
	cmd := exec.CommandContext(t.Context(), promtool, "test", "rules", "alerts.test.yaml")
	cmd.Dir = watching
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
