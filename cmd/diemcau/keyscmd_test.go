package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer runs a command before a terminal at which somebody types.
func answer(t *testing.T, typed string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, streams{in: strings.NewReader(typed), out: &stdout, err: &stderr, asks: true})
	return code, stdout.String(), stderr.String()
}

// Keys of tokens are rotated and retired by command, through the running server and without one, and who retires one is told
// what that ends.
func TestKeysOfTokens(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	url, stop := serve(t, dir)
	before := create(t, "--data", dir)
	first, _, _ := strings.Cut(must(t, "keys", "list", "--data", dir), " ")
	listed := must(t, "keys", "rotate", "--data", dir)
	if strings.Count(listed, "\n") != 2 || !strings.Contains(listed, "signs new links") || !strings.Contains(listed, first+"  still opens") {
		t.Fatalf("%s", listed)
	}
	opens := func(link string, want int) {
		t.Helper()
		if status, body := get(t, url+"/api/v1/me", token(link)); status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	after := create(t, "--data", dir)
	opens(before.Endpoints[0].Link, http.StatusOK)
	opens(after.Endpoints[0].Link, http.StatusOK)
	const ends = "ends every link and administrator's token"
	if code, _, errOut := call(t, "keys", "retire", first, "--data", dir); code != exitBroken || !strings.Contains(errOut, ends) ||
		!strings.Contains(errOut, "--yes") {
		t.Errorf("without a terminal: %d %s", code, errOut)
	}
	if code, _, errOut := answer(t, "\n", "keys", "retire", first, "--data", dir); code != exitBroken || !strings.Contains(errOut, "[y/N]") {
		t.Errorf("not answered: %d %s", code, errOut)
	}
	opens(before.Endpoints[0].Link, http.StatusOK)
	if code, _, errOut := answer(t, "y\n", "keys", "retire", first, "--data", dir); code != exitDone || !strings.Contains(errOut, ends) {
		t.Errorf("answered: %d %s", code, errOut)
	}
	opens(before.Endpoints[0].Link, http.StatusUnauthorized)
	opens(after.Endpoints[0].Link, http.StatusOK)
	stop()
	signs, _, _ := strings.Cut(must(t, "keys", "list", "--data", dir), " ")
	if code, _, errOut := call(t, "keys", "retire", signs, "--yes", "--data", dir); code != exitBroken || !strings.Contains(errOut, "rotate") {
		t.Errorf("the one that signs: %d %s", code, errOut)
	}
	must(t, "keys", "rotate", "--data", dir) // without a server
	url, _ = serve(t, dir)
	opens(after.Endpoints[0].Link, http.StatusOK)
}

// A start in the past is asked about before a terminal; without one it is refused, unless --past says that it is meant.
func TestStartInThePast(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	past, later := time.Now().Add(-365*24*time.Hour).Format(time.RFC3339), time.Now().Add(24*time.Hour).Format(time.RFC3339)
	make := func(start string, more ...string) []string {
		return append([]string{"session", "create", "--title", "x", "--units", "C1", "--start", start, "--data", dir, "--json"}, more...)
	}
	if code, _, errOut := call(t, make(past)...); code != exitBroken || !strings.Contains(errOut, "--past") {
		t.Errorf("without a terminal: %d %s", code, errOut)
	}
	for typed, want := range map[string]int{"": exitBroken, "n\n": exitBroken, "y\n": exitDone, "Yes\n": exitDone} {
		if code, _, errOut := answer(t, typed, make(past)...); code != want || !strings.Contains(errOut, "[y/N]") {
			t.Errorf("answered %q: %d %s", typed, code, errOut)
		}
	}
	must(t, make(past, "--past")...)
	must(t, make(past, "--past-start")...) // its former name
	if code, _, errOut := answer(t, "", make(later)...); code != exitDone || strings.Contains(errOut, "[y/N]") {
		t.Errorf("a start to come: %d %s", code, errOut)
	}
	id := create(t, "--data", dir).ID
	move := []string{"session", "move", "--session", id, "--start", past, "--data", dir}
	if code, _, errOut := call(t, move...); code != exitBroken || !strings.Contains(errOut, "--past") {
		t.Errorf("moved without a terminal: %d %s", code, errOut)
	}
}
