package api

import (
	"strings"
	"testing"
	"time"
)

func TestFileName(t *testing.T) {
	at := time.Date(2026, 11, 30, 18, 30, 0, 0, time.UTC) // the next day in Hanoi
	day := dayIn(at, "Asia/Ho_Chi_Minh")
	for _, tc := range []struct {
		c          content
		vietnamese bool
		title, day string
		extension  string
		want       string
	}{
		{contentSites, false, "Họp giao ban tháng 12", day, "xlsx", "attendance-sites_hop-giao-ban-thang-12_2026-12-01.xlsx"},
		{contentSites, true, "Họp giao ban tháng 12", day, "xlsx", "diem-danh_hop-giao-ban-thang-12_2026-12-01.xlsx"},
		{contentLedger, true, `Đề án 06: "sơ kết" / phần 1`, day, "jsonl", "so-diem-danh_de-an-06-so-ket-phan-1_2026-12-01.jsonl"},
		{contentMinutes, false, "../../etc/passwd\r\nX: y", "", "docx", "minutes_etc-passwd-x-y.docx"},
		{contentCalendar, true, "会议 📅", day, "ics", "lich_2026-12-01.ics"},
		{contentFigures, true, "", "2026-01-01_2026-11-30", "pdf", "so-lieu_2026-01-01_2026-11-30.pdf"},
		{contentSites, false, strings.Repeat("a", 300), "", "csv", "attendance-sites_" + strings.Repeat("a", maxTitleInName) + ".csv"},
		{contentSites, false, strings.Repeat("phiên ", 50), "", "csv", "attendance-sites_" + strings.TrimSuffix(strings.Repeat("phien-", 10), "-") + ".csv"},
	} {
		if got := fileName(tc.c, tc.vietnamese, tc.title, tc.day, tc.extension); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.title, got, tc.want)
		}
	}
	if got := dayIn(time.Time{}, "Asia/Ho_Chi_Minh"); got != "" {
		t.Errorf("no day is %s", got)
	}
}

// Whatever a session is called, its files have names that every system keeps.
func FuzzFileName(f *testing.F) {
	f.Add("Họp giao ban")
	f.Add("\"; filename=x\r\n")
	f.Fuzz(func(t *testing.T, title string) {
		name := fileName(contentIntervals, true, title, "2026-12-01", "xlsx")
		if len(name) > 120 || strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
		}) {
			t.Errorf("%q", name)
		}
	})
}
