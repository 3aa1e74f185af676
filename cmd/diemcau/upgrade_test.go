package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// programBefore builds the program as it was before the last change of the schema. It needs the history of the repository, which
// a shallow clone has not.
func programBefore(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", "../.."}, args...)...).Output()
		if err != nil {
			t.Skipf("needs the history of the repository: git %s: %v", args[0], err)
		}
		return strings.TrimSpace(string(out))
	}
	change := git("log", "-1", "--format=%H", "--diff-filter=A", "--", "store/migrations")
	if change == "" {
		t.Skip("needs the history of the repository: no commit that changes the schema is in it")
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "source.tar")
	git("archive", "--output", archive, change+"^")
	bin := filepath.Join(dir, "diemcau")
	for _, command := range [][]string{{"tar", "-xf", archive, "-C", dir}, {"go", "build", "-C", dir, "-o", bin, "./cmd/diemcau"}} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil { //nolint:gosec // of a test
			t.Skipf("needs the older program, which cannot be built here: %v: %v: %s", command, err, out)
		}
	}
	return bin
}

// TestUpgradeOfALiveSession holds a session by the program of before the last change of the schema, ends that, and goes on by the
// present one: with the same links, in the same session, which is still live.
func TestUpgradeOfALiveSession(t *testing.T) {
	if testing.Short() {
		t.Skip("builds an older program")
	}
	old, dir := programBefore(t), t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), old, append(args, "--data", dir)...).Output() //nolint:gosec // of a test
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return string(out)
	}
	run("roster", "import", write(t, "units.csv", smallRoster))
	var links sessionLinks
	made := run("session", "create", "--title", "Phiên họp", "--units", "P58/*", "--start", "now", "--countdown", "0", "--json")
	if err := json.Unmarshal([]byte(made), &links); err != nil {
		t.Fatal(err)
	}
	enter := func(p *process, link string) *client.Client {
		t.Helper()
		c, err := client.DialToken(t.Context(), strings.Replace(p.url, "http", "ws", 1)+"/ws", token(link), client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := startUnder(t, []string{old}, "--data", dir)
	host, site := enter(before, links.Links.Host), enter(before, links.Endpoints[0].Link)
	if err := host.Request(t.Context(), protocol.Start{}); err != nil {
		t.Fatal(err)
	}
	if err := site.Request(t.Context(), protocol.Headcount{Headcount: 7}); err != nil {
		t.Fatal(err)
	}
	before.kill()
	host.Close()
	site.Close()

	after := startProcess(t, "--data", dir)
	if text := after.log.String(); !strings.Contains(text, "migrated the database") {
		t.Errorf("the schema was not changed:\n%s", text)
	}
	site = enter(after, links.Endpoints[0].Link)
	defer site.Close()
	host = enter(after, links.Links.Host)
	defer host.Close()
	if status, text := get(t, after.url+"/api/v1/sessions/"+links.ID, token(links.Links.Host)); status != 200 || !strings.Contains(text, `"phase":"live"`) {
		t.Errorf("the session is not live: %d %.300s", status, text)
	}
	if err := site.Request(t.Context(), protocol.Headcount{Headcount: 9}); err != nil {
		t.Error(err)
	}
	if err := host.Request(t.Context(), protocol.End{}); err != nil {
		t.Error(err)
	}
	var report struct {
		Sites []struct {
			Endpoint  string
			Headcount int
		}
		Intervals []struct{ Endpoint string }
	}
	status, text := get(t, after.url+"/api/v1/sessions/"+links.ID+"/attendance.json", token(links.Links.Secretary))
	if err := json.Unmarshal([]byte(text), &report); err != nil || status != 200 {
		t.Fatalf("%d, %v: %.300s", status, err, text)
	}
	site1, intervals := links.Endpoints[0].Code, 0
	for _, s := range report.Sites {
		if s.Endpoint == site1 && s.Headcount != 9 {
			t.Errorf("%d people are in the report", s.Headcount)
		}
	}
	for _, i := range report.Intervals {
		if i.Endpoint == site1 {
			intervals++
		}
	}
	if intervals == 0 {
		t.Errorf("the report has no interval of %s: %.2000s", site1, text)
	}
}
