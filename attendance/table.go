package attendance

import (
	"strings"
)

// grid writes a table under a heading that is repeated on every page. Long texts take several lines.
func (p *paper) grid(g grid) {
	_, height := p.GetPageSize()
	bottom := height - p.margin - footer
	if p.GetY()+5*rowHeight > bottom {
		p.another()
	}
	if g.title != "" {
		p.Ln(4)
		p.SetFont(family, "B", 12)
		p.MultiCell(0, 6, g.title, "", "L", false)
	}
	p.Ln(1)
	headings := make([]string, len(g.columns))
	for i, c := range g.columns {
		headings[i] = p.text(c.key)
	}
	heading := func() {
		p.SetFont(family, "B", 9)
		p.SetFillColor(221, 231, 240)
		p.row(g.columns, headings, true)
		p.SetFont(family, "", 9)
	}
	heading()
	g.rows(func(cells ...string) {
		if p.GetY()+p.rowHeight(g.columns, cells) > bottom {
			p.another()
			heading()
		}
		p.row(g.columns, cells, false)
	})
	p.Ln(1)
}

// maxCellLines bounds a row, which has to stand on one page.
const maxCellLines = 25

// lines are the lines of a cell.
func (p *paper) lines(c tableColumn, cell string) []string {
	lines := p.wrap(cell, c.width-2)
	if len(lines) > maxCellLines {
		lines = append(lines[:maxCellLines-1:maxCellLines-1], "…")
	}
	return lines
}

func (p *paper) rowHeight(columns []tableColumn, cells []string) float64 {
	most := 1
	for i, c := range columns {
		most = max(most, len(p.lines(c, cells[i])))
	}
	return float64(most)*(rowHeight-1) + 1
}

func (p *paper) row(columns []tableColumn, cells []string, heading bool) {
	height := p.rowHeight(columns, cells)
	x, y := p.GetX(), p.GetY()
	for i, c := range columns {
		style, align := "D", c.align
		if heading {
			style, align = "FD", "C"
		}
		p.Rect(x, y, c.width, height, style)
		for n, text := range p.lines(c, cells[i]) {
			p.SetXY(x, y+0.5+float64(n)*(rowHeight-1))
			p.CellFormat(c.width, rowHeight-1, text, "", 0, align, false)
		}
		x += c.width
	}
	left, _, _, _ := p.GetMargins()
	p.SetXY(left, y+height)
}

// wrap breaks a text into lines of at most a width, between words where it can.
func (p *press) wrap(text string, width float64) []string {
	text = strings.Join(strings.Fields(p.printable(text)), " ")
	if p.Fpdf.GetStringWidth(text) <= width {
		return []string{text}
	}
	space := p.Fpdf.GetStringWidth(" ")
	var lines []string
	line, used := "", 0.0
	for word := range strings.FieldsSeq(text) {
		size := p.Fpdf.GetStringWidth(word)
		if line != "" && used+space+size > width {
			lines, line, used = append(lines, line), "", 0
		}
		if line != "" {
			line, used = line+" ", used+space
		}
		if size <= width {
			line, used = line+word, used+size
			continue
		}
		for _, r := range word { // longer than a line
			one := p.Fpdf.GetStringWidth(string(r))
			if line != "" && used+one > width {
				lines, line, used = append(lines, line), "", 0
			}
			line, used = line+string(r), used+one
		}
	}
	return append(lines, line)
}
