package attendance_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
)

// sessionHeld is a session with an agenda, notes and speakers.
func sessionHeld(tb testing.TB) *attendance.Report {
	tb.Helper()
	first := convened(meeting.DefaultRules())
	first.Agenda = []meeting.AgendaItem{{ID: "a1", Title: "Khai mạc"}, {ID: "a2", Title: "Báo cáo của các tỉnh"}}
	set := &meeting.ParticularsSet{
		Particulars: meeting.Particulars{Body: "Ban Chỉ đạo", MinutesNumber: "5/BB-VP", Place: "Hà Nội", Recipients: []string{"Như trên;"}},
		Officials: &meeting.Officials{Chair: meeting.Official{Name: "Nguyễn Văn A", Title: "Trưởng ban"},
			Secretary: meeting.Official{Name: "Trần Thị Bé", Title: "Thư ký"}},
	}
	note := func(id string, version, about int, text string) *meeting.NoteWritten {
		return &meeting.NoteWritten{ID: id, Version: version, About: at(about), Text: text}
	}
	list := ledgerOf(tb, first,
		happening{-100, set}, happening{-100, &meeting.Opened{}}, happening{-50, &meeting.Connected{Endpoint: "C1", Conn: "a"}},
		happening{0, &meeting.Started{By: meeting.HostCode}}, happening{0, &meeting.AgendaMoved{Item: "a1"}},
		happening{30, note("n1", 1, 30, "Trưởng")}, happening{31, note("n1", 2, 30, "Trưởng ban phát biểu khai mạc 🎉")},
		happening{40, note("n2", 1, 40, "bỏ")}, happening{41, note("n2", 2, 40, "")},
		happening{120, &meeting.AgendaMoved{Item: "a2"}},
		happening{130, &meeting.Granted{Endpoint: "C1", Slot: meeting.SlotFloor}}, happening{133, &meeting.WentOnAir{Endpoint: "C1", Slot: meeting.SlotFloor}},
		happening{200, note("n3", 1, 190, "Đề nghị bổ sung kinh phí")},
		happening{300, &meeting.Returned{Endpoint: "C1", Slot: meeting.SlotFloor, Why: "returned"}},
		happening{310, &meeting.RollCallOpened{ID: 1}}, happening{311, &meeting.RollCallAnswered{ID: 1, Endpoint: "C1", Headcount: 18}},
		happening{330, &meeting.RollCallEnded{ID: 1}},
		happening{400, &meeting.AgendaMoved{}}, happening{500, note("n4", 1, 450, "Ý kiến ngoài chương trình")},
		happening{600, &meeting.DelegatesDeclared{Endpoint: "C1",
			Delegates: []meeting.Delegate{{Name: "Lê Văn C", Title: "Phó Chủ tịch", AttendingFor: "Chủ tịch"}}}},
		happening{900, &meeting.Ended{}},
		happening{950, &meeting.AttendanceAdded{Endpoint: "C2", From: at(0), Means: "phone", Reason: "mất mạng"}},
	)
	report, err := attendance.Fold(seq(list), attendance.FoldOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

func TestProceedings(t *testing.T) {
	r := sessionHeld(t)
	if len(r.AgendaTurns) != 2 || r.AgendaTurns[0].Item.Title != "Khai mạc" || !r.AgendaTurns[0].To.Equal(at(120)) || !r.AgendaTurns[1].To.Equal(at(400)) {
		t.Errorf("agenda %+v", r.AgendaTurns)
	}
	var notes []string
	for _, n := range r.Notes {
		notes = append(notes, n.About.Sub(at(0)).String()+" "+n.Text)
	}
	if got := strings.Join(notes, "; "); got != "30s Trưởng ban phát biểu khai mạc 🎉; 3m10s Đề nghị bổ sung kinh phí; 7m30s Ý kiến ngoài chương trình" {
		t.Errorf("notes: %s", got)
	}
	if p := r.Session.Particulars; p.Chair.Name != "Nguyễn Văn A" || p.MinutesNumber != "5/BB-VP" {
		t.Errorf("particulars %+v", p)
	}
}

// libreOffice is a Word file as LibreOffice reads it and writes it in another format; the test is skipped where it is not installed.
func libreOffice(t *testing.T, word []byte, format string) []byte {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs soffice (libreoffice-writer-nogui)")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "in", "minutes.docx")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, word, 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.ToSlash(dir)+"/profile", "--headless", "--convert-to",
		format, "--outdir", dir, file)
	cmd.WaitDelay = time.Minute
	if log, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	extension, _, _ := strings.Cut(format, ":")
	written, err := os.ReadFile(filepath.Join(dir, "minutes."+extension))
	if os.IsNotExist(err) {
		t.Skip("soffice has no filter for Word files; it needs libreoffice-writer-nogui")
	}
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// TestMinutesReadByOthers reads the file with LibreOffice, where that is installed.
func TestMinutesReadByOthers(t *testing.T) {
	var out bytes.Buffer
	if err := sessionHeld(t).WriteMinutes(&out, attendance.Vietnamese, nil); err != nil {
		t.Fatal(err)
	}
	text := libreOffice(t, out.Bytes(), "txt:Text (encoded):UTF8")
	plain := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		"BAN CHỈ ĐẠO", "Số: 5/BB-VP", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc", "BIÊN BẢN Phiên họp thứ nhất",
		"Khai mạc lúc: 08:00:00 02/03/2026 Bế mạc lúc: 08:15:00 02/03/2026", "Chủ trì: Nguyễn Văn A – Trưởng ban Thư ký: Trần Thị Bé – Thư ký",
		"Triệu tập: 3. Có mặt: 2", "Điểm cầu vắng mặt (1): - Khách mời", "Điểm cầu dự qua điện thoại (1): - Xã Phước Hậu (Huyện Ninh Phước / Tỉnh Ninh Thuận)",
		"Lê Văn C – Phó Chủ tịch (Xã Phước Dân), Dự thay: Chủ tịch",
		"1. Khai mạc (08:00 – 08:02) - 08:00: Trưởng ban phát biểu khai mạc 🎉 Kết luận: …",
		"2. Báo cáo của các tỉnh (08:02 – 08:06) - 08:02 – 08:05: phát biểu: Xã Phước Dân (Huyện Ninh Phước / Tỉnh Ninh Thuận) - 08:03: Đề nghị bổ sung " +
			"kinh phí - 08:05: điểm danh lần 1: 1 điểm cầu trả lời, 18 người dự Kết luận",
		"Nội dung khác - 08:07: Ý kiến ngoài chương trình", "III. KẾT LUẬN", "THƯ KÝ", "CHỦ TRÌ TRƯỞNG BAN", "Nơi nhận: - Như trên;",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the minutes lack %q:\n%s", want, text)
		}
	}
}
