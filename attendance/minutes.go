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
	"github.com/gomutex/godocx"
	"github.com/gomutex/godocx/docx"
	"github.com/gomutex/godocx/wml/ctypes"
	"github.com/gomutex/godocx/wml/stypes"
)

// WriteMinutes writes the minutes of the session as a Word file to be completed: the heading of the printed report, when
// it was opened and closed, chair and secretary, attendance by unit with who was absent and who took part by
// telephone, and the agenda item by item with its speakers, roll calls and the secretaries' notes, each item with room
// for conclusions.
func (r *Report) WriteMinutes(w io.Writer, lang Lang) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	f.lang = lang
	doc, err := godocx.NewDocument()
	if err != nil {
		return err
	}
	m := &minutes{RootDoc: doc, formatter: f, report: r}
	m.page()
	m.heading()
	m.attendance()
	m.proceedings()
	m.signatures()
	return doc.Write(w)
}

// minutes are on their way into a file.
type minutes struct {
	*docx.RootDoc
	formatter
	report *Report
}

// Lengths of Word are twentieths of a point; sizes of letters are points.
const (
	textSize  = 14
	smallSize = 12
	textWidth = 9360
)

// page sets A4 with the margins of administrative documents.
func (m *minutes) page() {
	width, height := uint64(11906), uint64(16838)
	upper, left, right, edge := 1134, 1701, 850, 567
	m.Document.Body.SectPr = &ctypes.SectionProp{
		PageSize:   &ctypes.PageSize{Width: &width, Height: &height},
		PageMargin: &ctypes.PageMargin{Left: &left, Right: &right, Top: &upper, Bottom: &upper, Header: &edge, Footer: &edge},
	}
}

// face is how a paragraph looks.
type face struct {
	bold, italic bool
	size         uint64
	align        stypes.Justification
}

func (m *minutes) set(p *docx.Paragraph, look face, text string) {
	p.Spacing(0, 80)
	p.Justification(look.align)
	run := p.AddText(text).Font("Times New Roman").Size(cmp.Or(look.size, textSize))
	if look.bold {
		run.Bold(true)
	}
	if look.italic {
		run.Italic(true)
	}
}

func (m *minutes) line(look face, text string) {
	if look.align == "" {
		look.align = stypes.JustificationBoth
	}
	m.set(m.AddEmptyParagraph(), look, text)
}

func (m *minutes) blank() { m.line(face{}, "") }

// side is a column of a table without borders: lines in the middle.
type side []struct {
	look face
	text string
}

func (m *minutes) sides(widths [2]int, sides [2]side) {
	t := m.AddTable()
	row := t.AddRow()
	for i, s := range sides {
		cell := row.AddCell().Width(widths[i], stypes.TableWidthDxa)
		for _, l := range s {
			l.look.align = stypes.JustificationCenter
			m.set(cell.AddEmptyPara(), l.look, l.text)
		}
	}
}

// heading sets body and number at the left, quốc hiệu and tiêu ngữ at the right, the title, and who was there for the office.
func (m *minutes) heading() {
	info, said := m.report.Session, m.report.Session.Particulars
	var body side
	if said.Authority != "" {
		body = append(body, side{{face{size: smallSize}, strings.ToUpper(said.Authority)}}...)
	}
	place := cmp.Or(said.Place, "………………") + ", " + fmt.Sprintf(m.text("sign.date"), info.AsOf.In(m.zone).Year())
	m.sides([2]int{3700, textWidth - 3700}, [2]side{
		append(body, side{
			{face{bold: true, size: smallSize}, strings.ToUpper(cmp.Or(said.Body, "……………………"))}, {face{size: smallSize}, "–––––––"},
			{face{size: 13}, m.text("number_sign") + " " + cmp.Or(said.MinutesNumber, "……/BB-……")},
		}...),
		{
			{face{bold: true, size: smallSize}, m.text("nation")}, {face{bold: true, size: 13}, m.text("motto")}, {face{size: smallSize}, "–––––––––––––––"},
			{face{italic: true, size: 13}, place},
		},
	})
	m.blank()
	m.line(face{bold: true, align: stypes.JustificationCenter}, m.text("minutes"))
	m.line(face{bold: true, align: stypes.JustificationCenter}, info.Title)
	m.blank()
	m.line(face{}, fmt.Sprintf("%s: %s", m.text("opened"), m.spoken(info.StartedAt)))
	m.line(face{}, fmt.Sprintf("%s: %s", m.text("closed"), m.spoken(info.EndedAt)))
	m.line(face{}, fmt.Sprintf("%s: %s", m.text("place"), cmp.Or(said.Place, "………………………………")))
	m.line(face{}, m.text("chair")+": "+official(said.Chair))
	m.line(face{}, m.text("secretary")+": "+official(said.Secretary))
}

func official(o meeting.Official) string {
	text := strings.Trim(o.Name+" – "+o.Title, " –")
	return cmp.Or(text, "………………………………")
}

func (m *minutes) attendance() {
	total := m.report.Total
	m.line(face{bold: true}, "I. "+m.text("minutes.attendance"))
	m.line(face{}, fmt.Sprintf("%s: %d. %s: %d (%s: %d, %s: %d, %s: %d). %s: %d. %s: %d.", m.text("convened"), total.Convened, m.text("present"), total.Present,
		m.text("on_time"), total.OnTime, m.text("late"), total.Late, m.text("partial"), total.Partial, m.text("absent"), total.Absent, m.text("people"),
		total.Headcount))
	if len(m.report.Groups) > 0 {
		rows := [][]string{{m.text("group"), m.text("convened"), m.text("present"), m.text("late"), m.text("absent"), m.text("people")}}
		for _, g := range m.report.Groups {
			rows = append(rows, []string{
				strings.Repeat("– ", g.Depth) + g.Unit.Name, strconv.Itoa(g.Convened), strconv.Itoa(g.Present), strconv.Itoa(g.Late), strconv.Itoa(g.Absent),
				strconv.Itoa(g.Headcount),
			})
		}
		m.table([]int{4360, 1000, 1000, 1000, 1000, 1000}, rows)
	}
	m.list(m.text("minutes.absent"), func(s SiteRow) bool { return s.Verdict == Absent })
	m.list(m.text("minutes.withdrawn"), func(s SiteRow) bool { return s.Withdrawn != nil })
	m.list(m.text("minutes.phone"), func(s SiteRow) bool { return slices.Contains(s.Devices, Telephone) })
	var people []string
	for _, s := range m.report.Sites {
		for _, d := range s.Delegates {
			who := official(meeting.Official{Name: d.Name, Title: d.Title}) + " (" + s.Name + ")"
			if d.AttendingFor != "" {
				who += ", " + m.text("attending_for") + ": " + d.AttendingFor
			}
			people = append(people, who)
		}
	}
	m.names(m.text("minutes.delegates"), people)
}

// list names the sites that one takes, with the units above them.
func (m *minutes) list(title string, takes func(SiteRow) bool) {
	var names []string
	for _, s := range m.report.Sites {
		if !takes(s) {
			continue
		}
		name := s.Name
		if below := s.below(); below != "" {
			name += " (" + below + ")"
		}
		names = append(names, name)
	}
	m.names(title, names)
}

func (m *minutes) names(title string, names []string) {
	if len(names) == 0 {
		return
	}
	m.line(face{bold: true}, fmt.Sprintf("%s (%d):", title, len(names)))
	for _, name := range names {
		m.line(face{}, "- "+name)
	}
}

func (m *minutes) table(widths []int, rows [][]string) {
	t := m.AddTable()
	t.Style("TableGrid")
	for i, cells := range rows {
		row := t.AddRow()
		for j, text := range cells {
			look := face{bold: i == 0, size: smallSize, align: stypes.JustificationCenter}
			if j == 0 && i > 0 {
				look.align = stypes.JustificationLeft
			}
			m.set(row.AddCell().Width(widths[j], stypes.TableWidthDxa).AddEmptyPara(), look, text)
		}
	}
	m.blank()
}

// happened is something that the minutes tell at its moment.
type happened struct {
	at   time.Time
	turn *AgendaTurn // that begins with it
	text string
}

// course is what happened, by time; an item of the agenda comes before what happened at its beginning.
func (m *minutes) course() []happened {
	var list []happened
	for i, t := range m.report.AgendaTurns {
		list = append(list, happened{at: t.From, turn: &m.report.AgendaTurns[i]})
	}
	for _, g := range m.report.Floor {
		if g.Slot == meeting.SlotMain && strings.HasPrefix(g.Endpoint, "@") { // the chair's own picture
			continue
		}
		from := g.OnAirAt
		if from.IsZero() {
			from = g.GrantedAt
		}
		who := g.Name
		if g.Unit != "" {
			who += " (" + g.Unit + ")"
		}
		list = append(list, happened{at: from, text: fmt.Sprintf("%s – %s: %s: %s", m.short(from), m.short(g.ReturnedAt),
			m.text("minutes.spoke."+string(g.Slot)), who)})
	}
	for _, rc := range m.report.RollCalls {
		people := 0
		for _, a := range rc.Answers {
			people += a.Headcount
		}
		list = append(list, happened{at: rc.OpenedAt, text: m.short(rc.OpenedAt) + ": " +
			fmt.Sprintf(m.text("minutes.roll_call"), rc.ID, len(rc.Answers), people)})
	}
	for _, n := range m.report.Notes {
		list = append(list, happened{at: n.About, text: m.short(n.About) + ": " + n.Text})
	}
	slices.SortStableFunc(list, func(a, b happened) int { return a.at.Compare(b.at) })
	return list
}

func (m *minutes) proceedings() {
	m.line(face{bold: true}, "II. "+m.text("minutes.course"))
	number := 0
	var turn *AgendaTurn
	conclude := func() {
		if turn != nil {
			m.line(face{italic: true, align: stypes.JustificationLeft}, m.text("minutes.conclusion")+": "+strings.Repeat("…", 45))
		}
	}
	for _, h := range m.course() {
		if h.turn != nil {
			conclude()
			turn = h.turn
			number++
			m.line(face{bold: true}, fmt.Sprintf("%d. %s (%s – %s)", number, turn.Item.Title, m.short(turn.From), m.short(turn.To)))
			continue
		}
		if turn != nil && !turn.To.IsZero() && h.at.After(turn.To) {
			conclude()
			turn = nil
			m.line(face{bold: true}, m.text("minutes.other"))
		}
		for i, text := range strings.Split(h.text, "\n") {
			if i == 0 {
				text = "- " + text
			}
			m.line(face{}, text)
		}
	}
	conclude()
	m.line(face{bold: true}, "III. "+m.text("minutes.conclusions"))
	for range 4 {
		m.line(face{align: stypes.JustificationLeft}, strings.Repeat("…", 55))
	}
	m.line(face{}, fmt.Sprintf(m.text("minutes.end"), m.short(m.report.Session.EndedAt)))
	m.blank()
}

func (m *minutes) signatures() {
	said := m.report.Session.Particulars
	sign := func(role string, who meeting.Official) side {
		return side{
			{face{bold: true}, role}, {face{bold: true}, strings.ToUpper(who.Title)}, {face{italic: true, size: 13}, m.text("sign.note")},
			{face{}, ""}, {face{}, ""}, {face{}, ""}, {face{bold: true}, who.Name},
		}
	}
	m.sides([2]int{textWidth / 2, textWidth / 2}, [2]side{sign(m.text("sign.secretary"), said.Secretary), sign(m.text("sign.chair"), said.Chair)})
	if len(said.Recipients) > 0 {
		m.line(face{bold: true, italic: true, size: smallSize}, m.text("recipients"))
		for _, r := range said.Recipients {
			m.line(face{size: 11}, "- "+r)
		}
	}
}

// short is the hour of a moment.
func (m *minutes) short(t time.Time) string {
	if t.IsZero() {
		return "……"
	}
	return t.In(m.zone).Format("15:04")
}
