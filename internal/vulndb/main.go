// Command vulndb makes a vulnerability database for govulncheck (its option -db) out of the module golang.org/x/vulndb, where
// a Go module proxy can be reached and vuln.go.dev cannot.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const source = "golang.org/x/vulndb@latest"

// entry is what is read of a report (https://ossf.github.io/osv-schema).
type entry struct {
	ID       string `json:"id"`
	Modified string `json:"modified"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected"`
}

// vuln and module are entries of the index (https://go.dev/doc/security/vuln/database).
type vuln struct {
	ID       string `json:"id"`
	Modified string `json:"modified"`
}

type module struct {
	Path  string `json:"path"`
	Vulns []vuln `json:"vulns"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vulndb FOLDER")
		os.Exit(2)
	}
	if err := build(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "vulndb:", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, dir string) error {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", source).Output()
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	var found struct{ Dir, Version string }
	if err := json.Unmarshal(out, &found); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(found.Dir, "data", "osv", "GO-*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s holds no reports", found.Dir)
	}
	for _, sub := range []string{"ID", "index"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	modules, latest := map[string]map[string]string{}, ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "ID", e.ID+".json"), text, 0o600); err != nil {
			return err
		}
		latest = max(latest, e.Modified)
		for _, a := range e.Affected {
			if modules[a.Package.Name] == nil {
				modules[a.Package.Name] = map[string]string{}
			}
			modules[a.Package.Name][e.ID] = e.Modified
		}
	}
	list := make([]module, 0, len(modules))
	for path, vulns := range modules {
		m := module{Path: path}
		for id, modified := range vulns {
			m.Vulns = append(m.Vulns, vuln{id, modified})
		}
		list = append(list, m)
	}
	fmt.Fprintf(os.Stderr, "%d reports of %s\n", len(files), found.Version)
	return write(dir, map[string]any{"modules.json": list, "db.json": map[string]string{"modified": latest}})
}

// write writes the index.
func write(dir string, index map[string]any) error {
	for name, content := range index {
		text, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "index", name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
