package main

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check the settings of a command (serve, if none is named) without running it."`
	Show  configShowCmd  `cmd:"" help:"Print the settings of a command (serve, if none is named) and where each comes from; secrets are masked."`
}

type configCheckCmd struct {
	Command []string `arg:"" optional:"" passthrough:"" help:"Command with its flags."`
}

// Run parses the command as if it were to be run, and checks what its flags are together.
func (c *configCheckCmd) Run(grammar *cli, std streams) error {
	parsed, unknown, err := parseInner(grammar, c.Command, std)
	if err != nil {
		return err
	}
	if cmd, ok := parsed.Selected().Target.Addr().Interface().(interface{ check() error }); ok {
		if err := cmd.check(); err != nil {
			return err
		}
	}
	for _, name := range unknown {
		fmt.Fprintf(std.err, "diemcau: the variable %s is no setting and is ignored\n", name)
	}
	_, err = fmt.Fprintf(std.out, "the settings of %s can be used\n", parsed.Command())
	return err
}

type configShowCmd struct {
	Command []string `arg:"" optional:"" passthrough:"" help:"Command with its flags."`
}

// Run prints a line for each setting.
func (c *configShowCmd) Run(grammar *cli, std streams) error {
	parsed, _, err := parseInner(grammar, c.Command, std)
	if err != nil {
		return err
	}
	given := map[*kong.Flag]bool{} // whether the file gave it; otherwise the command line
	for _, p := range parsed.Path {
		if p.Flag != nil {
			given[p.Flag] = p.Resolved
		}
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, flag := range parsed.Selected().Flags {
		if flag.Name == "help" {
			continue
		}
		source := "default"
		resolved, set := given[flag]
		name, variable := variableOf(flag)
		switch {
		case set && !resolved:
			source = "command line"
		case variable:
			source = name
		case set:
			source = string(grammar.Config)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", flag.Name, shownValue(flag, parsed.FlagValue(flag)), source)
	}
	return table.Flush()
}

// parseInner parses a command with the configuration file of the outer one.
func parseInner(grammar *cli, args []string, std streams) (*kong.Context, []string, error) {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	if grammar.Config != "" {
		args = append([]string{"--config", string(grammar.Config)}, args...)
	}
	parser, err := newParser(&cli{}, std, func(int) {})
	if err != nil {
		return nil, nil, err
	}
	unknown, err := checkVariables(parser.Model)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return nil, nil, &usageError{err.Error()}
	}
	return parsed, unknown, nil
}

// shownValue is a setting as it is printed; what is secret in it is masked.
func shownValue(flag *kong.Flag, value any) string {
	const mask = "••••"
	list := []string{fmt.Sprint(value)}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "-"
		}
		list[0] = fmt.Sprint(v.Elem().Interface())
	}
	if v.Kind() == reflect.Slice {
		list = nil
		for i := range v.Len() {
			list = append(list, fmt.Sprint(v.Index(i).Interface()))
		}
	}
	for i, text := range list {
		switch {
		case text != "" && isSecret(flag):
			list[i] = mask
		default:
			list[i] = maskURL(text, mask)
		}
	}
	if text := strings.Join(list, ","); text != "" {
		return text
	}
	return "-"
}

// isSecret reports whether a flag's value is for nobody's eyes, by the tag secret.
func isSecret(flag *kong.Flag) bool { return flag.Tag.Has("secret") }

// maskURL masks a password in a URL, wherever one may stand; other text is left as it is.
func maskURL(text, mask string) string {
	u, err := url.Parse(text)
	if err != nil {
		return regexp.MustCompile(`://[^@/]*@`).ReplaceAllString(text, "://"+mask+"@")
	}
	if u.Host == "" {
		return text
	}
	if _, has := u.User.Password(); has {
		text = strings.Replace(text, u.User.String()+"@", u.User.Username()+":"+mask+"@", 1)
	}
	return regexp.MustCompile(`(?i)([?&][^=&#]*(?:password|secret|token|key|sig)[^=&#]*=)[^&#]*`).ReplaceAllString(text, "${1}"+mask)
}

// checkDatabase refuses what is no URL of a PostgreSQL database; empty is SQLite in the data folder.
func checkDatabase(database string) error {
	if database == "" {
		return nil
	}
	u, err := url.Parse(database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return &usageError{"--database wants a URL such as postgres://diemcau@db.example.vn/diemcau (without it the record is SQLite in the data folder)"}
	}
	return nil
}

// isHTTP reports whether a text is a whole URL of a web server.
func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !strings.ContainsAny(u.Host, `"' `)
}

// checkPublicURL refuses what links cannot be made with.
func checkPublicURL(public string) error {
	if public == "" {
		return nil
	}
	u, err := url.Parse(public)
	if err != nil || !isHTTP(public) || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(public, "#") {
		return &usageError{fmt.Sprintf("--public-url wants scheme, host and port alone, such as https://hop.example.vn:8443, not %q", maskURL(public, "••••"))}
	}
	return nil
}
