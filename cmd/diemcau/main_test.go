package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built.Load() {
			if bin, err := builtBinary(); err == nil {
				_ = os.RemoveAll(filepath.Dir(bin))
			}
		}
		os.Exit(code)
	}))
}

// lines collects output and tells of its first line.
type lines struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	first chan string
}

func newLines() *lines { return &lines{first: make(chan string, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := bytes.IndexByte(l.buf.Bytes(), '\n')
	l.buf.Write(p)
	if i := bytes.IndexByte(l.buf.Bytes(), '\n'); before < 0 && i >= 0 {
		l.first <- string(l.buf.Bytes()[:i])
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// call runs a command to its end.
func call(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errOut := call(t, args...)
	if code != exitDone {
		t.Fatalf("%v: exit %d, %s", args, code, errOut)
	}
	return out
}

// serve starts a server and returns its URL and a function that stops it as SIGTERM does.
func serve(t *testing.T, dir string, flags ...string) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, errOut, done := newLines(), newLines(), make(chan int, 1)
	args := append([]string{"serve", "--data", dir, "--http", "127.0.0.1:0", "--udp", "0"}, flags...)
	go func() { done <- run(ctx, args, streams{in: strings.NewReader(""), out: out, err: errOut}) }()
	select {
	case line := <-out.first:
		url, _ = strings.CutPrefix(line, "listening ")
	case code := <-done:
		cancel()
		t.Fatalf("serve ended with %d: %s", code, errOut)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if code := <-done; code != exitDone {
				t.Errorf("serve ended with %d: %s", code, errOut)
			}
		})
	}
	t.Cleanup(stop)
	return url, stop
}

const smallRoster = "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã Một\nC2,P58,commune,Xã Hai\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func create(t *testing.T, flags ...string) sessionLinks {
	t.Helper()
	var links sessionLinks
	out := must(t, append([]string{"session", "create", "--title", "Phiên họp", "--units", "P58/*", "--start", "now", "--json"}, flags...)...)
	if err := json.Unmarshal([]byte(out), &links); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return links
}

func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func token(link string) string {
	_, fragment, _ := strings.Cut(link, "#")
	return fragment
}

func TestCommandsWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	if len(links.Endpoints) != 2 || links.Endpoints[0].Code != "C1" || links.Links.Host == "" || links.Links.Operator == "" || links.Links.Secretary == "" {
		t.Fatalf("%+v", links)
	}
	csv := must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--out", "-")
	if !strings.Contains(csv, "endpoint,unit,name,level,parents,first_joined,last_left,total_s,interruptions") ||
		!strings.Contains(csv, "C2,C2,Xã Hai,commune,") {
		t.Fatalf("%s", csv)
	}
	intervals := must(t, "attendance", "show", "--session", links.ID, "--data", dir, "--table", "intervals")
	if strings.TrimPrefix(intervals, "\ufeff") != "endpoint,from,to,end_reason,name,length_s,interruptions,device\r\n" {
		t.Fatalf("%q", intervals)
	}
}

// A running server is asked through its socket, and so knows at once; links made before it are valid on it.
func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	before := create(t, "--data", dir)
	url, stop := serve(t, dir)
	during := create(t, "--data", dir)
	if !strings.HasPrefix(during.Links.Host, url+"/host#") {
		t.Fatalf("link %s of server %s", during.Links.Host, url)
	}
	for _, l := range []sessionLinks{before, during} {
		if status, body := get(t, url+"/api/v1/sessions/"+l.ID+"/attendance.csv", token(l.Links.Secretary)); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		if status, _ := get(t, url+"/api/v1/sessions/"+l.ID+"/attendance.csv", token(l.Endpoints[0].Link)); status != http.StatusForbidden {
			t.Fatalf("a site's link opens the report: %d", status)
		}
	}
	if status, _ := get(t, url+"/api/v1/sessions/"+before.ID+"/attendance.csv", token(during.Links.Secretary)); status != http.StatusForbidden {
		t.Fatalf("a foreign link opens the report: %d", status)
	}
	admin := strings.TrimSpace(must(t, "admin", "token", "--data", dir))
	far := create(t, "--server", url, "--token", admin)
	if far.ID == "" {
		t.Fatal("no session over --server")
	}
	code, _, errOut := call(t, "serve", "--data", dir, "--http", "127.0.0.1:0", "--udp", "0")
	if code != exitBroken || !strings.Contains(errOut, dir) {
		t.Fatalf("a second server on the folder: %d %q", code, errOut)
	}
	stop()
	if _, err := os.Stat(filepath.Join(dir, adminSocket)); err == nil {
		t.Fatal("the socket is left behind")
	}
	url, _ = serve(t, dir, "--public-url", "https://hop.example.vn/")
	if l := create(t, "--data", dir); !strings.HasPrefix(l.Links.Host, "https://hop.example.vn/host#") {
		t.Fatalf("link %s", l.Links.Host)
	}
	if status, _ := get(t, url+"/api/v1/sessions/"+during.ID+"/attendance.csv", token(during.Links.Secretary)); status != http.StatusOK {
		t.Fatalf("a link is not valid after a restart: %d", status)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	url, _ := serve(t, t.TempDir())
	for path, want := range map[string]string{"/healthz": "", "/readyz": "", "/metrics": "go_goroutines", "/join": "<!doctype html>", "/": "<!doctype html>"} {
		status, body := get(t, url+path, "")
		if status != http.StatusOK || !strings.Contains(strings.ToLower(body), want) {
			t.Errorf("%s: %d %.80s", path, status, body)
		}
	}
	if status, _ := get(t, url+"/nothing-here", ""); status != http.StatusNotFound {
		t.Errorf("unknown page: %d", status)
	}
}

func TestPublicURLIsKept(t *testing.T) {
	dir := t.TempDir()
	_, stop := serve(t, dir, "--public-url", "https://hop.example.vn")
	stop()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	if l := create(t, "--data", dir); !strings.HasPrefix(l.Endpoints[0].Link, "https://hop.example.vn/join#") {
		t.Fatal(l.Endpoints[0].Link)
	}
}

func TestRefusalsAreOneLineAndSayWhatToDo(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	takenUDP, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer takenUDP.Close()
	_, udpPort, _ := net.SplitHostPort(takenUDP.LocalAddr().String())
	_, tcpPort, _ := net.SplitHostPort(taken.Addr().String())
	file := write(t, "file", "x")
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"taken port", []string{"serve", "--data", t.TempDir(), "--http", taken.Addr().String(), "--udp", "0"}, exitBroken, "--http"},
		{"taken UDP port", []string{"serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", udpPort}, exitBroken, "--udp"},
		{"folder is a file", []string{"serve", "--data", filepath.Join(file, "x"), "--http", "127.0.0.1:0", "--udp", "0"}, exitBroken, "--data"},
		{"no such command", []string{"dance"}, exitUsage, "dance"},
		{"no such flag", []string{"serve", "--colour", "red"}, exitUsage, "--colour"},
		{"bad value", []string{"serve", "--udp", "many"}, exitUsage, "--udp"},
		{"certificate without key", []string{"serve", "--tls-cert", file}, exitUsage, "--tls-key"},
		{"TURN over TLS without certificate", []string{"serve", "--data", t.TempDir(), "--turn-tls", "5349"}, exitUsage, "--tls-cert"},
		{"taken TURN port", []string{"serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", "0", "--turn-tcp", tcpPort}, exitBroken, "--turn-tcp"},
		{"taken UDP port of TURN", []string{"serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", "0", "--turn-udp", udpPort}, exitBroken,
			"--turn-udp"},
		{"no certificate", []string{"serve", "--data", t.TempDir(), "--tls-cert", file, "--tls-key", file}, exitBroken, "certificate"},
		{"bad operator", []string{"session", "create", "--title", "x", "--units", "P58/*", "--operators", "=An"}, exitUsage, "--operators"},
		{"bad start", []string{"session", "create", "--title", "x", "--units", "P58/*", "--start", "soon"}, exitUsage, "--start"},
		{"no roster", []string{"session", "create", "--title", "x", "--units", "P58/*", "--data", t.TempDir()}, exitBroken, "no roster"},
		{"no session", []string{"attendance", "show", "--session", "nobody", "--data", t.TempDir()}, exitBroken, "session"},
		{"no token", []string{"session", "list", "--server", "http://127.0.0.1:1"}, exitUsage, "--token"},
		{"not a roster", []string{"roster", "import", write(t, "a.txt", "x"), "--data", t.TempDir()}, exitUsage, ".csv"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := call(t, tt.args...)
			if i := strings.LastIndex(errOut, "diemcau: "); i >= 0 {
				errOut = errOut[i:] // without the log before it
			}
			if code != tt.code || !strings.Contains(errOut, tt.says) || strings.Count(strings.TrimSpace(errOut), "\n") > 0 {
				t.Errorf("exit %d, %q", code, errOut)
			}
			if out != "" {
				t.Errorf("results were printed: %q", out)
			}
		})
	}
}

func TestBadRosterNamesItsRows(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	bad := "code,parent_code,level,name\nTW,,central,Trung ương\nA,TW,province,\nB,NOPE,commune,B\nTW,,central,Again\n"
	code, _, errOut := call(t, "roster", "import", write(t, "bad.csv", bad), "--data", dir)
	if code != exitBroken {
		t.Fatalf("exit %d", code)
	}
	for _, row := range []string{"row 3", "row 4", "row 5"} {
		if !strings.Contains(errOut, row) {
			t.Errorf("%q does not name %s", errOut, row)
		}
	}
	create(t, "--data", dir) // the roster before is whole
}

// The real tree of a country: 11,368 units, and every commune convened.
func TestWholeCountry(t *testing.T) {
	dir := t.TempDir()
	start := time.Now()
	if out := must(t, "roster", "import", "../../configs/roster/units-vn-3tier.csv", "--data", dir); out != "11368 units\n" {
		t.Fatalf("%q", out)
	}
	imported := time.Since(start)
	start = time.Now()
	var links sessionLinks
	out := must(t, "session", "create", "--title", "Toàn quốc", "--units", "TW/*", "--start", "2030-01-01T08:00:00+07:00", "--json", "--data", dir)
	if err := json.Unmarshal([]byte(out), &links); err != nil {
		t.Fatal(err)
	}
	if len(links.Endpoints) != 11367 {
		t.Fatalf("%d endpoints", len(links.Endpoints))
	}
	t.Logf("imported in %v, convened in %v", imported, time.Since(start))
}

func TestDelegatedOperators(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	l := create(t, "--operators", "P58", "--data", dir)
	if len(l.Operators) != 1 || l.Operators[0].Name == "" || !strings.Contains(l.Operators[0].Link, "/host#") {
		t.Errorf("operators: %+v", l.Operators)
	}
	if code, _, errOut := call(t, "session", "create", "--title", "x", "--units", "P58/*", "--operators", "P99", "--data", dir); code != exitBroken ||
		!strings.Contains(errOut, "P99") {
		t.Errorf("of a unit that is not convened: %d %s", code, errOut)
	}
	if out := must(t, "session", "create", "--title", "x", "--units", "P58/*", "--operators", "P58", "--data",
		dir); !regexp.MustCompile(`(?m)^operator +http\S+ \(.+\)$`).MatchString(out) {
		t.Errorf("for a person: %s", out)
	}
}

func TestSettingsFromFileAndEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "diemcau.yaml", fmt.Sprintf("serve:\n  data: %s\n  public-url: https://from-file.example.vn\n", dir))
	t.Setenv("DIEMCAU_PUBLIC_URL", "https://from-env.example.vn")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := newLines(), make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"--config", file, "serve", "--http", "127.0.0.1:0", "--udp", "0"},
			streams{in: strings.NewReader(""), out: out, err: io.Discard})
	}()
	<-out.first
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	if l := create(t, "--data", dir); !strings.HasPrefix(l.Links.Host, "https://from-env.example.vn/") {
		t.Errorf("the environment comes before the file: %s", l.Links.Host)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Fatalf("exit %d", code)
	}
}

func TestDemoPrintsItsLinks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, done := newLines(), make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--udp", "0"},
			streams{in: strings.NewReader(""), out: out, err: io.Discard})
	}()
	<-out.first
	deadline := time.Now().Add(20 * time.Second)
	for strings.Count(out.String(), "/join#") < 3 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	text := out.String()
	if strings.Count(text, "/join#") != 3 || strings.Count(text, "/host#") != 2 || strings.Count(text, "/secretary#") != 1 {
		t.Errorf("%s", text)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Fatalf("exit %d", code)
	}
}

// The folder's path may be longer than a socket's address.
func TestLongDataPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	serve(t, dir)
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	create(t, "--data", dir)
}
