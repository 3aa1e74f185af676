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
	d, err := r.describer(lang)
	if err != nil {
		return err
	}
	return d.print(w, d.text("report")+" – "+r.Session.Title, d.signed(byProvince))
}

// WriteWord writes the report for signing as a Word file.
func (r *Report) WriteWord(w io.Writer, lang Lang, byProvince bool) error {
	d, err := r.describer(lang)
	if err != nil {
		return err
	}
	return writeWord(w, d.formatter, r.Session.AsOf, d.signed(byProvince))
}

// signed describes the report for signing.
func (d describer) signed(byProvince bool) []block {
	said := d.report.Session.Particulars
	list := d.heading(said, cmp.Or(said.Number, "……/……"), d.signDate(), d.text("report"), d.report.Session.Title)
	if said.Addressee != "" {
		list = append(list, paragraph{size: 14, align: "C", text: d.text("addressee") + " " + said.Addressee, above: 5})
	}
	list = append(list, d.summary()...)
	list = append(list, d.signatures(said, d.text("sign.prepare"))...)
	list = append(list, d.recipients(said)...)
	list = append(list, annex{})
	list = append(list, d.groups()...)
	list = append(list, d.absentees()...)
	list = append(list, d.withdrawals()...)
	if byProvince {
		for _, name := range d.report.provinces() {
			list = append(list, annex{})
			list = append(list, d.sites(name, func(s SiteRow) bool { return s.province() == name })...)
		}
	} else {
		list = append(list, d.sites("", func(SiteRow) bool { return true })...)
	}
	list = append(list, d.speakers()...)
	list = append(list, d.delegates()...)
	return append(list, d.corrections()...)
}

func (d describer) summary() []block {
	info, total := d.report.Session, d.report.Total
	said := func(style string, above float64, text string) block {
		return paragraph{style: style, size: 13, align: "J", text: text, above: above}
	}
	return []block{
		said("", 6, fmt.Sprintf("%s: %s. %s: %s. %s: %s. %s: %s (%s).", d.text("scheduled"), d.spoken(info.ScheduledAt), d.text("started"),
			d.spoken(info.StartedAt), d.text("ended"), d.spoken(info.EndedAt), d.text("as_of"), d.spoken(info.AsOf), info.TimeZone)),
		said("", 2, d.text("rules")+": "+d.rules(info)+"."),
		said("B", 2, fmt.Sprintf("%s: %d. %s: %d (%s: %d, %s: %d, %s: %d). %s: %d. %s: %d.", d.text("convened"), total.Convened, d.text("present"),
			total.Present,
			d.text("on_time"), total.OnTime, d.text("late"), total.Late, d.text("partial"), total.Partial, d.text("absent"), total.Absent,
			d.text("people"), total.Headcount)),
		paragraph{size: 11, align: "L", text: fmt.Sprintf("%s: %d", d.text("entries"), info.Head.Seq), above: 2},
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

func (d describer) spokenOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return d.spoken(t)
}

// clock is a length as hours, minutes and seconds; hours may be more than a day has.
func clock(d time.Duration) string {
	total := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", total/3600, total/60%60, total%60)
}

func (d describer) groups() []block {
	if len(d.report.Groups) == 0 {
		return nil
	}
	return []block{grid{d.text("by_unit"), []tableColumn{
		{"unit", 24, "L"}, {"group", 80, "L"}, {"level", 21, "L"}, {"convened", 20, "R"}, {"present", 20, "R"},
		{"on_time", 20, "R"}, {"late", 20, "R"}, {"partial", 24, "R"}, {"absent", 20, "R"}, {"people", 24, "R"},
	}, func(yield func(...string)) {
		for _, g := range d.report.Groups {
			name := strings.Repeat("– ", g.Depth) + g.Unit.Name
			yield(g.Unit.Code, name, levelLabel(d.lang, g.Unit.Level), strconv.Itoa(g.Convened), strconv.Itoa(g.Present), strconv.Itoa(g.OnTime),
				strconv.Itoa(g.Late), strconv.Itoa(g.Partial), strconv.Itoa(g.Absent), strconv.Itoa(g.Headcount))
		}
	}}}
}

// absentees lists who was not there, and whom to call.
func (d describer) absentees() []block {
	if d.report.Total.Absent == 0 {
		return nil
	}
	return []block{grid{fmt.Sprintf("%s (%d)", d.text("absentees"), d.report.Total.Absent), []tableColumn{
		{"number", 12, "R"}, {"endpoint", 26, "L"}, {"name", 70, "L"}, {"parents", 115, "L"}, {"phone", 50, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range d.report.Sites {
			if s.Verdict == Absent {
				i++
				yield(strconv.Itoa(i), s.Endpoint, s.Name, s.below(), s.Phone)
			}
		}
	}}}
}

// withdrawals lists the sites that were taken off the list, and why.
func (d describer) withdrawals() []block {
	if d.report.Total.Withdrawn == 0 {
		return nil
	}
	return []block{grid{fmt.Sprintf("%s (%d)", d.text("withdrawals"), d.report.Total.Withdrawn), []tableColumn{
		{"endpoint", 26, "L"}, {"name", 62, "L"}, {"parents", 75, "L"}, {"withdrawn_at", 34, "C"}, {"withdrawn_reason", 76, "L"},
	}, func(yield func(...string)) {
		for _, s := range d.report.Sites {
			if s.Withdrawn != nil {
				yield(s.Endpoint, s.Name, s.below(), d.spoken(s.Withdrawn.At), s.Withdrawn.Reason)
			}
		}
	}}}
}

// sites lists the sites that one takes; title names them if they are not all.
func (d describer) sites(title string, takes func(SiteRow) bool) []block {
	n := 0
	for _, s := range d.report.Sites {
		if takes(s) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	heading := fmt.Sprintf("%s (%d)", d.text("all_sites"), n)
	if title != "" {
		heading += " – " + title
	}
	return []block{grid{heading, []tableColumn{
		{"number", 10, "R"}, {"endpoint", 20, "L"}, {"name", 45, "L"}, {"parents", 62, "L"}, {"first_joined", 30, "C"}, {"last_left", 30, "C"},
		{"length", 18, "R"}, {"drops", 18, "R"}, {"heads", 14, "R"}, {"verdict", 26, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range d.report.Sites {
			if !takes(s) {
				continue
			}
			i++
			verdict := verdictLabel(d.lang, s.Verdict)
			if s.Verdict != s.Computed {
				verdict += " (*)"
			}
			yield(strconv.Itoa(i), s.Endpoint, s.Name, s.below(), d.spokenOrEmpty(s.FirstJoined), d.spokenOrEmpty(s.LastLeft), clock(s.Total),
				strconv.Itoa(s.Interruptions), strconv.Itoa(s.Headcount), verdict)
		}
	}}}
}

// speakers lists who had the floor or the main picture, and when.
func (d describer) speakers() []block {
	if len(d.report.Floor) == 0 {
		return nil
	}
	return []block{grid{d.text("speakers"), []tableColumn{
		{"number", 10, "R"}, {"name", 60, "L"}, {"parents", 75, "L"}, {"slot", 34, "L"}, {"from", 34, "C"}, {"to", 34, "C"}, {"length", 26, "R"},
	}, func(yield func(...string)) {
		for i, g := range d.report.Floor {
			from, length := g.OnAirAt, ""
			if from.IsZero() {
				from = g.GrantedAt
			}
			if !g.ReturnedAt.IsZero() {
				length = clock(g.ReturnedAt.Sub(from))
			}
			yield(strconv.Itoa(i+1), g.Name, g.Unit, d.text("slot."+string(g.Slot)), d.spokenOrEmpty(from), d.spokenOrEmpty(g.ReturnedAt), length)
		}
	}}}
}

func (d describer) delegates() []block {
	if !slices.ContainsFunc(d.report.Sites, func(s SiteRow) bool { return len(s.Delegates) > 0 }) {
		return nil
	}
	return []block{grid{d.text("all_delegates"), []tableColumn{
		{"number", 10, "R"}, {"name", 70, "L"}, {"delegate", 65, "L"}, {"title", 64, "L"}, {"attending_for", 64, "L"},
	}, func(yield func(...string)) {
		i := 0
		for _, s := range d.report.Sites {
			for _, d := range s.Delegates {
				i++
				yield(strconv.Itoa(i), s.Name, d.Name, d.Title, d.AttendingFor)
			}
		}
	}}}
}

// corrections explains the verdicts that are not those which the system computed.
func (d describer) corrections() []block {
	corrected := func(s SiteRow) bool { return s.Verdict != s.Computed || s.Override != nil }
	if !slices.ContainsFunc(d.report.Sites, corrected) {
		return nil
	}
	return []block{grid{"(*) " + d.text("corrections"), []tableColumn{
		{"endpoint", 24, "L"}, {"name", 60, "L"}, {"computed", 32, "L"}, {"verdict", 32, "L"}, {"corrected_at", 34, "C"}, {"override_reason", 91, "L"},
	}, func(yield func(...string)) {
		for _, s := range d.report.Sites {
			if !corrected(s) {
				continue
			}
			at, reason := "", s.reason()
			if s.Override != nil {
				at = d.spoken(s.Override.At)
				if s.Override.AfterSeal {
					reason += " (" + d.text("after_seal") + ")"
				}
			}
			yield(s.Endpoint, s.Name, verdictLabel(d.lang, s.Computed), verdictLabel(d.lang, s.Verdict), at, reason)
		}
	}}}
}
