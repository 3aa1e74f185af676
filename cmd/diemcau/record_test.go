package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A copy taken while the server runs is a whole record: on it the links are valid and the ledger verifies.
func TestBackupAndRestore(t *testing.T) {
	dir, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy.db")
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	_, stop := serve(t, dir)
	links := create(t, "--data", dir)
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, "backup", copied, "--data", dir, "--keys-out", keys)
	stop()
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if code, _, errOut := call(t, "backup", copied, "--data", dir); code != exitBroken || !strings.Contains(errOut, "nothing is overwritten") {
		t.Errorf("a second backup to the file: %d %s", code, errOut)
	}
	missing := filepath.Join(t.TempDir(), "no", "copy.db")
	if code, _, _ := call(t, "backup", missing, "--data", dir); code != exitBroken {
		t.Errorf("a backup into a folder that is not there: %d", code)
	}
	restored := t.TempDir()
	if err := os.Rename(copied, filepath.Join(restored, "diemcau.db")); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := call(t, "session", "list", "--data", restored); code != exitBroken || !strings.Contains(errOut, "token.key is not there") {
		t.Errorf("a record without its keys: %d %s", code, errOut)
	}
	url, _ := serve(t, restored, "--keys", keys)
	if status, body := get(t, url+"/api/v1/sessions/"+links.ID+"/attendance.csv", token(links.Links.Secretary)); status != http.StatusOK {
		t.Errorf("a link on the restored record: %d %s", status, body)
	}
	ledger := filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, "attendance", "export", "--session", links.ID, "--data", restored, "--keys", keys, "--format", "jsonl", "--out", ledger)
	must(t, "attendance", "verify", ledger)
}

func TestEraseNames(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	if code, _, errOut := call(t, "admin", "erase-names", "--session", links.ID, "--data", dir); code != exitBroken {
		t.Errorf("of a session that is not over: %d %s", code, errOut)
	}
	if out := must(t, "admin", "erase-names", "--before", "2030-01-01T00:00:00+07:00", "--data", dir); out != "names erased from 0 entries\n" {
		t.Errorf("%q", out)
	}
	for _, args := range [][]string{
		{"admin", "erase-names"},
		{"admin", "erase-names", "--session", "x", "--before", "2030-01-01T00:00:00+07:00"},
		{"admin", "erase-names", "--before", "yesterday"},
		{"serve", "--webhook", "https://log.example.vn"},
		{"serve", "--webhook-secret", "whsec_AAAA"},
		{"serve", "--webhook", "log", "--webhook-secret", "whsec_AAAA"},
		{"serve", "--names-kept-days", "-1"},
	} {
		if code, _, errOut := call(t, append(args, "--data", dir)...); code != exitUsage {
			t.Errorf("%v: %d %s", args, code, errOut)
		}
	}
}
