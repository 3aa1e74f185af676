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

// WriteMinutes writes the minutes of the session as a Word file to be completed: the heading of the printed report, when
// it was opened and closed, chair and secretary, attendance by unit with who was absent and who took part by telephone, and
// the agenda item by item with its speakers, roll calls and the secretaries' notes, each item with room for conclusions.
// The file is made from an office's own template (CheckTemplate), or looks as MinutesTemplate if that is empty.
func (r *Report) WriteMinutes(w io.Writer, lang Lang, template []byte) error {
	d, err := r.minuted(lang)
	if err != nil {
		return err
	}
	if len(template) > 0 {
		return fillTemplate(w, template, d.values())
	}
	return writeWord(w, d.formatter, r.Session.AsOf, d.minutes(d.values()))
}

// WriteMinutesPDF writes the same as a PDF.
func (r *Report) WriteMinutesPDF(w io.Writer, lang Lang) error {
	d, err := r.minuted(lang)
	if err != nil {
		return err
	}
	return d.print(w, d.text("minutes")+" – "+r.Session.Title, d.minutes(d.values()))
}

// MinutesTemplate writes the minutes of no session: a Word file with the name of each part in its place, for an office to make
// its own of.
func MinutesTemplate(w io.Writer, lang Lang, now time.Time) error {
	r := &Report{Session: SessionInfo{TimeZone: zoneOfFigures, AsOf: now}}
	d, err := r.minuted(lang)
	if err != nil {
		return err
	}
	return writeWord(w, d.formatter, now, d.minutes(d.placeholders()))
}

// minuted describes the minutes of a report.
type minuted struct{ describer }

func (r *Report) minuted(lang Lang) (minuted, error) {
	d, err := r.describer(lang)
	return minuted{d}, err
}

// values are what the minutes say. They have names, which stand in templates as {{name}}.
type values struct {
	formatter

	texts map[string]string
	parts map[string][]block
}

// The names of the texts and parts. One written in capitals gives its text in capitals.
var (
	textNames = []string{ //nolint:gochecknoglobals // an immutable table
		"co_quan_chu_quan", "co_quan", "so_bien_ban", "dia_danh", "ngay", "phien_hop", "khai_mac", "be_mac", "gio_be_mac", "chu_tri", "chuc_vu_chu_tri",
		"chu_tri_day_du", "thu_ky", "chuc_vu_thu_ky", "thu_ky_day_du", "trieu_tap", "co_mat", "dung_gio", "vao_muon", "du_mot_phan", "vang_mat", "so_nguoi_du",
	}
	partNames = []string{"thanh_phan", "dien_bien", "ket_luan", "noi_nhan"} //nolint:gochecknoglobals // an immutable table
)

// placeholders are values that stand for those of a session.
func (d minuted) placeholders() values {
	v := values{d.formatter, map[string]string{}, map[string][]block{}}
	for _, name := range textNames {
		v.texts[name] = "{{" + name + "}}"
	}
	for _, name := range partNames {
		v.parts[name] = []block{paragraph{size: 14, align: "J", text: "{{" + name + "}}"}}
	}
	return v
}

// values are those of a session.
func (d minuted) values() values {
	info, said, total := d.report.Session, d.report.Session.Particulars, d.report.Total
	texts := map[string]string{
		"co_quan_chu_quan": said.Authority, "co_quan": dots(said.Body), "so_bien_ban": cmp.Or(said.MinutesNumber, "……/BB-……"),
		"dia_danh": cmp.Or(said.Place, "………………"), "ngay": d.signDate(), "phien_hop": info.Title,
		"khai_mac": d.spoken(info.StartedAt), "be_mac": d.spoken(info.EndedAt), "gio_be_mac": d.short(info.EndedAt),
		"chu_tri": said.Chair.Name, "chuc_vu_chu_tri": said.Chair.Title, "thu_ky": said.Secretary.Name, "chuc_vu_thu_ky": said.Secretary.Title,
		"chu_tri_day_du": official(said.Chair), "thu_ky_day_du": official(said.Secretary),
	}
	for name, n := range map[string]int{
		"trieu_tap": total.Convened, "co_mat": total.Present, "dung_gio": total.OnTime, "vao_muon": total.Late, "du_mot_phan": total.Partial,
		"vang_mat": total.Absent, "so_nguoi_du": total.Headcount,
	} {
		texts[name] = strconv.Itoa(n)
	}
	return values{d.formatter, texts, map[string][]block{
		"thanh_phan": d.attendance(), "dien_bien": d.proceedings(), "ket_luan": d.conclusions(), "noi_nhan": d.recipients(said),
	}}
}

func body(text string) paragraph { return paragraph{size: 14, align: "J", text: text} }
func strong(text string) paragraph {
	return paragraph{style: "B", size: 14, align: "J", text: text, above: 2}
}

// minutes describes the minutes by their values.
func (d minuted) minutes(v values) []block {
	t := v.texts
	said := meeting.Particulars{
		Authority: t["co_quan_chu_quan"], Body: t["co_quan"], Place: t["dia_danh"],
		Chair: meeting.Official{Name: t["chu_tri"], Title: t["chuc_vu_chu_tri"]}, Secretary: meeting.Official{Name: t["thu_ky"], Title: t["chuc_vu_thu_ky"]},
	}
	list := d.heading(said, t["so_bien_ban"], t["ngay"], d.text("minutes"), t["phien_hop"])
	opened := body(d.text("opened") + ": " + t["khai_mac"])
	opened.above = 6
	list = append(list,
		opened, body(d.text("closed")+": "+t["be_mac"]), body(d.text("place")+": "+t["dia_danh"]),
		body(d.text("chair")+": "+t["chu_tri_day_du"]), body(d.text("secretary")+": "+t["thu_ky_day_du"]),
		strong("I. "+d.text("minutes.attendance")),
		body(fmt.Sprintf("%s: %s. %s: %s (%s: %s, %s: %s, %s: %s). %s: %s. %s: %s.", d.text("convened"), t["trieu_tap"], d.text("present"), t["co_mat"],
			d.text("on_time"), t["dung_gio"], d.text("late"), t["vao_muon"], d.text("partial"), t["du_mot_phan"], d.text("absent"), t["vang_mat"],
			d.text("people"), t["so_nguoi_du"])))
	list = append(list, v.parts["thanh_phan"]...)
	list = append(list, strong("II. "+d.text("minutes.course")))
	list = append(list, v.parts["dien_bien"]...)
	list = append(list, strong("III. "+d.text("minutes.conclusions")))
	list = append(list, v.parts["ket_luan"]...)
	list = append(list, body(fmt.Sprintf(d.text("minutes.end"), t["gio_be_mac"])))
	list = append(list, d.signatures(said, d.text("sign.secretary"))...)
	return append(list, v.parts["noi_nhan"]...)
}

func official(o meeting.Official) string {
	text := strings.Trim(o.Name+" – "+o.Title, " –")
	return cmp.Or(text, "………………………………")
}

// attendance is who was there by unit, who was not, and who came how.
func (d minuted) attendance() (list []block) {
	if len(d.report.Groups) > 0 {
		list = append(list, grid{columns: []tableColumn{
			{"group", 57, "L"}, {"convened", 21, "C"}, {"present", 19, "C"}, {"late", 21, "C"}, {"absent", 21, "C"}, {"people", 21, "C"},
		}, rows: func(yield func(...string)) {
			for _, g := range d.report.Groups {
				yield(strings.Repeat("– ", g.Depth)+g.Unit.Name, strconv.Itoa(g.Convened), strconv.Itoa(g.Present), strconv.Itoa(g.Late),
					strconv.Itoa(g.Absent),
					strconv.Itoa(g.Headcount))
			}
		}})
	}
	list = append(list, d.list("minutes.absent", func(s SiteRow) bool { return s.Verdict == Absent })...)
	list = append(list, d.list("minutes.withdrawn", func(s SiteRow) bool { return s.Withdrawn != nil })...)
	list = append(list, d.list("minutes.phone", func(s SiteRow) bool { return slices.Contains(s.Devices, Telephone) })...)
	var people []string
	for _, s := range d.report.Sites {
		for _, one := range s.Delegates {
			who := official(meeting.Official{Name: one.Name, Title: one.Title}) + " (" + s.Name + ")"
			if one.AttendingFor != "" {
				who += ", " + d.text("attending_for") + ": " + one.AttendingFor
			}
			people = append(people, who)
		}
	}
	return append(list, d.names("minutes.delegates", people)...)
}

// list names the sites that one takes, with the units above them.
func (d minuted) list(title string, takes func(SiteRow) bool) []block {
	var names []string
	for _, s := range d.report.Sites {
		if !takes(s) {
			continue
		}
		name := s.Name
		if below := s.below(); below != "" {
			name += " (" + below + ")"
		}
		names = append(names, name)
	}
	return d.names(title, names)
}

func (d minuted) names(title string, names []string) []block {
	if len(names) == 0 {
		return nil
	}
	list := []block{strong(fmt.Sprintf("%s (%d):", d.text(title), len(names)))}
	for _, name := range names {
		list = append(list, body("- "+name))
	}
	return list
}

// happened is something that the minutes tell at its moment.
type happened struct {
	at   time.Time
	turn *AgendaTurn // that begins with it
	text string
}

// course is what happened, by time; an item of the agenda comes before what happened at its beginning.
func (d minuted) course() []happened {
	var list []happened
	for i, t := range d.report.AgendaTurns {
		list = append(list, happened{at: t.From, turn: &d.report.AgendaTurns[i]})
	}
	for _, g := range d.report.Floor {
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
		list = append(list, happened{at: from, text: fmt.Sprintf("%s – %s: %s: %s", d.short(from), d.short(g.ReturnedAt),
			d.text("minutes.spoke."+string(g.Slot)), who)})
	}
	for _, rc := range d.report.RollCalls {
		people := 0
		for _, a := range rc.Answers {
			people += a.Headcount
		}
		list = append(list, happened{at: rc.OpenedAt, text: d.short(rc.OpenedAt) + ": " + fmt.Sprintf(d.text("minutes.roll_call"), rc.ID,
			len(rc.Answers), people)})
	}
	for _, n := range d.report.Notes {
		list = append(list, happened{at: n.About, text: d.short(n.About) + ": " + n.Text})
	}
	slices.SortStableFunc(list, func(a, b happened) int { return a.at.Compare(b.at) })
	return list
}

// proceedings tell the agenda item by item, and what belongs to none.
func (d minuted) proceedings() (list []block) {
	number := 0
	var turn *AgendaTurn
	conclude := func() {
		if turn != nil {
			list = append(list, paragraph{style: "I", size: 14, align: "L", text: d.text("minutes.conclusion") + ": " + strings.Repeat("…", 28)})
		}
	}
	for _, h := range d.course() {
		if h.turn != nil {
			conclude()
			turn = h.turn
			number++
			list = append(list, strong(fmt.Sprintf("%d. %s (%s – %s)", number, turn.Item.Title, d.short(turn.From), d.short(turn.To))))
			continue
		}
		if turn != nil && !turn.To.IsZero() && h.at.After(turn.To) {
			conclude()
			turn = nil
			list = append(list, strong(d.text("minutes.other")))
		}
		list = append(list, body("- "+h.text))
	}
	conclude()
	return list
}

// conclusions leave room for what a person writes.
func (d minuted) conclusions() (list []block) {
	for range 4 {
		list = append(list, paragraph{size: 14, align: "L", text: strings.Repeat("…", 34)})
	}
	return list
}
