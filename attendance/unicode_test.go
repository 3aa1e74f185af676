package attendance_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/xuri/excelize/v2"
)

// fill puts a text into every string of a report but those that are no texts of people.
func fill(v reflect.Value, text func() string) {
	switch v.Kind() { //nolint:exhaustive // the others hold no texts
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Type().Field(i).IsExported() && name != "TimeZone" {
				fill(v.Field(i), text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(text())
		}
	}
}

// formats are all the forms of a report.
func formats(r *attendance.Report) map[string]func(io.Writer) error {
	list := map[string]func(io.Writer) error{"json": r.WriteJSON}
	for _, lang := range []attendance.Lang{attendance.Vietnamese, attendance.English} {
		for _, table := range []attendance.Table{attendance.TableSites, attendance.TableIntervals} {
			list[fmt.Sprintf("csv %s %s", table, lang)] = func(w io.Writer) error { return r.WriteCSV(w, table, lang) }
		}
		list["xlsx "+string(lang)] = func(w io.Writer) error { return r.WriteXLSX(w, lang) }
		list["docx "+string(lang)] = func(w io.Writer) error { return r.WriteMinutes(w, lang, nil) }
		list["pdf "+string(lang)] = func(w io.Writer) error { return r.WritePDF(w, lang) }
		list["minutes pdf "+string(lang)] = func(w io.Writer) error { return r.WriteMinutesPDF(w, lang) }
		list["word "+string(lang)] = func(w io.Writer) error { return r.WriteWord(w, lang, true) }
	}
	return list
}

// written checks that every form of a report can be written and the workbook be read again.
func written(t *testing.T, r *attendance.Report) {
	t.Helper()
	for name, write := range formats(r) {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatalf("%s of %.60q: %v", name, r.Session.Title, err)
		}
		if strings.HasPrefix(name, "xlsx") {
			book, err := excelize.OpenReader(&out)
			if err != nil {
				t.Fatalf("%s of %.60q: %v", name, r.Session.Title, err)
			}
			if err := book.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestAnyTextInEveryExport fills every text of a report with random letters of all planes.
func TestAnyTextInEveryExport(t *testing.T) {
	planes := []rune{0x20, 0x80, 0x300, 0x1EA0, 0x200B, 0x2028, 0x4E00, 0xE000, 0xFE00, 0xFFF0, 0x10000, 0x1F468, 0x20000, 0x2A700, 0x30000, 0xE0001, 0xF0000,
		0x10FFF0}
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func() string {
		var b strings.Builder
		for range rnd.IntN(12) {
			switch rnd.IntN(12) {
			case 0:
				b.WriteByte(byte(rnd.UintN(256))) // not UTF-8
			case 1:
				b.WriteRune(rune(rnd.IntN(0x20))) // control characters
			case 2:
				b.WriteString("{nb}\uE123\uE124(\\)")
			default:
				b.WriteRune(planes[rnd.IntN(len(planes))] + rune(rnd.IntN(0x60)))
			}
		}
		return b.String()
	}
	for range 4 {
		r := full(t)
		fill(reflect.ValueOf(r), random)
		written(t, r)
	}
}

func FuzzExports(f *testing.F) {
	for _, seed := range []string{"Họp 🎉 𡨸喃 👨‍👩‍👧 \u202Eabc {nb}", "\xff\xfe\x00", "\U0010FFFF\U00010000", strings.Repeat("dài", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := full(t)
		fill(reflect.ValueOf(r), func() string { return text })
		written(t, r)
	})
}

// TestMissingLettersAreSeen reads what is printed in the place of letters that the fonts lack.
func TestMissingLettersAreSeen(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("needs pdftotext (poppler-utils)")
	}
	r := full(t)
	r.Session.Title = "Họp 🎉 {nb} 𡨸喃 \u202Engược"
	text := pdfText(t, tool, func(w io.Writer) error { return r.WritePDF(w, attendance.Vietnamese) })
	if want := "Họp □ {nb} □□ ngược"; !strings.Contains(text, want) {
		t.Errorf("lacks %q:\n%s", want, text)
	}
}
