package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// What the list of sessions says against the ledger is no business of an exported file, but the record is asked for it.
func TestVerifyAsksTheRecord(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--format", "jsonl", "--out", file)
	must(t, "attendance", "verify", file, "--record", "--data", dir)
	if code, _, errOut := call(t, "attendance", "verify", file, "--record", "--data", t.TempDir()); code != exitBroken ||
		!strings.Contains(errOut, "no session") {
		t.Errorf("another record: %d %s", code, errOut)
	}
	for query, says := range map[string]string{
		"UPDATE sessions SET phase = 'sealed'":               `the list had the phase "sealed", the ledger "open"`,
		"UPDATE sessions SET title = 'Khác', phase = 'open'": `the list had the title "Khác", the ledger "Phiên họp"`,
	} {
		db, err := sql.Open("sqlite", filepath.Join(dir, "diemcau.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), query+"; UPDATE sessions SET title = 'Phiên họp' WHERE phase = 'sealed'"); err != nil {
			t.Fatal(err)
		}
		db.Close()
		must(t, "attendance", "verify", file)
		if code, _, errOut := call(t, "attendance", "verify", file, "--record", "--data", dir); code != exitBroken || !strings.Contains(errOut, says) {
			t.Errorf("%s: %d %s", query, code, errOut)
		}
	}
}

// A record that lacks entries of an exported ledger, as one restored from an older copy, is told from one that has them.
func TestVerifyAgainstAnOlderRecord(t *testing.T) {
	dir, older := t.TempDir(), t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	must(t, "backup", filepath.Join(older, "diemcau.db"), "--data", dir)
	must(t, "session", "change", "title", links.ID, "Khác", "--data", dir)
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--format", "jsonl", "--out", file)
	must(t, "session", "change", "title", links.ID, "Khác nữa", "--data", dir)
	must(t, "attendance", "verify", file, "--record", "--data", dir) // that goes on after the file
	if code, _, errOut := call(t, "attendance", "verify", file, "--record", "--data", older, "--keys", dir); code != exitBroken ||
		!strings.Contains(errOut, "the ledger in the record is another one") {
		t.Errorf("%d %s", code, errOut)
	}
}
