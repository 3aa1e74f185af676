package attendance

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// WritePDF writes the report for signing, on A4, with the parts and in the order of a Vietnamese administrative document
// (Nghị định 30/2020/NĐ-CP): body and number, quốc hiệu and tiêu ngữ, place and date, title, addressee, text, signatures
// and recipients. The tables are annexes, across: sums by unit, absent sites, all sites, speakers, delegates and
// corrections. Each page bears its number and the hash of the ledger's last entry.
func (r *Report) WritePDF(w io.Writer, lang Lang) error { return r.writePDF(w, lang, false) }

// WritePDFByProvince is WritePDF with the sites of each province on pages of their own.
func (r *Report) WritePDFByProvince(w io.Writer, lang Lang) error { return r.writePDF(w, lang, true) }

func (r *Report) writePDF(w io.Writer, lang Lang, byProvince bool) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	f.lang = lang
	press, err := newPress("P")
	if err != nil {
		return err
	}
	p := &paper{press: press, formatter: f, report: r}
	p.setUp()
	p.heading()
	p.summary()
	p.signatures()
	p.margin = narrow
	p.SetMargins(narrow, narrow, narrow)
	p.AddPageFormat("L", p.GetPageSizeStr("A4"))
	p.groups()
	p.absentees()
	p.withdrawals()
	if byProvince {
		for _, name := range r.provinces() {
			p.AddPageFormat("L", p.GetPageSizeStr("A4"))
			p.sites(name, func(s SiteRow) bool { return s.province() == name })
		}
	} else {
		p.sites("", func(SiteRow) bool { return true })
	}
	p.speakers()
	p.delegates()
	p.corrections()
	return p.Output(w)
}

// paper is a report on its way onto pages. Lengths are millimetres.
type paper struct {
	*press
	formatter
	report *Report
	margin float64
}

const (
	wide      = 20.0 // margins of the text; the left one is wider by half for the binding
	narrow    = 12.0 // of the annexes
	rowHeight = 5.0
	footer    = 8.0
)

func (p *paper) setUp() {
	p.margin = wide
	p.SetTitle(p.text("report") + " – " + p.report.Session.Title)
	p.SetCreationDate(p.report.Session.AsOf)
	p.SetModificationDate(p.report.Session.AsOf) // the same report is the same file
	p.SetMargins(wide*1.5, wide, wide)
	p.SetAutoPageBreak(true, wide)
	p.SetFooterFunc(func() {
		p.SetY(-footer - 4)
		p.SetFont(family, "I", 8)
		left, _, right, _ := p.GetMargins()
		width, _ := p.GetPageSize()
		p.CellFormat(width-left-right-30, 5, fmt.Sprintf("%s: %s", p.text("head_hash"), p.report.Session.Head.Hash), "", 0, "L", false)
		p.Fpdf.CellFormat(0, 5, fmt.Sprintf(p.text("page"), p.PageNo(), allPages), "", 0, "R", false, 0, "")
	})
	p.AddPage()
}

// line writes a text over the whole width.
func (p *paper) line(style string, size float64, align, text string) {
	p.SetFont(family, style, size)
	p.MultiCell(0, size*0.5, text, "", align, false)
}

// columnText writes lines centred into a column and returns where they end; a rule as long as part of the last stands below.
func (p *paper) columnText(x, y, width, rule float64, lines ...styled) float64 {
	for _, l := range lines {
		p.SetFont(family, l.style, l.size)
		for _, text := range p.wrap(l.text, width) {
			p.SetXY(x, y)
			p.CellFormat(width, l.size*0.45, text, "", 0, "C", false)
			y += l.size * 0.45
		}
	}
	if len(lines) > 0 && rule > 0 {
		half := min(p.GetStringWidth(lines[len(lines)-1].text), width) * rule / 2
		p.Line(x+width/2-half, y+0.8, x+width/2+half, y+0.8)
	}
	return y + 2
}

// styled is a text in a font.
type styled struct {
	style string
	size  float64
	text  string
}

// heading sets the body and its number at the left, quốc hiệu and tiêu ngữ at the right, place and date below, then title
// and addressee.
func (p *paper) heading() {
	said := p.report.Session.Particulars
	left, top, right, _ := p.GetMargins()
	width, _ := p.GetPageSize()
	first := (width - left - right) * 0.38 // the rest holds quốc hiệu on one line
	second, x := width-left-right-first, left+first
	var body []styled
	if said.Authority != "" {
		body = append(body, styled{"", 12, strings.ToUpper(said.Authority)})
	}
	body = append(body, styled{"B", 12, strings.ToUpper(cmp.Or(said.Body, "……………………"))})
	y := 1 + max(p.columnText(left, top, first, 0.4, body...), p.columnText(x, top, second, 1, styled{"B", 12, p.text("nation")},
		styled{"B", 13, p.text("motto")}))
	p.columnText(left, y, first, 0, styled{"", 13, p.text("number_sign") + " " + cmp.Or(said.Number, "……/……")})
	place := cmp.Or(said.Place, "………………") + ", " + fmt.Sprintf(p.text("sign.date"), p.report.Session.AsOf.In(p.zone).Year())
	p.SetXY(left, p.columnText(x, y, second, 0, styled{"I", 13, place})+6)
	p.line("B", 14, "C", p.text("report"))
	p.line("B", 14, "C", p.report.Session.Title)
	y = p.GetY() + 1
	p.Line(width/2-20, y, width/2+20, y)
	p.Ln(6)
	if said.Addressee != "" {
		p.line("", 14, "C", p.text("addressee")+" "+said.Addressee)
		p.Ln(3)
	}
}

func (p *paper) summary() {
	info, total := p.report.Session, p.report.Total
	p.line("", 13, "J", fmt.Sprintf("%s: %s. %s: %s. %s: %s. %s: %s (%s).", p.text("scheduled"), p.spoken(info.ScheduledAt), p.text("started"),
		p.spoken(info.StartedAt), p.text("ended"), p.spoken(info.EndedAt), p.text("as_of"), p.spoken(info.AsOf), info.TimeZone))
	p.Ln(2)
	p.line("", 13, "J", p.text("rules")+": "+p.rules(info)+".")
	p.Ln(2)
	p.line("B", 13, "J", fmt.Sprintf("%s: %d. %s: %d (%s: %d, %s: %d, %s: %d). %s: %d. %s: %d.", p.text("convened"), total.Convened, p.text("present"),
		total.Present,
		p.text("on_time"), total.OnTime, p.text("late"), total.Late, p.text("partial"), total.Partial, p.text("absent"), total.Absent, p.text("people"),
		total.Headcount))
	p.Ln(2)
	p.line("", 11, "L", fmt.Sprintf("%s: %d", p.text("entries"), info.Head.Seq))
}

// signatures leaves room to sign, on one page, and names who gets a copy.
func (p *paper) signatures() {
	said := p.report.Session.Particulars
	const height = 70.0
	_, page := p.GetPageSize()
	if p.GetY()+height > page-wide {
		p.AddPage()
	}
	left, _, right, _ := p.GetMargins()
	width, _ := p.GetPageSize()
	half := (width - left - right) / 2
	top := p.GetY() + 8
	sign := func(x float64, role string, who meeting.Official) float64 {
		lines := []styled{{"B", 13, role}}
		if who.Title != "" {
			lines = append(lines, styled{"B", 13, strings.ToUpper(who.Title)})
		}
		y := p.columnText(x, top, half, 0, append(lines, styled{"I", 12, p.text("sign.note")})...)
		return p.columnText(x, y+22, half, 0, styled{"B", 13, who.Name})
	}
	y := max(sign(left, p.text("sign.prepare"), said.Secretary), sign(left+half, p.text("sign.chair"), said.Chair))
	p.SetXY(left, y+4)
	if len(said.Recipients) > 0 {
		p.line("I", 12, "L", p.text("recipients"))
		for _, r := range said.Recipients {
			p.line("", 11, "L", "- "+r)
		}
	}
}

// provinces are the names of the provinces of the sites, in the order of the sites; empty for those of none.
func (r *Report) provinces() (names []string) {
	for _, s := range r.Sites {
		if name := s.province(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// province is the name of the province that a site is in; empty if it is in none.
func (s SiteRow) province() string {
	if s.Level == meeting.LevelProvince {
		return s.Name
	}
	for _, u := range s.Parents {
		if u.Level == meeting.LevelProvince {
			return u.Name
		}
	}
	return ""
}

// below are the names of the units above without the central one, which stands above all.
func (s SiteRow) below() string {
	s.Parents = slices.DeleteFunc(slices.Clone(s.Parents), func(u meeting.Unit) bool { return u.Level == meeting.LevelCentral })
	return s.parents()
}

func (p *paper) spokenOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.spoken(t)
}

// clock is a length as hours, minutes and seconds; hours may be more than a day has.
func clock(d time.Duration) string {
	total := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", total/3600, total/60%60, total%60)
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

// withdrawals lists the sites that were taken off the list, and why.
func (p *paper) withdrawals() {
	if p.report.Total.Withdrawn == 0 {
		return
	}
	p.table(fmt.Sprintf("%s (%d)", p.text("withdrawals"), p.report.Total.Withdrawn), []tableColumn{
		{"endpoint", 26, "L"}, {"name", 62, "L"}, {"parents", 75, "L"}, {"withdrawn_at", 34, "C"}, {"withdrawn_reason", 76, "L"},
	}, func(yield func(...string)) {
		for _, s := range p.report.Sites {
			if s.Withdrawn != nil {
				yield(s.Endpoint, s.Name, s.below(), p.spoken(s.Withdrawn.At), s.Withdrawn.Reason)
			}
		}
	})
}

// sites lists the sites that one takes; title names them if they are not all.
func (p *paper) sites(title string, takes func(SiteRow) bool) {
	n := 0
	for _, s := range p.report.Sites {
		if takes(s) {
			n++
		}
	}
	if n == 0 {
		return
	}
	heading := fmt.Sprintf("%s (%d)", p.text("all_sites"), n)
	if title != "" {
		heading += " – " + title
	}
	p.table(heading, []tableColumn{
		{"number", 10, "R"}, {"endpoint", 20, "L"}, {"name", 45, "L"}, {"parents", 62, "L"}, {"first_joined", 30, "C"}, {"last_left", 30, "C"},
		{"length", 18, "R"}, {"drops", 18, "R"}, {"heads", 14, "R"}, {"verdict", 26, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range p.report.Sites {
			if !takes(s) {
				continue
			}
			i++
			verdict := verdictLabel(p.lang, s.Verdict)
			if s.Verdict != s.Computed {
				verdict += " (*)"
			}
			yield(strconv.Itoa(i), s.Endpoint, s.Name, s.below(), p.spokenOrEmpty(s.FirstJoined), p.spokenOrEmpty(s.LastLeft), clock(s.Total),
				strconv.Itoa(s.Interruptions), strconv.Itoa(s.Headcount), verdict)
		}
	})
}

// speakers lists who had the floor or the main picture, and when.
func (p *paper) speakers() {
	if len(p.report.Floor) == 0 {
		return
	}
	p.table(p.text("speakers"), []tableColumn{
		{"number", 10, "R"}, {"name", 60, "L"}, {"parents", 75, "L"}, {"slot", 34, "L"}, {"from", 34, "C"}, {"to", 34, "C"}, {"length", 26, "R"},
	}, func(yield func(...string)) {
		for i, g := range p.report.Floor {
			from, length := g.OnAirAt, ""
			if from.IsZero() {
				from = g.GrantedAt
			}
			if !g.ReturnedAt.IsZero() {
				length = clock(g.ReturnedAt.Sub(from))
			}
			yield(strconv.Itoa(i+1), g.Name, g.Unit, p.text("slot."+string(g.Slot)), p.spokenOrEmpty(from), p.spokenOrEmpty(g.ReturnedAt), length)
		}
	})
}

func (p *paper) delegates() {
	if !slices.ContainsFunc(p.report.Sites, func(s SiteRow) bool { return len(s.Delegates) > 0 }) {
		return
	}
	p.table(p.text("all_delegates"), []tableColumn{
		{"number", 10, "R"}, {"name", 70, "L"}, {"delegate", 65, "L"}, {"title", 64, "L"}, {"attending_for", 64, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range p.report.Sites {
			for _, d := range s.Delegates {
				i++
				yield(strconv.Itoa(i), s.Name, d.Name, d.Title, d.AttendingFor)
			}
		}
	})
}

// corrections explains the verdicts that are not those which the system computed.
func (p *paper) corrections() {
	corrected := func(s SiteRow) bool { return s.Verdict != s.Computed || s.Override != nil }
	if !slices.ContainsFunc(p.report.Sites, corrected) {
		return
	}
	p.table("(*) "+p.text("corrections"), []tableColumn{
		{"endpoint", 24, "L"}, {"name", 60, "L"}, {"computed", 32, "L"}, {"verdict", 32, "L"}, {"corrected_at", 34, "C"}, {"override_reason", 91, "L"},
	}, func(yield func(...string)) {
		for _, s := range p.report.Sites {
			if !corrected(s) {
				continue
			}
			at, reason := "", s.reason()
			if s.Override != nil {
				at = p.spoken(s.Override.At)
				if s.Override.AfterSeal {
					reason += " (" + p.text("after_seal") + ")"
				}
			}
			yield(s.Endpoint, s.Name, verdictLabel(p.lang, s.Computed), verdictLabel(p.lang, s.Verdict), at, reason)
		}
	})
}
