package attendance

import (
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/diemcau/diemcau/meeting"
	"github.com/xuri/excelize/v2"
)

// WriteXLSX writes the report as a workbook: a summary and sheets by unit, of sites, intervals, delegates, roll
// calls, the floor and the lines. Dates are real dates of the session's time zone, lengths real durations. Texts are text
// cells, so none is a formula.
func (r *Report) WriteXLSX(w io.Writer, lang Lang) error {
	f, err := r.formatter()
	if err != nil {
		return err
	}
	f.lang = lang
	book := &workbook{File: excelize.NewFile(), formatter: f, report: r}
	defer book.Close()
	if err := book.makeStyles(); err != nil {
		return err
	}
	if err := book.writeSummary(); err != nil {
		return fmt.Errorf("sheet summary: %w", err)
	}
	for _, s := range (tables{f}).sheets(r) {
		if err := book.writeSheet(s); err != nil {
			return fmt.Errorf("sheet %s: %w", s.key, err)
		}
	}
	return book.Write(w)
}

// workbook is a report on its way into a file.
type workbook struct {
	*excelize.File
	formatter
	report                               *Report
	bold, heading, centred, note, header int              // styles
	body, value                          map[cellKind]int // styles of a table's cells and of the summary's values
}

// cellKind says how a column is shown.
type cellKind int

const (
	textCell cellKind = iota
	countCell
	numberCell // with two decimals
	momentCell
	lengthCell
)

// column of a sheet.
type column struct {
	key   string
	width float64 // characters
	kind  cellKind
}

// sheet is a table of the workbook.
type sheet struct {
	key     string
	columns []column
	length  int // number of rows
	rows    iter.Seq[[]any]
}

func (b *workbook) makeStyles() error {
	font := func(bold, italic bool, size float64) *excelize.Font {
		return &excelize.Font{Family: "Times New Roman", Size: size, Bold: bold, Italic: italic}
	}
	border := []excelize.Border{
		{Type: "left", Style: 1, Color: "808080"}, {Type: "right", Style: 1, Color: "808080"},
		{Type: "top", Style: 1, Color: "808080"}, {Type: "bottom", Style: 1, Color: "808080"},
	}
	centre := &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}
	var failed error
	style := func(s excelize.Style) int {
		id, err := b.NewStyle(&s)
		if err != nil {
			failed = err
		}
		return id
	}
	b.bold = style(excelize.Style{Font: font(true, false, 12), Alignment: &excelize.Alignment{Vertical: "top"}})
	b.heading = style(excelize.Style{Font: font(true, false, 14), Alignment: &excelize.Alignment{Horizontal: "center"}})
	b.centred = style(excelize.Style{Font: font(true, false, 12), Alignment: &excelize.Alignment{Horizontal: "center"}})
	b.note = style(excelize.Style{Font: font(false, true, 11)})
	b.header = style(excelize.Style{
		Font: font(true, false, 11), Border: border, Alignment: centre, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE7F0"}},
	})
	date, length := "dd/mm/yyyy hh:mm:ss", "[h]:mm:ss"
	cells := func(align *excelize.Alignment) map[cellKind]int {
		plain := excelize.Style{Font: font(false, false, 11), Border: border, Alignment: align}
		text, count, number, moment, long := plain, plain, plain, plain, plain
		text.NumFmt, count.NumFmt, number.NumFmt = 49, 1, 2 // 49 is "@": text stays text when it is edited
		moment.CustomNumFmt, long.CustomNumFmt = &date, &length
		return map[cellKind]int{textCell: style(text), countCell: style(count), numberCell: style(number), momentCell: style(moment), lengthCell: style(long)}
	}
	b.body = cells(&excelize.Alignment{Vertical: "top", WrapText: true}) // nothing is cut in print
	b.value = cells(&excelize.Alignment{Horizontal: "left", Vertical: "top", WrapText: true})
	return failed
}

// writeSummary fills the first sheet: the official heading, the session, the rules, the totals and what the
// ledger is.
func (b *workbook) writeSummary() error {
	name := b.text("sheet.summary")
	if err := b.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	info, total := b.report.Session, b.report.Total
	lines := [][]any{
		{b.text("nation")}, {b.text("motto")}, nil, {b.text("report")}, nil,
		{b.text("session"), info.Title},
		{b.text("scheduled"), b.moment(info.ScheduledAt)}, {b.text("started"), b.moment(info.StartedAt)},
		{b.text("ended"), b.moment(info.EndedAt)}, {b.text("as_of"), b.moment(info.AsOf)}, {b.text("time_zone"), info.TimeZone},
		{b.text("rules"), b.rules(info)},
		nil,
		{b.text("convened"), total.Convened}, {b.text("present"), total.Present}, {b.text("on_time"), total.OnTime},
		{b.text("late"), total.Late}, {b.text("partial"), total.Partial}, {b.text("absent"), total.Absent}, {b.text("people"), total.Headcount},
		{b.text("withdrawn"), total.Withdrawn},
		nil,
		{b.text("entries"), info.Head.Seq}, {b.text("head_hash"), info.Head.Hash},
	}
	for i, line := range lines {
		if err := b.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &line); err != nil {
			return err
		}
		if len(line) == 2 {
			kind := textCell
			if _, ok := line[1].(time.Time); ok {
				kind = momentCell
			} else if _, ok := line[1].(int); ok {
				kind = countCell
			}
			if err := b.SetCellStyle(name, fmt.Sprintf("A%d", i+1), fmt.Sprintf("A%d", i+1), b.bold); err != nil {
				return err
			}
			if err := b.SetCellStyle(name, fmt.Sprintf("B%d", i+1), fmt.Sprintf("B%d", i+1), b.value[kind]); err != nil {
				return err
			}
		}
	}
	for row, style := range map[int]int{1: b.centred, 2: b.centred, 4: b.heading} {
		first, last := fmt.Sprintf("A%d", row), fmt.Sprintf("B%d", row)
		if err := b.MergeCell(name, first, last); err != nil {
			return err
		}
		if err := b.SetCellStyle(name, first, last, style); err != nil {
			return err
		}
	}
	for row, line := range lines { // programs other than Excel do not make room for a second line by themselves
		if len(line) != 2 {
			continue
		}
		if lines := linesOf(fmt.Sprint(line[1]), summaryWidth); lines > 1 {
			if err := b.SetRowHeight(name, row+1, min(lines*lineHeight, maxHeight)); err != nil {
				return err
			}
		}
	}
	if err := b.SetColWidth(name, "A", "A", 28); err != nil {
		return err
	}
	if err := b.SetColWidth(name, "B", "B", summaryWidth); err != nil {
		return err
	}
	return b.page(name, fmt.Sprintf("$A$1:$B$%d", len(lines)), "")
}

const (
	// headerRow is the heading of a table; what it belongs to stands above it.
	headerRow = 4
	// lineHeight of text, in points.
	lineHeight = 16.0
	maxHeight  = 409.0 // that a row can have
	// summaryWidth of the values, in characters.
	summaryWidth = 80
)

// writeSheet streams a table: title, heading row frozen and filtered, rows.
func (b *workbook) writeSheet(s sheet) error {
	name := b.text("sheet." + s.key)
	if _, err := b.NewSheet(name); err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(len(s.columns))
	if err != nil {
		return err
	}
	bottom := headerRow + max(s.length, 1)
	// What stands around the rows has to be set before they are streamed, and the filter first of all: it resets
	// the properties of the sheet.
	if err := b.AutoFilter(name, fmt.Sprintf("A%d:%s%d", headerRow, last, bottom), nil); err != nil {
		return err
	}
	if err := b.page(name, fmt.Sprintf("$A$1:$%s$%d", last, bottom), fmt.Sprintf("$%d:$%d", headerRow, headerRow)); err != nil {
		return err
	}
	out, err := b.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, c := range s.columns {
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: headerRow, TopLeftCell: fmt.Sprintf("A%d", headerRow+1),
		ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	heading := make([]any, len(s.columns))
	for i, c := range s.columns {
		heading[i] = excelize.Cell{StyleID: b.header, Value: b.text(c.key)}
	}
	above := [][]any{
		{excelize.Cell{StyleID: b.bold, Value: b.report.Session.Title + " – " + name}},
		{excelize.Cell{StyleID: b.note, Value: b.text("as_of") + " " + b.spoken(b.report.Session.AsOf)}},
		nil, heading,
	}
	for i, row := range above {
		var options excelize.RowOpts
		if i+1 == headerRow {
			options.Height = 3 * lineHeight
		}
		if err := out.SetRow(fmt.Sprintf("A%d", i+1), row, options); err != nil {
			return err
		}
	}
	row := headerRow
	for values := range s.rows {
		row++
		height := rowHeightOf(s.columns, values)
		for i, v := range values {
			values[i] = excelize.Cell{StyleID: b.body[s.columns[i].kind], Value: v}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", row), values, excelize.RowOpts{Height: height}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// rowHeightOf makes room for the longest text of a row, which is wrapped. 0 leaves the height as it is.
func rowHeightOf(columns []column, values []any) float64 {
	lines := 1.0
	for i, v := range values {
		if text, ok := v.(string); ok {
			lines = max(lines, linesOf(text, columns[i].width))
		}
	}
	if lines == 1 {
		return 0
	}
	return min(lines*lineHeight, maxHeight)
}

// linesOf estimates how many lines a text takes: a letter is narrower than a digit, by which widths are measured.
func linesOf(text string, width float64) float64 {
	const letter = 0.85
	return max(1, math.Ceil(float64(utf8.RuneCountInString(text))*letter/width))
}

// page sets a sheet to A4 landscape, one page wide, with page numbers, its area and the rows to repeat.
func (b *workbook) page(name, area, repeat string) error {
	a4, landscape, one, any := 9, "landscape", 1, 0
	if err := b.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &any}); err != nil {
		return err
	}
	side, top, edge := 0.4, 0.6, 0.3 // inches
	if err := b.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &top, Bottom: &top, Header: &edge,
		Footer: &edge}); err != nil {
		return err
	}
	fit := true
	if err := b.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := b.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&C&P/&N"}); err != nil {
		return err
	}
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'!"
	if err := b.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: quoted + area, Scope: name}); err != nil {
		return err
	}
	if repeat == "" {
		return nil
	}
	return b.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: quoted + repeat, Scope: name})
}

// tables makes the tables of a workbook, in words and times of a formatter.
type tables struct{ formatter }

// sheets lists them.
func (f tables) sheets(r *Report) []sheet {
	return []sheet{f.groupSheet(r), f.siteSheet(r), f.intervalSheet(r), f.delegateSheet(r), f.rollCallSheet(r), f.floorSheet(r), f.lineSheet(r)}
}

func (f tables) groupSheet(r *Report) sheet {
	return sheet{"groups", []column{
		{"unit", 12, textCell}, {"group", 44, textCell}, {"level", 12, textCell}, {"convened", 11, countCell}, {"present", 11, countCell},
		{"on_time", 11, countCell}, {"late", 11, countCell}, {"partial", 11, countCell}, {"absent", 11, countCell}, {"people", 13, countCell},
	}, len(r.Groups), func(yield func([]any) bool) {
		for _, g := range r.Groups {
			name := strings.Repeat("    ", g.Depth) + g.Unit.Name
			if !yield([]any{g.Unit.Code, name, levelLabel(f.lang, g.Unit.Level), g.Convened, g.Present, g.OnTime, g.Late, g.Partial, g.Absent, g.Headcount}) {
				return
			}
		}
	}}
}

func (f tables) siteSheet(r *Report) sheet {
	return sheet{"sites", []column{
		{"number", 6, countCell}, {"endpoint", 9, textCell}, {"unit", 9, textCell}, {"name", 22, textCell}, {"level", 10, textCell}, {"parents", 48, textCell},
		{"first_joined", 18, momentCell}, {"last_left", 18, momentCell}, {"total", 9, lengthCell}, {"connected_only", 10, lengthCell},
		{"interruptions", 8, countCell},
		{"verdict", 11, textCell}, {"computed", 11, textCell}, {"override_reason", 18, textCell}, {"headcount", 8, countCell}, {"phone", 14, textCell},
	}, len(r.Sites), func(yield func([]any) bool) {
		for i, s := range r.Sites {
			if !yield([]any{
				i + 1, s.Endpoint, s.Unit, s.Name, levelLabel(f.lang, s.Level), s.parents(), f.moment(s.FirstJoined), f.moment(s.LastLeft),
				s.Total.Truncate(time.Second), s.ConnectedOnly().Truncate(time.Second), s.Interruptions, verdictLabel(f.lang, s.Verdict),
				verdictLabel(f.lang, s.Computed), s.reason(), s.Headcount, s.Phone,
			}) {
				return
			}
		}
	}}
}

// reason is why the verdict is not the computed one.
func (s SiteRow) reason() string {
	if s.Withdrawn != nil {
		return s.Withdrawn.Reason
	}
	if s.Override != nil {
		return s.Override.Reason
	}
	var reasons []string
	for _, d := range s.Declared {
		reasons = append(reasons, d.Reason)
	}
	return strings.Join(reasons, "; ")
}

func (f tables) intervalSheet(r *Report) sheet {
	n := 0
	for _, s := range r.Sites {
		n += len(s.Intervals) + len(s.Receiving)
	}
	return sheet{"intervals", []column{
		{"endpoint", 11, textCell}, {"name", 26, textCell}, {"what", 30, textCell}, {"from", 20, momentCell}, {"to", 20, momentCell},
		{"length", 12, lengthCell},
		{"end_reason", 20, textCell}, {"device", 24, textCell},
	}, n, func(yield func([]any) bool) {
		for _, s := range r.Sites {
			for _, iv := range s.Intervals {
				if !yield(f.interval(s, iv, f.text("what.present"), f.text("end."+string(iv.EndReason)))) {
					return
				}
			}
			for _, iv := range s.Receiving {
				if !yield(f.interval(s, iv, f.text("what."+string(iv.Evidence)), f.received(iv.EndReason))) {
					return
				}
			}
		}
	}}
}

func (f formatter) interval(s SiteRow, iv Interval, what, why string) []any {
	var length any
	if !iv.To.IsZero() {
		length = iv.To.Truncate(time.Second).Sub(iv.From.Truncate(time.Second))
	}
	return []any{s.Endpoint, s.Name, what, f.moment(iv.From), f.moment(iv.To), length, why, iv.Device}
}

// received says why a time of receiving ended: with the connection, or before it.
func (f formatter) received(why EndReason) string {
	if why == EndEnded {
		return f.text("end.ceased")
	}
	return f.text("end." + string(why))
}

// lineSheet is how well the stage arrived, for the sites that were connected or attended by telephone.
func (f tables) lineSheet(r *Report) sheet {
	n := 0
	for _, s := range r.Sites {
		if s.attendedSomehow() {
			n++
		}
	}
	return sheet{"lines", []column{
		{"endpoint", 11, textCell}, {"name", 28, textCell}, {"device", 26, textCell}, {"total", 12, lengthCell}, {"received", 12, lengthCell},
		{"loss", 10, numberCell},
		{"high", 12, lengthCell}, {"medium", 12, lengthCell}, {"low", 12, lengthCell}, {"no_picture", 12, lengthCell}, {"frames", 12, countCell},
		{"sound", 12, lengthCell},
	}, n, func(yield func([]any) bool) {
		for _, s := range r.Sites {
			if s.attendedSomehow() && !yield(f.line(s)) {
				return
			}
		}
	}}
}

func (s SiteRow) attendedSomehow() bool { return len(s.Intervals) > 0 || len(s.Declared) > 0 }

func (f tables) line(s SiteRow) []any {
	names := make([]string, len(s.Devices))
	for i, d := range s.Devices {
		if names[i] = d; d == Telephone {
			names[i] = f.text(Telephone)
		}
	}
	row := []any{s.Endpoint, s.Name, strings.Join(names, "; "), s.Total.Truncate(time.Second), s.Received.Truncate(time.Second)}
	q := s.Quality
	if q == (Quality{}) {
		return append(row, nil, nil, nil, nil, nil, nil, nil)
	}
	var loss any
	if pct, known := q.LossPct(); known {
		loss = pct
	}
	return append(row, loss, q.High, q.Medium, q.Low, q.NoPicture, q.Frames, q.Sound)
}

func (f tables) delegateSheet(r *Report) sheet {
	n := 0
	for _, s := range r.Sites {
		n += len(s.Delegates)
	}
	return sheet{"delegates", []column{
		{"endpoint", 12, textCell}, {"name", 32, textCell}, {"delegate", 30, textCell}, {"title", 30, textCell}, {"attending_for", 30, textCell},
	}, n, func(yield func([]any) bool) {
		for _, s := range r.Sites {
			for _, d := range s.Delegates {
				if !yield([]any{s.Endpoint, s.Name, d.Name, d.Title, d.AttendingFor}) {
					return
				}
			}
		}
	}}
}

func (f tables) rollCallSheet(r *Report) sheet {
	n := 0
	for _, rc := range r.RollCalls {
		n += len(rc.Answers)
	}
	return sheet{"roll_calls", []column{
		{"round", 7, countCell}, {"opened_at", 20, momentCell}, {"closed_at", 20, momentCell}, {"endpoint", 12, textCell}, {"name", 28, textCell},
		{"answered_at", 20, momentCell}, {"headcount", 12, countCell},
	}, n, func(yield func([]any) bool) {
		for _, rc := range r.RollCalls {
			for _, a := range rc.Answers {
				if !yield([]any{rc.ID, f.moment(rc.OpenedAt), f.moment(rc.ClosedAt), a.Endpoint, a.Name, f.moment(a.At), a.Headcount}) {
					return
				}
			}
		}
	}}
}

func (f tables) floorSheet(r *Report) sheet {
	return sheet{"floor", []column{
		{"endpoint", 12, textCell}, {"name", 28, textCell}, {"parents", 36, textCell}, {"slot", 16, textCell}, {"granted_at", 20, momentCell},
		{"on_air_at", 20, momentCell}, {"returned_at", 20, momentCell}, {"why", 20, textCell},
	}, len(r.Floor), func(yield func([]any) bool) {
		for _, g := range r.Floor {
			if !yield([]any{g.Endpoint, g.Name, g.Unit, f.text("slot." + string(g.Slot)), f.moment(g.GrantedAt), f.moment(g.OnAirAt), f.moment(g.ReturnedAt),
				f.why(g.Why)}) {
				return
			}
		}
	}}
}

// why says why a slot was returned.
func (f formatter) why(code meeting.ReturnReason) string {
	if code == "" {
		return ""
	}
	return f.text("why." + string(code))
}

// moment is a time as a spreadsheet keeps it: the wall clock of the session's zone, to the second; empty if it
// has not come.
func (f formatter) moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(f.zone).Truncate(time.Second)
}

// spoken is a time for people.
func (f formatter) spoken(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(f.zone).Format("15:04:05 02/01/2006")
}

func (f formatter) text(key string) string { return label(f.lang, key) }

func (f formatter) rules(s SessionInfo) string {
	text := fmt.Sprintf(f.text("rules.text"), s.Rules.GraceS, s.Rules.LateAfterS, s.Rules.PartialPct)
	if s.Rules.ReceivingOnly {
		text += "; " + f.text("rules.receiving_only")
	}
	return text
}
