package attendance

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

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

var (
	errTokens = errors.New("too long")
	errRuns   = fmt.Errorf("a paragraph in more than %d pieces", maxTemplateRuns)
	errInText = errors.New("an element within a text")
)

// paragraphsOf finds the paragraphs of a part in which texts stand. Word parts a text into runs as it likes, within a name too.
func paragraphsOf(content []byte) (found templateText, err error) {
	found.cells = map[int]int{}
	in := xml.NewDecoder(bytes.NewReader(content))
	var open []templateParagraph
	var cells []int
	cell, before, inText := 0, 0, false
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
			if inText { // the format allows none, and what lies within each other cannot be replaced one by one
				return found, errInText
			}
			inText = t.Name.Local == "t" && wordSpace(t.Name.Space)
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
					if len(last.runs) == maxTemplateRuns {
						return found, errRuns
					}
					last.runs = append(last.runs, run{element: span{from: from}, inside: span{from: to}})
				}
			}
			before = to
		case xml.EndElement:
			inText = false
			switch t.Name.Local {
			case "tc":
				if len(cells) > 0 {
					cells = cells[:len(cells)-1]
				}
			case "p":
				if wordSpace(t.Name.Space) && len(open) > 0 {
					p := open[len(open)-1]
					open = open[:len(open)-1]
					if p.to = to; len(p.runs) > 0 {
						found.list = append(found.list, p)
					}
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

// placeholder is a name in braces: where it stands in a text.
type placeholder struct {
	span
	name string
}

// placeholders are the names in a text, {{name}} with or without white space around the name. It reads the text once.
func placeholders(text string) iter.Seq[placeholder] {
	const space = " \t\n\f\r"
	return func(yield func(placeholder) bool) {
		for at := 0; ; {
			begin := strings.Index(text[at:], "{{")
			if begin < 0 {
				return
			}
			begin += at
			rest := strings.TrimLeft(text[begin+2:], space)
			word := rest[:len(rest)-len(strings.TrimLeft(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"))]
			rest = strings.TrimLeft(rest[len(word):], space)
			if word == "" || !strings.HasPrefix(rest, "}}") {
				at = begin + 1
				continue
			}
			at = len(text) - len(rest) + 2
			if !yield(placeholder{span{begin, at}, word}) {
				return
			}
		}
	}
}
