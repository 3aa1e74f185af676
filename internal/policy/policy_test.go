// Package policy checks rules of the house that the compiler does not know.
package policy

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/diemcau/diemcau/"

// forbidden lists, for a package tree of ours, what nothing in it may depend on, directly or not.
func forbidden() map[string][]string {
	const pion = "github.com/pion/"
	return map[string][]string{
		"meeting":    {module + "attendance", module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"attendance": {module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"roster":     {module + "attendance", module + "store", module + "signaling", module + "sfu", pion},
		"store":      {module + "signaling", module + "sfu", pion},
		"signaling":  {module + "sfu", module + "loadtest", pion},
		"sfu":        {module + "meeting", module + "attendance", module + "roster", module + "store", module + "signaling"},
		"web":        {module + "meeting", module + "store", module + "sfu", pion},
	}
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestImportDirections(t *testing.T) {
	checked := 0
	for _, line := range goList(t, "-f", "{{.ImportPath}} {{join .Deps \" \"}}", "./...") {
		fields := strings.Fields(line)
		tree, _, _ := strings.Cut(strings.TrimPrefix(fields[0], module), "/")
		for _, dep := range fields[1:] {
			for _, bad := range forbidden()[tree] {
				if dep == bad || strings.HasPrefix(dep, strings.TrimSuffix(bad, "/")+"/") {
					t.Errorf("%s depends on %s", fields[0], dep)
				}
			}
		}
		checked++
	}
	if checked < 5 {
		t.Fatalf("only %d packages seen", checked)
	}
}

func TestMeetingIsPure(t *testing.T) {
	for _, dep := range goList(t, "-f", `{{join .Deps "\n"}}`, "./meeting") {
		switch dep {
		case "net", "os/exec", "database/sql", "net/http":
			t.Errorf("meeting depends on %s", dep)
		}
		if strings.Contains(dep, ".") && !strings.HasPrefix(dep, module) && !strings.HasPrefix(dep, "github.com/google/uuid") && !strings.HasPrefix(dep, "vendor/") {
			t.Errorf("meeting depends on %s", dep)
		}
	}
}

// TestFileLength keeps hand-written source readable: about 600 lines a file.
func TestFileLength(t *testing.T) {
	const limit = 620
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "vendor" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go", ".js", ".mjs", ".css":
		default:
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := 0
		for sc := bufio.NewScanner(f); sc.Scan(); {
			lines++
		}
		if lines > limit {
			t.Errorf("%s has %d lines, limit %d", path, lines, limit)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
