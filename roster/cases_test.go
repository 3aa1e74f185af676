package roster_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/google/go-cmp/cmp"
)

// TestImportAsProgramsWrite reads what spreadsheets and other programs write. Each file of testdata has a line here:
// its units as "code<parent level name", or what is wrong with it.
func TestImportAsProgramsWrite(t *testing.T) {
	const plain = "TW< central Trung ương; P01<TW province Tỉnh Thử; C1<P01 commune Xã Thử Một"
	cases := map[string]string{
		"plain.csv": plain, "mac-cr.csv": plain, "crlf.csv": plain, "mixed-line-ends.csv": plain, "sep-line.csv": plain, "sep-line-cr.csv": plain,
		"sep-line-quoted.csv": plain, "sep-line-tab.csv": plain, "sep-line-bar.csv": plain, "sep-line-rewritten.csv": plain, "bars.csv": plain,
		"title.csv": plain, "title-semicolons.csv": plain, "utf16le.csv": plain, "utf16be.csv": plain, "decomposed.csv": plain, "no-break-spaces.csv": plain,
		"invisible.csv": plain, "rtl-override.csv": plain, "ignored-errors.csv": plain,
		"emoji.csv": "TW< central Trung ương; P01<TW province Tỉnh Thử; C1<P01 commune Xã 🎉 𡨸 Thử Một",
		"foreign-names.csv": "TW< central Trung ương; P01<TW province Tỉnh Thử; C1<P01 commune Văn phòng đại diện tại Düsseldorf, Köln và Curaçao " +
			"(François Noël) – Krông Nô, Ea H'Leo",
		"official-levels.csv": "TW< central Trung ương; 01<TW province Thành phố Thử; 02<TW province Thành phố Thử Hai; 03<TW province Thành phố Thử Ba; " +
			"BNV<TW ministry Bộ Thử; " +
			"00004<01 commune Phường Thử; 00901<02 commune Đặc khu Thử; 769<01 district Thành phố Thử Bốn; 770<02 district Thành phố Thử Năm; 771<02 " +
			"district Thị xã Thử; 00902<769 commune Thị trấn Thử",
		"error-values.csv": `row 3: error value in column name: "#N/A"; row 4: error value in column code: "#REF!"; row 5: error value in column level: ` +
			`"Err:502"; row 6: error value in column code: "#NAME?"`,
		"dates.csv": `row 3: date value in column code: "01-Mar"; row 4: date value in column name: "02/03/2026"; row 5: date value in column ` +
			`code: "2026-03-02"; row 6: date value in column code: "Thg3-26"`,
		"replacement.csv": "row 3: bad character in column name: \"T\uFFFDnh Thử\"",
		"control.csv":     `row 4: bad character in column name: "X\x00\x01ã Thử Một"`,
		"dots.csv":        `row 3: bad code in column code: ".."`,
		"tcvn3.csv": `row 2: legacy font in column name: "Trung ¬ng"; row 3: legacy font in column name: "TØnh Thö"; row 4: legacy font in ` +
			`column name: "X· PhÝc ThÞ"`,
		"tcvn3-capitals.csv": `row 3: legacy font in column name: "TØNH NINH THUËN"`,
		"vni.csv": `row 2: legacy font in column name: "Trung öông"; row 3: legacy font in column name: "Tænh Ninh Thuaän"; row 4: legacy font ` +
			`in column name: "Xaõ Phöôùc Daân"`,
		"vni-capitals.csv": `row 3: legacy font in column name: "TÆNH NINH THUAÄN"`,
		"viscii.csv":       `row 3: legacy font in column name: "Tïnh Bình Thu§n"`,
		"windows-1258.csv": `row 3: legacy font in column name: "TiÒnh Hýng Yên"`,
		"mojibake.csv":     `row 3: wrong encoding in column name: "Tá»‰nh Thá»"`,

		"plain.xlsx": plain, "no-references.xlsx": plain, "merged-title.xlsx": plain, "title-formula.xlsx": plain, "hidden-sheet.xlsx": plain,
		"very-hidden.xlsx":  plain,
		"wps.xlsx":          plain,
		"second-sheet.xlsx": plain, "strict.xlsx": plain, "rich-text.xlsx": plain, "absolute-target.xlsx": plain, "libreoffice.xlsx": plain,
		"gsheets-float.xlsx":   "1< central Trung ương; 58<1 province Tỉnh Thử; 13999<58 commune Xã Thử Một",
		"zeros-by-format.xlsx": "00001< central Trung ương; 00058<00001 province Tỉnh Thử",
		"unit-by-format.xlsx":  "1< central 7 km",
		"date-cells.xlsx":      `row 3: date value in column code; row 4: date value in column name`,
		"iso-date-cell.xlsx":   `row 2: date value in column name: "2026-03-02T00:00:00"`,
		"na-error.xlsx":        `row 3: error value in column name: "#N/A"`,
		"merged-units.xlsx":    `row 4: merged cells: "B4:B5"`,
	}
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(cases) {
		t.Errorf("%d files, %d cases", len(files), len(cases))
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(want, "; "), outcome(data, roster.Format(filepath.Ext(name)[1:]))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func outcome(data []byte, format roster.Format) (lines []string) {
	tree, problems := roster.Import(bytes.NewReader(data), format)
	for _, p := range problems {
		lines = append(lines, p.Error())
	}
	if tree == nil {
		return lines
	}
	for _, u := range tree.Units() {
		lines = append(lines, u.Code+"<"+u.Parent+" "+string(u.Level)+" "+u.Name)
	}
	return lines
}

// TestLegacyFontsAreNoNames reads no real name as an old font.
func TestLegacyFontsAreNoNames(t *testing.T) {
	for _, file := range []string{"units-vn-2tier.csv", "units-vn-3tier.csv"} {
		data, err := os.ReadFile("../configs/roster/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if tree, problems := roster.Import(bytes.NewReader(data), roster.CSV); tree == nil {
			t.Errorf("%s: %v", file, problems)
		}
	}
}

// TestEveryNameInLegacyFonts writes the names of all provinces as TCVN3 and VNI did, and none passes.
func TestEveryNameInLegacyFonts(t *testing.T) {
	data, err := os.ReadFile("../configs/roster/units-vn-2tier.csv")
	if err != nil {
		t.Fatal(err)
	}
	tree, problems := roster.Import(bytes.NewReader(data), roster.CSV)
	if tree == nil {
		t.Fatal(problems)
	}
	for _, u := range tree.Units() {
		if u.Level == meeting.LevelCommune {
			continue
		}
		for font, old := range map[string]string{"TCVN3": tcvn3.Replace(u.Name), "VNI": vni.Replace(u.Name)} {
			if old == u.Name {
				continue
			}
			if got := outcome([]byte("code,parent_code,level,name\nX,,central,"+old+"\n"), roster.CSV); len(got) != 1 ||
				!strings.Contains(got[0], "legacy font") {
				t.Errorf("%s in %s: %q: %v", u.Name, font, old, got)
			}
		}
	}
}

// The letters of provinces' names as the fonts have them.
var (
	tcvn3 = strings.NewReplacer("ă", "¨", "â", "©", "đ", "®", "ê", "ª", "ô", "«", "ơ", "¬", "ư", "\u00AD", "Đ", "§", "à", "µ", "á", "¸", "ả", "¶", "ã", "·",
		"ạ", "¹",
		"ằ", "»", "ắ", "¾", "ẳ", "¼", "ẵ", "½", "ặ", "Æ", "ầ", "Ç", "ấ", "Ê", "ẩ", "È", "ẫ", "É", "ậ", "Ë", "è", "Ì", "é", "Ð", "ẻ", "Î", "ẽ", "Ï", "ẹ", "Ñ",
		"ề", "Ò", "ế", "Õ", "ể", "Ó", "ễ", "Ô", "ệ", "Ö", "ì", "×", "í", "Ý", "ỉ", "Ø", "ĩ", "Ü", "ị", "Þ", "ò", "ß", "ó", "ã", "ỏ", "á", "õ", "â", "ọ", "ä",
		"ồ", "å", "ố", "è", "ổ", "æ", "ỗ", "ç", "ộ", "é", "ờ", "ê", "ớ", "í", "ở", "ë", "ỡ", "ì", "ợ", "î", "ù", "ï", "ú", "ó", "ủ", "ñ", "ũ", "ò", "ụ", "ô",
		"ừ", "õ", "ứ", "ø", "ử", "ö", "ữ", "÷", "ự", "ù", "ỳ", "ú", "ý", "ý", "ỷ", "û", "ỹ", "ü", "ỵ", "þ")
	vni = strings.NewReplacer("ă", "aê", "â", "aâ", "đ", "ñ", "ê", "eâ", "ô", "oâ", "ơ", "ô", "ư", "ö", "Đ", "Ñ", "à", "aø", "á", "aù", "ả", "aû", "ã", "aõ",
		"ạ", "aï",
		"ằ", "aè", "ắ", "aé", "ẳ", "aú", "ẵ", "aü", "ặ", "aë", "ầ", "aà", "ấ", "aá", "ẩ", "aå", "ẫ", "aã", "ậ", "aä", "ề", "eà", "ế", "eá", "ể", "eå", "ễ",
		"eã", "ệ", "eä",
		"ỉ", "æ", "ĩ", "ó", "ị", "ò", "ồ", "oà", "ố", "oá", "ổ", "oå", "ỗ", "oã", "ộ", "oä", "ờ", "ôø", "ớ", "ôù", "ở", "ôû", "ợ", "ôï", "ừ", "öø", "ứ", "öù",
		"ử", "öû", "ữ", "öõ", "ự", "öï",
		"ù", "uø", "ú", "uù", "ủ", "uû", "ũ", "uõ", "ụ", "uï", "ò", "oø", "ó", "où", "ỏ", "oû", "õ", "oõ", "ọ", "oï", "é", "eù", "è", "eø", "ẻ", "eû", "ẹ",
		"eï", "ý", "yù", "ỳ", "yø", "ỷ", "yû", "ỹ", "yõ")
)

// TestTemplate imports the template as it is given out.
func TestTemplate(t *testing.T) {
	var file bytes.Buffer
	if err := roster.WriteTemplate(&file); err != nil {
		t.Fatal(err)
	}
	want := []string{"TW< central Trung ương", "P56<TW province Tỉnh Khánh Hòa", "C22366<P56 commune Phường Nha Trang"}
	if diff := cmp.Diff(want, outcome(file.Bytes(), roster.XLSX)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
