package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A folder that is lost comes back from a copy and its keys: links that were given out work.
func TestRestoreOfALostFolder(t *testing.T) {
	dir := t.TempDir()
	copied, keys := filepath.Join(dir, "copy.db"), filepath.Join(dir, "keys")
	data := filepath.Join(dir, "data")
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", data)
	session := create(t, "--data", data)
	must(t, "backup", copied, "--keys-out", keys, "--data", data)
	if out := must(t, "restore", "--check", copied); !strings.Contains(out, "1 sessions") {
		t.Errorf("tried: %s", out)
	}
	if code, _, errOut := call(t, "restore", copied, "--data", data); code != exitBroken || !strings.Contains(errOut, "--replace") {
		t.Errorf("over a record: %d %s", code, errOut)
	}
	fresh := filepath.Join(dir, "fresh")
	if out := must(t, "restore", copied, "--data", fresh); !strings.Contains(out, "missing: "+filepath.Join(fresh, "token.key")) {
		t.Errorf("without keys: %s", out)
	}
	if err := os.RemoveAll(fresh); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "restore", copied, "--data", fresh, "--keys-from", keys); strings.Contains(out, "missing") {
		t.Errorf("with keys: %s", out)
	}
	url, _ := serve(t, fresh)
	if code, _, errOut := call(t, "restore", copied, "--data", fresh, "--replace"); code != exitBroken || !strings.Contains(errOut, "in use") {
		t.Errorf("beside a server: %d %s", code, errOut)
	}
	if status, body := get(t, url+"/api/v1/me", token(session.Links.Host)); status != 200 {
		t.Errorf("the host's old link: %d %s", status, body)
	}
}

func TestServerBacksUpByItself(t *testing.T) {
	dir := t.TempDir()
	copies := filepath.Join(dir, "copies")
	serve(t, filepath.Join(dir, "data"), "--backup-every", "1h", "--backup-dir", copies)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if made, _ := filepath.Glob(filepath.Join(copies, "diemcau-*.db")); len(made) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no copy within a minute")
		}
	}
	for _, flags := range [][]string{
		{"--backup-every", "1h"},
		{"--backup-dir", copies},
		{"--backup-every", "1s", "--backup-dir", copies},
		{"--backup-every", "1h", "--backup-dir", copies, "--database", "postgres://db.example.vn/x"},
	} {
		if code, _, errOut := call(t, append([]string{"config", "check", "serve"}, flags...)...); code != exitUsage ||
			!strings.Contains(errOut, "--backup-every") {
			t.Errorf("%v: %d %s", flags, code, errOut)
		}
	}
}
