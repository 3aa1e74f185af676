package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/text/unicode/norm"
)

// Format of a table.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // UTF-8; separated by commas, semicolons or tabs
	XLSX Format = "xlsx" // the first sheet
)

// Import reads a table with the columns code, parent_code, level and name, in any order, with English or
// Vietnamese headings; other columns are ignored. It is all or nothing: either there is a tree or there are
// errors, at most MaxErrors. It never holds more than MaxBytes of the file.
func Import(r io.Reader, format Format) (*Tree, []RowError) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, []RowError{problem(1, "", Unreadable, err.Error())}
	case len(data) > MaxBytes:
		return nil, []RowError{problem(1, "", TooLarge, "")}
	}
	records := csvRecords(data)
	if format == XLSX {
		records = xlsxRecords(data)
	}
	rows, problems := read(records)
	if len(problems) > 0 {
		return nil, problems
	}
	return build(rows)
}

// record is one row of a table before it is understood.
type record struct {
	number int
	cells  []string
}

func fail(number int, p Problem, value string) error { return problem(number, "", p, value) }

// read finds the columns and makes units of the rows below them.
func read(records iter.Seq2[record, error]) (rows []row, problems []RowError) {
	var columns map[string]int
	for rec, err := range records {
		if err != nil {
			var bad RowError
			if !errors.As(err, &bad) {
				bad = problem(rec.number, "", Unreadable, err.Error())
			}
			return nil, append(problems, bad)
		}
		for i, cell := range rec.cells {
			if !utf8.ValidString(cell) {
				return nil, append(problems, problem(rec.number, "", WrongEncoding, cell))
			}
			rec.cells[i] = norm.NFC.String(strings.Join(strings.Fields(cell), " "))
		}
		if strings.Join(rec.cells, "") == "" {
			continue
		}
		if len(rec.cells) > MaxColumns {
			return nil, append(problems, problem(rec.number, "", TooLarge, ""))
		}
		if columns == nil {
			if columns, problems = header(rec); len(problems) > 0 {
				return nil, problems
			}
			continue
		}
		if len(rows) == MaxRows {
			return nil, []RowError{problem(rec.number, "", TooLarge, "")}
		}
		rows = append(rows, row{number: rec.number, unit: unit(rec, columns)})
	}
	if columns == nil {
		_, problems = header(record{number: 1})
	}
	return rows, problems
}

func unit(rec record, columns map[string]int) meeting.Unit {
	cell := func(name string) string {
		if i := columns[name]; i < len(rec.cells) {
			return rec.cells[i]
		}
		return ""
	}
	u := meeting.Unit{Code: cell("code"), Parent: cell("parent_code"), Level: meeting.Level(cell("level")), Name: cell("name")}
	if level := levelOf(cell("level")); level != "" {
		u.Level = level
	}
	return u
}

// header finds which column is which.
func header(rec record) (columns map[string]int, problems []RowError) {
	columns = map[string]int{}
	for i, heading := range rec.cells {
		name := columnOf(heading)
		if name == "" {
			continue
		}
		if _, double := columns[name]; double {
			problems = append(problems, problem(rec.number, name, DoubleColumn, heading))
		}
		columns[name] = i
	}
	for _, name := range []string{"code", "parent_code", "level", "name"} {
		if _, ok := columns[name]; !ok {
			problems = append(problems, problem(rec.number, name, MissingColumn, ""))
		}
	}
	return columns, problems
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

func csvRecords(data []byte) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		data := bytes.TrimPrefix(data, []byte("\uFEFF"))
		if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
			yield(record{}, fail(1, WrongEncoding, "UTF-16"))
			return
		}
		in := csv.NewReader(bytes.NewReader(data))
		in.Comma = separator(data)
		in.FieldsPerRecord = -1
		in.ReuseRecord = true
		for {
			cells, err := in.Read()
			if err == io.EOF {
				return
			}
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				yield(record{}, fail(bad.StartLine, Unreadable, bad.Err.Error()))
				return
			}
			line, _ := in.FieldPos(0)
			if !yield(record{line, cells}, err) || err != nil {
				return
			}
		}
	}
}

// separator guesses what separates the cells by the first line: where the comma is the decimal sign, as in
// Vietnam, spreadsheets write semicolons.
func separator(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best := ','
	for _, sep := range ";\t" {
		if bytes.Count(line, []byte(string(sep))) > bytes.Count(line, []byte(string(best))) {
			best = sep
		}
	}
	return best
}
