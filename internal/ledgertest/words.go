package ledgertest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Kinds are the kinds of all events of meeting, sorted, as its source in a folder has them: a test that must see each of them
// trusts no list that somebody has to keep.
func Kinds(tb testing.TB, folder string) (kinds []string) {
	tb.Helper()
	inspect(tb, folder, func(n ast.Node) {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != "Kind" || f.Body == nil {
			return
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok {
				kinds = append(kinds, unquoted(tb, text))
			}
			return true
		})
	})
	return checked(tb, "kinds", kinds)
}

// Constants are the values of all constants of a string type, sorted, as the source in a folder has them.
func Constants[T ~string](tb testing.TB, folder, typeName string) (values []T) {
	tb.Helper()
	inspect(tb, folder, func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != typeName {
			return
		}
		for _, value := range spec.Values {
			if text, ok := value.(*ast.BasicLit); ok {
				values = append(values, T(unquoted(tb, text)))
			}
		}
	})
	return checked(tb, typeName, values)
}

func inspect(tb testing.TB, folder string, see func(ast.Node)) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			tb.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool { see(n); return true })
	}
}

func unquoted(tb testing.TB, text *ast.BasicLit) string {
	tb.Helper()
	value, err := strconv.Unquote(text.Value)
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

func checked[T ~string](tb testing.TB, what string, found []T) []T {
	tb.Helper()
	if len(found) < 3 {
		tb.Fatalf("only %d %s found", len(found), what)
	}
	slices.Sort(found)
	return found
}
