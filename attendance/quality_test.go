package attendance_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// What stands beside the verdict is the same in whatever order the entries arrive, and as of a moment only what was
// known then.
func TestEvidenceInAnyOrder(t *testing.T) {
	sum := func(conn string, packets uint64, high int) *meeting.QualityMeasured {
		return &meeting.QualityMeasured{Connections: []meeting.Quality{{Endpoint: "C1", Conn: conn, Packets: packets, Lost: packets / 10, HighS: high},
			{Endpoint: "@host", Conn: "h", Packets: 9}}}
	}
	history := entries(t, meeting.DefaultRules(),
		happening{0, &meeting.Started{By: meeting.HostCode}},
		happening{10, &meeting.Connected{Endpoint: "C1", Conn: "a", Device: "Chrome 156, Windows"}},
		happening{12, &meeting.ReceivingChanged{Endpoint: "C1", Conn: "a", Receiving: true, Evidence: meeting.EvidenceDecoded, At: at(12)}},
		happening{20, &meeting.PictureKept{Endpoint: "C1", Conn: "a", Picture: strings.Repeat("a", 64), Bytes: 9}},
		happening{100, sum("a", 1000, 80)},
		happening{200, &meeting.Lost{Endpoint: "C1", Conn: "a", LastSeen: at(200), Why: "closed"}},
		happening{200, sum("a", 2000, 170)},
		happening{210, &meeting.Resumed{Endpoint: "C1", Conn: "b", Prev: "a", Device: "Safari 17, iOS 17"}},
		happening{210, &meeting.ReceivingChanged{Endpoint: "C1", Conn: "b", Receiving: true, Evidence: meeting.EvidenceReports, At: at(210)}},
		happening{400, sum("b", 500, 0)},
		happening{410, &meeting.PictureKept{Endpoint: "C1", Conn: "b", Picture: strings.Repeat("b", 64), Bytes: 9}},
		happening{500, &meeting.Resumed{Endpoint: "C1", Conn: "c", Prev: "b", Device: "Chrome 156, Windows"}},
		happening{1000, &meeting.Ended{By: meeting.HostCode}},
		happening{1001, &meeting.AttendanceAdded{Endpoint: "C1", From: at(600), Means: "phone", Reason: "mất điện"}},
	)
	want, err := attendance.Fold(seq(history), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	row := want.Sites[0]
	if diff := cmp.Diff([]string{"Chrome 156, Windows", "Safari 17, iOS 17", attendance.Telephone}, row.Devices); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(attendance.Quality{Packets: 2500, Lost: 250, High: 170 * time.Second}, row.Quality); diff != "" {
		t.Errorf("quality (-want +got):\n%s", diff)
	}
	if pct, known := row.Quality.LossPct(); !known || pct != 10 {
		t.Errorf("loss %v %%, %v", pct, known)
	}
	if len(row.Pictures) != 2 || len(row.Receiving) != 2 || row.Receiving[0].Evidence != meeting.EvidenceDecoded ||
		row.Receiving[1].Evidence != meeting.EvidenceReports {
		t.Errorf("pictures %v, receiving %v", row.Pictures, row.Receiving)
	}
	for range 20 {
		late := append([]ledger.Entry{}, history...)
		rand.Shuffle(len(late)-1, func(i, j int) { late[i+1], late[j+1] = late[j+1], late[i+1] })
		got, err := attendance.Fold(seq(late), attendance.FoldOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order, another report:\n%s", diff)
		}
	}
	early, err := attendance.Fold(seq(history), attendance.FoldOptions{AsOf: at(150)})
	if err != nil {
		t.Fatal(err)
	}
	if row := early.Sites[0]; len(row.Devices) != 1 || row.Quality.Packets != 1000 || len(row.Pictures) != 1 {
		t.Errorf("as of 150 s: %v, %+v, %v", row.Devices, row.Quality, row.Pictures)
	}
}

// Whatever a name holds, each format gives it back as it is, and none takes it for a formula.
func TestStrangeNames(t *testing.T) {
	names := []string{`Xã "Phước, Dân"`, "=1+1", "+84 259", "-2+3", "@SUM(A1)", "\tx", "\rx", "hai\ndòng", strings.Repeat("dài ", 500), "Đoàn Thị Ngọc Ửng",
		"0123", "2026-03-02"}
	for _, name := range names {
		r := report(t, "0 start; 0 in a; 100 end")
		r.Sites[0].Name = name
		r.Sites[0].Delegates = []meeting.Delegate{{Name: name}}
		var table, object bytes.Buffer
		if err := r.WriteCSV(&table, attendance.TableSites, attendance.English); err != nil {
			t.Fatal(err)
		}
		in := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.String(), "\ufeff")))
		records, err := in.ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want := attendance.Inert(name)
		if got := records[1][2]; got != want && got != strings.ReplaceAll(want, "\r", "") {
			t.Errorf("CSV has %q for %q", got, name)
		}
		if cell := records[1][2]; strings.ContainsRune("=+-@\t\r", rune(cell[0])) && strings.Trim(cell, "+0123456789 ") != "" {
			t.Errorf("CSV has a formula: %q", records[1][2])
		}
		if err := r.WriteJSON(&object); err != nil {
			t.Fatal(err)
		}
		var body struct{ Sites []struct{ Name string } }
		if err := json.Unmarshal(object.Bytes(), &body); err != nil || body.Sites[0].Name != name {
			t.Errorf("JSON has %q for %q, %v", body.Sites[0].Name, name, err)
		}
		book := workbook(t, r, attendance.English)
		for sheet, cell := range map[string]string{"Sites": "D5", "Delegates": "C5"} {
			if got, err := book.GetCellValue(sheet, cell); err != nil || strings.TrimSpace(got) != strings.TrimSpace(name) {
				t.Errorf("%s has %q for %q, %v", sheet, got, name, err)
			}
			if formula, err := book.GetCellFormula(sheet, cell); err != nil || formula != "" {
				t.Errorf("%s has the formula %q for %q, %v", sheet, formula, name, err)
			}
		}
		var paper bytes.Buffer
		if err := r.WritePDF(&paper, attendance.Vietnamese); err != nil {
			t.Errorf("PDF of %q: %v", name, err)
		}
	}
}
