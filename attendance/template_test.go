package attendance_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
)

// wordOf is a Word file of one text; more are further parts by their names.
func wordOf(tb testing.TB, text string, more ...string) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	const head, tail = `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`, `</w:body></w:document>`
	for i, part := range append([]string{"word/document.xml", head + text + tail}, more...) {
		if i%2 == 1 {
			continue
		}
		w, err := z.Create(part)
		if err != nil {
			tb.Fatal(err)
		}
		content := head + text + tail
		if i > 0 {
			content = more[i-1]
		}
		if _, err := io.WriteString(w, content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// partOf reads a part of a Word file, which has to be well formed.
func partOf(tb testing.TB, file []byte, name string) string {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		tb.Fatal(err)
	}
	in := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := in.Token(); errors.Is(err, io.EOF) {
			return string(text)
		} else if err != nil {
			tb.Fatalf("%s: %v\n%s", name, err, text)
		}
	}
}

// plainWord is what a person reads of a Word file, a paragraph a line.
func plainWord(tb testing.TB, file []byte) string {
	tb.Helper()
	in := xml.NewDecoder(strings.NewReader(partOf(tb, file, "word/document.xml")))
	var b strings.Builder
	reads := false
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		switch e := token.(type) {
		case xml.StartElement:
			reads = e.Name.Local == "t"
		case xml.EndElement:
			if reads = false; e.Name.Local == "p" {
				b.WriteByte('\n')
			}
		case xml.CharData:
			if reads {
				b.Write(e)
			}
		}
	}
}

func minutesFrom(tb testing.TB, r *attendance.Report, template []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := r.WriteMinutes(&out, attendance.Vietnamese, template); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestTheShippedTemplateSaysTheSame fills the template that an office downloads: what comes out reads as the minutes without one.
func TestTheShippedTemplateSaysTheSame(t *testing.T) {
	var template bytes.Buffer
	if err := attendance.MinutesTemplate(&template, attendance.Vietnamese, at(0)); err != nil {
		t.Fatal(err)
	}
	if err := attendance.CheckTemplate(template.Bytes()); err != nil {
		t.Fatal(err)
	}
	lines := func(text string) string { // without empty lines
		return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), "\n")
	}
	r := sessionHeld(t)
	r.Session.Particulars.Authority = "Ủy ban nhân dân <&> tỉnh"
	want, got := lines(plainWord(t, minutesFrom(t, r, nil))), lines(plainWord(t, minutesFrom(t, r, template.Bytes())))
	// The length of a rule is by its text, which the template does not know.
	short := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '–' }), "–")
	}
	if short(want) != short(got) {
		t.Errorf("without a template:\n%s\nwith:\n%s", want, got)
	}
}

func TestAnOfficesOwnTemplate(t *testing.T) {
	r := sessionHeld(t)
	const p = `<w:p><w:pPr><w:jc w:val="center"/></w:pPr>`
	for name, tt := range map[string]struct{ template, want, lacks string }{
		"in one run": {p + `<w:r><w:t>Chủ trì: {{chu_tri}}.</w:t></w:r></w:p>`, "Chủ trì: Nguyễn Văn A.", "{{"},
		"in several runs": {p +
			`<w:r><w:t>A {{chu</w:t></w:r><w:proofErr/><w:r><w:rPr><w:b/></w:rPr><w:t>_tri</w:t></w:r><w:r><w:t>}} B</w:t></w:r></w:p>`,
			"A Nguyễn Văn A B", "{{"},
		"twice":       {p + `<w:r><w:t>{{ thu_ky }}/{{dia_danh}}</w:t></w:r></w:p>`, "Trần Thị Bé/Hà Nội", "{{"},
		"in capitals": {p + `<w:r><w:t>{{CO_QUAN}}</w:t></w:r></w:p>`, "BAN CHỈ ĐẠO", "{{"},
		"a part": {p + `<w:r><w:t> {{dien_bien}} </w:t></w:r></w:p>` + p + `<w:r><w:t>hết</w:t></w:r></w:p>`,
			"2. Báo cáo của các tỉnh (08:02 – 08:06)\n", "{{"},
		"a part alone in a cell": {
			`<w:tbl><w:tr><w:tc>` + p + `<w:r><w:t>{{noi_nhan}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`, "- Như trên;", "{{",
		},
		"in a text box": {
			p + `<w:r><w:pict><w:txbxContent>` + p +
				`<w:r><w:t>{{phien_hop}}</w:t></w:r></w:p></w:txbxContent></w:pict></w:r><w:r><w:t>ngoài</w:t></w:r></w:p>`,
			"Phiên họp thứ nhất", "{{",
		},
		"nothing to say":  {p + `<w:r><w:t>{{co_quan_chu_quan}}</w:t></w:r></w:p>` + p + `<w:r><w:t>{{trieu_tap}}</w:t></w:r></w:p>`, "3\n", "{{"},
		"no name of ours": {p + `<w:r><w:t>{{ngay}} {{x1}} {{`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no name of ours" {
				tt.template += `</w:t></w:r></w:p>`
			}
			file := minutesFrom(t, r, wordOf(t, tt.template, "word/header1.xml",
				`<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">`+
					p+`<w:r><w:t>{{so_bien_ban}}</w:t></w:r></w:p></w:hdr>`, "word/media/x.bin", "{{chu_tri}}"))
			text := plainWord(t, file)
			if !strings.Contains(text, tt.want) || tt.lacks != "" && strings.Contains(text, tt.lacks) {
				t.Errorf("reads:\n%s", text)
			}
			if header := partOf(t, file, "word/header1.xml"); !strings.Contains(header, "5/BB-VP") {
				t.Errorf("the header reads %s", header)
			}
		})
	}
}

func TestTemplatesThatAreNone(t *testing.T) {
	p := func(text string) string { return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>` }
	for want, template := range map[string][]byte{
		"not_word":                   []byte("PK nothing"),
		"not_word word/document.xml": wordOf(t, "<w:p></w:r>"),
		"macros":                     wordOf(t, p("{{ngay}}"), "word/vbaProject.bin", "x"),
		"no_names":                   wordOf(t, p("Biên bản")),
		"unknown_names {{chu_toa}}":  wordOf(t, p("{{chu_toa}} {{CHU_TRI}}")),
		"too_large":                  bytes.Repeat([]byte("x"), attendance.MaxTemplate+1),
	} {
		err := attendance.CheckTemplate(template)
		var refused *attendance.TemplateError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Problem+" "+refused.Detail, want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
	if err := attendance.CheckTemplate(wordOf(t, p("{{THU_KY}}"))); err != nil {
		t.Error(err)
	}
}

// FuzzTemplate fills what was taken for a template: what comes out is well formed.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`<w:p><w:r><w:t>a {{chu</w:t><w:t/><w:t>_tri}} {{ngay}}</w:t></w:r></w:p>`,
		`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>{{dien_bien}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
		`<w:p><w:p><w:r><w:t>{{ngay}}</w:t></w:r></w:p>{{dien_bien}}</w:p>`, `<w:p><w:t>&amp;{{CO_QUAN}}<![CDATA[{{x}}]]></w:t></w:p>`,
	} {
		f.Add(seed)
	}
	r := sessionHeld(f)
	f.Fuzz(func(t *testing.T, text string) {
		template := wordOf(t, text)
		if attendance.CheckTemplate(template) == nil {
			partOf(t, minutesFrom(t, r, template), "word/document.xml")
		}
	})
}
