package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is the YAML file with settings. Sections are commands, keys are flags: what stands below serve under
// public-url is --public-url of serve. It implements kong.Resolver, and refuses what no flag is.
type configFile struct {
	name   string
	leaves map[string]leaf // by the words of command and flag, joined by hyphens
}

// leaf is one setting.
type leaf struct {
	shown string // as it stands in the file, sections before a dot
	line  int
	node  *yaml.Node // nil when the same setting stands in the file twice
}

// loadYAML reads the configuration file.
func loadYAML(r io.Reader) (kong.Resolver, error) {
	file := &configFile{name: "the configuration", leaves: map[string]leaf{}}
	if f, ok := r.(interface{ Name() string }); ok {
		file.name = f.Name()
	}
	decoder := yaml.NewDecoder(r)
	var doc yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return file, nil
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", file.name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: one YAML document is wanted", file.name)
	}
	return file, file.read(doc.Content[0], nil)
}

// read flattens the tree. Sections may be nested as commands are.
func (f *configFile) read(n *yaml.Node, path []string) error {
	const deepest = 6
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if len(path) > deepest || n.Kind != yaml.MappingNode && len(path) == 0 && n.Tag != "!!null" {
		return fmt.Errorf("%s:%d: settings below their command are wanted, such as `serve:` and then `  http: \":8080\"`", f.name, n.Line)
	}
	if n.Kind != yaml.MappingNode {
		if len(path) > 0 {
			f.add(leaf{shown: strings.Join(path, "."), line: n.Line, node: n}, strings.Join(path, "-"))
		}
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := f.read(n.Content[i+1], append(slices.Clone(path), n.Content[i].Value)); err != nil {
			return err
		}
	}
	return nil
}

func (f *configFile) add(l leaf, key string) {
	if _, twice := f.leaves[key]; twice {
		l.node = nil
	}
	f.leaves[key] = l
}

// Validate refuses settings that are none, that stand there twice or that have no value.
func (f *configFile) Validate(app *kong.Application) error {
	known := settings(app.Node, nil)
	var faults []string
	fault := func(l leaf, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s:%d: %s %s", f.name, l.line, l.shown, fmt.Sprintf(format, args...)))
	}
	for key, l := range f.leaves {
		_, is := known[key]
		switch {
		case l.node == nil:
			fault(l, "is set twice")
		case !is && l.node.Tag == "!!null" && isSection(known, key): // everything in it is commented out
		case !is:
			fault(l, "is no setting%s", didYouMean(l.shown, known))
		case l.node.Tag == "!!null":
			fault(l, "has no value")
		case strings.ContainsRune(l.node.Value, 0):
			fault(l, "has the character U+0000")
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return &usageError{strings.Join(faults, "; ")}
}

// Resolve returns what the file says of a flag. A flag whose variable is set does not look there.
func (f *configFile) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if _, set := variableOf(flag); set {
		return nil, nil
	}
	l, ok := f.leaves[settingKey(parent.Node(), flag)]
	if !ok || l.node == nil {
		return nil, nil
	}
	var value any
	if err := l.node.Decode(&value); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", f.name, l.line, err)
	}
	return value, nil
}

// variableOf returns the environment variable by which a flag is set, if it is.
func variableOf(flag *kong.Flag) (name string, set bool) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return name, true
		}
	}
	return "", false
}

// settingKey is under what a flag of a command stands in configFile.leaves.
func settingKey(n *kong.Node, flag *kong.Flag) string {
	key := flag.Name
	for ; n != nil && n.Type != kong.ApplicationNode; n = n.Parent {
		key = n.Name + "-" + key
	}
	return key
}

// settings are all that may stand in the file, by key, as they are shown.
func settings(n *kong.Node, path []string) map[string]string {
	known := map[string]string{}
	if n.Type != kong.ApplicationNode {
		path = append(slices.Clone(path), n.Name)
		for _, flag := range n.Flags {
			if flag.Name != "help" {
				known[settingKey(n, flag)] = strings.Join(append(slices.Clone(path), flag.Name), ".")
			}
		}
	}
	for _, child := range n.Children {
		for key, shown := range settings(child, path) {
			known[key] = shown
		}
	}
	return known
}

func isSection(known map[string]string, key string) bool {
	for k := range known {
		if strings.HasPrefix(k, key+"-") {
			return true
		}
	}
	return false
}

// didYouMean names the setting that was meant, if one is near.
func didYouMean(shown string, known map[string]string) string {
	best, least := "", 1+min(3, len(strings.TrimPrefix(shown, "DIEMCAU_"))/4) // letters that are different
	for _, k := range known {
		d := distance(shown, k)
		if strings.HasSuffix(k, "."+shown) && strings.HasPrefix(k, "serve.") { // the section was forgotten
			d = 0
		}
		if d < least || d == least && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters have to be put in, left out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// checkVariables refuses variables of the environment that are a flag's but for a slip. Others that begin alike may be
// somebody else's; config check names them.
func checkVariables(app *kong.Application) (unknown []string, err error) {
	known := map[string]string{}
	for _, leaf := range app.Leaves(false) {
		for n := leaf; n != nil; n = n.Parent {
			for _, flag := range n.Flags {
				for _, name := range flag.Envs {
					known[name] = name
				}
			}
		}
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, is := known[name]; is || !strings.HasPrefix(name, "DIEMCAU_") || strings.HasPrefix(name, "DIEMCAU_TEST_") {
			continue
		}
		if meant := didYouMean(name, known); meant != "" {
			return nil, &usageError{"the variable " + name + " is no setting" + meant}
		}
		unknown = append(unknown, name)
	}
	return unknown, nil
}
