package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/link"
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

// Ids that older versions made may begin with a dash: they are taken as they are listed.
func TestIDsThatBeginWithADash(t *testing.T) {
	dir := t.TempDir()
	ring, err := keyring.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := keyring.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	retire := map[string][]string{}
	for n, before := range [][]string{{"keys", "retire"}, {"keys", "retire", "--yes", "--data", dir, "--"}} {
		former := dashedKey(uint32(n) << 16)
		set.Former = append(set.Former, former)
		retire[link.KeyID(former)] = before
	}
	if err := ring.SaveKeys(keyring.Tokens, set); err != nil {
		t.Fatal(err)
	}
	for kid, before := range retire {
		if listed := must(t, "keys", "list", "--data", dir); !strings.Contains(listed, "\n"+kid+" ") {
			t.Fatalf("%s is not listed: %s", kid, listed)
		}
		args := append(slices.Clone(before), kid)
		if len(before) == 2 {
			args = append(args, "--data", dir, "--yes")
		}
		must(t, args...)
		if listed := must(t, "keys", "list", "--data", dir); strings.Contains(listed, kid) {
			t.Errorf("%s is still in force: %s", kid, listed)
		}
	}
	must(t, "admin", "token", "--name", "ops", "--data", dir)
	var made struct {
		Tokens []struct {
			ID        string
			RevokedAt string `json:"revoked_at"`
		}
	}
	for _, revoked := range []bool{false, true} {
		if err := json.Unmarshal([]byte(must(t, "admin", "tokens", "--data", dir)), &made); err != nil || (made.Tokens[0].RevokedAt != "") != revoked {
			t.Errorf("%+v, %v", made, err)
		}
		if !revoked {
			must(t, "admin", "tokens", "--revoke", made.Tokens[0].ID, "--data", dir)
		}
	}
	for _, args := range [][]string{{"--revoke", "-g3fa"}, {"--revoke=-g3fa"}} {
		code, _, errOut := call(t, append([]string{"admin", "tokens", "--data", dir}, args...)...)
		if code != exitBroken || !strings.Contains(errOut, "-g3fa") { // no such token
			t.Errorf("%v: %d %s", args, code, errOut)
		}
	}
	if code, _, errOut := call(t, "session", "list", "-data", dir); code != exitUsage || !strings.Contains(errOut, "-data") {
		t.Errorf("a flag with a dash too few: %d %s", code, errOut)
	}
}

// Arguments keep their order and flags their values, whatever begins with a dash.
func TestBehindDashes(t *testing.T) {
	parser, err := newParser(&cli{}, streams{out: io.Discard, err: io.Discard}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"serve --data d -h":                      "serve --data d -h",
		"serve --data -d --udp 0":                "serve --data=-d --udp 0 --",
		"keys retire -gA --yes --data d":         "keys retire --yes --data d -- -gA",
		"session sites withdraw A -B C --data d": "session sites withdraw A --data d -- -B C",
		"keys retire --yes -- -gA --data":        "keys retire --yes -- -gA --data",
		"keys retire -gA --yes -- -x":            "keys retire --yes -- -gA -x",
	} {
		if got := strings.Join(behindDashes(parser.Model, strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

// dashedKey is a key whose id begins with a dash: the first from a number on.
func dashedKey(from uint32) ed25519.PublicKey {
	seed := make([]byte, ed25519.SeedSize)
	for ; ; from++ {
		binary.BigEndian.PutUint32(seed, from)
		public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		if !link.CanBeTyped(link.KeyID(public)) {
			return public
		}
	}
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
