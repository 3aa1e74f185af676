package roster

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of a workbook. A small file can unpack to a very large one.
const (
	maxUnzipped = 4 * MaxBytes // of all parts
	maxInMemory = MaxBytes     // of one part; what is larger goes through a temporary file
	maxSheets   = 50           // that are looked at
)

// readXLSX reads the first visible sheet that has the headings. Formulas and merged cells below the heading are
// refused: what a person sees in them is not what stands in the cells.
func readXLSX(data []byte) (rows []row, problems []RowError) {
	w, err := openWorkbook(data)
	if err != nil {
		return nil, []RowError{rowError(1, err)}
	}
	defer w.Close()
	var found heading
	chosen := -1
	for i, s := range w.sheets {
		if !s.visible() {
			continue
		}
		if h := findHeading(w.records(s)); chosen < 0 || len(h.columns) > len(found.columns) {
			chosen, found = i, h
		}
		if len(found.columns) == len(fields) {
			break
		}
	}
	switch {
	case chosen < 0:
		return nil, []RowError{rowError(1, errors.New("the workbook has no sheet"))}
	case len(found.problems) > 0:
		return nil, found.problems
	}
	if problems := w.scan(w.sheets[chosen], found); len(problems) > 0 {
		return nil, problems
	}
	return read(found, w.records(w.sheets[chosen]))
}

// workbook is an open file and its sheets in order.
type workbook struct {
	*excelize.File
	archive *zip.Reader
	sheets  []sheet
	dates   map[int]bool // styles that show numbers as dates
}

type sheet struct {
	name, state, part string
}

// visible reports whether a person who opens the file sees the sheet.
func (s sheet) visible() bool { return s.part != "" && (s.state == "" || s.state == "visible") }

func openWorkbook(data []byte) (*workbook, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var unzipped uint64
	for _, f := range archive.File {
		// The sizes that the archive names are checked again while reading.
		if unzipped += f.UncompressedSize64; f.UncompressedSize64 > maxUnzipped || unzipped > maxUnzipped {
			return nil, fail(1, ProblemTooLarge, f.Name)
		}
	}
	sheets, err := listSheets(archive)
	if err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxInMemory})
	if err != nil {
		return nil, err
	}
	return &workbook{File: f, archive: archive, sheets: sheets, dates: map[int]bool{}}, nil
}

// listSheets finds the sheets of a workbook and their parts. The names of the elements are the same in strict and in
// transitional files, their namespaces are not.
func listSheets(archive *zip.Reader) ([]sheet, error) {
	var book struct {
		Sheets []struct {
			Attributes []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(decodePart(archive, "xl/workbook.xml", &book), decodePart(archive, "xl/_rels/workbook.xml.rels", &relations)); err != nil {
		return nil, err
	}
	parts := map[string]string{}
	for _, r := range relations.List {
		if strings.HasPrefix(r.Target, "/") {
			parts[r.ID] = r.Target[1:]
		} else {
			parts[r.ID] = path.Join("xl", r.Target)
		}
	}
	var list []sheet
	for _, s := range book.Sheets[:min(len(book.Sheets), maxSheets)] {
		var one sheet
		for _, a := range s.Attributes {
			switch {
			case a.Name.Local == "name":
				one.name = a.Value
			case a.Name.Local == "state":
				one.state = a.Value
			case a.Name.Local == "id" && a.Name.Space != "":
				one.part = parts[a.Value]
			}
		}
		list = append(list, one)
	}
	return list, nil
}

func decodePart(archive *zip.Reader, name string, into any) error {
	part, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	return xml.NewDecoder(io.LimitReader(part, 1<<20)).Decode(into)
}

// records gives the rows of a sheet with the values that a person sees.
func (w *workbook) records(s sheet) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		in, err := w.Rows(s.name)
		if err != nil {
			yield(record{number: 1}, err)
			return
		}
		defer in.Close()
		for number := 1; in.Next(); number++ {
			cells, err := in.Columns()
			if !yield(record{number, cells}, err) || err != nil {
				return
			}
		}
	}
}

// scan reads the XML of a sheet once, without keeping it, for what the values do not show.
func (w *workbook) scan(s sheet, h heading) []RowError {
	part, err := w.archive.Open(s.part)
	if err != nil {
		return []RowError{rowError(1, err)}
	}
	defer part.Close()
	sc := scanner{workbook: w, heading: h, names: map[int]string{}}
	for name, i := range h.columns {
		sc.names[i] = name
	}
	if err := sc.run(xml.NewDecoder(io.LimitReader(part, maxUnzipped))); err != nil {
		return append(sc.problems, rowError(sc.row, err))
	}
	return sc.problems
}

// scanner is on its way through a sheet.
type scanner struct {
	*workbook
	heading
	names    map[int]string // of our columns
	row      int
	at       int    // column of the cell, from 1; some programs name neither rows nor cells, which then follow each other
	column   string // its name, if it is ours
	style    int
	problems []RowError
}

func (sc *scanner) run(in *xml.Decoder) error {
	for len(sc.problems) < MaxErrors {
		token, err := in.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			sc.element(start)
		}
	}
	return nil
}

func (sc *scanner) report(number int, column string, p Problem, value string) {
	sc.problems = append(sc.problems, problem(number, column, p, value))
}

func (sc *scanner) element(e xml.StartElement) {
	switch e.Name.Local {
	case "row":
		sc.row, sc.at = sc.row+1, 0
		if n, err := strconv.Atoi(attribute(e, "r")); err == nil {
			sc.row = n
		}
	case "c":
		sc.at, sc.column, sc.style = sc.at+1, "", 0
		if column, _, err := excelize.CellNameToCoordinates(attribute(e, "r")); err == nil {
			sc.at = column
		}
		if sc.row > sc.number {
			sc.column = sc.names[sc.at-1]
		}
		if kind := attribute(e, "t"); kind == "" || kind == "n" {
			sc.style, _ = strconv.Atoi(attribute(e, "s"))
		}
	case "f":
		if sc.row > sc.number {
			sc.report(sc.row, sc.column, ProblemFormula, "")
		}
	case "v":
		if sc.column != "" && sc.style > 0 && sc.showsDates(sc.style) {
			sc.report(sc.row, sc.column, ProblemDateValue, "")
		}
	case "mergeCell":
		ref := attribute(e, "ref")
		from, to, _ := strings.Cut(ref, ":")
		first, last := rowOf(from), rowOf(to)
		if max(first, last) > sc.number || first == 0 {
			sc.report(max(first, 1), "", ProblemMergedCells, ref)
		}
	}
}

var rowOfCell = regexp.MustCompile(`\d+`)

// rowOf is the row of a cell such as B3; 0 if the reference is damaged.
func rowOf(cell string) int {
	n, _ := strconv.Atoi(rowOfCell.FindString(cell))
	return n
}

// showsDates reports whether a style shows a number as a date or a time.
func (w *workbook) showsDates(style int) bool {
	shows, known := w.dates[style]
	if !known {
		if s, err := w.GetStyle(style); err == nil {
			n := s.NumFmt
			shows = n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
			if s.CustomNumFmt != nil {
				shows = shows || strings.ContainsAny(strings.ToLower(unquoted.ReplaceAllString(*s.CustomNumFmt, "")), "dmyhs")
			}
		}
		w.dates[style] = shows
	}
	return shows
}

// unquoted finds what stands in a number format for itself: texts, colours, locales, and the word General.
var unquoted = regexp.MustCompile(`"[^"]*"|\\.|_.|\[[^\]]*\]|(?i:general)`)

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
