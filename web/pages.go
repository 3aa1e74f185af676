package web

import (
	"bytes"
	"embed"
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

// lostPath is the page of all addresses at which there is none.
const lostPath = "/lost"

// ownPages lists all pages.
func ownPages() []page {
	// Every page has the first style sheets, who takes part in a session the second, a console the third.
	base := []string{"base", "notices"}
	room := slices.Concat(base, []string{"lobby", "stage", "room"})
	console := slices.Concat(room, []string{"console", "sites", "secretariat"})
	forms := []string{"forms"}
	return []page{
		{path: "/", Title: "Điểm Cầu", Phase: "home", Styles: room, Script: "home"},
		{path: "/j", Title: "Vào điểm cầu", Phase: "preview", Styles: room, Script: "short"},
		{path: "/join", Title: "Điểm cầu", Phase: "preview", Styles: console, Script: "join"}, // a site may be given the chair
		{path: "/host", Title: "Bàn điều hành", Phase: "preview", Styles: slices.Concat(console, forms), Script: "host"},
		{path: "/secretary", Title: "Thư ký", Phase: "preview", Styles: slices.Concat(console, forms, []string{"report"}), Script: "secretary"},
		{
			path: "/room", Title: "Màn hình phòng họp", Phase: "preview", Schemes: "dark",
			Styles: slices.Concat(console, []string{"screen"}), Script: "screen",
		},
		{path: "/reach", Title: "Thử đường vào máy chủ", Phase: "reach", Styles: room, Script: "reach"},
		{path: lostPath, Title: "Không có trang này", Phase: "lost", Styles: room, Script: "lost"},
		{path: "/office", Title: "Văn phòng", Phase: "office", Styles: slices.Concat(base, forms, []string{"office", "sheets"}), Script: "office"},
	}
}

//go:embed page.html
var frame embed.FS

// frames renders all pages, by path.
func frames() (map[string][]byte, error) {
	t, err := template.ParseFS(frame, "page.html")
	if err != nil {
		return nil, err
	}
	rendered := make(map[string][]byte, len(ownPages()))
	for _, p := range ownPages() {
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
