package attendance

import (
	"fmt"
	"io"
)

// paper is a document on its way onto the pages of a PDF.
type paper struct {
	*press
	formatter
	margin float64 // of the annexes below, and of the text above
	across bool
}

const (
	wide      = 20.0 // margins of the text; the left one is wider by half for the binding
	narrow    = 12.0 // of the annexes
	rowHeight = 5.0
	footer    = 8.0
)

// print writes a description as a PDF. Each page bears its number and, of a session, the hash of the ledger's last entry.
func (d describer) print(w io.Writer, title string, blocks []block) error {
	press, err := newPress("P")
	if err != nil {
		return err
	}
	p := &paper{press: press, formatter: d.formatter, margin: wide}
	info := d.report.Session
	p.archival(title, info.AsOf)
	p.SetAutoPageBreak(true, wide)
	p.SetFooterFunc(func() {
		p.SetY(-footer - 4)
		p.SetFont(family, "I", 8)
		left, _, right, _ := p.GetMargins()
		width, _ := p.GetPageSize()
		note := ""
		if info.Head.Hash != "" {
			note = fmt.Sprintf("%s: %s", p.text("head_hash"), info.Head.Hash)
		}
		p.CellFormat(width-left-right-30, 5, note, "", 0, "L", false)
		p.Fpdf.CellFormat(0, 5, fmt.Sprintf(p.text("page"), p.PageNo(), allPages), "", 0, "R", false, 0, "")
	})
	for i, b := range blocks {
		if _, across := b.(annex); i == 0 && !across {
			p.SetMargins(wide*1.5, wide, wide)
			p.AddPage()
		}
		p.set(b)
	}
	return p.writeArchival(w)
}

func (p *paper) set(b block) {
	switch b := b.(type) {
	case paragraph:
		p.paragraph(b)
	case sides:
		p.sides(b)
	case grid:
		p.grid(b)
	case annex:
		p.across, p.margin = true, narrow
		p.SetMargins(narrow, narrow, narrow)
		p.another()
	}
}

// another begins a page like this one.
func (p *paper) another() {
	if p.across {
		p.AddPageFormat("L", p.GetPageSizeStr("A4"))
		return
	}
	p.AddPage()
}

func (p *paper) paragraph(l paragraph) {
	p.Ln(l.above)
	p.SetFont(family, plainStyle(l.style), l.size)
	p.MultiCell(0, l.size*0.5, l.text, "", l.align, false)
	if l.ruled == 0 {
		return
	}
	left, _, right, _ := p.GetMargins()
	width, _ := p.GetPageSize()
	half := min(p.GetStringWidth(l.text), width-left-right) * l.ruled / 2
	y := p.GetY() + 1
	p.Line(width/2-half, y, width/2+half, y)
	p.Ln(2)
}

// plainStyle is a style that there is a font of.
func plainStyle(style string) string {
	if style == "BI" {
		return "I"
	}
	return style
}

func (p *paper) sides(b sides) {
	_, page := p.GetPageSize()
	if b.together > 0 {
		if p.GetY()+b.together > page-wide {
			p.another()
		}
		p.Ln(8)
	}
	left, _, right, _ := p.GetMargins()
	width, _ := p.GetPageSize()
	first := (width - left - right) * b.first
	for _, row := range b.rows {
		y := p.GetY()
		y = max(p.column(left, y, first, row[0]), p.column(left+first, y, width-left-right-first, row[1]))
		p.SetXY(left, y+2)
	}
}

// column writes lines centred into a column and returns where they end.
func (p *paper) column(x, y, width float64, lines []paragraph) float64 {
	for _, l := range lines {
		y += l.above
		p.SetFont(family, plainStyle(l.style), l.size)
		for _, text := range p.wrap(l.text, width) {
			p.SetXY(x, y)
			p.CellFormat(width, l.size*0.45, text, "", 0, "C", false)
			y += l.size * 0.45
		}
		if l.ruled > 0 {
			half := min(p.GetStringWidth(l.text), width) * l.ruled / 2
			p.Line(x+width/2-half, y+0.8, x+width/2+half, y+0.8)
			y++
		}
	}
	return y
}
