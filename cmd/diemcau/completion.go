package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes commands, flags and their values; source it from the shell's start file.
func (c *completionCmd) Run(parsed *kong.Context, std streams) error {
	var script strings.Builder
	switch c.Shell {
	case "fish":
		fishCompletion(&script, parsed.Model.Node, nil)
	case "zsh":
		script.WriteString("autoload -U +X bashcompinit && bashcompinit\n")
		fallthrough
	case "bash":
		bashCompletion(&script, parsed.Model.Node)
	}
	_, err := io.WriteString(std.out, script.String())
	return err
}

// bashCompletion writes the script for bash: it follows the commands typed so far and offers what may come next.
func bashCompletion(w io.Writer, app *kong.Node) {
	var paths, values, words strings.Builder
	var walk func(n *kong.Node, path string)
	walk = func(n *kong.Node, path string) {
		var next []string
		for _, child := range visible(n) {
			next = append(next, child.Name)
			fmt.Fprintf(&paths, "      %s/%s) path=%s/%s;;\n", path, child.Name, path, child.Name)
		}
		for _, flag := range flagsOf(n) {
			next = append(next, "--"+flag.Name)
			if flag.Enum != "" {
				fmt.Fprintf(&values, "    '%s --%s') words='%s';;\n", path, flag.Name, strings.ReplaceAll(flag.Enum, ",", " "))
			}
		}
		fmt.Fprintf(&words, "      '%s') words='%s';;\n", path, strings.Join(next, " "))
		for _, child := range visible(n) {
			walk(child, path+"/"+child.Name)
		}
	}
	walk(app, "")
	fmt.Fprintf(w, `_diemcau() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/${COMP_WORDS[i]}" in
%s    esac
  done
  case "$path $prev" in
%s    *) case "$path" in
%s    esac;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _diemcau diemcau
`, paths.String(), values.String(), words.String())
}

// fishCompletion writes the script for fish.
func fishCompletion(w io.Writer, n *kong.Node, path []string) {
	when := "__fish_use_subcommand"
	if len(path) > 0 {
		when = "__fish_seen_subcommand_from " + strings.Join(path, "; and __fish_seen_subcommand_from ")
	}
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	for _, child := range visible(n) {
		fmt.Fprintf(w, "complete -c diemcau -n %s -f -a %s -d %s\n", quote(when), child.Name, quote(child.Help))
	}
	for _, flag := range flagsOf(n) {
		fmt.Fprintf(w, "complete -c diemcau -n %s -l %s -d %s", quote(when), flag.Name, quote(flag.Help))
		if flag.Enum != "" {
			fmt.Fprintf(w, " -x -a %s", quote(strings.ReplaceAll(flag.Enum, ",", " ")))
		} else if !flag.IsBool() {
			fmt.Fprint(w, " -r")
		}
		fmt.Fprintln(w)
	}
	for _, child := range visible(n) {
		fishCompletion(w, child, append(path[:len(path):len(path)], child.Name))
	}
}

func visible(n *kong.Node) []*kong.Node {
	var list []*kong.Node
	for _, child := range n.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			list = append(list, child)
		}
	}
	return list
}

func flagsOf(n *kong.Node) []*kong.Flag {
	var list []*kong.Flag
	for _, flag := range n.Flags {
		if !flag.Hidden {
			list = append(list, flag)
		}
	}
	return list
}
