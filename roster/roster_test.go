package roster_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	demo "github.com/diemcau/diemcau/configs/roster"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func imported(t *testing.T, table string) *roster.Tree {
	t.Helper()
	tree, problems := roster.Import(strings.NewReader(table), roster.CSV)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return tree
}

// threeTiers is a small map as it was before July 2025.
func threeTiers(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/trees/three-tiers.csv")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestImportPresentTree reads the map in force since July 2025.
func TestImportPresentTree(t *testing.T) {
	data, err := os.ReadFile("../configs/roster/units-vn-2tier.csv")
	if err != nil {
		t.Fatal(err)
	}
	count := map[meeting.Level]int{}
	for _, u := range imported(t, string(data)).Units() {
		count[u.Level]++
	}
	if diff := cmp.Diff(map[meeting.Level]int{meeting.LevelCentral: 1, meeting.LevelProvince: 34, meeting.LevelCommune: 3321}, count); diff != "" {
		t.Errorf("units by level (-want +got):\n%s", diff)
	}
}

func TestImportRealTree(t *testing.T) {
	f, err := os.Open("../configs/roster/units-vn-3tier.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tree, problems := roster.Import(f, roster.CSV)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	count := map[meeting.Level]int{}
	for _, u := range tree.Units() {
		count[u.Level]++
	}
	want := map[meeting.Level]int{meeting.LevelCentral: 1, meeting.LevelProvince: 63, meeting.LevelDistrict: 705, meeting.LevelCommune: 10599}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("units by level (-want +got):\n%s", diff)
	}
	if _, codes, err := roster.Select(tree, "TW/commune"); err != nil || len(codes) != 10599 {
		t.Errorf("every commune: %d, %v", len(codes), err)
	}
}

func TestImportDemo(t *testing.T) {
	tree := imported(t, string(demo.Demo))
	if u, ok := tree.Unit("C22873"); !ok || u.Name != "Xã Phước Hậu" || tree.Len() != 20 {
		t.Errorf("demo roster: %v, %d units", u, tree.Len())
	}
}

// TestTwoTiers imports a map as it is since July 2025: provinces and, directly below them, communes.
func TestTwoTiers(t *testing.T) {
	provinces := []string{
		"Thành phố Hà Nội", "Thành phố Huế", "Thành phố Hải Phòng", "Thành phố Đà Nẵng", "Thành phố Hồ Chí Minh", "Thành phố Cần Thơ",
		"Lai Châu", "Điện Biên", "Sơn La", "Lạng Sơn", "Quảng Ninh", "Thanh Hóa", "Nghệ An", "Hà Tĩnh", "Cao Bằng", "Tuyên Quang", "Lào Cai",
		"Thái Nguyên", "Phú Thọ", "Bắc Ninh", "Hưng Yên", "Ninh Bình", "Quảng Trị", "Quảng Ngãi", "Gia Lai", "Khánh Hòa", "Lâm Đồng", "Đắk Lắk",
		"Đồng Nai", "Tây Ninh", "Vĩnh Long", "Đồng Tháp", "Cà Mau", "An Giang",
	}
	var table strings.Builder
	table.WriteString("mã,mã cấp trên,cấp,tên\nTW,,trung ương,Trung ương\n")
	for i, name := range provinces {
		fmt.Fprintf(&table, "P%d,TW,tỉnh,%s\n", i, name)
		for j := range 98 {
			fmt.Fprintf(&table, "C%d,P%d,%s,Xã %d\n", i*98+j, i, []string{"xã", "phường", "đặc khu"}[j%3], j)
		}
	}
	tree := imported(t, table.String())
	units, codes, err := roster.Select(tree, "P5/*")
	if err != nil || len(codes) != 98 || len(units) != 100 || tree.Len() != 1+34*99 {
		t.Errorf("%d codes, %d units of %d, %v", len(codes), len(units), tree.Len(), err)
	}
	if above := tree.Above(codes[0]); len(above) != 2 || above[0].Name != "Thành phố Cần Thơ" {
		t.Errorf("above a commune: %v", above)
	}
}

func TestImportForms(t *testing.T) {
	want := []meeting.Unit{
		{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"},
		{Code: "P58", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Ninh Thuận"},
		{Code: "C1", Parent: "P58", Level: meeting.LevelCommune, Name: `Xã "Đông", A`},
	}
	tests := map[string]string{
		"plain": "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,\"Xã " +
			"\"\"Đông\"\", A\"\n",
		"byte order mark, CRLF": "\uFEFFcode,parent_code,level,name\r\nTW,,central,Trung ương\r\nP58,TW,province,Tỉnh Ninh Thuận\r\nC1,P58,commune,\"Xã " +
			"\"\"Đông\"\", A\"\r\n",
		"Vietnamese, other order": "STT;Tên đơn vị;Mã đơn vị;Mã cấp trên;Cấp\n1;Trung ương;TW;;Trung ương\n2;Tỉnh Ninh Thuận;P58;TW;Tỉnh\n3;\"Xã " +
			"\"\"Đông\"\", A\";C1;P58;xã\n",
		"capitals, no diacritics": "MA,MA CAP TREN,CAP,TEN\nTW,,TRUNG UONG,Trung ương\nP58,TW,Cấp tỉnh,Tỉnh Ninh Thuận\nC1,P58,Phường,\"Xã \"\"Đông\"\", A\"\n",
		"tabs, blank lines": "code\tparent_code\tlevel\tname\n\nTW\t\tcentral\tTrung ương\n\t\t\t\nP58\tTW\tprovince\t  Tỉnh  Ninh Thuận " +
			"\nC1\tP58\tcommune\t\"Xã \"\"Đông\"\", A\"\n",
		"decomposed letters": "code,parent_code,level,name\nTW,,central,Trung u\u031bo\u031bng\nP58,TW,province,Ti\u0309nh Ninh " +
			"Thua\u0323\u0302n\nC1,P58,commune,\"Xa\u0303 \"\"Đông\"\", A\"\n",
	}
	for name, table := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, imported(t, table).Units()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	const head = "code,parent_code,level,name\nTW,,central,Trung ương\n"
	tests := map[string]struct {
		table string
		want  []string
	}{
		"empty file": {"", []string{"row 1: missing column in column code", "row 1: missing column in column parent_code",
			"row 1: missing column in column level", "row 1: missing column in column name"}},
		"header only":      {"code,parent_code,level,name\n", []string{"row 1: no units"}},
		"missing column":   {"code,level,name\nTW,central,Trung ương\n", []string{"row 1: missing column in column parent_code"}},
		"double column":    {"code,mã,parent_code,level,name\n", []string{`row 1: double column in column code: "mã"`}},
		"duplicate code":   {head + "P1,TW,province,A\nP1,TW,province,B\n", []string{`row 4: duplicate code in column code: "P1"`}},
		"unknown parent":   {head + "P1,XX,province,A\n", []string{`row 3: unknown parent in column parent_code: "XX"`}},
		"own parent":       {head + "P1,P1,province,A\n", []string{`row 3: cycle in column parent_code: "P1"`}},
		"cycle":            {head + "A,C,province,A\nB,A,province,B\nC,B,province,C\nD,C,commune,D\n", []string{`row 3: cycle in column parent_code: "C"`}},
		"empty name":       {head + "P1,TW,province,\n", []string{"row 3: empty name in column name"}},
		"empty code":       {head + ",TW,province,A\n", []string{"row 3: empty code in column code"}},
		"short row":        {head + "P1\n", []string{"row 3: empty name in column name", "row 3: unknown level in column level"}},
		"unknown level":    {head + "P1,TW,galaxy,A\n", []string{`row 3: unknown level in column level: "galaxy"`}},
		"console's code":   {head + "@host,TW,province,A\n", []string{`row 3: bad code in column code: "@host"`}},
		"pattern's code":   {head + "P/*,TW,province,A\n", []string{`row 3: bad code in column code: "P/*"`}},
		"formula for code": {head + "=1+1,TW,province,A\n", []string{`row 3: bad code in column code: "=1+1"`}},
		"merged parents":   {head + "P1,TW,province,A\nC1,P1,commune,B\nC2,,commune,C\n", []string{"row 5: empty parent in column parent_code"}},
		"formula for name": {head + "P1,TW,province,=1+1\n", []string{`row 3: formula in column name: "=1+1"`}},
		"old encoding":     {head + "P1,TW,province,T\xD8nh\n", []string{"row 3: wrong encoding: \"T\uFFFDnh\""}},
		"stray quote":      {head + "P1,TW,province,\"A\n", []string{"row 3: unreadable: \"extraneous or missing \\\" in quoted-field\""}},
		"long name": {head + "P1,TW,province," + strings.Repeat("ă", 201) + "\n",
			[]string{"row 3: too large in column name: \"" + strings.Repeat("ă", 40) + "…\""}},
		"several at once": {head + "P1,XX,province,A\n,TW,province,\n", []string{
			"row 4: empty code in column code", "row 4: empty name in column name", `row 3: unknown parent in column parent_code: "XX"`,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tree, problems := roster.Import(strings.NewReader(tt.table), roster.CSV)
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || tree != nil {
				t.Errorf("tree %v (-want +got):\n%s", tree, diff)
			}
		})
	}
}

// endless gives bytes for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// rubbish is 10 MB of bytes that mean nothing.
func rubbish() io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), 10<<20)
}

func TestImportIsBounded(t *testing.T) {
	many := "code,parent_code,level,name\n" + strings.Repeat("X,X,galaxy,\n", roster.MaxErrors*3)
	rows := io.MultiReader(strings.NewReader("code,parent_code,level,name\n"), strings.NewReader(strings.Repeat("A,,commune,A\n", roster.MaxRows+1)))
	tests := map[string]struct {
		in     io.Reader
		format roster.Format
		errs   int
		first  roster.Problem
	}{
		"endless CSV":   {endless{}, roster.CSV, 1, roster.ProblemTooLarge},
		"endless XLSX":  {endless{}, roster.XLSX, 1, roster.ProblemTooLarge},
		"rubbish":       {rubbish(), roster.CSV, 1, roster.ProblemWrongEncoding},
		"XLSX rubbish":  {rubbish(), roster.XLSX, 1, roster.ProblemUnreadable},
		"no XLSX":       {io.LimitReader(endless{}, 1000), roster.XLSX, 1, roster.ProblemUnreadable},
		"too many rows": {rows, roster.CSV, 1, roster.ProblemTooLarge},
		"all rows bad":  {strings.NewReader(many), roster.CSV, roster.MaxErrors, roster.ProblemEmptyName},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := roster.Import(tt.in, tt.format)
			if len(problems) != tt.errs || problems[0].Problem != tt.first {
				t.Errorf("%d problems %v, want %d, first %s", len(problems), problems, tt.errs, tt.first)
			}
		})
	}
}

func TestImportXLSX(t *testing.T) {
	f := excelize.NewFile()
	for i, line := range [][]any{{"Mã", "Mã cấp trên", "Cấp", "Tên"}, {"TW", nil, "Trung ương", "Trung ương"}, nil, {58, "TW", "Tỉnh", "Tỉnh Ninh Thuận"}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &line); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	tree, problems := roster.Import(bytes.NewReader(file.Bytes()), roster.XLSX)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []meeting.Unit{
		{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"},
		{Code: "58", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Ninh Thuận"},
	}
	if diff := cmp.Diff(want, tree.Units()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := f.SetCellValue("Sheet1", "C4", "vũ trụ"); err != nil {
		t.Fatal(err)
	}
	file.Reset()
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	if _, problems := roster.Import(&file, roster.XLSX); len(problems) != 1 || problems[0].Row != 4 || problems[0].Problem != roster.ProblemUnknownLevel {
		t.Errorf("problems %v, want an unknown level in row 4", problems)
	}
}

// sheet makes a workbook of a header, a root and what a change makes of them.
func sheet(t *testing.T, change func(f *excelize.File) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, line := range [][]any{{"code", "parent_code", "level", "name"}, {"TW", nil, "central", "Trung ương"}, {"P1", "TW", "province", "A"},
		{"P2", "TW", "province", "B"}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &line); err != nil {
			t.Fatal(err)
		}
	}
	if err := change(f); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

const bombSize = 80 << 20

// bomb is an archive that unpacks to far more than it has bytes, with honest or forged sizes.
func bomb(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	out := zip.NewWriter(&file)
	out.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for name, content := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"xl/workbook.xml": `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet ` +
			`r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`,
	} {
		w, err := out.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := out.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range bombSize >> 20 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestImportRefusesXLSX(t *testing.T) {
	honest := bomb(t)
	size := binary.LittleEndian.AppendUint32(nil, bombSize)
	if n := bytes.Count(honest, size); n == 0 {
		t.Fatal("the archive names no size")
	}
	forged := bytes.ReplaceAll(honest, size, []byte{100, 0, 0, 0})
	tests := map[string]struct {
		file []byte
		row  int
		want roster.Problem
	}{
		"formula":        {sheet(t, func(f *excelize.File) error { return f.SetCellFormula("Sheet1", "D4", "=A1&A2") }), 4, roster.ProblemFormula},
		"merged cells":   {sheet(t, func(f *excelize.File) error { return f.MergeCell("Sheet1", "B3", "B4") }), 3, roster.ProblemMergedCells},
		"duplicate code": {sheet(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "A4", "P1") }), 4, roster.ProblemDuplicateCode},
		"missing column": {sheet(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "D1", "x") }), 1, roster.ProblemMissingColumn},
		"very wide":      {sheet(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "XFD4", "x") }), 4, roster.ProblemTooLarge},
		"zip bomb":       {honest, 1, roster.ProblemTooLarge},
		"forged bomb":    {forged, 1, roster.ProblemUnreadable},
		"half a file":    {sheet(t, func(*excelize.File) error { return nil })[:2000], 1, roster.ProblemUnreadable},
		"CSV":            {[]byte("code,parent_code,level,name\n"), 1, roster.ProblemUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			tree, problems := roster.Import(bytes.NewReader(tt.file), roster.XLSX)
			runtime.ReadMemStats(&after)
			if tree != nil || len(problems) == 0 || problems[0].Problem != tt.want || problems[0].Row != tt.row {
				t.Errorf("tree %v, problems %v, want %s in row %d", tree, problems, tt.want, tt.row)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
				t.Errorf("allocated %d MB", used>>20)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	tree := imported(t, threeTiers(t))
	for query, want := range map[string]string{
		"ninh thuan": "P58", "NINH": "P58 D587", "phuoc h": "C22879 C22891", "vinh": "C22738 C22327 C22330", "c22879": "C22879", "  ": "", "xyz": "",
		"rung uong": "TW",
	} {
		var got []string
		for _, u := range tree.Search(query, 3) {
			got = append(got, u.Code)
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("Search(%q) = %q, want %q", query, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	before := imported(t, "code,parent_code,level,name\nTW,,central,Trung ương\nA,TW,province,Tỉnh A\nB,TW,province,Tỉnh B\n")
	after := imported(t, "code,parent_code,level,name\nTW,,central,Trung ương\nA,TW,province,Tỉnh A mới\nC,TW,province,Tỉnh C\n")
	unit := func(code, name string) meeting.Unit {
		return meeting.Unit{Code: code, Parent: "TW", Level: meeting.LevelProvince, Name: name}
	}
	want := roster.Changes{
		Added: []meeting.Unit{unit("C", "Tỉnh C")}, Removed: []meeting.Unit{unit("B", "Tỉnh B")},
		Changed: []roster.Change{{Before: unit("A", "Tỉnh A"), After: unit("A", "Tỉnh A mới")}},
	}
	if diff := cmp.Diff(want, roster.Compare(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := roster.Compare(nil, after); len(got.Added) != 3 || got.Removed != nil || got.Changed != nil {
		t.Errorf("first import: %+v", got)
	}
	if diff := cmp.Diff(roster.Changes{}, roster.Compare(after, after)); diff != "" {
		t.Errorf("the same tree:\n%s", diff)
	}
}

func BenchmarkImport(b *testing.B) {
	data, err := os.ReadFile("../configs/roster/units-vn-3tier.csv")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, problems := roster.Import(bytes.NewReader(data), roster.CSV); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	data, err := os.ReadFile("../configs/roster/units-vn-3tier.csv")
	if err != nil {
		b.Fatal(err)
	}
	tree, problems := roster.Import(bytes.NewReader(data), roster.CSV)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	for b.Loop() {
		if len(tree.Search("ninh thuan", 20)) == 0 {
			b.Fatal("not found")
		}
	}
}

func TestSelect(t *testing.T) {
	tree := imported(t, threeTiers(t))
	tests := map[string]struct {
		patterns string
		codes    string
		units    string
		err      string
	}{
		"one unit":          {"C22879", "C22879", "TW P58 D587 C22879", ""},
		"its two provinces": {"P58,P56", "P58 P56", "TW P56 P58", ""},
		"all below": {
			"P56/*", "D568 C22327 C22330 C22333 C22336", "TW P56 D568 C22327 C22330 C22333 C22336", "",
		},
		"one level below":     {"P56/commune", "C22327 C22330 C22333 C22336", "TW P56 D568 C22327 C22330 C22333 C22336", ""},
		"each once":           {" C22327 ,D568/*,", "C22327 C22330 C22333 C22336", "TW P56 D568 C22327 C22330 C22333 C22336", ""},
		"nothing there":       {"C22879,XX,P99/*", "", "", "\"XX\" matches no unit\n\"P99/*\" matches no unit"},
		"nothing below":       {"C22879/*", "", "", `"C22879/*" matches no unit`},
		"no such level below": {"D568/district", "", "", `"D568/district" matches no unit`},
		"nothing":             {" , ", "", "", "no units are selected"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			units, codes, err := roster.Select(tree, tt.patterns)
			if got := strings.Join(codes, " "); got != tt.codes {
				t.Errorf("codes %q, want %q", got, tt.codes)
			}
			var kept []string
			for _, u := range units {
				kept = append(kept, u.Code)
			}
			if got := strings.Join(kept, " "); got != tt.units {
				t.Errorf("units %q, want %q", got, tt.units)
			}
			if got := fmt.Sprint(err); err != nil && got != tt.err || err == nil && tt.err != "" {
				t.Errorf("error %q, want %q", got, tt.err)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Tỉnh Ninh Thuận": "tinh ninh thuan", "ĐẮK  LẮK": "dak lak", "Bà Rịa - Vũng Tàu": "ba ria vung tau", "parent_code": "parent code",
	} {
		if got := roster.Plain(text); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add("code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\n")
	f.Add("mã;mã cấp trên;cấp;tên\nA;B;xã;x\nB;A;xã;y\n")
	f.Add("\xFF\xFEc")
	f.Fuzz(func(t *testing.T, table string) {
		tree, problems := roster.Import(strings.NewReader(table), roster.CSV)
		if (tree == nil) == (len(problems) == 0) {
			t.Fatalf("tree %v with problems %v", tree, problems)
		}
		if tree == nil {
			return
		}
		again, err := roster.New(tree.Units())
		if err != nil || again.Len() != tree.Len() {
			t.Fatalf("an imported tree is refused: %v", err)
		}
		for _, u := range tree.Units() {
			tree.Above(u.Code) // ends
		}
	})
}

func FuzzImportXLSX(f *testing.F) {
	for _, name := range []string{"plain.xlsx", "strict.xlsx", "hidden-sheet.xlsx", "merged-title.xlsx", "date-cells.xlsx", "no-references.xlsx"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if tree, problems := roster.Import(bytes.NewReader(file), roster.XLSX); (tree == nil) == (len(problems) == 0) {
			t.Fatalf("tree %v with problems %v", tree, problems)
		}
	})
}
