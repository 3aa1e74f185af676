package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/text/encoding/unicode"
)

// Format of a table.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // UTF-8 or UTF-16; separated by commas, semicolons, tabs or as a line sep= says
	XLSX Format = "xlsx" // the first visible sheet that has the headings
)

// Import reads a table with the columns code, parent_code, level and name, in any order, with English or
// Vietnamese headings; other columns are ignored, and so is a title above the heading. It takes the values that a
// spreadsheet shows. It is all or nothing: either there is a tree or there are errors, at most MaxErrors. It never holds
// more than MaxBytes of the file.
func Import(r io.Reader, format Format) (*Tree, []RowError) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, []RowError{problem(1, "", ProblemUnreadable, err.Error())}
	case len(data) > MaxBytes:
		return nil, []RowError{problem(1, "", ProblemTooLarge, "")}
	}
	read := readCSV
	if format == XLSX {
		read = readXLSX
	}
	rows, problems := read(data)
	if len(problems) > 0 {
		return nil, problems
	}
	placeCities(rows)
	return build(rows)
}

// record is one row of a table before it is understood.
type record struct {
	number int
	cells  []string
}

func (r record) empty() bool {
	return !slices.ContainsFunc(r.cells, func(cell string) bool { return clean(cell) != "" })
}

func fail(number int, p Problem, value string) error { return problem(number, "", p, value) }

// rowError is an error of reading as a problem of a row.
func rowError(number int, err error) RowError {
	var bad RowError
	if errors.As(err, &bad) {
		return bad
	}
	return problem(max(number, 1), "", ProblemUnreadable, err.Error())
}

// heading is the row that says what the columns are.
type heading struct {
	number   int
	columns  map[string]int
	problems []RowError
}

// fields are the columns of a table.
var fields = []string{"code", "parent_code", "level", "name"} //nolint:gochecknoglobals // immutable table

// maxTitle is how many rows may stand above the heading.
const maxTitle = 20

// findHeading looks for the heading among the first rows: the first row that has every column or, if none has, what is
// wrong with the one that has the most.
func findHeading(records iter.Seq2[record, error]) heading {
	best, looked := heading{number: 1}, 0
	for rec, err := range records {
		if err == nil {
			err = rec.check()
		}
		if err != nil {
			if best.columns == nil {
				best.problems = []RowError{rowError(rec.number, err)}
			}
			break
		}
		if rec.empty() {
			continue
		}
		if h := headingOf(rec); best.columns == nil || len(h.columns) > len(best.columns) {
			best = h
		}
		if looked++; len(best.columns) == len(fields) || looked > maxTitle {
			break
		}
	}
	if best.columns == nil && best.problems == nil {
		return headingOf(record{number: 1})
	}
	return best
}

// check refuses what is no row of a table of texts.
func (r record) check() error {
	if len(r.cells) > MaxColumns {
		return fail(r.number, ProblemTooLarge, "")
	}
	for _, cell := range r.cells {
		if !utf8.ValidString(cell) {
			return fail(r.number, ProblemWrongEncoding, cell)
		}
	}
	return nil
}

// read makes units of the rows below the heading.
func read(h heading, records iter.Seq2[record, error]) (rows []row, problems []RowError) {
	if len(h.problems) > 0 {
		return nil, h.problems
	}
	for rec, err := range records {
		if err == nil {
			err = rec.check()
		}
		switch {
		case err != nil:
			return nil, append(problems, rowError(rec.number, err))
		case rec.number <= h.number || rec.empty():
			continue
		case len(rows) == MaxRows:
			return nil, []RowError{problem(rec.number, "", ProblemTooLarge, "")}
		}
		for _, name := range fields {
			if p, value := flawOf(rec.cell(h, name)); p != "" && len(problems) < MaxErrors {
				problems = append(problems, problem(rec.number, name, p, value))
			}
		}
		rows = append(rows, row{number: rec.number, unit: unit(rec, h)})
	}
	return rows, problems
}

// cell is what stands in a column, as it stands in the file.
func (r record) cell(h heading, name string) string {
	if i := h.columns[name]; i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func unit(rec record, h heading) meeting.Unit {
	cell := func(name string) string { return clean(rec.cell(h, name)) }
	u := meeting.Unit{Code: cell("code"), Parent: cell("parent_code"), Level: meeting.Level(cell("level")), Name: cell("name")}
	if level := levelOf(cell("level")); level != "" {
		u.Level = level
	}
	return u
}

// headingOf finds which column is which.
func headingOf(rec record) heading {
	h := heading{number: rec.number, columns: map[string]int{}}
	for i, text := range rec.cells {
		name := columnOf(clean(text))
		if name == "" {
			continue
		}
		if _, double := h.columns[name]; double {
			h.problems = append(h.problems, problem(rec.number, name, ProblemDoubleColumn, clean(text)))
		}
		h.columns[name] = i
	}
	for _, name := range fields {
		if _, ok := h.columns[name]; !ok {
			h.problems = append(h.problems, problem(rec.number, name, ProblemMissingColumn, ""))
		}
	}
	return h
}

// columnOf understands a heading in English or Vietnamese; empty if it is none of ours.
func columnOf(heading string) string {
	switch Plain(heading) {
	case "code", "unit code", "ma", "ma don vi":
		return "code"
	case "parent code", "parent", "ma cap tren", "ma don vi cap tren", "ma don vi cha", "cap tren", "don vi cap tren":
		return "parent_code"
	case "level", "cap", "cap don vi", "cap hanh chinh":
		return "level"
	case "name", "unit name", "ten", "ten don vi":
		return "name"
	}
	return ""
}

// readCSV reads a table of text, separated by what its heading is best understood with: where the comma is the decimal
// sign, as in Vietnam, spreadsheets write semicolons.
func readCSV(data []byte) (rows []row, problems []RowError) {
	data, err := plainText(data)
	if err != nil {
		return nil, []RowError{rowError(1, err)}
	}
	separators := []rune{',', ';', '\t', '|'}
	if sep, rest, ok := separatorLine(data); ok {
		data, separators = rest, []rune{sep}
	}
	var best heading
	var records iter.Seq2[record, error]
	for _, sep := range separators {
		list := csvRecords(data, sep)
		if h := findHeading(list); records == nil || len(h.columns) > len(best.columns) {
			best, records = h, list
		}
	}
	return read(best, records)
}

// plainText is a file as UTF-8 whose lines end with LF. UTF-16 is what Excel calls Unicode text.
func plainText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, fail(1, ProblemWrongEncoding, "UTF-16")
		}
		data = text
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n")), nil
}

// separatorLine reads a first line such as sep=; which tells Excel the separator and is no row to it.
func separatorLine(data []byte) (sep rune, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	text := strings.Trim(string(line), "\" ")
	if len(text) < len("sep=;") || !strings.EqualFold(text[:4], "sep=") {
		text = strings.TrimRight(string(line), ",;|") // a program that rewrote the file took the line for cells
	}
	if len(text) != len("sep=;") || !strings.EqualFold(text[:4], "sep=") || strings.ContainsAny(text[4:], "\"\r\n") || text[4] >= utf8.RuneSelf {
		return 0, data, false
	}
	return rune(text[4]), rest, true
}

func csvRecords(data []byte, sep rune) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		in := csv.NewReader(bytes.NewReader(data))
		in.Comma = sep
		in.FieldsPerRecord = -1
		in.ReuseRecord = true
		for {
			cells, err := in.Read()
			if err == io.EOF {
				return
			}
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				yield(record{number: bad.StartLine}, fail(bad.StartLine, ProblemUnreadable, bad.Err.Error()))
				return
			}
			if err != nil {
				yield(record{}, err)
				return
			}
			line, _ := in.FieldPos(0)
			if !yield(record{line, cells}, nil) {
				return
			}
		}
	}
}
