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
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const module = "github.com/diemcau/diemcau/"

// house says which of our packages each may import, from the ground up; a folder speaks for what is below it. Everything may
// import what is its own and stands below it. docs/architecture.md shows the same.
func house() map[string]string {
	return map[string]string{
		"account": "", "keyring": "internal/durable link", "meeting": "", "docs": "", "configs": "",
		"figures": "meeting", "ledger": "meeting", "link": "meeting", "roster": "meeting",
		"prepare":    "meeting roster",
		"attendance": "figures ledger meeting",
		"access":     "account link meeting",
		"store":      "account figures ledger link meeting prepare roster internal/durable",
		"anchor":     "ledger store internal/contain internal/durable",
		"backup":     "anchor internal/contain internal/durable ledger store",
		"webhook":    "ledger meeting store internal/contain",

		"internal/admission": "", "internal/contain": "", "internal/logcut": "", "internal/doctor": "internal/admission store", "internal/durable": "",
		"internal/httpguard": "internal/admission internal/contain",
		"internal/fault":     "ledger meeting signaling/protocol store",

		"signaling":          "access account ledger link meeting store internal/admission internal/contain internal/fault internal/httpguard",
		"signaling/protocol": "", "signaling/client": "signaling/protocol",
		"api": "access account attendance figures keyring ledger link meeting prepare roster signaling signaling/protocol " +
			"store internal/admission internal/contain internal/fault internal/httpguard",
		"web":     "docs",
		"cluster": "store", "cluster/lease": "",

		"sfu":      "internal/admission internal/contain",
		"loadtest": "signaling/client signaling/protocol",
		"cmd": "access anchor api backup cluster configs keyring ledger link loadtest roster sfu signaling signaling/protocol store " +
			"web webhook internal/admission internal/contain internal/doctor internal/httpguard internal/logcut",
	}
}

// free are folders of programs for the workshop and of tests, which import what they like.
func free() []string {
	return []string{
		"internal/farline", "internal/ledgertest", "internal/leftover", "internal/lines", "internal/policy", "internal/postgrestest",
		"internal/servertest", "internal/soak", "internal/vulndb",
	}
}

// pions are those that may import Pion: everywhere else SDP is a string.
func pions() []string { return []string{"sfu", "loadtest", "internal/lines"} }

// placeOf is the folder of the house that a package belongs to, "" for none.
func placeOf(pkg string) (place string) {
	for folder := range house() {
		if (pkg == folder || strings.HasPrefix(pkg, folder+"/")) && len(folder) > len(place) {
			place = folder
		}
	}
	return place
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
	for _, line := range goList(t, "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		if slices.Contains(free(), pkg) {
			continue
		}
		place := placeOf(pkg)
		if place == "" {
			t.Errorf("%s has no place in the house", pkg)
		}
		allowed := strings.Fields(house()[place])
		for _, path := range fields[1:] {
			if strings.HasPrefix(path, "github.com/pion/") && !slices.Contains(pions(), place) {
				t.Errorf("%s imports %s", pkg, path)
			}
			dep, ours := strings.CutPrefix(path, module)
			if !ours || dep == place || strings.HasPrefix(dep, place+"/") {
				continue
			}
			if !slices.ContainsFunc(allowed, func(a string) bool { return dep == a || a == placeOf(dep) }) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
		checked++
	}
	if checked < 30 {
		t.Fatalf("only %d packages seen", checked)
	}
}

// TestArchitectureShowsTheHouse: every folder of the house has its row.
func TestArchitectureShowsTheHouse(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for folder := range house() {
		if folder == "docs" || folder == "configs" || folder == "cmd" {
			continue
		}
		rows := strings.Split(string(page), "\n")
		name := "`" + folder + "`"
		if !slices.ContainsFunc(rows, func(row string) bool {
			first, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
			return strings.HasPrefix(row, "| ") && slices.Contains(strings.Split(first, ", "), name)
		}) {
			t.Errorf("docs/architecture.md has no row of %s", folder)
		}
	}
}

// TestArchitectureNamesWhatThereIs: a file that the page of the architecture names is there.
func TestArchitectureNamesWhatThereIs(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z_/]+\\.(?:go|txt))`").FindAllStringSubmatch(string(page), -1)
	if len(named) < 10 {
		t.Fatalf("only %d files named", len(named))
	}
	for _, match := range named {
		if !strings.Contains(match[1], "/") {
			match[1] = "signaling/" + match[1] // in the walk of a command
		}
		if _, err := os.Stat(filepath.Join("../..", match[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestMeetingIsPure(t *testing.T) {
	for _, dep := range goList(t, "-f", `{{join .Deps "\n"}}`, "./meeting") {
		switch dep {
		case "net", "os/exec", "database/sql", "net/http":
			t.Errorf("meeting depends on %s", dep)
		}
		if strings.Contains(dep, ".") && !strings.HasPrefix(dep, module) && !strings.HasPrefix(dep, "github.com/google/uuid") &&
			!strings.HasPrefix(dep, "vendor/") {
			t.Errorf("meeting depends on %s", dep)
		}
	}
}

// What is for tests alone is no part of the binary: not the standard library's, which buffers whole downloads, nor ours.
func TestBinaryHoldsNothingOfTests(t *testing.T) {
	tests := []string{"net/http/httptest", module + "internal/servertest", module + "internal/postgrestest",
		module + "internal/ledgertest", module + "internal/leftover", module + "sfu/transport/peertest"}
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
		if n > limit {
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

// TestGoLinesFitAScreen holds what gofmt leaves alone: 160 columns, a tab is four.
func TestGoLinesFitAScreen(t *testing.T) {
	const limit = 160
	var whole map[int]bool
	eachLine(t, ".", ".go", func(path string, number int, line string) {
		if number == 1 {
			whole = unbreakable(t, path)
		}
		if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > limit && !whole[number] {
			t.Errorf("%s:%d has %d columns, limit %d", path, number, n, limit)
		}
	})
}

// unbreakable are the lines of a file that hold the tag of a struct's member or are part of a string of several lines.
func unbreakable(t *testing.T, path string) map[int]bool {
	t.Helper()
	files, lines := token.NewFileSet(), map[int]bool{}
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				lines[files.Position(n.Tag.Pos()).Line] = true
			}
		case *ast.BasicLit:
			from, to := files.Position(n.Pos()).Line, files.Position(n.End()).Line
			for line := from; to > from && line <= to; line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}
