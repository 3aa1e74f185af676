package attendance

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// A document is described once, as blocks in their order, and set in each form: on the pages of a PDF (paper) and in a Word
// file (wordFile). Lengths are millimetres, sizes of letters are points.
type block interface{ block() }

// paragraph is a text over the whole width, or a line of a column.
type paragraph struct {
	style string // "", B, I or BI
	size  float64
	align string  // L, C, R, or J = justified
	text  string  // lines are parted by \n
	above float64 // space
	ruled float64 // a line stands below, as long as this share of the text
}

// sides are two columns without borders, centred, row by row.
type sides struct {
	first    float64 // share of the width
	rows     [][2][]paragraph
	together float64 // height that has to be left on a page
}

// grid is a table with a heading that is repeated on every page.
type grid struct {
	title   string
	columns []tableColumn
	rows    func(yield func(...string))
}

// annex begins pages across.
type annex struct{}

func (paragraph) block() {}
func (sides) block()     {}
func (grid) block()      {}
func (annex) block()     {}

// tableColumn is a column of a grid; key names its label.
type tableColumn struct {
	key   string
	width float64
	align string
}

// describer describes the documents of a report.
type describer struct {
	formatter
	report *Report
}

func (r *Report) describer(lang Lang) (describer, error) {
	f, err := r.formatter()
	f.lang = lang
	return describer{f, r}, err
}

// dots stand where a person writes by hand.
func dots(text string) string { return cmp.Or(text, "……………………") }

// heading has the parts and the places of a Vietnamese administrative document (Nghị định 30/2020/NĐ-CP): body and number at
// the left, quốc hiệu and tiêu ngữ at the right, place and date below them, then the title.
func (d describer) heading(said meeting.Particulars, number, date, kind, title string) []block {
	var body []paragraph
	if said.Authority != "" {
		body = append(body, paragraph{size: 12, text: strings.ToUpper(said.Authority)})
	}
	return []block{
		sides{first: 0.38, rows: [][2][]paragraph{ // the rest holds quốc hiệu on one line
			{
				append(body, paragraph{style: "B", size: 12, text: strings.ToUpper(dots(said.Body)), ruled: 0.4}),
				{{style: "B", size: 12, text: d.text("nation")}, {style: "B", size: 13, text: d.text("motto"), ruled: 1}},
			},
			{
				{{size: 13, text: d.text("number_sign") + " " + number}},
				{{style: "I", size: 13, text: cmp.Or(said.Place, "………………") + ", " + date}},
			},
		}},
		paragraph{style: "B", size: 14, align: "C", text: kind, above: 6},
		paragraph{style: "B", size: 14, align: "C", text: title, ruled: 0.25},
	}
}

// signDate is the date of a document that is signed later.
func (d describer) signDate() string {
	return fmt.Sprintf(d.text("sign.date"), d.report.Session.AsOf.In(d.zone).Year())
}

// signatures leave room to sign.
func (d describer) signatures(said meeting.Particulars, left string) []block {
	sign := func(role string, who meeting.Official) []paragraph {
		lines := []paragraph{{style: "B", size: 13, text: role}}
		if who.Title != "" {
			lines = append(lines, paragraph{style: "B", size: 13, text: strings.ToUpper(who.Title)})
		}
		return append(lines, paragraph{style: "I", size: 12, text: d.text("sign.note")})
	}
	name := func(who meeting.Official) []paragraph {
		return []paragraph{{style: "B", size: 13, text: who.Name, above: 22}}
	}
	return []block{sides{first: 0.5, together: 70, rows: [][2][]paragraph{
		{sign(left, said.Secretary), sign(d.text("sign.chair"), said.Chair)}, {name(said.Secretary), name(said.Chair)},
	}}}
}

// recipients names who gets a copy.
func (d describer) recipients(said meeting.Particulars) []block {
	if len(said.Recipients) == 0 {
		return nil
	}
	list := []block{paragraph{style: "BI", size: 12, align: "L", text: d.text("recipients"), above: 4}}
	for _, r := range said.Recipients {
		list = append(list, paragraph{size: 11, align: "L", text: "- " + r})
	}
	return list
}

// short is the hour of a moment.
func (d describer) short(t time.Time) string {
	if t.IsZero() {
		return "……"
	}
	return t.In(d.zone).Format("15:04")
}
