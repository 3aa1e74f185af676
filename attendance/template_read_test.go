package attendance_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
)

// withText is a Word file with a text of its document replaced.
func withText(t *testing.T, file []byte, before, after string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "word/document.xml" {
			if !strings.Contains(string(part), before) {
				t.Fatalf("the document has no %q", before)
			}
			part = []byte(strings.Replace(string(part), before, after, 1))
		}
		w, err := z.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestAnOfficesTemplateReadByOthers fills a template that an office has changed, as it is and as another program saves it, and reads
// what comes out with LibreOffice, where that is installed.
func TestAnOfficesTemplateReadByOthers(t *testing.T) {
	var shipped bytes.Buffer
	if err := attendance.MinutesTemplate(&shipped, attendance.Vietnamese, at(0)); err != nil {
		t.Fatal(err)
	}
	changed := withText(t, shipped.Bytes(), "{{chu_tri}}", "{{chu_tri}} (theo mẫu riêng của văn phòng)")
	r := sessionHeld(t)
	for name, template := range map[string][]byte{"changed": changed, "saved by LibreOffice": libreOffice(t, changed, "docx")} {
		if err := attendance.CheckTemplate(template); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		plain := strings.Join(strings.Fields(string(libreOffice(t, minutesFrom(t, r, template), "txt:Text (encoded):UTF8"))), " ")
		for _, want := range []string{
			"Số: 5/BB-VP", "BIÊN BẢN", "Phiên họp thứ nhất", "Nguyễn Văn A", "(theo mẫu riêng của văn phòng)", "Trưởng ban phát biểu khai mạc 🎉",
			"2. Báo cáo của các tỉnh (08:02 – 08:06)", "- Như trên;",
		} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: the minutes lack %q:\n%s", name, want, plain)
			}
		}
		if strings.Contains(plain, "{{") {
			t.Errorf("%s: a name was not filled:\n%s", name, plain)
		}
	}
}
