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

func TestDocumentsOfTheOffice(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	must(t, "document", "particulars", "set", write(t, "office.json", `{"body":"Ủy ban nhân dân tỉnh","chair":{"name":"Nguyễn Văn A"}}`), "--data", dir)
	if out := must(t, "document", "particulars", "show", "--data", dir); !strings.Contains(out, "Ủy ban nhân dân tỉnh") {
		t.Errorf("the office's are %s", out)
	}
	l := create(t, "--data", dir)
	if out := must(t, "session", "particulars", l.ID, "--data", dir); !strings.Contains(out, "Ủy ban nhân dân tỉnh") {
		t.Errorf("a session without a draft begins with %s", out)
	}
	own := create(t, "--data", dir, "--particulars", write(t, "own.json", `{"body":"Sở Nội vụ"}`))
	if out := must(t, "session", "particulars", own.ID, "--data", dir); !strings.Contains(out, "Sở Nội vụ") || strings.Contains(out, "Nguyễn Văn A") {
		t.Errorf("a session with its own has %s", out)
	}
	must(t, "session", "particulars", l.ID, write(t, "session.json", `{"minutes_number":"7/BB-VP"}`), "--data", dir)
	if out := must(t, "session", "notes", l.ID, "--data", dir); !strings.Contains(out, `"notes"`) {
		t.Errorf("notes: %s", out)
	}
	template, minutes := filepath.Join(dir, "template.docx"), filepath.Join(dir, "minutes.docx")
	must(t, "document", "template", "get", "--out", template, "--data", dir)
	must(t, "document", "template", "set", template, "--data", dir)
	must(t, "session", "minutes", l.ID, "--out", minutes, "--data", dir)
	archive, err := zip.OpenReader(minutes)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	part, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil || !strings.Contains(string(text), "7/BB-VP") || strings.Contains(string(text), "{{") {
		t.Errorf("%v: %s", err, text)
	}
	if code, _, errText := call(t, "document", "template", "set", write(t, "no.docx", "no Word file"), "--data",
		dir); code != 1 || !strings.Contains(errText, "not_word") {
		t.Errorf("what is no Word file: %d %s", code, errText)
	}
	must(t, "document", "template", "reset", "--data", dir)
	must(t, "session", "minutes", l.ID, "--format", "pdf", "--out", filepath.Join(dir, "minutes.pdf"), "--data", dir)
	must(t, "attendance", "export", "--session", l.ID, "--format", "docx", "--out", filepath.Join(dir, "report.docx"), "--data", dir)
}
