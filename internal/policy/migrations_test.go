package policy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// goMigrations are the numbers of the migrations that a Go file makes: the first arguments of its calls of goose.NewGoMigration,
// each a literal or a constant of the file.
func goMigrations(name string, source any) ([]int, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	constants := map[string]ast.Expr{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
			for i, name := range spec.Names {
				constants[name.Name] = spec.Values[i]
			}
		}
		return true
	})
	var numbers []int
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if fun, ok := call.Fun.(*ast.SelectorExpr); !ok || fun.Sel.Name != "NewGoMigration" {
			return true
		}
		version := call.Args[0]
		if constant, ok := version.(*ast.Ident); ok {
			version = constants[constant.Name]
		}
		literal, ok := version.(*ast.BasicLit)
		if !ok {
			err = fmt.Errorf("%s: the number of a migration is neither a literal nor a constant of its file", files.Position(call.Pos()))
			return false
		}
		number, notANumber := strconv.Atoi(literal.Value)
		if notANumber != nil {
			err = fmt.Errorf("%s: %w", files.Position(call.Pos()), notANumber)
		}
		numbers = append(numbers, number)
		return true
	})
	return numbers, err
}

// sqlMigration is the name of a migration in SQL, its number first.
var sqlMigration = regexp.MustCompile(`^(\d{5})_[a-z0-9_]+\.sql$`)

func sqlNumber(path string) (int, error) {
	match := sqlMigration.FindStringSubmatch(filepath.Base(path))
	if match == nil {
		return 0, fmt.Errorf("%s is not named as a migration", path)
	}
	return strconv.Atoi(match[1])
}

// taken gives each number to its migration, and says which number two have.
func taken(by map[int]string, migration string, numbers ...int) error {
	for _, number := range numbers {
		if other, ok := by[number]; ok {
			return fmt.Errorf("%s and %s are both migration %d", other, migration, number)
		}
		by[number] = migration
	}
	return nil
}

// Two branches that each add a migration take the same number, and neither conflicts with the other in git.
func TestMigrationNumbersAreUnique(t *testing.T) {
	scripts, err := filepath.Glob("../../store/migrations/*")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no migrations found", err)
	}
	by := map[int]string{}
	for _, path := range scripts {
		number, err := sqlNumber(path)
		if err == nil {
			err = taken(by, filepath.Base(path), number)
		}
		if err != nil {
			t.Error(err)
		}
	}
	programs, err := filepath.Glob("../../store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	inGo := 0
	for _, path := range programs {
		numbers, err := goMigrations(path, nil)
		if err == nil {
			err = taken(by, filepath.Base(path), numbers...)
		}
		if err != nil {
			t.Error(err)
		}
		inGo += len(numbers)
	}
	if inGo == 0 {
		t.Error("no migration in Go found: is it made otherwise than by goose.NewGoMigration?")
	}
}

func TestMigrationNumbersAreFound(t *testing.T) {
	const source = `package store
const later = 12
func a() { const version = 11; goose.NewGoMigration(version, up, down); goose.NewGoMigration(later, up, down) }
func b() { goose.NewGoMigration(11, up, down) }`
	numbers, err := goMigrations("a.go", source)
	if err != nil || fmt.Sprint(numbers) != "[11 12 11]" {
		t.Fatal(numbers, err)
	}
	if err := taken(map[int]string{}, "a.go", numbers...); err == nil {
		t.Error("11 twice is allowed")
	}
	if err := taken(map[int]string{12: "00012_figures.sql"}, "a.go", 12); err == nil {
		t.Error("a number of SQL is allowed in Go")
	}
	if numbers, err := goMigrations("a.go", "package store\nfunc c(n int64) { goose.NewGoMigration(n, up, down) }"); err == nil {
		t.Error("an unknown number passes as", numbers)
	}
	for _, bad := range []string{"12_figures.sql", "figures.sql", "00012_figures.sql.orig"} {
		if number, err := sqlNumber(bad); err == nil {
			t.Error(bad, "passes as", number)
		}
	}
}
