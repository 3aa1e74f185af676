// Command generate writes the files of roster/testdata: small rosters as other programs write them. Run it in the folder
// roster. All names are invented.
package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

const (
	head  = "code,parent_code,level,name\n"
	table = head + "TW,,central,Trung ương\nP01,TW,province,Tỉnh Thử\nC1,P01,commune,Xã Thử Một\n"
)

func main() {
	for name, text := range texts() {
		write(name, []byte(text))
	}
	for name, parts := range workbooks() {
		write(name, pack(parts))
	}
}

func write(name string, data []byte) {
	if err := os.WriteFile(filepath.Join("testdata", name), data, 0o644); err != nil {
		log.Fatal(err)
	}
}

func texts() map[string]string {
	lines := func(sep string) string { return strings.ReplaceAll(table, ",", sep) }
	return map[string]string{
		"plain.csv":              table,
		"mac-cr.csv":             strings.ReplaceAll(table, "\n", "\r"),
		"crlf.csv":               strings.ReplaceAll(table, "\n", "\r\n"),
		"mixed-line-ends.csv":    strings.Replace(strings.Replace(table, "\n", "\r\n", 1), "Thử\n", "Thử\r", 1),
		"sep-line.csv":           "\uFEFFsep=;\n" + lines(";"),
		"sep-line-cr.csv":        strings.ReplaceAll("sep=;\n"+lines(";"), "\n", "\r"),
		"sep-line-quoted.csv":    "\"sep=,\"\r\n" + table,
		"sep-line-tab.csv":       "SEP=\t\n" + lines("\t"),
		"sep-line-bar.csv":       "sep=|\n" + lines("|"),
		"sep-line-rewritten.csv": "sep=;,,,\n" + lines(";"),
		"bars.csv":               lines("|"),
		"title.csv":              "DANH SÁCH ĐƠN VỊ,,,\n\"Kèm theo Công văn số 1/CV, ngày 01/03/2026\",,,\n\n" + table,
		"title-semicolons.csv":   "\uFEFFDanh sách, lập ngày 01/03/2026;;;\n;;;\n" + lines(";"),
		"utf16le.csv":            wide(lines("\t"), false),
		"utf16be.csv":            wide(lines("\t"), true),
		"decomposed.csv":         norm.NFD.String(table),
		"no-break-spaces.csv":    strings.ReplaceAll(table, "Xã Thử", " Xã\u00A0\u202FThử"),
		"invisible.csv":          strings.NewReplacer("Tỉnh", "T\u200Bỉ\u00ADnh", "Xã", "\u202DXã\uFEFF", "C1", "\u2060C1").Replace(table),
		"rtl-override.csv":       strings.ReplaceAll(table, "Xã", "\u202EXã"),
		"emoji.csv":              strings.ReplaceAll(table, "Xã Thử", "Xã 🎉 𡨸 Thử"),
		"error-values.csv": head + "TW,,central,Trung ương\nP01,TW,province,#N/A\n#REF!,TW,province,Tỉnh Hai\nP03,TW,Err:502,Tỉnh Ba\n#NAME?,TW," +
			"province,Tỉnh Bốn\n",
		"ignored-errors.csv": strings.ReplaceAll(strings.ReplaceAll(table, "name\n", "name,dân số\n"), "Một\n", "Một,#DIV/0!\n"),
		"dates.csv": head + "TW,,central,Trung ương\n01-Mar,TW,province,Tỉnh Một\nP02,TW,province,02/03/2026\n2026-03-02,TW,province,Tỉnh " +
			"Ba\nThg3-26,TW,province,Tỉnh Bốn\n",
		"replacement.csv":    strings.ReplaceAll(table, "Tỉnh", "T\uFFFDnh"),
		"control.csv":        strings.ReplaceAll(table, "Xã", "X\x00\x01ã"),
		"dots.csv":           head + "TW,,central,Trung ương\n..,TW,province,Tỉnh Một\n",
		"tcvn3.csv":          head + "TW,,central,Trung \u00AD¬ng\nP01,TW,province,TØnh Thö\nC1,P01,commune,X· PhÝc ThÞ\n",
		"tcvn3-capitals.csv": strings.ReplaceAll(table, "Tỉnh Thử", "TØNH NINH THUËN"),
		"vni.csv":            head + "TW,,central,Trung öông\nP01,TW,province,Tænh Ninh Thuaän\nC1,P01,commune,Xaõ Phöôùc Daân\n",
		"vni-capitals.csv":   strings.ReplaceAll(table, "Tỉnh Thử", "TÆNH NINH THUAÄN"),
		"viscii.csv":         strings.ReplaceAll(table, "Tỉnh Thử", "Tïnh Bình Thu§n"),
		"windows-1258.csv":   strings.ReplaceAll(table, "Tỉnh Thử", as1252("Ti\u0309nh Hưng Yên", charmap.Windows1258)),
		"mojibake.csv":       strings.ReplaceAll(table, "Tỉnh Thử", "Tá»‰nh Thá»­"),
		"foreign-names.csv": strings.ReplaceAll(table, "Xã Thử Một",
			"\"Văn phòng đại diện tại Düsseldorf, Köln và Curaçao (François Noël) – Krông Nô, Ea H'Leo\""),
		"official-levels.csv": "Mã,Mã cấp trên,Cấp,Tên\nTW,,Trung ương,Trung ương\n01,TW,Thành phố trực thuộc trung ương,Thành phố Thử\n02,TW,Thành phố " +
			"Trung ương,Thành phố Thử Hai\n" +
			"03,TW,Thành phố,Thành phố Thử Ba\nBNV,TW,\"Bộ, cơ quan ngang Bộ\",Bộ Thử\n00004,01,Phường,Phường Thử\n00901,02,Đặc khu,Đặc khu Thử\n769,01," +
			"Thành phố,Thành phố Thử Bốn\n" +
			"770,02,Thành phố thuộc tỉnh,Thành phố Thử Năm\n771,02,Thị xã,Thị xã Thử\n00902,769,Thị trấn,Thị trấn Thử\n",
	}
}

func wide(text string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// as1252 is what a Western program shows of a text in another encoding.
func as1252(text string, in *charmap.Charmap) string {
	b, err := in.NewEncoder().String(text)
	if err != nil {
		log.Fatal(err)
	}
	shown, err := charmap.Windows1252.NewDecoder().String(b)
	if err != nil {
		log.Fatal(err)
	}
	return shown
}

// part is a file of a workbook.
type part struct{ name, text string }

const (
	transitional = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	strict       = "http://purl.oclc.org/ooxml/spreadsheetml/main"
	relations    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	strictRel    = "http://purl.oclc.org/ooxml/officeDocument/relationships"
	declaration  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
)

// page is a sheet to be written.
type page struct{ name, state, rows, after string }

func text(cell string) string {
	return `t="inlineStr"><is><t xml:space="preserve">` + cell + `</t></is></c>`
}

// row writes cells that are XML from their attributes on.
func row(n int, cells ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, n)
	for i, c := range cells {
		if c != "" {
			fmt.Fprintf(&b, `<c r="%c%d" %s`, 'A'+i, n, c)
		}
	}
	return b.String() + "</row>"
}

func value(v, attributes string) string { return attributes + "><v>" + v + "</v></c>" }

func headings(n int) string {
	return row(n, text("code"), text("parent_code"), text("level"), text("name"))
}

func units(n int) string {
	return row(n, text("TW"), "", text("central"), text("Trung ương")) +
		row(n+1, text("P01"), text("TW"), text("province"), text("Tỉnh Thử")) +
		row(n+2, text("C1"), text("P01"), text("commune"), text("Xã Thử Một"))
}

// styles: 1 shows five digits, 2 a date, 3 a date of its own, 4 a quoted text with an m, 5 two decimals.
const styles = `<numFmts count="3"><numFmt numFmtId="164" formatCode="00000"/><numFmt numFmtId="165" formatCode="dd\-mmm"/><numFmt numFmtId="166" ` +
	`formatCode="0&quot; km&quot;"/></numFmts>` +
	`<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
	`<cellXfs count="6"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="165" ` +
	`applyNumberFormat="1"/>` +
	`<xf numFmtId="166" applyNumberFormat="1"/><xf numFmtId="2" applyNumberFormat="1"/></cellXfs>`

func book(main, rel string, pages ...page) []part {
	var sheets, links, types strings.Builder
	var parts []part
	for i, p := range pages {
		state := ""
		if p.state != "" {
			state = fmt.Sprintf(` state="%s"`, p.state)
		}
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d"%s r:id="rId%d"/>`, p.name, i+1, state, i+1)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, rel, i+1)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" `+
			`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i+1)
		parts = append(parts, part{fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1),
			declaration + `<worksheet xmlns="` + main + `"><sheetData>` + p.rows + `</sheetData>` + p.after + `</worksheet>`})
	}
	const package_ = "http://schemas.openxmlformats.org/package/2006/"
	return append([]part{
		{"[Content_Types].xml", declaration + `<Types xmlns="` + package_ +
			`content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ` +
			`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() +
			`</Types>`},
		{"_rels/.rels", declaration + `<Relationships xmlns="` + package_ + `relationships"><Relationship Id="rId1" Type="` + rel +
			`/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", declaration + `<workbook xmlns="` + main + `" xmlns:r="` + rel + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", declaration + `<Relationships xmlns="` + package_ + `relationships">` + links.String() +
			`<Relationship Id="rId99" Type="` + rel + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", declaration + `<styleSheet xmlns="` + main + `">` + styles + `</styleSheet>`},
	}, parts...)
}

func one(rows, after string) []part {
	return book(transitional, relations, page{"Units", "", rows, after})
}

func workbooks() map[string][]part {
	note := page{"Hướng dẫn", "", row(1, text("Điền vào trang sau")), ""}
	unnamed := strings.NewReplacer(` r="1"`, "", ` r="2"`, "", ` r="3"`, "", ` r="4"`, "")
	rows := headings(1) + units(2)
	for _, cell := range strings.Fields("A1 B1 C1 D1 A2 B2 C2 D2 A3 B3 C3 D3 A4 B4 C4 D4") {
		rows = strings.ReplaceAll(rows, ` r="`+cell+`"`, "")
	}
	rows = strings.Replace(rows, text("TW"), text("TW")+`<c/>`, 1)
	list := map[string][]part{
		"plain.xlsx":         one(headings(1)+units(2), ""),
		"no-references.xlsx": one(unnamed.Replace(rows), ""),
		"gsheets-float.xlsx": one(headings(1)+row(2, value("1.0", ""), "", text("central"), text("Trung ương"))+
			row(3, value("58.0", ""), value("1.0", ""), text("province"), text("Tỉnh Thử"))+
			row(4, value("13999.0", ""), value("58.0", ""), text("commune"), text("Xã Thử Một")), ""),
		"zeros-by-format.xlsx": one(headings(1)+row(2, value("1", `s="1"`), "", text("central"), text("Trung ương"))+
			row(3, value("58", `s="1"`), value("1", `s="1"`), text("province"), text("Tỉnh Thử")), ""),
		"unit-by-format.xlsx": one(headings(1)+row(2, value("1", ""), "", text("central"), value("7", `s="4"`)), ""),
		"date-cells.xlsx": one(headings(1)+row(2, text("TW"), "", text("central"), text("Trung ương"))+
			row(3, value("46082", `s="3"`), text("TW"), text("province"), text("Tỉnh Thử"))+
			row(4, text("P2"), text("TW"), text("province"), value("46082", `s="2"`)), ""),
		"iso-date-cell.xlsx": one(headings(1)+row(2, text("TW"), "", text("central"), value("2026-03-02T00:00:00", `t="d"`)), ""),
		"na-error.xlsx": one(headings(1)+row(2, text("TW"), "", text("central"), text("Trung ương"))+
			row(3, text("P01"), text("TW"), text("province"), value("#N/A", `t="e"`)), ""),
		"merged-title.xlsx": one(row(1, text("DANH SÁCH ĐƠN VỊ"))+row(2, text("Kèm theo công văn"))+headings(4)+units(5),
			`<mergeCells count="2"><mergeCell ref="A1:D1"/><mergeCell ref="A2:D2"/></mergeCells>`),
		"title-formula.xlsx": one(row(1, `t="str"><f>"Số đơn vị: "&amp;COUNTA(A3:A9)</f><v>Số đơn vị: 3</v></c>`)+headings(2)+units(3), ""),
		"merged-units.xlsx": one(row(1, text("DANH SÁCH"))+headings(2)+units(3),
			`<mergeCells count="2"><mergeCell ref="A1:D1"/><mergeCell ref="B4:B5"/></mergeCells>`),
		"hidden-sheet.xlsx": book(transitional, relations, page{"Cũ", "hidden", headings(1) + row(2, text("CŨ"), "", text("central"), text("Cũ")), ""},
			page{"Units", "", headings(1) + units(2), ""}),
		"very-hidden.xlsx": book(transitional, relations, page{"Cũ", "veryHidden", headings(1) + row(2, text("CŨ"), "", text("central"), text("Cũ")), ""},
			page{"Units", "visible", headings(1) + units(2), ""}),
		"second-sheet.xlsx": book(transitional, relations, note, page{"Units", "", headings(1) + units(2), ""}),
		"strict.xlsx":       book(strict, strictRel, page{"Units", "", headings(1) + units(2), ""}),
		"rich-text.xlsx": one(headings(1)+strings.Replace(units(2), `<t xml:space="preserve">Xã Thử Một</t>`,
			`<r><t xml:space="preserve">Xã Thử </t></r><r><rPr><b/></rPr><t>Một</t></r>`, 1), ""),
		"absolute-target.xlsx": one(headings(1)+units(2), ""),
		"wps.xlsx":             one(headings(1)+units(2), ""),
	}
	for i, p := range list["wps.xlsx"] { // WPS adds elements and parts of its own
		if strings.HasPrefix(p.name, "xl/worksheets/") {
			p.text = strings.Replace(p.text, "<worksheet ", `<worksheet xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData" `, 1)
			list["wps.xlsx"][i].text = strings.Replace(p.text, "<sheetData>", `<sheetPr><etc:sheetCustom etc:v="1"/></sheetPr><sheetData>`, 1)
		}
	}
	list["wps.xlsx"] = append(list["wps.xlsx"], part{name: "docProps/custom.xml", text: `<?xml version="1.0" encoding="UTF-8"?><Properties ` +
		`xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" ` +
		`xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" ` +
		`name="KSOProductBuildVer"><vt:lpwstr>1066-12.2.0.19307</vt:lpwstr></property></Properties>`})
	for i, p := range list["absolute-target.xlsx"] { // as WPS writes it
		if p.name == "xl/_rels/workbook.xml.rels" {
			list["absolute-target.xlsx"][i].text = strings.ReplaceAll(p.text, `Target="`, `Target="/xl/`)
		}
	}
	return list
}

func pack(parts []part) []byte {
	var file bytes.Buffer
	out := zip.NewWriter(&file)
	for _, p := range parts {
		w, err := out.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write([]byte(p.text))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
	return file.Bytes()
}
