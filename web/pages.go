package web

import (
	"bytes"
	_ "embed" // the frame of the pages
	"fmt"
	"html/template"
	"slices"
)

// page is what one page has of its own; its frame is page.html.
type page struct {
	path    string   // of its address
	Title   string   // until its script names the session
	Phase   string   // of the body, until its script knows better
	Schemes string   // the colour schemes it is made for, "light dark" when empty
	Styles  []string // files of static/css, in their order
	Script  string   // its entry module, a file of static/pages
}

// Style sheets by what a page shows: every page has the first, who takes part in a session the second, a console the third.
var (
	baseStyles    = []string{"base", "notices"}
	roomStyles    = slices.Concat(baseStyles, []string{"lobby", "stage", "room"})
	consoleStyles = slices.Concat(roomStyles, []string{"console", "sites", "secretariat"})
)

// ownPages lists all pages.
var ownPages = []page{
	{path: "/", Title: "Điểm Cầu", Phase: "home", Styles: roomStyles, Script: "home"},
	{path: "/j", Title: "Vào điểm cầu", Phase: "preview", Styles: roomStyles, Script: "short"},
	{path: "/join", Title: "Điểm cầu", Phase: "preview", Styles: consoleStyles, Script: "join"}, // a site may be given the chair
	{path: "/host", Title: "Bàn điều hành", Phase: "preview", Styles: consoleStyles, Script: "host"},
	{path: "/secretary", Title: "Thư ký", Phase: "preview", Styles: slices.Concat(consoleStyles, []string{"report"}), Script: "secretary"},
	{
		path: "/room", Title: "Màn hình phòng họp", Phase: "preview", Schemes: "dark",
		Styles: slices.Concat(consoleStyles, []string{"screen"}), Script: "screen",
	},
	{path: "/office", Title: "Văn phòng", Phase: "office", Styles: slices.Concat(baseStyles, []string{"office", "sheets"}), Script: "office"},
}

//go:embed page.html
var frame string

// frames renders all pages, by path.
func frames() (map[string][]byte, error) {
	t, err := template.New("page").Parse(frame)
	if err != nil {
		return nil, err
	}
	rendered := make(map[string][]byte, len(ownPages))
	for _, p := range ownPages {
		if p.Schemes == "" {
			p.Schemes = "light dark"
		}
		if p.path != "/" {
			p.Title += " · Điểm Cầu"
		}
		var buf bytes.Buffer
		if err := t.Execute(&buf, p); err != nil {
			return nil, fmt.Errorf("page %s: %w", p.path, err)
		}
		rendered[p.path] = buf.Bytes()
	}
	return rendered, nil
}
