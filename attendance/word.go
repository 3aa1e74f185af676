package attendance

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// wordParts are the parts of a Word file (ECMA-376) besides its text: content types, relations, styles.
//
//go:embed word
var wordParts embed.FS

const (
	wordText = "word/document.xml"
	twips    = 1440 / 25.4 // of a millimetre
)

// wordWidth is how wide a text is on A4, in millimetres: upright with the margins of administrative documents, and across.
func wordWidth(across bool) float64 {
	if across {
		return 297 - 2*narrow
	}
	return 210 - 2.5*wide
}

// writeWord writes a description as a Word file.
func writeWord(w io.Writer, f formatter, asOf time.Time, blocks []block) error {
	out := zip.NewWriter(w)
	put := func(name string, text []byte) error {
		part, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: asOf.UTC()}) // the same report is the same file
		if err != nil {
			return err
		}
		_, err = part.Write(text)
		return err
	}
	for in, as := range []string{"[Content_Types].xml", "_rels/.rels", "word/_rels/document.xml.rels", "word/styles.xml"} {
		text, err := wordParts.ReadFile("word/" + []string{"types.xml", "package.xml", "document.xml", "styles.xml"}[in])
		if err != nil {
			return err
		}
		if err := put(as, text); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	text.WriteString(xml.Header + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	set := &wordSetter{Buffer: &text, formatter: f}
	set.all(blocks)
	set.section()
	text.WriteString(`</w:body></w:document>`)
	if err := put(wordText, text.Bytes()); err != nil {
		return err
	}
	return out.Close()
}

// wordSetter writes blocks as WordprocessingML.
type wordSetter struct {
	*bytes.Buffer
	formatter
	across bool
}

func (s *wordSetter) all(blocks []block) {
	for i, b := range blocks {
		switch b := b.(type) {
		case paragraph:
			s.paragraph(b)
		case sides:
			s.sides(b)
		case grid:
			s.grid(b)
		case annex:
			if i == 0 || s.across {
				s.across = true
				if i > 0 {
					s.WriteString(`<w:p><w:r><w:br w:type="page"/></w:r></w:p>`)
				}
				continue
			}
			s.WriteString(`<w:p><w:pPr>`) // a section ends with the properties of its last paragraph
			s.section()
			s.WriteString(`</w:pPr></w:p>`)
			s.across = true
		}
	}
}

// section says of which size the pages until here are.
func (s *wordSetter) section() {
	if s.across {
		fmt.Fprintf(s,
			`<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/><w:pgMar w:top="%[1]d" w:right="%[1]d" w:bottom="%[1]d" w:left="%[1]d" `+
				`w:header="400" w:footer="400" w:gutter="0"/></w:sectPr>`, mm(narrow))
		return
	}
	fmt.Fprintf(s,
		`<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="%[1]d" w:right="%[1]d" w:bottom="%[1]d" w:left="%[2]d" w:header="567" w:footer="567" `+
			`w:gutter="0"/></w:sectPr>`, mm(wide), mm(wide*1.5))
}

func mm(length float64) int { return int(length*twips + 0.5) }

func (s *wordSetter) paragraph(l paragraph) {
	align := map[string]string{"C": "center", "R": "right", "J": "both"}[l.align]
	if align == "" {
		align = "left"
	}
	fmt.Fprintf(s, `<w:p><w:pPr><w:spacing w:before="%d" w:after="60"/><w:jc w:val="%s"/></w:pPr><w:r>`, mm(l.above), align)
	s.WriteString(wordLook(l.style, l.size))
	s.text(l.text)
	s.WriteString(`</w:r></w:p>`)
	if l.ruled > 0 {
		s.paragraph(paragraph{size: 8, align: l.align, text: strings.Repeat("–", max(5, int(float64(len([]rune(l.text)))*l.ruled*0.9)))})
	}
}

// wordLook are the properties of a run of letters.
func wordLook(style string, size float64) string {
	marks := ""
	if strings.Contains(style, "B") {
		marks += `<w:b/>`
	}
	if strings.Contains(style, "I") {
		marks += `<w:i/>`
	}
	return fmt.Sprintf(`<w:rPr>%s<w:sz w:val="%d"/></w:rPr>`, marks, int(size*2))
}

// text writes a text of several lines into a run.
func (s *wordSetter) text(text string) { _ = wordLines(s.Buffer, text) } // a Buffer takes all

// wordLines writes the pieces of a text of several lines into a run.
func wordLines(w io.Writer, pieces ...string) (err error) {
	put := func(text string) {
		if err == nil {
			_, err = io.WriteString(w, text)
		}
	}
	const begin, end = `<w:t xml:space="preserve">`, `</w:t>`
	put(begin)
	for _, piece := range pieces {
		for line := range strings.Lines(piece) {
			if err != nil {
				return err
			}
			text, broken := strings.CutSuffix(line, "\n")
			if err == nil {
				err = escapeTo(w, text)
			}
			if broken {
				put(end + `<w:br/>` + begin)
			}
		}
	}
	put(end)
	return err
}

// escaped is a text as it stands in XML, without what must not stand there.
func escaped(text string) string {
	var b strings.Builder
	_ = escapeTo(&b, text) // a Builder takes all
	return b.String()
}

func escapeTo(w io.Writer, text string) error {
	return xml.EscapeText(w, []byte(strings.ToValidUTF8(text, "\uFFFD")))
}

func (s *wordSetter) sides(b sides) {
	if b.together > 0 {
		s.paragraph(paragraph{size: 12})
	}
	all := wordWidth(s.across)
	widths := [2]float64{all * b.first, all * (1 - b.first)}
	s.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, w := range widths {
		fmt.Fprintf(s, `<w:gridCol w:w="%d"/>`, mm(w))
	}
	s.WriteString(`</w:tblGrid>`)
	for _, row := range b.rows {
		s.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		for i, lines := range row {
			fmt.Fprintf(s, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, mm(widths[i]))
			for _, l := range lines {
				l.align = "C"
				s.paragraph(l)
			}
			s.WriteString(`</w:tc>`)
		}
		s.WriteString(`</w:tr>`)
	}
	s.WriteString(`</w:tbl>`)
	s.paragraph(paragraph{size: 6}) // two tables without a paragraph between them are one
}

func (s *wordSetter) grid(g grid) {
	if g.title != "" {
		s.paragraph(paragraph{style: "B", size: 12, text: g.title, above: 4})
	}
	sum := 0.0
	for _, c := range g.columns {
		sum += c.width
	}
	scale := min(1, wordWidth(s.across)/sum)
	s.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(s, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="auto"/>`, side)
	}
	s.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, c := range g.columns {
		fmt.Fprintf(s, `<w:gridCol w:w="%d"/>`, mm(c.width*scale))
	}
	s.WriteString(`</w:tblGrid>`)
	row := func(more, style string, cells []string) {
		s.WriteString(`<w:tr><w:trPr><w:cantSplit/>` + more + `</w:trPr>`)
		for i, cell := range cells {
			c, l := g.columns[i], paragraph{style: style, size: 11, align: g.columns[i].align, text: cell}
			if style != "" {
				l.align = "C"
			}
			fmt.Fprintf(s, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, mm(c.width*scale))
			s.paragraph(l)
			s.WriteString(`</w:tc>`)
		}
		s.WriteString(`</w:tr>`)
	}
	headings := make([]string, len(g.columns))
	for i, c := range g.columns {
		headings[i] = s.formatter.text(c.key)
	}
	row(`<w:tblHeader/>`, "B", headings)
	g.rows(func(cells ...string) { row("", "", cells) })
	s.WriteString(`</w:tbl>`)
	s.paragraph(paragraph{size: 6})
}
