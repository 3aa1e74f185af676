package prepare_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/roster"
	"github.com/google/go-cmp/cmp"
)

const smallCSV = `code,parent_code,level,name
TW,,central,Trung ương
P58,TW,province,Tỉnh Ninh Thuận
D582,P58,district,Huyện Bác Ái
C1,D582,commune,Xã Phước Bình
C2,D582,commune,Xã Phước Hòa
P67,TW,province,Tỉnh Đắk Nông
C3,P67,commune,Xã Đắk Wil
`

func tree(tb testing.TB, csv string) *roster.Tree {
	tb.Helper()
	tr, problems := roster.Import(strings.NewReader(csv), roster.CSV)
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return tr
}

// nation is the real map of 11,368 units in three tiers.
func nation(tb testing.TB) *roster.Tree {
	tb.Helper()
	data, err := os.ReadFile(filepath.FromSlash("../configs/roster/units-vn-3tier.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	return tree(tb, string(data))
}

var start = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func TestConvene(t *testing.T) {
	d := prepare.Draft{
		Title: " Phiên họp ", Start: start, Units: []string{"P58/*", "P67/commune"}, Except: []string{"C2"},
		Contacts: map[string]prepare.Contact{"C1": {Phone: "0259 111", ByPhone: true}},
		Seats:    []prepare.Seat{{Unit: "C1"}, {Unit: "C1", Name: "Hội trường B"}, {Name: "Bộ Y tế", Phone: "024 222"}, {Name: "Khách"}},
		Operators: []prepare.Operator{
			{Name: "Kỹ thuật Ninh Thuận", Scope: "P58", Phone: "0259 333"}, {Name: "Kỹ thuật Ninh Thuận 2", Scope: "P58"},
		},
		Agenda: []meeting.AgendaItem{{Title: "Khai mạc", Minutes: 10}, {Title: "Tham luận", Speakers: []string{"C1-2", "K1"}}},
	}
	cmd, problems := d.Convene(tree(t, smallCSV))
	if problems != nil {
		t.Fatal(problems)
	}
	var seats []string
	for _, ep := range cmd.Endpoints {
		seats = append(seats, strings.Join([]string{ep.Code, ep.Unit, ep.Name, string(ep.Role), ep.Scope, ep.Phone, map[bool]string{true: "phone"}[ep.ByPhone]},
			"|"))
	}
	want := []string{
		"D582|D582|Huyện Bác Ái|endpoint|||", "C1|C1|Xã Phước Bình|endpoint||0259 111|phone", "C3|C3|Xã Đắk Wil|endpoint|||",
		"C1-2|C1|Xã Phước Bình|endpoint|||", "C1-3|C1|Hội trường B|endpoint|||", "K1||Bộ Y tế|endpoint||024 222|", "K2||Khách|endpoint|||",
		"@operator-2||Kỹ thuật Ninh Thuận|operator|P58|0259 333|", "@operator-3||Kỹ thuật Ninh Thuận 2|operator|P58||",
	}
	if diff := cmp.Diff(want, seats); diff != "" {
		t.Error(diff)
	}
	var units []string
	for _, u := range cmd.Units {
		units = append(units, u.Code)
	}
	if diff := cmp.Diff([]string{"TW", "P58", "D582", "C1", "P67", "C3"}, units); diff != "" {
		t.Error(diff)
	}
	if cmd.Title != "Phiên họp" || cmd.TimeZone != "Asia/Ho_Chi_Minh" || cmd.Rules != meeting.DefaultRules() || cmd.Agenda[0].ID == cmd.Agenda[1].ID {
		t.Errorf("%+v", cmd)
	}
	// The domain takes what was prepared.
	s := meeting.New("s")
	if _, err := s.Decide(cmd, meeting.Actor{}, start); err != nil {
		t.Error(err)
	}
}

func TestConveneRefuses(t *testing.T) {
	tr := tree(t, smallCSV)
	good := func() prepare.Draft { return prepare.Draft{Title: "x", Start: start, Units: []string{"C1"}} }
	for _, tc := range []struct {
		name   string
		change func(*prepare.Draft)
		want   string
	}{
		{"no title", func(d *prepare.Draft) { d.Title = " " }, "title missing"},
		{"long title", func(d *prepare.Draft) { d.Title = strings.Repeat("ã", 301) }, "title too_long"},
		{"no time", func(d *prepare.Draft) { d.Start = time.Time{} }, "start missing"},
		{"zone", func(d *prepare.Draft) { d.TimeZone = "Mars" }, "time_zone bad_value"},
		{"rules", func(d *prepare.Draft) { d.Rules = &meeting.Rules{CountdownS: -1} }, "rules bad_value"},
		{"nobody", func(d *prepare.Draft) { d.Units = nil }, "units missing"},
		{"unknown unit", func(d *prepare.Draft) { d.Units = []string{"C1", "C9"} }, "units.1 unknown_unit"},
		{"nothing below", func(d *prepare.Draft) { d.Units = []string{"C1/*"} }, "units.0 unknown_unit"},
		{"telephone of no unit", func(d *prepare.Draft) { d.Contacts = map[string]prepare.Contact{"C9": {Phone: "024 1"}, "": {}} }, "contacts unknown_unit"},
		{"guest without a name", func(d *prepare.Draft) { d.Seats = []prepare.Seat{{}} }, "seats.0.name missing"},
		{"guest of no unit", func(d *prepare.Draft) { d.Seats = []prepare.Seat{{Unit: "C9"}} }, "seats.0.unit unknown_unit"},
		{"seat twice", func(d *prepare.Draft) { d.Seats = []prepare.Seat{{Code: "C1", Name: "x"}} }, "seats.0.code double"},
		{"a console's code", func(d *prepare.Draft) { d.Seats = []prepare.Seat{{Code: "@host", Name: "x"}} }, "seats.0.code bad_value"},
		{"telephone without a number", func(d *prepare.Draft) { d.Seats = []prepare.Seat{{Name: "x", ByPhone: true}} }, "seats.0.phone missing"},
		{"operator of nothing", func(d *prepare.Draft) { d.Operators = []prepare.Operator{{Name: "x", Scope: "P9"}} }, "operators.0.scope unknown_unit"},
		{"speaker who is not there", func(d *prepare.Draft) {
			d.Agenda = []meeting.AgendaItem{{Title: "x", Speakers: []string{"C2"}}}
		}, "agenda.0.speakers unknown_speaker"},
		{"item without a title", func(d *prepare.Draft) { d.Agenda = []meeting.AgendaItem{{}} }, "agenda.0.title missing"},
	} {
		d := good()
		tc.change(&d)
		_, problems := d.Convene(tr)
		if len(problems) != 1 || problems[0].Field+" "+problems[0].Code != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, problems, tc.want)
		}
	}
	d := prepare.Draft{Units: []string{"P58/*"}, Except: []string{"D582", "C1", "C2"}}
	if _, problems := d.Convene(tr); len(problems) != 3 {
		t.Errorf("all at once: %v", problems)
	}
}

func TestConveneTheNation(t *testing.T) {
	d := prepare.Draft{Title: "x", Start: start, Units: []string{"TW/commune"}}
	cmd, problems := d.Convene(nation(t))
	if problems != nil || len(cmd.Endpoints) < 10_500 {
		t.Errorf("%d seats, %v", len(cmd.Endpoints), problems)
	}
}

func TestCalendar(t *testing.T) {
	e := prepare.Event{
		ID: "0d1c", Sequence: 2, Title: "Phiên họp; thứ 9, Ban Chỉ đạo", Start: start, Minutes: 150, Changed: start.Add(-48 * time.Hour),
		Link: "https://hop.example.vn/j#abcd", Reminder: "Kiểm tra kỹ thuật", Notes: []string{"Kỹ thuật: 024 3333"},
	}
	text := string(prepare.Calendar(e))
	unfolded := strings.ReplaceAll(text, "\r\n ", "")
	for _, line := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:PUBLISH", "UID:0d1c@diemcau", "DTSTART:20260302T010000Z", "DTEND:20260302T033000Z", "SEQUENCE:2",
		`SUMMARY:Phiên họp\; thứ 9\, Ban Chỉ đạo`, "STATUS:CONFIRMED", "TRIGGER:-PT1H", "DTSTAMP:20260228T010000Z", "URL:https://hop.example.vn/j#abcd",
		"END:VCALENDAR",
	} {
		if !strings.Contains(unfolded, line+"\r\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	e.CalledOff = true
	text = string(prepare.Calendar(e))
	if !strings.Contains(text, "STATUS:CANCELLED") || !strings.Contains(text, "METHOD:CANCEL") || strings.Contains(text, "VALARM") {
		t.Errorf("called off:\n%s", text)
	}
}

func TestJudge(t *testing.T) {
	good := func() prepare.Rehearsal {
		return prepare.Rehearsal{
			Camera: prepare.StateWorks, Microphone: prepare.StateWorks, Loudspeaker: prepare.StateWorks,
			Line: prepare.Line{Connected: true, Protocol: "udp", RTTMs: 40, UpKbps: 1800, DownKbps: 2500},
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*prepare.Rehearsal)
		light  prepare.Light
		why    string
	}{
		{"all well", func(*prepare.Rehearsal) {}, prepare.LightGreen, ""},
		{"camera refused", func(r *prepare.Rehearsal) { r.Camera = prepare.StateRefused }, prepare.LightAmber, "no_camera"},
		{"silent microphone", func(r *prepare.Rehearsal) { r.Microphone = prepare.StateSilent }, prepare.LightRed, "silent_microphone"},
		{"microphone refused", func(r *prepare.Rehearsal) { r.Microphone = prepare.StateRefused }, prepare.LightRed, "no_microphone"},
		{"nobody heard", func(r *prepare.Rehearsal) { r.Loudspeaker = prepare.StateSilent }, prepare.LightRed, "no_sound"},
		{"nobody listened", func(r *prepare.Rehearsal) { r.Loudspeaker = prepare.StateSkipped }, prepare.LightAmber, "sound_not_checked"},
		{"200 kbit/s", func(r *prepare.Rehearsal) { r.Line.UpKbps, r.Line.DownKbps = 190, 195 }, prepare.LightRed, "line_too_thin"},
		{"thin uplink", func(r *prepare.Rehearsal) { r.Line.UpKbps = 500 }, prepare.LightAmber, "line_thin"},
		{"no line", func(r *prepare.Rehearsal) { r.Line = prepare.Line{} }, prepare.LightRed, "no_line"},
		{"lossy", func(r *prepare.Rehearsal) { r.Line.LossDown = 12 }, prepare.LightRed, "line_lossy"},
		{"some loss", func(r *prepare.Rehearsal) { r.Line.LossUp = 3 }, prepare.LightAmber, "line_some_loss"},
		{"satellite", func(r *prepare.Rehearsal) { r.Line.RTTMs = 650 }, prepare.LightAmber, "line_slow"},
		{"TCP", func(r *prepare.Rehearsal) { r.Line.Protocol = "tcp" }, prepare.LightAmber, "line_tcp"},
		{"no WebSocket", func(r *prepare.Rehearsal) {
			r.Line.Tried, r.Line.Blocked = []prepare.Way{"socket", "udp"}, []prepare.Way{"socket"}
		}, prepare.LightRed, "no_socket"},
		{"every way", func(r *prepare.Rehearsal) { r.Line.Tried = []prepare.Way{"socket", "udp", "tcp", "turn"} }, prepare.LightGreen, ""},
		{"one way of three", func(r *prepare.Rehearsal) {
			r.Line.Tried, r.Line.Blocked = []prepare.Way{"socket", "udp", "tcp", "turn"}, []prepare.Way{"udp", "turn"}
		}, prepare.LightAmber, "line_one_way"},
		{"the one way that there is", func(r *prepare.Rehearsal) { r.Line.Tried = []prepare.Way{"socket", "udp"} }, prepare.LightGreen, ""},
		{"no VP8", func(r *prepare.Rehearsal) { r.Line = prepare.Line{Connected: true, NoVP8: true} }, prepare.LightAmber, "no_vp8"},
		{"several", func(r *prepare.Rehearsal) {
			r.Camera, r.Microphone, r.Line = prepare.StateNone, prepare.StateNone, prepare.Line{}
		}, prepare.LightRed, "no_line no_microphone no_camera"},
	} {
		r := good()
		tc.change(&r)
		light, reasons := prepare.Judge(r)
		var why []string
		for _, reason := range reasons {
			why = append(why, string(reason))
		}
		if got := strings.Join(why, " "); light != tc.light || got != tc.why {
			t.Errorf("%s: %s %q, want %s %q", tc.name, light, got, tc.light, tc.why)
		}
		if !r.Valid() {
			t.Errorf("%s is not valid", tc.name)
		}
	}
	for name, change := range map[string]func(*prepare.Rehearsal){
		"state":    func(r *prepare.Rehearsal) { r.Camera = "great" },
		"loss":     func(r *prepare.Rehearsal) { r.Line.LossUp = 101 },
		"rate":     func(r *prepare.Rehearsal) { r.Line.UpKbps = -1 },
		"protocol": func(r *prepare.Rehearsal) { r.Line.Protocol = "pigeon" },
		"way":      func(r *prepare.Rehearsal) { r.Line.Blocked = []prepare.Way{"pigeon"} },
		"ways":     func(r *prepare.Rehearsal) { r.Line.Tried = []prepare.Way{"udp", "udp", "udp", "udp", "udp"} },
		"text":     func(r *prepare.Rehearsal) { r.Contact = strings.Repeat("x", 201) },
	} {
		r := good()
		if change(&r); r.Valid() {
			t.Errorf("a bad %s is valid", name)
		}
	}
}

func BenchmarkConveneTheNation(b *testing.B) {
	tr := nation(b)
	d := prepare.Draft{Title: "x", Start: start, Units: []string{"TW/commune"}}
	for b.Loop() {
		if _, problems := d.Convene(tr); problems != nil {
			b.Fatal(problems)
		}
	}
}
