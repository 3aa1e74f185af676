package attendance_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
)

func TestWritePDF(t *testing.T) {
	var once, again bytes.Buffer
	r := full(t)
	for _, out := range []*bytes.Buffer{&once, &again} {
		if err := r.WritePDF(out, attendance.Vietnamese); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(once.Bytes(), []byte("%PDF-")) {
		t.Fatalf("no PDF: %q", once.Bytes()[:min(20, once.Len())])
	}
	if !bytes.Equal(once.Bytes(), again.Bytes()) {
		t.Error("the same report gives two different files")
	}
}

// TestPDFReadByOthers reads the file with poppler, where that is installed.
func TestPDFReadByOthers(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("needs pdftotext (poppler-utils)")
	}
	r := full(t)
	r.Session.Particulars = meeting.Particulars{
		Authority: "Ban Chỉ đạo", Body: "Ủy ban nhân dân tỉnh Ninh Thuận", Number: "12/BC-VP", Place: "Ninh Thuận", Addressee: "Ban Chỉ đạo",
		Recipients: []string{"Như trên;", "Lưu: VT."}, Chair: meeting.Official{Name: "Nguyễn Văn A", Title: "Chủ tịch"},
		Secretary: meeting.Official{Name: "Trần Thị Bé", Title: "Chuyên viên"},
	}
	r.Sites[2].Name = "Một điểm cầu có tên rất dài mà trước đây báo cáo cắt ngắn, kết thúc bằng chữ thứ tám mươi chín"
	text := pdfText(t, tool, func(w io.Writer) error { return r.WritePDF(w, attendance.Vietnamese) })
	plain := strings.Join(strings.Fields(text), " ")
	for _, want := range []string{
		"BAN CHỈ ĐẠO CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Số: 12/BC-VP", "Ninh Thuận, ngày …… tháng …… năm 2026",
		"BÁO CÁO ĐIỂM DANH Phiên họp thứ nhất", "Kính gửi: Ban Chỉ đạo",
		"Triệu tập: 3. Có mặt: 1 (Đúng giờ: 1, Vào muộn: 0, Dự một phần: 0). Vắng mặt: 2. Số người dự: 18.",
		"NGƯỜI LẬP BÁO CÁO CHỦ TRÌ", "CHUYÊN VIÊN CHỦ TỊCH", "Trần Thị Bé Nguyễn Văn A", "Nơi nhận: - Như trên; - Lưu: VT.",
		"P58 – Tỉnh Ninh Thuận Tỉnh 2 1 1 0 0 1 18", "DANH SÁCH ĐIỂM CẦU VẮNG MẶT (2)", "1 C2 Xã Phước Hậu Huyện Ninh Phước / Tỉnh Ninh Thuận +84 259 000 000",
		"1 C1 Xã Phước Dân Huyện Ninh Phước / Tỉnh Ninh Thuận 07:59:10 02/03/2026 08:05:00 02/03/2026 0:05:00 1 18 Đúng giờ (*)",
		"DANH SÁCH PHÁT BIỂU", "1 Xã Phước Dân Huyện Ninh Phước / Tỉnh Ninh Thuận Phát biểu 08:05:40 02/03/2026",
		"DANH SÁCH ĐẠI BIỂU", "1 Xã Phước Dân Nguyễn Thị Bé Chủ tịch =1+1", "(*) KẾT LUẬN ĐƯỢC ĐIỀU CHỈNH", "C1 Xã Phước Dân Dự một phần Đúng giờ",
		"mất điện", r.Session.Head.Hash, "Trang 1/2", "Trang 2/2", "điểm cầu có tên rất dài", "thứ tám mươi chín",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

// TestPDFByProvince begins a page for each province.
func TestPDFByProvince(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("needs pdftotext (poppler-utils)")
	}
	r := full(t)
	text := pdfText(t, tool, func(w io.Writer) error { return r.WritePDFByProvince(w, attendance.Vietnamese) })
	pages := strings.Split(text, "\f")
	if len(pages) < 4 || !strings.Contains(pages[2], "DANH SÁCH ĐIỂM CẦU (2) – Tỉnh Ninh Thuận") || strings.Contains(pages[2], "HYPERLINK") ||
		!strings.Contains(pages[3], "DANH SÁCH ĐIỂM CẦU (1)") || !strings.Contains(pages[3], "HYPERLINK") {
		t.Errorf("pages:\n%q", pages)
	}
}

// pdfText is what another program reads in a document.
func pdfText(t *testing.T, tool string, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func BenchmarkPDF(b *testing.B) {
	r, err := attendance.Fold(nation(b, 10_600, 100_000), attendance.FoldOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var size int
		if err := r.WritePDF(counter{&size}, attendance.Vietnamese); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size), "bytes")
	}
}
