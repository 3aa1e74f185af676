package attendance

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Bounds of a template, and of what is made from it.
const (
	MaxTemplate     = 2 << 20  // bytes
	maxTemplatePart = 16 << 20 // bytes unpacked, of all its parts
	maxTemplateRows = 200_000  // tokens of a part
	maxTemplateRuns = 2000     // texts of a paragraph
	maxFilled       = 64 << 20 // bytes unpacked, of all parts of the minutes
	maxUnknownNames = 1000     // that are looked at
)

// TemplateError says what is wrong with a template, or with what is made from it.
type TemplateError struct {
	Problem string // not_word, too_large, macros, external, unknown_names, no_names
	Detail  string
}

func (e *TemplateError) Error() string {
	return strings.TrimSpace("template: " + e.Problem + " " + e.Detail)
}

// cut shortens a name that a stranger chose for a message.
func cut(name string) string {
	if len(name) > 80 {
		name = name[:80] + "…"
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}

// CheckTemplate refuses what cannot be a template of minutes: no Word file, one with macros, too large, one that has Word fetch
// something from elsewhere, with names that there are not, or with none at all.
func CheckTemplate(template []byte) error {
	known, unknown := false, map[string]bool{}
	parts, err := templateParts(template)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !p.text() {
			continue
		}
		found, err := p.paragraphs()
		if err != nil {
			return err
		}
		for _, one := range found.list {
			for m := range placeholders(one.text(p.content)) {
				if name := strings.ToLower(m.name); slices.Contains(textNames, name) || slices.Contains(partNames, name) {
					known = true
				} else if len(unknown) < maxUnknownNames {
					unknown["{{"+cut(name)+"}}"] = true
				}
			}
		}
	}
	if len(unknown) > 0 {
		names := slices.Sorted(maps.Keys(unknown))
		return &TemplateError{"unknown_names", strings.Join(names[:min(len(names), 20)], " ")}
	}
	if !known {
		return &TemplateError{"no_names", ""}
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

// paragraphs are those of a part in which text stands.
func (p part) paragraphs() (templateText, error) {
	found, err := paragraphsOf(p.content)
	switch {
	case errors.Is(err, errTokens), errors.Is(err, errRuns):
		return found, &TemplateError{"too_large", cut(p.header.Name) + ": " + err.Error()}
	case err != nil:
		return found, &TemplateError{"not_word", cut(p.header.Name) + ": " + cut(err.Error())}
	}
	return found, nil
}

// templateParts unpacks a template. It refuses what no template may have, so that one that was kept long ago is looked at again
// before it is filled.
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
	seen := map[string]bool{}
	for _, f := range in.File {
		name, ok := partName(f.Name)
		switch {
		case !ok:
			return nil, &TemplateError{"not_word", "name of a part: " + cut(f.Name)}
		case seen[name]: // one file would be unpacked, and filled, as often as its name stands there
			return nil, &TemplateError{"not_word", "more than once: " + cut(f.Name)}
		case strings.HasSuffix(name, "vbaproject.bin"):
			return nil, &TemplateError{"macros", ""}
		}
		seen[name] = true
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
		if strings.HasSuffix(name, ".rels") {
			if err := checkRelations(f.Name, content); err != nil {
				return nil, err
			}
		}
		whole = whole || f.Name == wordText
		list = append(list, part{zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified}, content})
	}
	if !whole {
		return nil, &TemplateError{"not_word", wordText}
	}
	return list, nil
}

// partName is what tells a part from the others: programs that read it go neither by case nor by percent-encoding. A name that
// the format does not allow (ECMA-376-2, part names: no empty segment, none that ends with a dot, no backslash) is not ok.
func partName(name string) (key string, ok bool) {
	plain, err := url.PathUnescape(name)
	if err != nil || strings.ContainsAny(plain, "\\:\x00") {
		return "", false
	}
	plain = strings.TrimSuffix(plain, "/") // a folder
	for segment := range strings.SplitSeq(plain, "/") {
		if segment == "" || strings.HasSuffix(segment, ".") {
			return "", false
		}
	}
	return strings.ToLower(plain), true
}

// linkTypes are relations to what a person follows, of both kinds of the format. Word itself fetches what the others lead to.
var linkTypes = []string{ //nolint:gochecknoglobals // an immutable table
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", "http://purl.oclc.org/ooxml/officeDocument/relationships/hyperlink",
}

// checkRelations refuses relations that lead out of the file: an attached template, a linked picture, document or object is
// fetched as soon as the minutes are opened, by whoever opens them.
func checkRelations(name string, content []byte) error {
	in := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &TemplateError{"not_word", cut(name) + ": " + cut(err.Error())}
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" {
			continue
		}
		outside := false
		var types []string
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "TargetMode":
				outside = outside || !strings.EqualFold(strings.TrimSpace(a.Value), "Internal")
			case "Target": // some programs go by this alone
				outside = outside || strings.ContainsAny(a.Value, ":\\") || strings.HasPrefix(strings.TrimSpace(a.Value), "//")
			case "Type":
				types = append(types, a.Value)
			}
		}
		if followed := len(types) == 1 && slices.Contains(linkTypes, types[0]); outside && !followed {
			kind := strings.Join(types, " ")
			return &TemplateError{"external", cut(name) + ": " + cut(kind[strings.LastIndex(kind, "/")+1:])}
		}
	}
}
