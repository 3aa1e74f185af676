package main

import (
	"archive/zip"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestRosterTemplate(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "units.xlsx")
	must(t, "roster", "template", "--out", file)
	if out := must(t, "roster", "import", file, "--data", dir); out != "3 units\n" {
		t.Errorf("imported %q", out)
	}
}

func TestSessionMinutes(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	l := create(t, "--data", dir)
	file := filepath.Join(dir, "minutes.docx")
	must(t, "session", "minutes", l.ID, "--out", file, "--data", dir)
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	part, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil || !strings.Contains(string(text), "BIÊN BẢN") || !strings.Contains(string(text), "Tỉnh Ninh Thuận") {
		t.Errorf("%v: %.500s", err, text)
	}
	if code, _, _ := call(t, "session", "minutes", "nothing", "--out", file, "--data", dir); code == 0 {
		t.Error("minutes of no session")
	}
}
