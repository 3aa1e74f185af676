package web

import (
	"bytes"
	_ "embed" // the frame of the handbook
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/diemcau/diemcau/docs"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// guideDir is where the guide stands in docs, guidePictures where its pictures do.
const (
	guideDir      = "huong-dan"
	guidePictures = "hinh"
)

// handbook is the guide in one language, for help.html.
type handbook struct {
	Lang, Title                 string
	Other, OtherLang, OtherPath string // the same in the other language
	Parts                       []part
}

// part is the guide of one role.
type part struct {
	ID   string // also its file's name
	Name string
	Body template.HTML
}

//go:embed help.html
var helpFrame string

// guideParts are the roles in the order of the handbook.
func guideParts() []string {
	return []string{"diem-cau", "chu-tri", "ky-thuat", "thu-ky", "van-phong", "man-hinh"}
}

// help renders the guide as /help and /help/en, each one page that prints as a handbook, and gives its pictures.
func help() (map[string][]byte, error) {
	frame, err := template.New("help").Parse(helpFrame)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for at, book := range map[string]handbook{
		"/help":    {Lang: "vi", Title: "Hướng dẫn sử dụng", Other: "English", OtherLang: "en", OtherPath: "/help/en"},
		"/help/en": {Lang: "en", Title: "Handbook", Other: "Tiếng Việt", OtherLang: "vi", OtherPath: "/help"},
	} {
		dir := guideDir
		if book.Lang != "vi" {
			dir = path.Join(guideDir, book.Lang)
		}
		for _, id := range guideParts() {
			p, err := readPart(dir, id)
			if err != nil {
				return nil, fmt.Errorf("guide %s/%s: %w", dir, id, err)
			}
			book.Parts = append(book.Parts, p)
		}
		var buf bytes.Buffer
		if err := frame.Execute(&buf, book); err != nil {
			return nil, err
		}
		files[at] = buf.Bytes()
	}
	pictures, err := docs.Guide.ReadDir(path.Join(guideDir, guidePictures))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // before `make guide` made the first, there are none
		return nil, err
	}
	for _, picture := range pictures {
		data, err := docs.Guide.ReadFile(path.Join(guideDir, guidePictures, picture.Name()))
		if err != nil {
			return nil, err
		}
		files["/help/"+guidePictures+"/"+picture.Name()] = data
	}
	return files, nil
}

// readPart renders one role's guide.
func readPart(dir, id string) (part, error) {
	source, err := docs.Guide.ReadFile(path.Join(dir, id+".md"))
	if err != nil {
		return part{}, err
	}
	first, _, _ := strings.Cut(string(source), "\n")
	md := goldmark.New(goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(served{}, 100))))
	var buf bytes.Buffer
	if err := md.Convert(source, &buf); err != nil {
		return part{}, err
	}
	return part{ID: id, Name: strings.TrimPrefix(first, "# "), Body: template.HTML(buf.String())},
		nil //nolint:gosec // our own text; raw HTML in it is left out
}

// served makes a part of the handbook of a file: headings one level lower, pictures where the server has them.
type served struct{}

func (served) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // never fails
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level++
		case *ast.Image:
			n.Destination = []byte("/help/" + guidePictures + "/" + path.Base(string(n.Destination)))
			n.SetAttributeString("loading", []byte("lazy"))
		}
		return ast.WalkContinue, nil
	})
}
