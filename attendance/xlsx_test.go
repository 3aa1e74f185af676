package attendance_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// full is a report with something of everything.
func full(t *testing.T) *attendance.Report {
	t.Helper()
	r, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(), []happening{
		{-100, &meeting.Opened{}},
		{-50, &meeting.Connected{Endpoint: "C1", Conn: "a", Device: "Chrome 156, Windows"}},
		{0, &meeting.Started{By: meeting.HostCode}},
		{5, &meeting.ReceivingChanged{Endpoint: "C1", Conn: "a", Receiving: true, Evidence: meeting.EvidenceDecoded, At: at(5)}},
		{100, &meeting.Lost{Endpoint: "C1", Conn: "a", LastSeen: at(100), Why: "timeout"}},
		{100, &meeting.QualityMeasured{Connections: []meeting.Quality{
			{Endpoint: "C1", Conn: "a", Packets: 4000, Lost: 100, HighS: 60, LowS: 30, NothingS: 5, Frames: 1500, SoundS: 95},
		}}},
		{110, &meeting.Resumed{Endpoint: "C1", Conn: "b", Prev: "a", Device: "Chrome 156, Windows"}},
		{300, &meeting.Left{Endpoint: "C1", Conn: "b", Why: "page_closed"}},
		{310, &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: []meeting.Delegate{{Name: "Nguyễn Thị Bé", Title: "Chủ tịch", AttendingFor: "=1+1"}}}},
		{320, &meeting.RollCallOpened{ID: 1}},
		{325, &meeting.RollCallAnswered{ID: 1, Endpoint: "C1", Headcount: 18}},
		{330, &meeting.RollCallEnded{ID: 1}},
		{340, &meeting.Granted{Endpoint: "C1", Slot: meeting.SlotFloor}},
		{1000, &meeting.Ended{}},
		{1100, &meeting.VerdictOverridden{Endpoint: "C1", By: meeting.SecretaryCode, Verdict: meeting.VerdictOnTime, Reason: "mất điện"}},
	}...)), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Sites[2].Name = `=HYPERLINK("http://x")`
	return r
}

func workbook(t *testing.T, r *attendance.Report, lang attendance.Lang) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteXLSX(&out, lang); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWriteXLSX(t *testing.T) {
	f := workbook(t, full(t), attendance.Vietnamese)
	want := []string{"Tổng hợp", "Theo đơn vị", "Điểm cầu", "Khoảng thời gian", "Đại biểu", "Điểm danh", "Phát biểu", "Đường truyền"}
	if diff := cmp.Diff(want, f.GetSheetList()); diff != "" {
		t.Fatalf("sheets (-want +got):\n%s", diff)
	}
	for sheet, want := range map[string]string{
		"Theo đơn vị": `
			Mã đơn vị|Đơn vị|Cấp|Triệu tập|Có mặt|Đúng giờ|Vào muộn|Dự một phần|Vắng mặt|Số người dự
			TW|Trung ương|Trung ương|2|1|1|0|0|1|18
			P58|    Tỉnh Ninh Thuận|Tỉnh|2|1|1|0|0|1|18
			D587|        Huyện Ninh Phước|Huyện|2|1|1|0|0|1|18`,
		"Điểm cầu": `
			STT|Mã điểm cầu|Mã đơn vị|Tên điểm cầu|Cấp|Đơn vị cấp trên|Vào lần đầu|Rời lần cuối|Tổng thời gian|Trong đó: không nhận được hình, tiếng|Số lần gián đoạn|Kết luận|Hệ thống tính|Lý do điều chỉnh|Số người dự|Điện thoại
			1|C1|C1|Xã Phước Dân|Xã|Huyện Ninh Phước / Tỉnh Ninh Thuận / Trung ương|02/03/2026 07:59:10|02/03/2026 08:05:00|0:05:00|0:03:25|1|Đúng giờ|Dự một phần|mất điện|18
			2|C2|C2|Xã Phước Hậu|Xã|Huyện Ninh Phước / Tỉnh Ninh Thuận / Trung ương|||0:00:00|0:00:00|0|Vắng mặt|Vắng mặt||0|+84 259 000 000
			3|G1||=HYPERLINK("http://x")|||||0:00:00|0:00:00|0|Vắng mặt|Vắng mặt||0`,
		"Khoảng thời gian": `
			Mã điểm cầu|Tên điểm cầu|Nội dung|Từ|Đến|Thời lượng|Lý do kết thúc|Thiết bị
			C1|Xã Phước Dân|Kết nối|02/03/2026 07:59:10|02/03/2026 08:05:00|0:05:50|rời phiên|Chrome 156, Windows
			C1|Xã Phước Dân|Nhận hình, tiếng (trang và máy chủ cùng thấy)|02/03/2026 08:00:05|02/03/2026 08:01:40|0:01:35|mất kết nối|Chrome 156, Windows`,
		"Đường truyền": `
			Mã điểm cầu|Tên điểm cầu|Thiết bị|Tổng thời gian|Nhận hình, tiếng|Mất gói (%)|Hình nét cao|Hình nét vừa|Hình nét thấp|Chỉ có tiếng|Số khung hình|Nghe được
			C1|Xã Phước Dân|Chrome 156, Windows|0:05:00|0:01:35|2.50|0:01:00|0:00:00|0:00:30|0:00:05|1500|0:01:35`,
		"Đại biểu": `
			Mã điểm cầu|Tên điểm cầu|Họ và tên|Chức vụ|Dự thay
			C1|Xã Phước Dân|Nguyễn Thị Bé|Chủ tịch|=1+1`,
		"Điểm danh": `
			Lần|Bắt đầu|Kết thúc|Mã điểm cầu|Tên điểm cầu|Trả lời lúc|Số người dự
			1|02/03/2026 08:05:20|02/03/2026 08:05:30|C1|Xã Phước Dân|02/03/2026 08:05:25|18`,
		"Phát biểu": `
			Mã điểm cầu|Tên điểm cầu|Đơn vị cấp trên|Khung|Mời lúc|Lên sóng lúc|Kết thúc lúc|Lý do
			C1|Xã Phước Dân|Huyện Ninh Phước / Tỉnh Ninh Thuận|Phát biểu|02/03/2026 08:05:40|||`,
	} {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows[3:] {
			got = append(got, strings.TrimRight(strings.Join(row, "|"), "|"))
		}
		want := strings.Split(strings.ReplaceAll(strings.TrimPrefix(want, "\n\t\t\t"), "\t\t\t", ""), "\n")
		for i := range want {
			want[i] = strings.TrimRight(want[i], "|")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sheet, diff)
		}
	}
	summary, err := f.GetRows("Tổng hợp")
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[int]string{5: "Phiên họp|Phiên họp thứ nhất", 7: "Bắt đầu|02/03/2026 08:00:00", 13: "Triệu tập|3", 14: "Có mặt|1",
		18: "Vắng mặt|2", 19: "Số người dự|18"} {
		if got := strings.Join(summary[row], "|"); got != want {
			t.Errorf("summary row %d: %q, want %q", row+1, got, want)
		}
	}
}

func TestXLSXHasNoFormulasAndRealDates(t *testing.T) {
	f := workbook(t, full(t), attendance.English)
	for cell, want := range map[string]excelize.CellType{"D7": excelize.CellTypeInlineString, "G5": excelize.CellTypeUnset, "I5": excelize.CellTypeUnset} {
		kind, err := f.GetCellType("Sites", cell)
		if err != nil || kind != want {
			t.Errorf("%s is of type %v, %v, want %v", cell, kind, err, want)
		}
		if formula, err := f.GetCellFormula("Sites", cell); err != nil || formula != "" {
			t.Errorf("%s has the formula %q, %v", cell, formula, err)
		}
	}
	raw, err := f.GetCellValue("Sites", "G5", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if raw != "46083.33275462963" { // 2026-03-02 07:59:10
		t.Errorf("first_joined is %s", raw)
	}
}

func TestXLSXIsReadyForPrint(t *testing.T) {
	f := workbook(t, full(t), attendance.English)
	for _, sheet := range f.GetSheetList() {
		layout, err := f.GetPageLayout(sheet)
		if err != nil || *layout.Size != 9 || *layout.Orientation != "landscape" {
			t.Errorf("%s: layout %+v, %v", sheet, layout, err)
		}
		props, err := f.GetSheetProps(sheet)
		if err != nil || !*props.FitToPage {
			t.Errorf("%s is not fitted to pages: %v", sheet, err)
		}
		panes, err := f.GetPanes(sheet)
		if err != nil || (sheet != "Summary" && (!panes.Freeze || panes.YSplit != 4)) {
			t.Errorf("%s: panes %+v, %v", sheet, panes, err)
		}
	}
	names := map[string]string{}
	for _, n := range f.GetDefinedName() {
		names[n.Scope+" "+n.Name] = n.RefersTo
	}
	for name, want := range map[string]string{
		"Sites _xlnm.Print_Area": "'Sites'!$A$1:$P$7", "Sites _xlnm.Print_Titles": "'Sites'!$4:$4", "Sites _xlnm._FilterDatabase": "'Sites'!$A$4:$P$7",
	} {
		if names[name] != want {
			t.Errorf("%s = %q, want %q", name, names[name], want)
		}
	}
}

func BenchmarkXLSX(b *testing.B) {
	r, err := attendance.Fold(nation(b, 10_600, 300_000), attendance.FoldOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var size int
		if err := r.WriteXLSX(counter{&size}, attendance.Vietnamese); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size), "bytes")
	}
}

// counter counts what is written to it.
type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) {
	*c.n += len(p)
	return len(p), nil
}
