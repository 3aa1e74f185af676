// Package policy checks rules of the house that the compiler does not know.
package policy

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/diemcau/diemcau/"

// forbidden lists, for a package tree of ours, what nothing in it may depend on, directly or not.
func forbidden() map[string][]string {
	const pion = "github.com/pion/"
	return map[string][]string{
		"meeting":    {module + "ledger", module + "attendance", module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"ledger":     {module + "attendance", module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"attendance": {module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"access":     {module + "ledger", module + "attendance", module + "prepare", module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"link":       {module + "ledger", module + "attendance", module + "account", module + "prepare", module + "roster", module + "store", module + "signaling", module + "sfu", pion},
		"roster":     {module + "ledger", module + "attendance", module + "store", module + "signaling", module + "sfu", pion},
		"store":      {module + "attendance", module + "signaling", module + "sfu", pion},
		"signaling":  {module + "api", module + "attendance", module + "sfu", module + "loadtest", module + "webhook", pion},
		"api":        {module + "sfu", module + "loadtest", module + "webhook", pion},
		"webhook":    {module + "attendance", module + "signaling", module + "sfu", pion},
		"sfu":        {module + "meeting", module + "ledger", module + "attendance", module + "roster", module + "store", module + "signaling"},
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

// What is for tests alone is no part of the binary: not the standard library's, which buffers whole downloads, nor ours.
func TestBinaryHoldsNothingOfTests(t *testing.T) {
	tests := []string{"net/http/httptest", module + "internal/servertest", module + "internal/postgrestest", module + "sfu/transport/peertest"}
	for _, dep := range goList(t, "-f", `{{join .Deps "\n"}}`, "./cmd/...") {
		if slices.Contains(tests, dep) {
			t.Errorf("the binary depends on %s", dep)
		}
	}
}

// The binary knows the time zones of sessions in an image that holds nothing else.
func TestTimeZonesAreEmbedded(t *testing.T) {
	if !slices.Contains(goList(t, "-f", `{{join .Deps "\n"}}`, "./cmd/diemcau"), "time/tzdata") {
		t.Error("cmd/diemcau does not embed time/tzdata")
	}
}

// TestTypesStaySmall keeps god objects away: 20 methods a type, tests aside.
func TestTypesStaySmall(t *testing.T) {
	const limit = 20
	// Types that are still being taken apart, and how many methods they have until then.
	larger := map[string]int{"../../signaling.coordinator": 25, "../../signaling.audience": 25}
	methods := map[string]int{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				recv := f.Recv.List[0].Type
				if star, ok := recv.(*ast.StarExpr); ok {
					recv = star.X
				}
				if generic, ok := recv.(*ast.IndexExpr); ok {
					recv = generic.X
				}
				if name, ok := recv.(*ast.Ident); ok {
					methods[filepath.Dir(path)+"."+name.Name]++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(methods) < 50 {
		t.Fatalf("only %d types seen", len(methods))
	}
	for name, n := range methods {
		if n > max(limit, larger[name]) {
			t.Errorf("%s has %d methods, limit %d", name, n, limit)
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
