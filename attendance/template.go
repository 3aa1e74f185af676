package attendance

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a template.
const (
	MaxTemplate     = 2 << 20  // bytes
	maxTemplatePart = 16 << 20 // bytes unpacked, of all its parts
	maxTemplateRows = 200_000  // tokens of a part
)

// TemplateError says what is wrong with a template.
type TemplateError struct {
	Problem string // not_word, too_large, macros, unknown_names, no_names
	Detail  string
}

func (e *TemplateError) Error() string {
	return strings.TrimSpace("template: " + e.Problem + " " + e.Detail)
}

// placeholder is a name in a template.
var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_]+)\s*\}\}`)

// CheckTemplate refuses what cannot be a template of minutes: no Word file, one with macros, too large, with names that there
// are not, or with none at all.
func CheckTemplate(template []byte) error {
	names := map[string]bool{}
	parts, err := templateParts(template)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !p.text() {
			continue
		}
		found, err := paragraphsOf(p.content)
		if err != nil {
			return &TemplateError{"not_word", p.header.Name + ": " + err.Error()}
		}
		for _, one := range found.list {
			for _, m := range placeholder.FindAllStringSubmatch(one.text(p.content), -1) {
				names[strings.ToLower(m[1])] = true
			}
		}
	}
	if len(names) == 0 {
		return &TemplateError{"no_names", ""}
	}
	var unknown []string
	for name := range names {
		if !slices.Contains(textNames, name) && !slices.Contains(partNames, name) {
			unknown = append(unknown, "{{"+name+"}}")
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return &TemplateError{"unknown_names", strings.Join(unknown[:min(len(unknown), 20)], " ")}
	}
	return nil
}

// part is a file in a Word file.
type part struct {
	header  zip.FileHeader
	content []byte
}

// text reports whether people's text stands in a part.
func (p part) text() bool {
	name := p.header.Name
	return name == wordText || strings.HasPrefix(name, "word/header") || strings.HasPrefix(name, "word/footer")
}

func templateParts(template []byte) ([]part, error) {
	if len(template) > MaxTemplate {
		return nil, &TemplateError{"too_large", ""}
	}
	in, err := zip.NewReader(bytes.NewReader(template), int64(len(template)))
	if err != nil {
		return nil, &TemplateError{"not_word", err.Error()}
	}
	var list []part
	left, whole := int64(maxTemplatePart), false
	for _, f := range in.File {
		if strings.HasSuffix(strings.ToLower(f.Name), "vbaproject.bin") {
			return nil, &TemplateError{"macros", ""}
		}
		r, err := f.Open()
		if err != nil {
			return nil, &TemplateError{"not_word", err.Error()}
		}
		content, err := io.ReadAll(io.LimitReader(r, left+1))
		_ = r.Close() // it was read
		if err != nil {
			return nil, &TemplateError{"not_word", err.Error()}
		}
		if left -= int64(len(content)); left < 0 {
			return nil, &TemplateError{"too_large", ""}
		}
		whole = whole || f.Name == wordText
		list = append(list, part{zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified}, content})
	}
	if !whole {
		return nil, &TemplateError{"not_word", wordText}
	}
	return list, nil
}

// fillTemplate writes a template with the values in the places of their names.
func fillTemplate(w io.Writer, template []byte, v values) error {
	parts, err := templateParts(template)
	if err != nil {
		return err
	}
	out := zip.NewWriter(w)
	for _, p := range parts {
		if p.text() {
			if p.content, err = filled(p.content, v); err != nil {
				return fmt.Errorf("%s: %w", p.header.Name, err)
			}
		}
		to, err := out.CreateHeader(&p.header)
		if err != nil {
			return err
		}
		if _, err := to.Write(p.content); err != nil {
			return err
		}
	}
	return out.Close()
}

// span is a place in a part: bytes from, to.
type span struct{ from, to int }

// run is a text of a paragraph: its element and what stands in it.
type run struct {
	element, inside span
}

// templateParagraph is a paragraph of a part, with its texts and the cell that it stands in.
type templateParagraph struct {
	span
	runs []run
	cell int // number of the cell, 0 = none
}

// text is what a person reads.
func (p templateParagraph) text(content []byte) string {
	var b strings.Builder
	for _, r := range p.runs {
		b.WriteString(unescaped(content[r.inside.from:r.inside.to]))
	}
	return b.String()
}

type templateText struct {
	list  []templateParagraph
	cells map[int]int // paragraphs by cell
}

var errTokens = errors.New("too long")

// paragraphsOf finds the paragraphs of a part and their texts. Word parts a text into runs as it likes, within a name too.
func paragraphsOf(content []byte) (found templateText, err error) {
	found.cells = map[int]int{}
	in := xml.NewDecoder(bytes.NewReader(content))
	var open []templateParagraph
	var cells []int
	cell, before := 0, 0
	for tokens := 0; ; tokens++ {
		if tokens > maxTemplateRows*10 {
			return found, errTokens
		}
		from := int(in.InputOffset())
		token, err := in.Token() // which checks that elements close as they opened
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		to := int(in.InputOffset())
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "tc":
				cell++
				cells = append(cells, cell)
			case "p":
				if wordSpace(t.Name.Space) {
					p := templateParagraph{span: span{from: from}}
					if len(cells) > 0 {
						p.cell = cells[len(cells)-1]
						found.cells[p.cell]++
					}
					open = append(open, p)
				}
			case "t":
				if wordSpace(t.Name.Space) && len(open) > 0 {
					last := &open[len(open)-1]
					last.runs = append(last.runs, run{element: span{from: from}, inside: span{from: to}})
				}
			}
			before = to
		case xml.EndElement:
			switch t.Name.Local {
			case "tc":
				if len(cells) > 0 {
					cells = cells[:len(cells)-1]
				}
			case "p":
				if wordSpace(t.Name.Space) && len(open) > 0 {
					p := open[len(open)-1]
					open = open[:len(open)-1]
					p.to = to
					found.list = append(found.list, p)
				}
			case "t":
				if wordSpace(t.Name.Space) && len(open) > 0 {
					if last := &open[len(open)-1]; len(last.runs) > 0 {
						r := &last.runs[len(last.runs)-1]
						r.inside.to, r.element.to = max(from, r.inside.from), to
						if content[to-2] == '/' && before == to { // <w:t/>
							r.inside.to = r.inside.from
						}
					}
				}
			}
		}
	}
}

// wordSpace reports whether a name is one of WordprocessingML, transitional or strict.
func wordSpace(space string) bool {
	return space == "http://schemas.openxmlformats.org/wordprocessingml/2006/main" || space == "http://purl.oclc.org/ooxml/wordprocessingml/main"
}

func unescaped(text []byte) string {
	var t struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal(append(append([]byte("<t>"), text...), "</t>"...), &t); err != nil {
		return string(text)
	}
	return t.Text
}

// change is what stands in the place of a span.
type change struct {
	span
	with string
}

func filled(content []byte, v values) ([]byte, error) {
	found, err := paragraphsOf(content)
	if err != nil {
		return nil, err
	}
	var changes []change
	for _, p := range found.list {
		text := p.text(content)
		if !strings.Contains(text, "{{") {
			continue
		}
		if m := placeholder.FindStringSubmatch(text); m != nil && m[0] == strings.TrimSpace(text) {
			if blocks, ok := v.parts[strings.ToLower(m[1])]; ok {
				changes = append(changes, change{p.span, v.partXML(blocks, found.cells[p.cell] == 1)})
				continue
			}
		}
		with := placeholder.ReplaceAllStringFunc(text, v.value)
		if strings.TrimSpace(with) == "" && found.cells[p.cell] > 1 { // nothing to say: no empty line, but a cell has to have one
			found.cells[p.cell]--
			changes = append(changes, change{p.span, ""})
			continue
		}
		changes = append(changes, p.replaced(content, v)...)
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.from, b.from) })
	var out bytes.Buffer
	at := 0
	for _, c := range changes {
		if c.from < at { // inside of what was replaced as a whole
			continue
		}
		out.Write(content[at:c.from])
		out.WriteString(c.with)
		at = c.to
	}
	out.Write(content[at:])
	return out.Bytes(), nil
}

// value is that of a name in braces; what is not known stays.
func (v values) value(name string) string {
	m := placeholder.FindStringSubmatch(name)
	value, ok := v.texts[strings.ToLower(m[1])]
	switch {
	case !ok:
		return name
	case m[1] == strings.ToUpper(m[1]):
		return strings.ToUpper(value)
	}
	return value
}

// partXML is a part of the minutes as paragraphs and tables; a cell needs one paragraph at its end.
func (v values) partXML(blocks []block, needed bool) string {
	var b bytes.Buffer
	set := &wordSetter{Buffer: &b, formatter: v.formatter}
	set.all(blocks)
	if b.Len() == 0 && needed {
		set.paragraph(paragraph{size: 14})
	}
	return b.String()
}

// replaced puts values into the texts of a paragraph. A name that is spread over several runs looks as the first of them.
func (p templateParagraph) replaced(content []byte, v values) []change {
	texts := make([]string, len(p.runs))
	var ends []int // of each text in the whole
	whole := ""
	for i, r := range p.runs {
		texts[i] = unescaped(content[r.inside.from:r.inside.to])
		whole += texts[i]
		ends = append(ends, len(whole))
	}
	result := make([]string, len(texts))
	at := 0
	put := func(to int) { // leaves what stands until there in its runs
		for i := range texts {
			begin := ends[i] - len(texts[i])
			if from, end := max(at, begin), min(to, ends[i]); from < end {
				result[i] += whole[from:end]
			}
		}
		at = to
	}
	for _, m := range placeholder.FindAllStringIndex(whole, -1) {
		put(m[0])
		first := slices.IndexFunc(ends, func(end int) bool { return m[0] < end })
		result[first] += v.value(whole[m[0]:m[1]])
		at = m[1]
	}
	put(len(whole))
	var list []change
	for i, r := range p.runs {
		if result[i] == texts[i] {
			continue
		}
		var b bytes.Buffer
		(&wordSetter{Buffer: &b}).text(result[i])
		list = append(list, change{r.element, b.String()})
	}
	return list
}
