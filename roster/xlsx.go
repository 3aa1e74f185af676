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
)

// xlsxRecords reads the first sheet. Formulas and merged cells are refused: what a person sees in them is not
// what stands in the cells.
func xlsxRecords(data []byte) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		if err := plainSheet(data); err != nil {
			yield(record{number: 1}, err)
			return
		}
		f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
			UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxInMemory, RawCellValue: true,
		})
		if err != nil {
			yield(record{number: 1}, err)
			return
		}
		defer f.Close()
		in, err := f.Rows(f.GetSheetName(0))
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

// plainSheet reads the first sheet's XML once, without keeping it, and refuses what is no plain value.
func plainSheet(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	var unzipped uint64
	for _, f := range archive.File {
		// The sizes that the archive names are checked again while reading.
		if unzipped += f.UncompressedSize64; f.UncompressedSize64 > maxUnzipped || unzipped > maxUnzipped {
			return fail(1, TooLarge, f.Name)
		}
	}
	name, err := firstSheet(archive)
	if err != nil {
		return err
	}
	part, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	return scanSheet(io.LimitReader(part, maxUnzipped))
}

// firstSheet finds the part of the first sheet of a workbook.
func firstSheet(archive *zip.Reader) (string, error) {
	var book struct {
		Sheets []struct {
			ID string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(decodePart(archive, "xl/workbook.xml", &book), decodePart(archive, "xl/_rels/workbook.xml.rels", &relations)); err != nil {
		return "", err
	}
	for _, r := range relations.List {
		if len(book.Sheets) > 0 && r.ID == book.Sheets[0].ID {
			if strings.HasPrefix(r.Target, "/") {
				return r.Target[1:], nil
			}
			return path.Join("xl", r.Target), nil
		}
	}
	return "", errors.New("the workbook has no sheet")
}

func decodePart(archive *zip.Reader, name string, into any) error {
	part, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer part.Close()
	return xml.NewDecoder(io.LimitReader(part, 1<<20)).Decode(into)
}

func scanSheet(part io.Reader) error {
	in := xml.NewDecoder(part)
	row := 1
	for {
		token, err := in.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			if n, err := strconv.Atoi(attribute(start, "r")); err == nil {
				row = n
			}
		case "f":
			return fail(row, Formula, "")
		case "mergeCell":
			ref := attribute(start, "ref")
			n, _ := strconv.Atoi(rowOfCell.FindString(ref)) // 0 if the reference is damaged
			return fail(max(n, 1), MergedCells, ref)
		}
	}
}

var rowOfCell = regexp.MustCompile(`\d+`)

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
