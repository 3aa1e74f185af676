package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// shiftedBinary is the program with a system clock that is as many seconds ahead as DIEMCAU_CLOCK_AHEAD says, in all it
// does. A Go program asks the kernel without the C library, so nothing that is preloaded sets its clock; here the time
// package itself is another one.
func shiftedBinary(t *testing.T) string {
	t.Helper()
	source := filepath.Join(runtime.GOROOT(), "src", "time", "time.go") //nolint:staticcheck // that of the test's own toolchain
	text, err := os.ReadFile(source)
	if err != nil {
		t.Skipf("needs the source of the time package: %v", err)
	}
	const asked = "	sec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(text), asked) == 0 {
		t.Fatalf("time.go of %s asks for the time in another way", runtime.Version())
	}
	dir := t.TempDir()
	patched, overlay, bin := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "diemcau")
	shifted := strings.ReplaceAll(string(text), asked, asked+"	sec += clockAhead()\n") + `
func clockAhead() (s int64) {
	text, _ := syscall.Getenv("DIEMCAU_CLOCK_AHEAD")
	for _, digit := range []byte(text) {
		s = 10*s + int64(digit-'0')
	}
	return s
}
`
	shifted = strings.Replace(shifted, "import (\n", "import (\n\t\"syscall\"\n", 1)
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: patched}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(patched, []byte(shifted), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// The whole history of a hardware clock in local time, on real servers: the first one starts seven hours ahead, then the
// clock is corrected and it is started anew. What is planned later opens in its time, the difference is told and recorded.
// It takes minutes to build the program with another time package, so it is run by make clock alone.
func TestServerStartedSevenHoursAhead(t *testing.T) {
	if os.Getenv("DIEMCAU_TEST_CLOCK") == "" {
		t.Skip("make clock runs it")
	}
	bin, dir := shiftedBinary(t), t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	ahead := startUnder(t, []string{"env", "DIEMCAU_CLOCK_AHEAD=25200", bin}, "--data", dir)
	links := create(t, "--data", dir) // opens at once, seven hours from now
	enter := func(p *process, link string, into chan protocol.Recording) (*client.Client, error) {
		return client.DialToken(t.Context(), strings.Replace(p.url, "http", "ws", 1)+"/ws", token(link), client.Options{Handle: func(m protocol.Message) {
			if r, ok := m.(protocol.Recording); ok {
				into <- r
			}
		}})
	}
	site, err := enter(ahead, links.Endpoints[0].Link, nil)
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Until(time.UnixMilli(site.Welcome().NowMs)) - 7*time.Hour; off.Abs() > time.Minute {
		t.Fatalf("the server's clock is %v beside seven hours ahead", off)
	}
	if err := site.Request(t.Context(), protocol.Headcount{Headcount: 5}); err != nil {
		t.Fatal(err)
	}
	site.Drop()
	ahead.kill()

	for start := range 2 { // corrected, and started anew, and once more
		server := startUnder(t, []string{bin}, "--data", dir)
		soon := create(t, "--start", time.Now().Add(5*time.Hour).Format(time.RFC3339), "--data", dir)
		if _, err := enter(server, soon.Endpoints[0].Link, nil); err == nil || !strings.Contains(err.Error(), "not_open") {
			t.Errorf("start %d: a session in five hours is open: %v", start, err)
		}
		told := make(chan protocol.Recording, 10)
		host, err := enter(server, links.Links.Host, told)
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Since(time.UnixMilli(host.Welcome().NowMs)); off.Abs() > time.Minute {
			t.Errorf("the clock of pages is %v off", off)
		}
		select {
		case r := <-told:
			if r.ClockBehindMs < 6*3600*1000 {
				t.Errorf("the console is told %+v", r)
			}
		case <-time.After(20 * time.Second):
			t.Error("the console is told nothing")
		}
		if status, text := get(t, server.url+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "behind the record") {
			t.Errorf("readyz: %d %s", status, text)
		}
		if behind := metricsOf(t, server.url)["diemcau_clock_behind_seconds"]; behind < 6*3600 {
			t.Errorf("the metric says %v", behind)
		}
		if !strings.Contains(server.log.String(), "the clock is behind what is recorded") {
			t.Errorf("the log: %s", server.log)
		}
		host.Close()
		_, jsonl := get(t, server.url+"/api/v1/sessions/"+links.ID+"/ledger.jsonl", token(links.Links.Secretary))
		if n := strings.Count(jsonl, `"kind":"clock_differed"`); n < start+1 {
			t.Errorf("recorded %d times: %s", n, jsonl)
		}
		file := write(t, fmt.Sprintf("ledger%d.jsonl", start), jsonl)
		must(t, "attendance", "verify", file)
		server.kill()
	}
}
