package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What a configuration says and nobody reads must not be said in silence.
func TestSettingsThatWouldBeIgnored(t *testing.T) {
	for name, tt := range map[string]struct {
		yaml string
		args []string
		want string // in the one line
	}{
		"misspelt key":         {"serve:\n  names-keep-days: 30\n", nil, ":2: serve.names-keep-days is no setting; did you mean serve.names-kept-days?"},
		"misspelt section":     {"servre:\n  http: ':1'\n", nil, "servre.http is no setting; did you mean serve.http?"},
		"unknown section":      {"retention: {days: 3}\n", nil, "retention.days is no setting"},
		"no section":           {"public-url: https://x.vn\n", nil, "did you mean serve.public-url?"},
		"another's key":        {"serve:\n  title: x\n", nil, "serve.title is no setting"},
		"no value":             {"serve:\n  database:\n", nil, "serve.database has no value"},
		"twice":                {"serve:\n  http: ':1'\nserve-http: ':2'\n", nil, "is set twice"},
		"twice alike":          {"serve:\n  http: ':1'\n  http: ':2'\n", nil, "is set twice"},
		"a list":               {"- serve\n", nil, "settings below their command"},
		"two documents":        {"serve:\n  udp: 1\n---\nserve:\n  udp: 2\n", nil, "one YAML document"},
		"a circle":             {"serve: &a\n  x: *a\n", nil, "settings below their command"},
		"wrong kind":           {"serve:\n  udp: many\n", nil, "udp"},
		"mysql":                {"serve:\n  database: mysql://db/diemcau\n", nil, "--database wants"},
		"mysql by flag":        {"", []string{"--database", "mysql://db/diemcau"}, "--database wants"},
		"database in quotes":   {"", []string{"--database", `"postgres://db/diemcau"`}, "--database wants"},
		"no scheme":            {"", []string{"--public-url", "hop.example.vn"}, "--public-url wants"},
		"host and port":        {"", []string{"--public-url", "hop.example.vn:8443"}, "--public-url wants"},
		"quotes":               {"", []string{"--public-url", `"https://hop.example.vn"`}, "--public-url wants"},
		"quotes around a host": {"", []string{"--public-url", `https://"hop.example.vn"`}, "--public-url wants"},
		"path":                 {"", []string{"--public-url", "https://hop.example.vn/diemcau"}, "--public-url wants"},
		"query":                {"", []string{"--public-url", "https://hop.example.vn?x"}, "--public-url wants"},
		"empty query":          {"", []string{"--public-url", "https://hop.example.vn/?"}, "--public-url wants"},
		"fragment":             {"", []string{"--public-url", "https://hop.example.vn#"}, "--public-url wants"},
		"a user":               {"", []string{"--public-url", "https://a:b@hop.example.vn"}, "--public-url wants"},
		"OpenID without id":    {"", []string{"--oidc-issuer", "https://id.example.vn"}, "go together"},
		"an issuer's name":     {"", []string{"--oidc-issuer", "id.example.vn", "--oidc-client", "x"}, "--oidc-issuer wants"},
		"TURN without a port":  {"", []string{"--turn-host", "hop.example.vn"}, "--turn-host needs"},
		"allowed for nothing":  {"", []string{"--webhook-allow", "10.0.0.0/8"}, "--webhook-allow needs"},
		"a private target":     {"", []string{"--webhook", "http://10.1.1.1/", "--webhook-secret", "whsec_AAAA"}, "--webhook-allow 10.1.1.1/32"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, command := range [][]string{{"serve"}, {"config", "check", "serve"}} {
				args := append(append(append([]string{"--config", write(t, "diemcau.yaml", tt.yaml)}, command...), tt.args...), "--data", dir)
				code, out, errOut := call(t, args...)
				if code != exitUsage || out != "" || !strings.Contains(errOut, tt.want) || strings.Count(errOut, "\n") != 1 {
					t.Errorf("%v: exit %d, %s%s", command, code, out, errOut)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("something was begun before the refusal: %v %v", left, err)
			}
		})
	}
}

func TestMisspeltVariable(t *testing.T) {
	t.Setenv("DIEMCAU_WEBHOK_SECRET", "x")
	if code, _, errOut := call(t, "config", "check"); code != exitUsage || !strings.Contains(errOut, "did you mean DIEMCAU_WEBHOOK_SECRET?") {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestOtherVariablesAreNamed(t *testing.T) {
	t.Setenv("DIEMCAU_BINARY", "x") // somebody else's
	if code, out, errOut := call(t, "config", "check"); code != exitDone || out == "" ||
		!strings.Contains(errOut, "DIEMCAU_BINARY is no setting and is ignored") {
		t.Errorf("%d %s", code, errOut)
	}
}

// The example can be used as it is, and so can each line of it that is commented out.
func TestExampleConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../configs/diemcau.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	must(t, "--config", write(t, "commented.yaml", "serve:\n  # http: ':1'\n"), "config", "check")
	must(t, "--config", "../../configs/diemcau.example.yaml", "config", "check")
	t.Setenv("DIEMCAU_WEBHOOK_SECRET", "whsec_AAAA")
	whole := regexp.MustCompile(`(?m)^  # ([a-z-]+: )`).ReplaceAllString(string(text), "  $1")
	if whole == string(text) {
		t.Fatal("nothing is commented out")
	}
	must(t, "--config", write(t, "whole.yaml", whole), "config", "check")
	if strings.Contains(must(t, "--config", write(t, "whole.yaml", whole), "config", "show"), "whsec_AAAA") {
		t.Error("a secret is shown")
	}
}

func TestConfigShow(t *testing.T) {
	file := write(t, "diemcau.yaml", "serve:\n  http: ':9'\n  udp: 9\n  webhook: ['https://u:pw@log.example.vn/x?token=abc']\n  turn-udp: 3478\n")
	t.Setenv("DIEMCAU_UDP", "10")
	t.Setenv("DIEMCAU_WEBHOOK_SECRET", "whsec_AAAA")
	out := must(t, "--config", file, "config", "show", "serve", "--database", "postgres://u:pw@db/d?sslpassword=abc", "--tcp", "0")
	for _, want := range []string{
		`http +:9 +` + file, `udp +10 +DIEMCAU_UDP`, `tcp +0 +command line`, `turn-udp +3478 +` + file, `webhook-secret +•••• +DIEMCAU_WEBHOOK_SECRET`,
		`database +postgres://u:••••@db/d\?sslpassword=•••• +command line`, `webhook +https://u:••••@log.example.vn/x\?token=•••• +` + file,
		`log-level +info +default`,
	} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(out) {
			t.Errorf("no line %s", want)
		}
	}
	if t.Failed() || strings.Contains(out, "pw") || strings.Contains(out, "abc") {
		t.Error(out)
	}
}

func TestVersion(t *testing.T) {
	if out := must(t, "--version"); !regexp.MustCompile(`^diemcau \S+ .*go1\.`).MatchString(out) {
		t.Errorf("%q", out)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out := must(t, "completion", shell); !strings.Contains(out, "snapshot-every") {
			t.Errorf("%s: %s", shell, out)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not there")
	}
	script := write(t, "completion.bash", must(t, "completion", "bash"))
	for line, want := range map[string]string{
		"diemcau session cr":                    "create",
		"diemcau --config x.yaml serve --log-l": "--log-level",
		"diemcau serve --log-level ":            "debug info warn error",
		"diemcau session link re":               "reissue revoke",
	} {
		words := strings.Split(line, " ")
		program := `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _diemcau; echo "${COMPREPLY[*]}"`
		out, err := exec.CommandContext(t.Context(), bash, append([]string{"-c", program, script}, words...)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %s (%v), want %s", line, out, err, want)
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	for _, seed := range []string{"serve:\n  http: ':1'\n", "serve: &a\n  x: *a\n", "- 1\n", "? [a]\n: b\n", "--- !!map\n...\n---\n", "serve: !!binary x",
		"<<: {a: b}\n"} {
		f.Add(seed)
	}
	parser, err := newParser(&cli{}, streams{}, func(int) {})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if file, err := loadYAML(strings.NewReader(text)); err == nil {
			_ = file.Validate(parser.Model)
		}
	})
}
