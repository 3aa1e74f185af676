package attendance

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/figures"
	"github.com/xuri/excelize/v2"
)

// Period is the time that figures are about; zero times bound nothing.
type Period struct {
	From, To time.Time // To is excluded
	AsOf     time.Time // when they were asked for
}

// FiguresWriter writes figures over sessions as a file.
type FiguresWriter func(w io.Writer, t *figures.Table, p Period, lang Lang) error

// zoneOfFigures is the zone in which days of figures over sessions are told: sessions may have different ones.
const zoneOfFigures = "Asia/Ho_Chi_Minh"

// figuresHeading is a report without sites, whose heading the files of figures bear.
func figuresHeading(p Period, lang Lang) (*Report, formatter, error) {
	r := &Report{Session: SessionInfo{TimeZone: zoneOfFigures, AsOf: p.AsOf}}
	f, err := r.formatter()
	if err != nil {
		return nil, f, err
	}
	f.lang = lang
	r.Session.Title = f.text("figures.title") + f.period(p)
	return r, f, nil
}

// period is the time of figures in words, its last day included.
func (f formatter) period(p Period) string {
	text := ""
	if !p.From.IsZero() {
		text += " " + f.text("figures.from") + " " + p.From.In(f.zone).Format("02/01/2006")
	}
	if !p.To.IsZero() {
		text += " " + f.text("figures.to") + " " + p.To.Add(-time.Nanosecond).In(f.zone).Format("02/01/2006")
	}
	return text
}

// WriteFiguresXLSX writes a workbook with a sheet of units and one of sessions.
func WriteFiguresXLSX(w io.Writer, t *figures.Table, p Period, lang Lang) error {
	r, f, err := figuresHeading(p, lang)
	if err != nil {
		return err
	}
	book := &workbook{File: excelize.NewFile(), formatter: f, report: r}
	defer book.Close()
	if err := book.makeStyles(); err != nil {
		return err
	}
	sheets := (tables{f}).figuresSheets(t)
	// The workbook begins with an empty sheet. To delete it in the end would have all others read back.
	if err := book.SetSheetName("Sheet1", f.text("sheet."+sheets[0].key)); err != nil {
		return err
	}
	for _, s := range sheets {
		if err := book.writeSheet(s); err != nil {
			return fmt.Errorf("sheet %s: %w", s.key, err)
		}
	}
	return book.Write(w)
}

// sumColumns are the columns of a sum.
func sumColumns() []column {
	list := []column{}
	for _, key := range []string{
		"convened", "present", "on_time", "late", "partial", "absent", "figures.telephone", "people", "figures.speakers", "figures.turns",
		"interruptions", "figures.corrected",
	} {
		list = append(list, column{key, 11, countCell})
	}
	return append(list, column{"figures.present_pct", 11, numberCell}, column{"total", 14, lengthCell}, column{"received", 14, lengthCell},
		column{"figures.spoken", 14, lengthCell}, column{"loss", 10, numberCell})
}

func sumValues(s figures.Sum) []any {
	list := []any{}
	for _, n := range []int{
		s.Convened, s.Present, s.OnTime, s.Late, s.Partial, s.Absent, s.Telephone, s.Headcount, s.Speakers, s.Turns, s.Interruptions, s.Corrected,
	} {
		list = append(list, n)
	}
	list = append(list, s.PresentPct())
	for _, n := range []int{s.PresentS, s.ReceivedS, s.SpokenS} {
		list = append(list, time.Duration(n)*time.Second)
	}
	if pct, known := s.LossPct(); known {
		return append(list, pct)
	}
	return append(list, nil)
}

func (f tables) figuresSheets(t *figures.Table) []sheet {
	units := sheet{
		key: "figures.units", length: len(t.Rows) + 1,
		columns: append([]column{{"number", 6, countCell}, {"unit", 12, textCell}, {"group", 36, textCell}, {"parents", 36, textCell},
			{"figures.sessions", 10, countCell}}, sumColumns()...),
		rows: func(yield func([]any) bool) {
			for i, r := range t.Rows {
				if !yield(append([]any{i + 1, r.Unit.Code, r.Unit.Name, strings.Join(r.Parents, ", "), r.Sessions}, sumValues(r.Sum)...)) {
					return
				}
			}
			yield(append([]any{nil, "", f.text("figures.total"), "", t.Total.Sessions}, sumValues(t.Total)...))
		},
	}
	sessions := sheet{
		key: "figures.sessions", length: len(t.Sessions),
		columns: append([]column{{"number", 6, countCell}, {"session", 44, textCell}, {"started", 18, momentCell}, {"ended", 18, momentCell}}, sumColumns()...),
		rows: func(yield func([]any) bool) {
			for i, s := range t.Sessions {
				if !yield(append([]any{i + 1, s.Title, f.moment(s.StartedAt), f.moment(s.EndedAt)}, sumValues(s.Sum)...)) {
					return
				}
			}
		},
	}
	return []sheet{units, sessions}
}

// WriteFiguresPDF writes the figures on A4 across: sessions, then units.
func WriteFiguresPDF(w io.Writer, t *figures.Table, period Period, lang Lang) error {
	r, p, err := figuresHeading(period, lang)
	if err != nil {
		return err
	}
	sums := []tableColumn{
		{"convened", 18, "R"}, {"present", 18, "R"}, {"late", 18, "R"}, {"partial", 20, "R"}, {"absent", 18, "R"}, {"figures.present_pct", 18, "R"},
		{"people", 18, "R"}, {"figures.speakers", 20, "R"},
	}
	cells := func(s figures.Sum) []string {
		var list []string
		for _, n := range []int{s.Convened, s.Present, s.Late, s.Partial, s.Absent} {
			list = append(list, strconv.Itoa(n))
		}
		return append(list, strconv.FormatFloat(s.PresentPct(), 'f', 1, 64), strconv.Itoa(s.Headcount), strconv.Itoa(s.Speakers))
	}
	list := []block{
		annex{}, paragraph{style: "B", size: 14, align: "C", text: strings.ToUpper(r.Session.Title)},
		paragraph{style: "I", size: 11, align: "C", text: p.text("as_of") + " " + p.spoken(period.AsOf)},
	}
	list = append(list, grid{p.text("sheet.figures.sessions"), append([]tableColumn{{"number", 12, "R"}, {"session", 80, "L"}, {"started", 33, "C"}},
		sums...), func(yield func(...string)) {
		for i, s := range t.Sessions {
			yield(append([]string{strconv.Itoa(i + 1), s.Title, s.StartedAt.In(p.zone).Format("15:04 02/01/2006")}, cells(s.Sum)...)...)
		}
	}})
	list = append(list, grid{p.text("sheet.figures.units"), append([]tableColumn{{"number", 12, "R"}, {"group", 93, "L"}, {"figures.sessions", 20,
		"R"}}, sums...), func(yield func(...string)) {
		for i, r := range t.Rows {
			yield(append([]string{strconv.Itoa(i + 1), strings.Join(append([]string{r.Unit.Name}, r.Parents...), ", "), strconv.Itoa(r.Sessions)},
				cells(r.Sum)...)...)
		}
		yield(append([]string{"", p.text("figures.total"), strconv.Itoa(t.Total.Sessions)}, cells(t.Total)...)...)
	}})
	return describer{p, r}.print(w, r.Session.Title, list)
}
