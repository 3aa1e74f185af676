package attendance

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// fillTemplate writes a template with the values in the places of their names. It fails with a TemplateError if the template
// may not be one, or if what it grows to is more than maxFilled.
func fillTemplate(w io.Writer, template []byte, v values) error {
	parts, err := templateParts(template)
	if err != nil {
		return err
	}
	out := zip.NewWriter(w)
	f := &filling{values: v, left: maxFilled, made: map[string]string{}}
	for _, p := range parts {
		if f.to, err = out.CreateHeader(&p.header); err != nil {
			return err
		}
		if p.text() {
			err = f.part(p)
		} else {
			_, err = f.Write(p.content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", cut(p.header.Name), err)
		}
	}
	return out.Close()
}

// filling puts values into the parts of a template. Nothing is built that grows with how often a name stands there: what
// replaces it is made once, and written to each of its places.
type filling struct {
	values
	to   io.Writer
	left int               // bytes that may still be written, of all parts together
	made map[string]string // values by their names as they are written, parts of the minutes as XML
}

// Write implements io.Writer; it fails once the minutes are too large.
func (f *filling) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, &TemplateError{"too_large", fmt.Sprintf("the minutes would have more than %d MiB", maxFilled>>20)}
	}
	return f.to.Write(p)
}

// change is what stands in the place of a span.
type change struct {
	span
	write func() error // nil = nothing
}

// part writes a part with the values in the places of their names.
func (f *filling) part(p part) error {
	found, err := p.paragraphs()
	if err != nil {
		return err
	}
	changes := f.changes(p.content, found)
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.from, b.from) })
	at := 0
	for _, c := range changes {
		if c.from < at { // inside of what was replaced as a whole
			continue
		}
		if _, err := f.Write(p.content[at:c.from]); err != nil {
			return err
		}
		if c.write != nil {
			if err := c.write(); err != nil {
				return err
			}
		}
		at = c.to
	}
	_, err = f.Write(p.content[at:])
	return err
}

func (f *filling) changes(content []byte, found templateText) (changes []change) {
	for _, p := range found.list {
		text := p.text(content)
		if !strings.Contains(text, "{{") {
			continue
		}
		if m, ok := alone(text); ok {
			if _, ok := f.parts[strings.ToLower(m)]; ok {
				made := f.partXML(strings.ToLower(m), found.cells[p.cell] == 1)
				changes = append(changes, change{p.span, func() error { _, err := io.WriteString(f, made); return err }})
				continue
			}
		}
		if f.silent(text) && found.cells[p.cell] > 1 { // nothing to say: no empty line, but a cell has to have one
			found.cells[p.cell]--
			changes = append(changes, change{p.span, nil})
			continue
		}
		changes = append(changes, f.replaced(p, content)...)
	}
	return changes
}

// alone is the name that is all of a text.
func alone(text string) (string, bool) {
	text = strings.TrimSpace(text)
	for m := range placeholders(text) {
		return m.name, m.span == span{0, len(text)}
	}
	return "", false
}

// silent reports whether a text says nothing with the values in it.
func (f *filling) silent(text string) bool {
	at := 0
	for m := range placeholders(text) {
		value, ok := f.value(m.name)
		if !ok || strings.TrimSpace(value) != "" || strings.TrimSpace(text[at:m.from]) != "" {
			return false
		}
		at = m.to
	}
	return strings.TrimSpace(text[at:]) == ""
}

// value is that of a name; not ok if there is none, which then stays as it stands.
func (f *filling) value(name string) (value string, ok bool) {
	if value, ok = f.texts[strings.ToLower(name)]; !ok || name != strings.ToUpper(name) {
		return value, ok
	}
	if upper, ok := f.made[name]; ok {
		return upper, true
	}
	f.made[name] = strings.ToUpper(value)
	return f.made[name], true
}

// partXML is a part of the minutes as paragraphs and tables; a cell needs one paragraph at its end.
func (f *filling) partXML(name string, needed bool) string {
	text, ok := f.made[name]
	if !ok {
		var b bytes.Buffer
		(&wordSetter{Buffer: &b, formatter: f.formatter}).all(f.parts[name])
		text = b.String()
		f.made[name] = text
	}
	if text == "" && needed {
		var b bytes.Buffer
		(&wordSetter{Buffer: &b, formatter: f.formatter}).paragraph(paragraph{size: 14})
		return b.String()
	}
	return text
}

// replaced puts values into the texts of a paragraph. A name that is spread over several runs looks as the first of them.
func (f *filling) replaced(p templateParagraph, content []byte) (list []change) {
	ends := make([]int, len(p.runs)) // of each text in the whole
	var b strings.Builder
	for i, r := range p.runs {
		b.WriteString(unescaped(content[r.inside.from:r.inside.to]))
		ends[i] = b.Len()
	}
	whole := b.String()
	pieces, changed := make([][]string, len(p.runs)), make([]bool, len(p.runs))
	at, i := 0, 0
	until := func(to int, put func()) { // goes on in the runs
		for at < to {
			for ends[i] <= at {
				i++
			}
			put()
			at = min(to, ends[i])
		}
	}
	for m := range placeholders(whole) {
		value, ok := f.value(m.name)
		if !ok {
			continue
		}
		until(m.from, func() { pieces[i] = append(pieces[i], whole[at:min(m.from, ends[i])]) })
		first := true
		until(m.to, func() {
			if changed[i] = true; first {
				pieces[i], first = append(pieces[i], value), false
			}
		})
	}
	until(len(whole), func() { pieces[i] = append(pieces[i], whole[at:ends[i]]) })
	for i, r := range p.runs {
		if changed[i] {
			list = append(list, change{r.element, func() error { return wordLines(f, pieces[i]...) }})
		}
	}
	return list
}
