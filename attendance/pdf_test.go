package attendance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
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
	var out bytes.Buffer
	if err := r.WritePDF(&out, attendance.Vietnamese); err != nil {
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
	plain := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc", "BÁO CÁO ĐIỂM DANH Phiên họp thứ nhất",
		"Triệu tập: 3. Có mặt: 1 (Đúng giờ: 1, Vào muộn: 0, Dự một phần: 0). Vắng mặt: 2. Số người dự: 18.",
		"P58 – Tỉnh Ninh Thuận Tỉnh 2 1 1 0 0 1 18", "DANH SÁCH ĐIỂM CẦU VẮNG MẶT (2)", "1 C2 Xã Phước Hậu Huyện Ninh Phước / Tỉnh Ninh Thuận +84 259 000 000",
		"1 C1 Xã Phước Dân Huyện Ninh Phước / Tỉnh Ninh Thuận 07:59:10 02/03/2026 08:05:00 02/03/2026 0:05:00 1 18 Đúng giờ (*)",
		"(*) C1: Hệ thống tính: Dự một phần; Lý do điều chỉnh: mất điện", r.Session.Head.Hash, "Trang 1/2", "Trang 2/2", "NGƯỜI LẬP BÁO CÁO CHỦ TRÌ",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
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
