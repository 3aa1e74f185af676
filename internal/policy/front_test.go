package policy

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// eachLine calls f with every line of the files below a folder that have one of the extensions, but for modules of others.
func eachLine(t *testing.T, folder string, extensions string, f func(path string, number int, line string)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "vendor" || d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext == "" || !strings.Contains(extensions, ext) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for i, line := range strings.Split(string(text), "\n") {
			f(path, i+1, line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("%s holds %d files only", folder, files)
	}
}

// TestFormsAreTypedIn has the browser tests press keys: a field that ate spaces went through all tests that set its value.
func TestFormsAreTypedIn(t *testing.T) {
	eachLine(t, "e2e", ".mjs", func(path string, number int, line string) {
		if strings.Contains(line, ".fill(") && filepath.Base(path) != "media.mjs" { // where arrays are filled
			t.Errorf("%s:%d sets a field's value: type() of lib/typing.mjs presses keys", path, number)
		}
	})
}

// TestFrontLinesFitAScreen holds what the formatter leaves alone: templates, long strings, comments.
func TestFrontLinesFitAScreen(t *testing.T) {
	const limit = 160
	for _, folder := range []string{"web", "e2e"} {
		eachLine(t, folder, ".js.mjs.css", func(path string, number int, line string) {
			if n := utf8.RuneCountInString(line); n > limit {
				t.Errorf("%s:%d has %d columns, limit %d", path, number, n, limit)
			}
		})
	}
}

// TestFrontPageIsTrue: whoever reads web/README.md is told of every folder, page and style sheet that there is, and of no other.
func TestFrontPageIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../web/README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, pattern := range []string{"pages/*.js", "css/*.css", "i18n/??.js"} {
		files, err := filepath.Glob(filepath.Join("../../web/static", pattern))
		if err != nil || len(files) == 0 {
			t.Fatal("none of", pattern, err)
		}
		for _, file := range files {
			if !strings.Contains(page, "`"+filepath.Base(file)+"`") {
				t.Errorf("web/README.md does not name %s", file)
			}
		}
	}
	err = filepath.WalkDir("../../web/static", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() != "static" && !strings.Contains(page, "/"+d.Name()+"/`") {
			t.Errorf("web/README.md does not name the folder %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range strings.Split(page, "\n") {
		name, ok := strings.CutPrefix(row, "| `static/")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "`")
		if _, err := os.Stat(filepath.Join("../../web/static", name)); err != nil {
			t.Error(err)
		}
	}
}
