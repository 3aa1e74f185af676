package attendance

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// WritePDF writes the report for signing, on A4 landscape: the official heading, totals, the sums by unit, the
// absent sites, all sites and the signature block. Each page bears its number and the hash of the ledger's last entry.
func (r *Report) WritePDF(w io.Writer, lang Lang) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	f.lang = lang
	press, err := newPress("L")
	if err != nil {
		return err
	}
	p := &paper{press: press, formatter: f, report: r}
	p.setUp()
	p.heading()
	p.groups()
	p.absentees()
	p.sites()
	p.signatures()
	return p.Output(w)
}

// paper is a report on its way onto pages. Lengths are millimetres.
type paper struct {
	*press
	formatter
	report *Report
}

const (
	margin    = 12.0
	rowHeight = 6.0
)

func (p *paper) setUp() {
	p.SetTitle(p.text("report") + " – " + p.report.Session.Title)
	p.SetCreationDate(p.report.Session.AsOf)
	p.SetModificationDate(p.report.Session.AsOf) // the same report is the same file
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin+6)
	p.SetFooterFunc(func() {
		p.SetY(-margin - 2)
		p.SetFont(family, "I", 8)
		p.CellFormat(200, 5, fmt.Sprintf("%s: %s", p.text("head_hash"), p.report.Session.Head.Hash), "", 0, "L", false)
		p.Fpdf.CellFormat(0, 5, fmt.Sprintf(p.text("page"), p.PageNo(), allPages), "", 0, "R", false, 0, "")
	})
	p.AddPage()
}

// line writes a text over the whole width.
func (p *paper) line(style string, size float64, align, text string) {
	p.SetFont(family, style, size)
	p.MultiCell(0, size*0.5, text, "", align, false)
}

func (p *paper) heading() {
	info, total := p.report.Session, p.report.Total
	p.line("B", 12, "C", p.text("nation"))
	p.line("B", 12, "C", p.text("motto"))
	width, _ := p.GetPageSize()
	half := p.GetStringWidth(p.text("motto")) / 2
	p.Line(width/2-half, p.GetY()+1, width/2+half, p.GetY()+1)
	p.Ln(5)
	p.line("B", 16, "C", p.text("report"))
	p.line("B", 13, "C", info.Title)
	p.Ln(3)
	p.line("", 11, "L", fmt.Sprintf("%s: %s. %s: %s. %s: %s. %s: %s (%s).", p.text("scheduled"), p.spoken(info.ScheduledAt), p.text("started"),
		p.spoken(info.StartedAt), p.text("ended"), p.spoken(info.EndedAt), p.text("as_of"), p.spoken(info.AsOf), info.TimeZone))
	p.line("", 11, "L", p.text("rules")+": "+p.rules(info)+".")
	p.line("B", 11, "L", fmt.Sprintf("%s: %d. %s: %d (%s: %d, %s: %d, %s: %d). %s: %d. %s: %d.", p.text("convened"), total.Convened, p.text("present"), total.Present,
		p.text("on_time"), total.OnTime, p.text("late"), total.Late, p.text("partial"), total.Partial, p.text("absent"), total.Absent, p.text("people"), total.Headcount))
	p.line("", 9, "L", fmt.Sprintf("%s: %d", p.text("entries"), info.Head.Seq))
}

// tableColumn is a column of a table on paper.
type tableColumn struct {
	key   string
	width float64
	align string
}

// table writes rows under a heading that is repeated on every page.
func (p *paper) table(title string, columns []tableColumn, rows func(yield func(...string))) {
	p.Ln(4)
	p.line("B", 12, "L", title)
	p.Ln(1)
	heading := func() {
		p.SetFont(family, "B", 9)
		p.SetFillColor(221, 231, 240)
		for _, c := range columns {
			p.CellFormat(c.width, rowHeight, p.fitting(p.text(c.key), c.width), "1", 0, "C", true)
		}
		p.Ln(rowHeight)
		p.SetFont(family, "", 9)
	}
	heading()
	_, height := p.GetPageSize()
	rows(func(cells ...string) {
		if p.GetY()+rowHeight > height-margin-6 {
			p.AddPage()
			heading()
		}
		for i, c := range columns {
			p.CellFormat(c.width, rowHeight, p.fitting(cells[i], c.width), "1", 0, c.align, false)
		}
		p.Ln(rowHeight)
	})
}

// fitting shortens a text to a width.
func (p *paper) fitting(text string, width float64) string {
	text = strings.Join(strings.Fields(p.printable(text)), " ")
	width -= 2
	if p.GetStringWidth(text) <= width {
		return text
	}
	width -= p.GetStringWidth("…")
	for i, r := range text {
		if width -= p.GetStringWidth(string(r)); width < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

func (p *paper) groups() {
	if len(p.report.Groups) == 0 {
		return
	}
	p.table(p.text("by_unit"), []tableColumn{
		{"unit", 24, "L"}, {"group", 80, "L"}, {"level", 21, "L"}, {"convened", 20, "R"}, {"present", 20, "R"},
		{"on_time", 20, "R"}, {"late", 20, "R"}, {"partial", 24, "R"}, {"absent", 20, "R"}, {"people", 24, "R"},
	}, func(yield func(...string)) {
		for _, g := range p.report.Groups {
			name := strings.Repeat("– ", g.Depth) + g.Unit.Name
			yield(g.Unit.Code, name, levelLabel(p.lang, g.Unit.Level), strconv.Itoa(g.Convened), strconv.Itoa(g.Present), strconv.Itoa(g.OnTime),
				strconv.Itoa(g.Late), strconv.Itoa(g.Partial), strconv.Itoa(g.Absent), strconv.Itoa(g.Headcount))
		}
	})
}

// absentees lists who was not there, and whom to call.
func (p *paper) absentees() {
	if p.report.Total.Absent == 0 {
		return
	}
	p.table(fmt.Sprintf("%s (%d)", p.text("absentees"), p.report.Total.Absent), []tableColumn{
		{"number", 12, "R"}, {"endpoint", 26, "L"}, {"name", 70, "L"}, {"parents", 115, "L"}, {"phone", 50, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range p.report.Sites {
			if s.Verdict == Absent {
				i++
				yield(strconv.Itoa(i), s.Endpoint, s.Name, s.below(), s.Phone)
			}
		}
	})
}

// sites lists all sites and explains the verdicts that were corrected.
func (p *paper) sites() {
	if len(p.report.Sites) == 0 {
		return
	}
	p.table(fmt.Sprintf("%s (%d)", p.text("all_sites"), len(p.report.Sites)), []tableColumn{
		{"number", 10, "R"}, {"endpoint", 20, "L"}, {"name", 45, "L"}, {"parents", 62, "L"}, {"first_joined", 30, "C"}, {"last_left", 30, "C"},
		{"length", 18, "R"}, {"drops", 18, "R"}, {"heads", 14, "R"}, {"verdict", 26, "L"},
	}, func(yield func(...string)) {
		for i, s := range p.report.Sites {
			verdict := verdictLabel(p.lang, s.Verdict)
			if s.Verdict != s.Computed {
				verdict += " (*)"
			}
			yield(strconv.Itoa(i+1), s.Endpoint, s.Name, s.below(), p.spokenOrEmpty(s.FirstJoined), p.spokenOrEmpty(s.LastLeft), clock(s), strconv.Itoa(s.Interruptions), strconv.Itoa(s.Headcount), verdict)
		}
	})
	for _, s := range p.report.Sites {
		if s.Verdict != s.Computed {
			p.line("I", 9, "L", fmt.Sprintf("(*) %s: %s: %s; %s: %s", s.Endpoint, p.text("computed"), verdictLabel(p.lang, s.Computed), p.text("override_reason"), s.reason()))
		}
	}
}

// below are the names of the units above without the central one, which stands above all.
func (s SiteRow) below() string {
	s.Parents = slices.DeleteFunc(slices.Clone(s.Parents), func(u meeting.Unit) bool { return u.Level == meeting.Central })
	return s.parents()
}

func (p *paper) spokenOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.spoken(t)
}

// clock is a total as hours, minutes and seconds; hours may be more than a day has.
func clock(s SiteRow) string {
	total := int(s.Total.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", total/3600, total/60%60, total%60)
}

// signatures leaves room to sign, on one page, with place and day to be filled in by hand.
func (p *paper) signatures() {
	const height = 48.0
	_, page := p.GetPageSize()
	if p.GetY()+height > page-margin-6 {
		p.AddPage()
	}
	width, _ := p.GetPageSize()
	half := (width - 2*margin) / 2
	p.Ln(6)
	p.SetFont(family, "I", 11)
	p.CellFormat(half, 6, "", "", 0, "C", false)
	p.CellFormat(half, 6, fmt.Sprintf(p.text("sign.date"), p.report.Session.AsOf.In(p.zone).Year()), "", 1, "C", false)
	p.Ln(2)
	p.SetFont(family, "B", 12)
	p.CellFormat(half, 6, p.text("sign.prepare"), "", 0, "C", false)
	p.CellFormat(half, 6, p.text("sign.chair"), "", 1, "C", false)
	p.SetFont(family, "I", 11)
	p.CellFormat(half, 6, p.text("sign.note"), "", 0, "C", false)
	p.CellFormat(half, 6, p.text("sign.note"), "", 1, "C", false)
}
