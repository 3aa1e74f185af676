package attendance_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

func report(t *testing.T, history string) *attendance.Report {
	t.Helper()
	r, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(), script(t, history)...)), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWriteCSV(t *testing.T) {
	r := report(t, "-100 open; -50 in a; 0 start; 100 lost a; 110 back b; 300 left b; 400 in c; 1000 end")
	tests := map[string]struct {
		table attendance.Table
		lang  attendance.Lang
		want  []string
	}{
		"sites": {attendance.TableSites, attendance.English, []string{
			"endpoint,unit,name,level,parents,first_joined,last_left,total_s,interruptions,status,computed_status,headcount,late_s,receiving_s,phone," +
				"reason,level_name,connected_only_s,convened_at,withdrawn_at",
			"C1,C1,Xã Phước Dân,commune,Huyện Ninh Phước / Tỉnh Ninh Thuận / Trung ương,2026-03-02T07:59:10+07:00,2026-03-02T08:16:40+07:00,900,1,on_time," +
				"on_time,0,0,0,,,Commune,900,,",
			"C2,C2,Xã Phước Hậu,commune,Huyện Ninh Phước / Tỉnh Ninh Thuận / Trung ương,,,0,0,absent,absent,0,,0,+84 259 000 000,,Commune,0,,",
			"G1,,Khách mời,,,,,0,0,absent,absent,0,,0,,,,0,,",
		}},
		"intervals": {attendance.TableIntervals, attendance.English, []string{
			"endpoint,from,to,end_reason,name,length_s,interruptions,device",
			"C1,2026-03-02T07:59:10+07:00,2026-03-02T08:05:00+07:00,left,Xã Phước Dân,350,1,",
			"C1,2026-03-02T08:06:40+07:00,2026-03-02T08:16:40+07:00,ended,Xã Phước Dân,600,0,",
		}},
		"intervals in Vietnamese": {attendance.TableIntervals, attendance.Vietnamese, []string{
			"Mã điểm cầu;Từ;Đến;Lý do kết thúc;Tên điểm cầu;Thời lượng (giây);Số lần gián đoạn;Thiết bị",
			"C1;2026-03-02T07:59:10+07:00;2026-03-02T08:05:00+07:00;rời phiên;Xã Phước Dân;350;1;",
			"C1;2026-03-02T08:06:40+07:00;2026-03-02T08:16:40+07:00;phiên kết thúc;Xã Phước Dân;600;0;",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := r.WriteCSV(&out, tt.table, tt.lang); err != nil {
				t.Fatal(err)
			}
			want := "\uFEFF" + strings.Join(tt.want, "\r\n") + "\r\n"
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if err := r.WriteCSV(&bytes.Buffer{}, "rubbish", attendance.English); err == nil {
		t.Error("an unknown table was written")
	}
}

func TestCSVOfARunningSessionLeavesTheEndOpen(t *testing.T) {
	var sites, intervals bytes.Buffer
	r := report(t, "0 start; 5 in a; 65 lost a; 70 back b")
	if err := r.WriteCSV(&sites, attendance.TableSites, attendance.English); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteCSV(&intervals, attendance.TableIntervals, attendance.English); err != nil {
		t.Fatal(err)
	}
	if want := ",2026-03-02T08:00:05+07:00,,65,1,"; !strings.Contains(sites.String(), want) {
		t.Errorf("sites lack %q:\n%s", want, sites.String())
	}
	if want := "C1,2026-03-02T08:00:05+07:00,,open,Xã Phước Dân,,1,\r\n"; !strings.Contains(intervals.String(), want) {
		t.Errorf("intervals lack %q:\n%s", want, intervals.String())
	}
}

func TestCSVCellsAreNoFormulas(t *testing.T) {
	r := report(t, "0 start; 1000 end")
	for cell, want := range map[string]string{
		`=HYPERLINK("http://x")`: `"'=HYPERLINK(""http://x"")"`,
		"+84":                    "+84", "-1": "-1", "+84 259 3.000": "+84 259 3.000", "+84-259": "'+84-259", "+1+2": "'+1+2", "-": "-",
		"@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "\"'x\"",
		"Xã =A": "Xã =A", `Xã "Đông", A`: `"Xã ""Đông"", A"`,
	} {
		r.Sites[2].Name = cell
		var out bytes.Buffer
		if err := r.WriteCSV(&out, attendance.TableSites, attendance.English); err != nil {
			t.Fatal(err)
		}
		if want := "G1,," + want + ",,,,,0,0,"; !strings.Contains(out.String(), want) {
			t.Errorf("%q: %s lacks %q", cell, out.String(), want)
		}
	}
}

func TestWriteJSONHoldsEverything(t *testing.T) {
	var out bytes.Buffer
	r := full(t)
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]string{
		"total": `{"convened":3,"present":1,"on_time":1,"late":0,"partial":0,"absent":2,"headcount":18,"withdrawn":0}`,
		"receiving": `[{"endpoint":"C1","from":"2026-03-02T08:00:05+07:00","to":"2026-03-02T08:01:40+07:00","end_reason":"lost","interruptions":0,` +
			`"entries":[5,6],"device":"Chrome 156, Windows","evidence":"decoded"}]`,
		"roll_calls": `[{"round":1,"opened_at":"2026-03-02T08:05:20+07:00","closed_at":"2026-03-02T08:05:30+07:00","answers":[{"endpoint":"C1",` +
			`"answered_at":"2026-03-02T08:05:25+07:00","headcount":18,"entry":12}]}]`,
		"floor": `[{"endpoint":"C1","name":"Xã Phước Dân","slot":"floor","granted_at":"2026-03-02T08:05:40+07:00","on_air_at":"","returned_at":"",` +
			`"why":""}]`,
	} {
		var compact bytes.Buffer
		if err := json.Compact(&compact, got[member]); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, compact.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
	for _, want := range []string{`"override"`, `"reason": "mất điện"`, `"after_seal": false`, `"computed": "partial"`, `"depth": 2`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %s:\n%s", want, out.String())
		}
	}
}

func TestWriteJSONNamesAsCSV(t *testing.T) {
	var out bytes.Buffer
	if err := report(t, "-100 open; -50 in a; 0 start; 300 left a; 1000 end").WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Session   map[string]any
		Sites     []map[string]any
		Intervals []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"endpoint": "C1", "unit": "C1", "name": "Xã Phước Dân", "level": "commune", "parents": "Huyện Ninh Phước / Tỉnh Ninh Thuận / Trung ương",
		"first_joined": "2026-03-02T07:59:10+07:00", "last_left": "2026-03-02T08:05:00+07:00", "total_s": 300.0, "interruptions": 0.0,
		"verdict": "partial", "computed": "partial", "headcount": 0.0, "received_s": 0.0, "connected_only_s": 300.0,
	}
	if diff := cmp.Diff(want, got.Sites[0]); diff != "" {
		t.Errorf("site (-want +got):\n%s", diff)
	}
	wantInterval := map[string]any{
		"endpoint": "C1", "from": "2026-03-02T07:59:10+07:00", "to": "2026-03-02T08:05:00+07:00", "end_reason": "left",
		"interruptions": 0.0, "entries": []any{3.0, 5.0},
	}
	if diff := cmp.Diff([]map[string]any{wantInterval}, got.Intervals); diff != "" {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
	if got.Session["started_at"] != "2026-03-02T08:00:00+07:00" || got.Session["id"] != "s1" {
		t.Errorf("session: %v", got.Session)
	}
}

// TestVietnameseCSV says codes in words and leaves numbers as they are.
func TestVietnameseCSV(t *testing.T) {
	r := report(t, "-100 open; 0 start; 400 in a; 1000 end")
	r.Sites[2].Name, r.Sites[2].Phone = "=1+1; x", "+84-259"
	var out bytes.Buffer
	if err := r.WriteCSV(&out, attendance.TableSites, attendance.Vietnamese); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Mã điểm cầu;Mã đơn vị;Tên điểm cầu;Cấp;", ";Kết luận;Hệ thống tính;Số người dự;Vào muộn (giây);Nhận hình, tiếng (giây);Điện thoại;Lý do điều " +
			"chỉnh;Tên cấp;Trong đó: không nhận được hình, tiếng (giây);Triệu tập lúc;Rút lúc\r\n",
		";Dự một phần;Dự một phần;0;400;0;;;Xã;600;;\r\n", ";Vắng mặt;Vắng mặt;0;;0;+84 259 000 000;;Xã;0;;\r\n", `;"'=1+1; x";`, ";'+84-259;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}
