package policy

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logLine is a message that the server writes to its log.
type logLine struct {
	level, message string
	fields         []string // names, sorted
}

func (l logLine) row() string {
	fields := "–"
	if len(l.fields) > 0 {
		fields = "`" + strings.Join(l.fields, "`, `") + "`"
	}
	return fmt.Sprintf("| %s | %s | %s |", l.level, l.message, fields)
}

// logLines are the messages in the sources of the server: calls of Debug, Info, Warn, Error and Log of what is named log, logger
// or Log, with a text for the message and name and value in turn after it.
func logLines(t *testing.T) []logLine {
	t.Helper()
	found := map[string]*logLine{}
	files := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == "node_modules" || name == "testdata" || name == "loadtest" || name == "soak" || name == "servertest" ||
			strings.HasPrefix(name, ".") && len(name) > 2):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if line := logged(call); line != nil {
				key := line.level + line.message
				if before := found[key]; before != nil {
					line.fields = append(line.fields, before.fields...)
				}
				slices.Sort(line.fields)
				line.fields = slices.Compact(line.fields)
				found[key] = line
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []logLine
	for _, line := range found {
		list = append(list, *line)
	}
	slices.SortFunc(list, func(a, b logLine) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.message, b.message))
	})
	return list
}

func levels() []string { return []string{"BY CASE", "DEBUG", "ERROR", "INFO", "WARN"} }

// logged reads a call of a logger; nil if it is none.
func logged(call *ast.CallExpr) *logLine {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	args, level := call.Args, strings.ToUpper(method.Sel.Name)
	if level == "LOG" && len(args) > 2 {
		args, level = args[2:], "BY CASE"
	}
	if !slices.Contains(levels(), level) || len(args) == 0 {
		return nil
	}
	on := ""
	switch x := method.X.(type) {
	case *ast.Ident:
		on = x.Name
	case *ast.SelectorExpr:
		on = x.Sel.Name
	case *ast.CallExpr: // log.With("session", id).Info
		if with, ok := x.Fun.(*ast.SelectorExpr); ok && with.Sel.Name == "With" {
			on = "log"
		}
	}
	if !slices.Contains([]string{"log", "Log", "logger", "slog"}, on) {
		return nil
	}
	message, ok := text(args[0])
	if !ok {
		return nil
	}
	line := &logLine{level: level, message: message}
	names := func(pairs []ast.Expr) {
		for i := 0; i < len(pairs); i += 2 {
			if name, ok := text(pairs[i]); ok {
				line.fields = append(line.fields, name)
			}
		}
	}
	names(args[1:])
	if with, ok := method.X.(*ast.CallExpr); ok {
		names(with.Args)
	}
	return line
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// TestLogsAreDocumented holds the table of docs/logs.md against the sources.
func TestLogsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(string(page)) {
		for _, level := range levels() {
			if strings.HasPrefix(line, "| "+level+" |") {
				told = append(told, strings.TrimSpace(line))
			}
		}
	}
	var written []string
	for _, line := range logLines(t) {
		written = append(written, line.row())
	}
	if len(written) < 20 {
		t.Fatalf("only %d messages were found in the sources", len(written))
	}
	for _, row := range written {
		if !slices.Contains(told, row) {
			t.Errorf("docs/logs.md lacks\n%s", row)
		}
	}
	for _, row := range told {
		if !slices.Contains(written, row) {
			t.Errorf("docs/logs.md has what no code writes:\n%s", row)
		}
	}
}
