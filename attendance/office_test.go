package attendance_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/google/go-cmp/cmp"
)

// TestSameFiguresInOtherSoftware has LibreOffice read the workbook, where it is installed, and compares its
// sites with those of the CSV file.
func TestSameFiguresInOtherSoftware(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs soffice (LibreOffice Calc)")
	}
	r := full(t)
	r.Sites[2].Name = `Khách "mời", một` // formulas are spelled differently in the two formats
	dir := t.TempDir()
	var book, plain bytes.Buffer
	if err := r.WriteXLSX(&book, attendance.English); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteCSV(&plain, attendance.TableSites, attendance.English); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.xlsx"), book.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	// The options of the filter: comma, double quote, UTF-8 … contents as shown … every sheet to a file of its own.
	cmd := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless",
		"--convert-to", `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1`, "--outdir", dir, filepath.Join(dir, "report.xlsx"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	converted, err := os.ReadFile(filepath.Join(dir, "report-Sites.csv"))
	if err != nil {
		t.Fatal(err)
	}
	in := csv.NewReader(bytes.NewReader(converted))
	in.FieldsPerRecord = -1
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows[4:] { // below the title and the heading
		got = append(got, strings.Join([]string{row[1], row[2], row[3], row[5], row[6], row[7], row[8], row[10]}, "|"))
	}
	in = csv.NewReader(strings.NewReader(strings.TrimPrefix(plain.String(), "\uFEFF")))
	rows, err = in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range rows[1:] {
		want = append(want, strings.Join([]string{row[0], row[1], row[2], row[4], sheetTime(row[5]), sheetTime(row[6]), sheetLength(t, row[7]), row[8]}, "|"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-CSV +workbook):\n%s", diff)
	}
}

// sheetTime is an RFC 3339 time as the workbook shows it: 2026-03-02T07:59:10+07:00 is 02/03/2026 07:59:10.
func sheetTime(s string) string {
	if s == "" {
		return ""
	}
	return s[8:10] + "/" + s[5:7] + "/" + s[0:4] + " " + s[11:19]
}

// sheetLength is a number of seconds as the workbook shows it.
func sheetLength(t *testing.T, s string) string {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
}
