package attendance_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
)

// TestPrintedFilesAreForArchives holds what PDF/A-2b asks for and can be seen from outside: the claim in metadata that are well
// formed and say what the document says, the meaning of its colours, an identifier, embedded fonts, nothing encrypted.
func TestPrintedFilesAreForArchives(t *testing.T) {
	r := sessionHeld(t)
	r.Session.Title = "Phiên <&> \U0001F389 một"
	for name, write := range map[string]func(io.Writer) error{
		"report":  func(w io.Writer) error { return r.WritePDF(w, attendance.Vietnamese) },
		"minutes": func(w io.Writer) error { return r.WriteMinutesPDF(w, attendance.Vietnamese) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		file := out.String()
		for _, part := range []string{"/Type /OutputIntent /S /GTS_PDFA1", "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>",
			"Phiên &lt;&amp;&gt; □ một"} {
			if !strings.Contains(file, part) {
				t.Errorf("%s lacks %s", name, part)
			}
		}
		if strings.Contains(file, "/Encrypt") || !regexp.MustCompile(`trailer\n<<\n/ID \[<([0-9a-f]{32})><[0-9a-f]{32}>\]`).MatchString(file) {
			t.Errorf("%s is encrypted or has no identifier", name)
		}
		begin, end := strings.Index(file, "<x:xmpmeta"), strings.Index(file, "</x:xmpmeta>")
		if begin < 0 || end < begin || xml.Unmarshal([]byte(file[begin:end+len("</x:xmpmeta>")]), new(struct{})) != nil {
			t.Errorf("%s has metadata that cannot be read", name)
		}
		// The trailer names the document's information, which says what the metadata say.
		named := regexp.MustCompile(`/Info (\d+) 0 R`).FindStringSubmatch(file)
		if named == nil || !regexp.MustCompile(`\n`+named[1]+` 0 obj\n<<\n/Producer \(.+\)\n/Title \(`).MatchString(file) {
			t.Errorf("%s: the trailer names no information about the document: %q", name, named)
		}
		for _, never := range []string{"/SMask", "/BM ", "/ca ", "/CA ", "/JavaScript", "/AA", "/Launch", "/LZWDecode", "/Filespec", "/OpenAction", "/Annots"} {
			if strings.Contains(file, never) {
				t.Errorf("%s has %s", name, never)
			}
		}
		if tool, err := exec.LookPath("qpdf"); err == nil {
			path := filepath.Join(t.TempDir(), "file.pdf")
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.CommandContext(t.Context(), tool, "--check", path).CombinedOutput(); err != nil { // 3 for warnings
				t.Errorf("%s: qpdf: %v: %s", name, err, said)
			}
		}
		tool, err := exec.LookPath("pdffonts")
		if err != nil {
			continue
		}
		path := filepath.Join(t.TempDir(), "file.pdf")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		fonts, err := exec.CommandContext(t.Context(), tool, path).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(fonts)), "\n")
		if err != nil || len(lines) < 3 {
			t.Fatalf("%v: %s", err, fonts)
		}
		for _, line := range lines[2:] {
			if columns := strings.Fields(line); len(columns) < 7 || columns[len(columns)-5] != "yes" {
				t.Errorf("%s: a font that is not embedded: %s", name, line)
			}
		}
	}
}
