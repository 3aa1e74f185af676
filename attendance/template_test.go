package attendance_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
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
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		tb.Fatalf("there is no %s", name)
	}
	f, err := z.File[i].Open()
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
	long, many := strings.Repeat("x", 1000), "<w:p>"+strings.Repeat("<w:t/>", 2001)+"</w:p>"
	const settings, relations = "word/_rels/settings.xml.rels", "word/_rels/document.xml.rels"
	for want, template := range map[string][]byte{
		"not_word more than once: word/document.xml":         wordOf(t, p("{{ngay}}"), "word/document.xml", "x"),
		"not_word more than once: Word/styles.xml":           wordOf(t, p("{{ngay}}"), "word/styles.xml", "", "Word/styles.xml", ""),
		"not_word more than once: word/%73.xml":              wordOf(t, p("{{ngay}}"), "word/s.xml", "", "word/%73.xml", ""),
		"not_word name of a part: word/../../x":              wordOf(t, p("{{ngay}}"), "word/../../x", ""),
		"not_word name of a part: word/%2e%2e/x":             wordOf(t, p("{{ngay}}"), "word/%2e%2e/x", ""),
		"not_word name of a part: /x":                        wordOf(t, p("{{ngay}}"), "/x", ""),
		`not_word name of a part: ..\x`:                      wordOf(t, p("{{ngay}}"), `..\x`, ""),
		"not_word word/document.xml: an element within":      wordOf(t, "<w:p><w:t>a<w:t>{{ngay}}</w:t>c</w:t></w:p>"),
		"too_large word/header1.xml: a paragraph in more":    wordOf(t, p("{{ngay}}"), "word/header1.xml", header(many)),
		"external word/_rels/settings.xml.rels: attachedTem": wordOf(t, p("{{ngay}}"), settings, relation("attachedTemplate", "External", "file:///x.dotm")),
		"external word/_rels/document.xml.rels: subDocument": wordOf(t, p("{{ngay}}"), relations, relation("subDocument", "External", "//x.test/")),
		"external word/_rels/document.xml.rels: oleObject":   wordOf(t, p("{{ngay}}"), relations, relation("oleObject", "external", "x")),
		"external WORD/_RELS/DOCUMENT.XML.RELS: image":       wordOf(t, p("{{ngay}}"), strings.ToUpper(relations), relation("image", "Internal", `\\x`)),
		"not_word word/_rels/footnotes.xml.rels: XML":        wordOf(t, p("{{ngay}}"), "word/_rels/footnotes.xml.rels", "<Relationships>"),
		"unknown_names {{xxxxxxxx":                           wordOf(t, p("{{"+long+"}}")),
		"not_word":                                           []byte("PK nothing"),
		"not_word word/document.xml":                         wordOf(t, "<w:p></w:r>"),
		"macros":                                             wordOf(t, p("{{ngay}}"), "word/vbaProject.bin", "x"),
		"no_names":                                           wordOf(t, p("Biên bản")),
		"unknown_names {{chu_toa}}":                          wordOf(t, p("{{chu_toa}} {{CHU_TRI}}")),
		"too_large":                                          bytes.Repeat([]byte("x"), attendance.MaxTemplate+1),
	} {
		err := attendance.CheckTemplate(template)
		var refused *attendance.TemplateError
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Problem+" "+refused.Detail, want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
	for name, template := range map[string][]byte{
		"in capitals":      wordOf(t, p("{{THU_KY}}")),
		"as many runs":     wordOf(t, "<w:p>"+strings.Repeat("<w:t/>", 1999)+"<w:t>{{ngay}}</w:t></w:p>"),
		"a link":           wordOf(t, p("{{ngay}}"), relations, relation("hyperlink", "External", "https://x.test/")),
		"parts and folder": wordOf(t, p("{{ngay}}"), "word/", "", relations, relation("customXml", "Internal", "../customXml/item1.xml")),
	} {
		if err := attendance.CheckTemplate(template); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func header(text string) string {
	return `<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">` + text + `</w:hdr>`
}

func relation(kind, mode, target string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` + kind + `" TargetMode="` + mode + `" ` +
		`Target="` + target + `"/></Relationships>`
}

// TestATemplateGrowsWithinBounds fills templates that are small themselves and would become larger than any minutes.
func TestATemplateGrowsWithinBounds(t *testing.T) {
	r := sessionHeld(t)
	r.Session.Title = strings.Repeat("Phiên họp ", 1000)
	for range 1000 {
		r.Sites[0].Delegates = append(r.Sites[0].Delegates, meeting.Delegate{Name: strings.Repeat("A", 900)})
	}
	p := func(text string) string { return `<w:p><w:t>` + text + `</w:t></w:p>` }
	part := strings.Repeat(p("{{thanh_phan}}"), 25) // of 1 MB each
	for name, template := range map[string][]byte{
		"a part of the minutes":  wordOf(t, strings.Repeat(part, 3)),
		"the same in many parts": wordOf(t, part, "word/header1.xml", header(part), "word/footer1.xml", header(part)),
		"a text":                 wordOf(t, p(strings.Repeat("{{phien_hop}} ", 6000))),
		"breaks of lines":        wordOf(t, p("{{ngay}}"+strings.Repeat("\n", 2<<20))),
	} {
		t.Run(name, func(t *testing.T) {
			if err := attendance.CheckTemplate(template); err != nil {
				t.Fatal(err)
			}
			var refused *attendance.TemplateError
			if err := r.WriteMinutes(io.Discard, attendance.Vietnamese, template); !errors.As(err, &refused) || refused.Problem != "too_large" {
				t.Errorf("it became: %v", err)
			}
		})
	}
}

// TestATemplateOfManyRuns fills a paragraph in as many runs as it may have: what that takes grows with their texts, not with
// their square.
func TestATemplateOfManyRuns(t *testing.T) {
	r := sessionHeld(t)
	const runs, size = 2000, 500
	text := strings.Repeat("<w:t>"+strings.Repeat("x", size)+"{{thu_</w:t><w:t>ky}}</w:t>", runs/2)
	template := wordOf(t, "<w:p>"+text+"</w:p>")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	file := minutesFrom(t, r, template)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
		t.Errorf("%d MiB for a text of %d KiB", took>>20, runs*size/2>>10)
	}
	if got, want := plainWord(t, file), strings.Repeat(strings.Repeat("x", size)+"Trần Thị Bé", runs/2)+"\n"; got != want {
		t.Errorf("%d bytes instead of %d", len(got), len(want))
	}
}

// FuzzTemplate fills what was taken for a template, of one text and one more part: what comes out is well formed, and a
// Word file that a template may be.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`<w:p><w:t>a<w:t>{{ngay}}</w:t>c</w:t></w:p>`, `<w:p>` + strings.Repeat(`<w:t>{{</w:t><w:t>ngay}}</w:t>`, 1001) + `</w:p>`,
		`<w:p><w:r><w:t>a {{chu</w:t><w:t/><w:t>_tri}} {{ngay}}</w:t></w:r></w:p>`,
		`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>{{dien_bien}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`,
		`<w:p><w:p><w:r><w:t>{{ngay}}</w:t></w:r></w:p>{{dien_bien}}</w:p>`, `<w:p><w:t>&amp;{{CO_QUAN}}<![CDATA[{{x}}]]></w:t></w:p>`,
	} {
		f.Add(seed, "word/header1.xml", header(seed))
	}
	for name, part := range map[string]string{
		"word/document.xml": header(""), "WORD/document.xml": "", "word/../x": "", "/x": "", `word\x`: "", "word/": "", "%2e%2e/x": "",
		"word/_rels/settings.xml.rels": relation("attachedTemplate", "External", "https://x.test/x.dotm"),
		"word/_rels/document.xml.rels": relation("oleObject", "External", "x") + relation("hyperlink", "External", "https://x.test/"),
	} {
		f.Add(`<w:p><w:t>{{ngay}}</w:t></w:p>`, name, part)
	}
	r := sessionHeld(f)
	f.Fuzz(func(t *testing.T, text, name, part string) {
		if len(name) > 1000 || strings.HasSuffix(name, "/") && part != "" { // what the writer of zip files does not take
			return
		}
		template := wordOf(t, text, name, part)
		if attendance.CheckTemplate(template) != nil {
			return
		}
		file := minutesFrom(t, r, template)
		partOf(t, file, "word/document.xml")
		var refused *attendance.TemplateError
		if err := attendance.CheckTemplate(file); errors.As(err, &refused) && (refused.Problem == "not_word" || refused.Problem == "external") {
			t.Error(err)
		}
	})
}
