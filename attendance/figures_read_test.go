package attendance_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/meeting"
)

// yearOfFigures are figures of two units over two sessions.
func yearOfFigures() *figures.Table {
	row := func(code, name string, s figures.Sum) figures.Row {
		return figures.Row{Unit: meeting.Unit{Code: code, Name: name, Level: meeting.LevelProvince}, Parents: []string{"Trung ương"}, Sum: s}
	}
	return &figures.Table{
		Sessions: []figures.SessionRow{
			{ID: "s1", Title: "Phiên họp tháng Giêng, lần đầu", StartedAt: at(0), EndedAt: at(3600), Sum: figures.Sum{Sessions: 1, Convened: 12,
				Present: 9, Absent: 3}},
			{ID: "s2", Title: `=HYPERLINK("x")`, StartedAt: at(86400), EndedAt: at(90000), Sum: figures.Sum{Sessions: 1, Convened: 12, Present: 11,
				Late: 2, Absent: 1}},
		},
		Total: figures.Sum{Sessions: 2, Convened: 24, Present: 20, Late: 2, Absent: 4, Headcount: 310},
		Rows: []figures.Row{
			row("P58", "Tỉnh Ninh Thuận", figures.Sum{Sessions: 2, Convened: 14, Present: 11, Absent: 3, Headcount: 180, PresentS: 40_000,
				Packets: 1000, Lost: 25}),
			row("P67", "Tỉnh Đắk Nông 🎉", figures.Sum{Sessions: 2, Convened: 10, Present: 9, Late: 2, Absent: 1, Headcount: 130, PresentS: 100}),
		},
	}
}

// TestFiguresReadByOthers reads the workbook with LibreOffice and the printed file with poppler, where those are installed.
func TestFiguresReadByOthers(t *testing.T) {
	period := attendance.Period{From: at(0), To: at(365 * 86400), AsOf: at(400 * 86400)}
	write := func(f attendance.FiguresWriter) func(io.Writer) error {
		return func(w io.Writer) error { return f(w, yearOfFigures(), period, attendance.Vietnamese) }
	}
	if tool, err := exec.LookPath("pdftotext"); err == nil {
		text := pdfText(t, tool, write(attendance.WriteFiguresPDF))
		for _, want := range []string{"THỐNG KÊ ĐIỂM DANH", "Phiên họp tháng Giêng, lần đầu", "Tỉnh Ninh Thuận, Trung ương", "Tỉnh Đắk Nông □", "Cộng", "310"} {
			if !strings.Contains(text, want) {
				t.Errorf("the printed figures lack %q:\n%s", want, text)
			}
		}
	}
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs soffice (LibreOffice Calc)")
	}
	dir := t.TempDir()
	var book bytes.Buffer
	if err := write(attendance.WriteFiguresXLSX)(&book); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "figures.xlsx"), book.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless",
		"--convert-to", `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1`, "--outdir", dir, filepath.Join(dir, "figures.xlsx"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v: %q", err, files)
	}
	var rows [][]string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in := csv.NewReader(bytes.NewReader(text))
		in.FieldsPerRecord = -1
		more, err := in.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, more...)
	}
	for _, want := range [][]string{
		{"P58", "Tỉnh Ninh Thuận", "Trung ương", "2", "14", "11"}, {"P67", "Tỉnh Đắk Nông 🎉", "Trung ương", "2", "10", "9"},
		{"Cộng", "", "2", "24", "20"}, {"1", "Phiên họp tháng Giêng, lần đầu"},
	} {
		if !slices.ContainsFunc(rows, func(row []string) bool { return strings.Contains(strings.Join(row, "|"), strings.Join(want, "|")) }) {
			t.Errorf("the workbook lacks %q:\n%q", want, rows)
		}
	}
	for _, row := range rows {
		if slices.Contains(row, "x") {
			t.Errorf("a title was computed: %q", row)
		}
	}
}
