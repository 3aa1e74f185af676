package attendance_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/google/go-cmp/cmp"
)

// t0 is when the sessions of these tests start: 08:00 in Vietnam.
var t0 = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// at is a moment s seconds after t0.
func at(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }

func units() []meeting.Unit {
	return []meeting.Unit{
		{Code: "TW", Level: meeting.LevelCentral, Name: "Trung ương"},
		{Code: "P58", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Ninh Thuận"},
		{Code: "D587", Parent: "P58", Level: meeting.LevelDistrict, Name: "Huyện Ninh Phước"},
		{Code: "C1", Parent: "D587", Level: meeting.LevelCommune, Name: "Xã Phước Dân"},
		{Code: "C2", Parent: "D587", Level: meeting.LevelCommune, Name: "Xã Phước Hậu"},
	}
}

func convened(rules meeting.Rules) *meeting.Convened {
	return &meeting.Convened{
		Title: "Phiên họp thứ nhất", ScheduledAt: t0, TimeZone: "Asia/Ho_Chi_Minh", Rules: rules, Units: units(),
		Endpoints: []meeting.Endpoint{
			{Code: meeting.HostCode, Name: "Chủ trì", Role: meeting.RoleHost},
			{Code: "C1", Unit: "C1", Name: "Xã Phước Dân", Role: meeting.RoleSite},
			{Code: "C2", Unit: "C2", Name: "Xã Phước Hậu", Role: meeting.RoleSite, Phone: "+84 259 000 000"},
			{Code: "G1", Name: "Khách mời", Role: meeting.RoleSite},
		},
	}
}

func seq(entries []ledger.Entry) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// happening is one event at a second after the start.
type happening struct {
	s  int
	ev meeting.Event
}

// entries makes a ledger that begins with the convening, an hour before.
func entries(t *testing.T, rules meeting.Rules, list ...happening) []ledger.Entry {
	t.Helper()
	return ledgerOf(t, convened(rules), list...)
}

func ledgerOf(tb testing.TB, first *meeting.Convened, list ...happening) []ledger.Entry {
	tb.Helper()
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	var out []ledger.Entry
	recorded := at(-3600) // what is listed with an earlier time arrived late
	for _, h := range append([]happening{{-3600, first}}, list...) {
		if at(h.s).After(recorded) {
			recorded = at(h.s)
		}
		e, err := c.Next(at(h.s), recorded, "", h.ev)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// script reads a history of C1 such as "0 start; 5 in a; 60 lost a; 70 back b; 100 left b; 200 end".
func script(t *testing.T, text string) []happening {
	t.Helper()
	var list []happening
	for _, line := range strings.Split(text, ";") {
		var s int
		var what, conn string
		if n, err := fmt.Sscan(line, &s, &what, &conn); n < 2 {
			t.Fatalf("script %q: %v", line, err)
		}
		list = append(list, happening{s, scripted(t, s, what, conn)})
	}
	return list
}

func scripted(t *testing.T, s int, what, conn string) meeting.Event {
	t.Helper()
	switch what {
	case "open":
		return &meeting.Opened{}
	case "start":
		return &meeting.Started{By: meeting.HostCode}
	case "end":
		return &meeting.Ended{By: meeting.HostCode}
	case "in":
		return &meeting.Connected{Endpoint: "C1", Conn: conn}
	case "back":
		return &meeting.Resumed{Endpoint: "C1", Conn: conn}
	case "lost":
		return &meeting.Lost{Endpoint: "C1", Conn: conn, LastSeen: at(s), Why: "timeout"}
	case "left", "taken_over", "removed":
		return &meeting.Left{Endpoint: "C1", Conn: conn, Why: meeting.EndReason(map[string]string{"left": "page_closed"}[what] +
			strings.TrimPrefix(what, "left"))}
	case "rx", "norx":
		return &meeting.ReceivingChanged{Endpoint: "C1", Conn: conn, Receiving: what == "rx", At: at(s)}
	}
	t.Fatalf("script: unknown %q", what)
	return nil
}

// sketch writes intervals as "5-100 left".
func sketch(list []attendance.Interval) string {
	var parts []string
	for _, iv := range list {
		to := ""
		if !iv.To.IsZero() {
			to = fmt.Sprint(int(iv.To.Sub(t0).Seconds()))
		}
		parts = append(parts, fmt.Sprintf("%d-%s %s", int(iv.From.Sub(t0).Seconds()), to, iv.EndReason))
	}
	return strings.Join(parts, "; ")
}

func TestFold(t *testing.T) {
	// Grace 60 s, late after 300 s, partial under 80 %.
	tests := map[string]struct {
		history       string
		asOf          int // seconds after the start; 0 = all
		intervals     string
		total         int
		interruptions int
		verdict       attendance.Verdict
	}{
		"whole session": {"-100 open; -50 in a; 0 start; 1000 end", 0, "-50-1000 ended", 1000, 0, attendance.OnTime},
		"never came":    {"0 start; 1000 end", 0, "", 0, 0, attendance.Absent},
		"left before it was live": {
			"-100 open; -50 in a; -10 left a; 0 start; 1000 end", 0, "-50--10 left", 0, 0, attendance.Absent,
		},
		"short drop is one interval": {
			"0 start; 0 in a; 500 lost a; 530 back b; 1000 end", 0, "0-1000 ended", 1000, 1, attendance.OnTime,
		},
		"drop as long as the grace window": {
			"0 start; 0 in a; 500 lost a; 560 back b; 1000 end", 0, "0-500 lost; 560-1000 ended", 940, 1, attendance.OnTime,
		},
		"new page instead of a resumption": {
			"0 start; 0 in a; 500 lost a; 530 in b; 1000 end", 0, "0-1000 ended", 1000, 1, attendance.OnTime,
		},
		"flapping line": {
			"0 start; 0 in a; 10 lost a; 15 back b; 20 lost b; 25 back c; 30 lost c; 200 back d; 1000 end", 0,
			"0-30 lost; 200-1000 ended", 830, 3, attendance.OnTime,
		},
		"lost and did not return": {"0 start; 0 in a; 900 lost a; 1000 end", 0, "0-900 lost", 900, 0, attendance.OnTime},
		"left and came again": {
			"0 start; 0 in a; 500 left a; 501 in b; 1000 end", 0, "0-500 left; 501-1000 ended", 999, 0, attendance.OnTime,
		},
		"second device takes over": {
			"0 start; 0 in a; 500 taken_over a; 500 in b; 900 left b; 1000 end", 0, "0-900 left", 900, 0, attendance.OnTime,
		},
		"second device lost before any sign of life": {
			"0 start; 0 in a; 500 taken_over a; 500 in b; 500 lost b; 530 in c; 1000 end", 0, "0-1000 ended", 1000, 1, attendance.OnTime,
		},
		"second device lost at once, back beyond the grace window": {
			"0 start; 0 in a; 500 taken_over a; 500 in b; 500 lost b; 700 in c; 1000 end", 0, "0-500 lost; 700-1000 ended", 800, 1, attendance.OnTime,
		},
		"second device lost at once, nobody came back": {
			"0 start; 0 in a; 900 taken_over a; 900 in b; 900 lost b; 1000 end", 0, "0-900 lost", 900, 0, attendance.OnTime,
		},
		"second device left at once": {
			"0 start; 0 in a; 900 taken_over a; 900 in b; 900 left b; 910 in c; 1000 end", 0, "0-900 left; 910-1000 ended", 990, 0, attendance.OnTime,
		},
		"two taken over at one moment, the third lost": {
			"0 start; 0 in a; 500 taken_over a; 500 in b; 500 taken_over b; 500 in c; 500 lost c; 530 in d; 1000 end", 0, "0-1000 ended", 1000, 1,
			attendance.OnTime,
		},
		"resumed and lost before any sign of life": {
			"0 start; 0 in a; 500 lost a; 510 back b; 510 lost b; 520 in c; 1000 end", 0, "0-1000 ended", 1000, 2, attendance.OnTime,
		},
		"two devices count once": {
			"0 start; 0 in a; 400 in b; 600 left a; 900 left b; 1000 end", 0, "0-900 left", 900, 0, attendance.OnTime,
		},
		"first device stays longer": {
			"0 start; 0 in a; 400 in b; 600 lost b; 900 left a; 1000 end", 0, "0-900 left", 900, 0, attendance.OnTime,
		},
		"left event after the return": {
			"0 start; 0 in a; 500 in b; 450 left a; 900 left b; 1000 end", 0, "0-450 left; 500-900 left", 850, 0, attendance.OnTime,
		},
		"loss reported after the return": {
			"0 start; 0 in a; 500 back b; 450 lost a; 1000 end", 0, "0-1000 ended", 1000, 1, attendance.OnTime,
		},
		"closed twice": {
			"0 start; 0 in a; 500 lost a; 600 left a; 1000 end", 0, "0-500 lost", 500, 0, attendance.Partial,
		},
		"end without a beginning": {"0 start; 500 left a; 1000 end", 0, "", 0, 0, attendance.Absent},
		"joined twice on one id":  {"0 start; 0 in a; 5 in a; 900 left a; 1000 end", 0, "0-900 left", 900, 0, attendance.OnTime},
		"removed":                 {"0 start; 0 in a; 300 removed a; 1000 end", 0, "0-300 removed", 300, 0, attendance.Partial},
		"removed and let in":      {"0 start; 0 in a; 300 removed a; 310 in b; 1000 end", 0, "0-300 removed; 310-1000 ended", 990, 0, attendance.OnTime},
		"late":                    {"0 start; 301 in a; 2000 end", 0, "301-2000 ended", 1699, 0, attendance.Late},
		"just not late":           {"0 start; 300 in a; 2000 end", 0, "300-2000 ended", 1700, 0, attendance.OnTime},
		"just not partial":        {"0 start; 0 in a; 800 left a; 1000 end", 0, "0-800 left", 800, 0, attendance.OnTime},
		"partial":                 {"0 start; 0 in a; 799 left a; 1000 end", 0, "0-799 left", 799, 0, attendance.Partial},
		"late and partial":        {"0 start; 400 in a; 1000 end", 0, "400-1000 ended", 600, 0, attendance.Partial},
		"closing page after the end": {
			"0 start; 0 in a; 1000 end; 1003 left a", 0, "0-1000 ended", 1000, 0, attendance.OnTime,
		},
		"dated before the end, noticed after": {
			"0 start; 0 in a; 1000 end; 990 lost a", 0, "0-990 lost", 990, 0, attendance.OnTime,
		},
		"running":                  {"0 start; 0 in a; 500 rx a", 0, "0- open", 500, 0, attendance.OnTime},
		"not yet live":             {"-100 open; -50 in a", 0, "-50- open", 0, 0, ""},
		"ended before it was live": {"-100 open; -50 in a; -10 end", 0, "-50--10 ended", 0, 0, ""},
		"as of a moment within": {
			"0 start; 0 in a; 500 left a; 600 in b; 1000 end", 550, "0-500 left", 500, 0, attendance.OnTime,
		},
		"as of a moment before a loss": {
			"0 start; 0 in a; 500 lost a; 1000 end", 400, "0- open", 400, 0, attendance.OnTime,
		},
		"line breaks as the session ends": {"0 start; 0 in a; 1000 lost a; 1000 end", 0, "0-1000 ended", 1000, 0, attendance.OnTime},
		"came as the session ends":        {"0 start; 1000 in a; 1000 end", 0, "", 0, 0, attendance.Absent},
		"back after the end":              {"0 start; 0 in a; 990 lost a; 1000 end; 1010 back b", 0, "0-990 lost", 990, 0, attendance.OnTime},
		"more than a day":                 {"0 start; 0 in a; 90000 left a; 100000 end", 0, "0-90000 left", 90000, 0, attendance.OnTime},
		"over midnight":                   {"0 start; 57000 in a; 60000 lost a; 60030 back b; 61000 end", 0, "57000-61000 ended", 4000, 1, attendance.Partial},
		"server restarted while live":     {"0 start; 0 in a; 400 lost a; 402 back b; 1000 end", 0, "0-1000 ended", 1000, 1, attendance.OnTime},
		"clock set back between":          {"0 start; 100 in a; 400 lost a; 90 back b; 1000 end", 0, "90-1000 ended", 910, 0, attendance.OnTime},
		"live for no time":                {"-50 in a; 0 start; 0 end", 0, "-50-0 ended", 0, 0, attendance.Absent},
		"clock set back in a loss":        {"0 start; 10 in a; 5 lost a; 1000 end", 0, "10-10 lost", 0, 0, attendance.Absent},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			history := entries(t, meeting.DefaultRules(), script(t, tt.history)...)
			var opts attendance.FoldOptions
			if tt.asOf != 0 {
				opts.AsOf = at(tt.asOf)
			}
			report, err := attendance.Fold(seq(history), opts)
			if err != nil {
				t.Fatal(err)
			}
			row := report.Sites[0]
			if got := sketch(row.Intervals); got != tt.intervals {
				t.Errorf("intervals %q, want %q", got, tt.intervals)
			}
			if got := int(row.Total.Seconds()); got != tt.total {
				t.Errorf("total %d s, want %d s", got, tt.total)
			}
			if row.Interruptions != tt.interruptions {
				t.Errorf("%d interruptions, want %d", row.Interruptions, tt.interruptions)
			}
			if row.Verdict != tt.verdict {
				t.Errorf("verdict %q, want %q", row.Verdict, tt.verdict)
			}
			// Whatever order entries arrive in, the report is the same.
			for range 5 {
				late := append([]ledger.Entry{}, history...)
				rand.Shuffle(len(late)-1, func(i, j int) { late[i+1], late[j+1] = late[j+1], late[i+1] })
				again, err := attendance.Fold(seq(late), opts)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(report, again); diff != "" {
					t.Fatalf("another order, another report:\n%s", diff)
				}
			}
		})
	}
}

func TestFoldReceiving(t *testing.T) {
	tests := map[string]struct{ history, want string }{
		"arrives and ceases":       {"0 start; 0 in a; 5 rx a; 50 norx a; 60 rx a; 100 end", "5-50 ended; 60-100 ended"},
		"ends with the connection": {"0 start; 0 in a; 5 rx a; 40 lost a; 100 end", "5-40 lost"},
		"over two connections":     {"0 start; 0 in a; 5 rx a; 40 lost a; 50 back b; 52 rx b; 100 end", "5-40 lost; 52-100 ended"},
		"overlapping":              {"0 start; 0 in a; 5 rx a; 30 in b; 31 rx b; 40 left a; 80 left b; 100 end", "5-80 left"},
		"said twice":               {"0 start; 0 in a; 5 rx a; 9 rx a; 50 norx a; 55 norx a; 100 end", "5-50 ended"},
		"goes on":                  {"0 start; 0 in a; 5 rx a", "5- open"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(), script(t, tt.history)...)), attendance.FoldOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := sketch(report.Sites[0].Receiving); got != tt.want {
				t.Errorf("receiving %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFoldDeclarations(t *testing.T) {
	delegates := []meeting.Delegate{{Name: "Nguyễn Văn A", Title: "Chủ tịch"}}
	report, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(),
		happening{0, &meeting.Started{By: meeting.HostCode}},
		happening{0, &meeting.Granted{Endpoint: meeting.HostCode, Slot: meeting.SlotMain}},
		happening{10, &meeting.RollCallOpened{ID: 1}},
		happening{12, &meeting.RollCallAnswered{ID: 1, Endpoint: "C2", Headcount: 7}},
		happening{11, &meeting.RollCallAnswered{ID: 1, Endpoint: "C1", Headcount: 5}},
		happening{20, &meeting.HeadcountDeclared{Endpoint: "C1", Headcount: 6}},
		happening{15, &meeting.HeadcountDeclared{Endpoint: "C1", Headcount: 99}}, // late
		happening{21, &meeting.DelegatesDeclared{Endpoint: "C1", Delegates: delegates}},
		happening{30, &meeting.Granted{Endpoint: "C1", Slot: meeting.SlotFloor}},
		happening{33, &meeting.WentOnAir{Endpoint: "C1", Slot: meeting.SlotFloor}},
		happening{60, &meeting.Returned{Endpoint: "C1", Slot: meeting.SlotFloor, Why: "revoked"}},
		happening{90, &meeting.Ended{}},
		happening{95, &meeting.Sealed{}},
	)), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := &attendance.Report{
		Session: attendance.SessionInfo{
			ID: "s1", Title: "Phiên họp thứ nhất", TimeZone: "Asia/Ho_Chi_Minh", Rules: meeting.DefaultRules(), ScheduledAt: t0,
			StartedAt: t0, EndedAt: at(90), SealedAt: at(95), AsOf: at(95), Head: report.Session.Head,
		},
		Sites: []attendance.SiteRow{
			{Endpoint: "C1", Unit: "C1", Name: "Xã Phước Dân", Level: meeting.LevelCommune, Headcount: 6, Delegates: delegates, Verdict: attendance.Absent,
				Computed: attendance.Absent},
			{Endpoint: "C2", Unit: "C2", Name: "Xã Phước Hậu", Phone: "+84 259 000 000", Level: meeting.LevelCommune, Headcount: 7, Verdict: attendance.Absent,
				Computed: attendance.Absent},
			{Endpoint: "G1", Name: "Khách mời", Verdict: attendance.Absent, Computed: attendance.Absent},
		},
		Total: attendance.Counts{Convened: 3, Absent: 3, Headcount: 13},
		Groups: []attendance.GroupRow{
			{Unit: units()[0], Depth: 0, Counts: attendance.Counts{Convened: 2, Absent: 2, Headcount: 13}},
			{Unit: units()[1], Depth: 1, Counts: attendance.Counts{Convened: 2, Absent: 2, Headcount: 13}},
			{Unit: units()[2], Depth: 2, Counts: attendance.Counts{Convened: 2, Absent: 2, Headcount: 13}},
		},
		RollCalls: []attendance.RollCallRow{{ID: 1, OpenedAt: at(10), ClosedAt: at(90), Answers: []attendance.RollCallAnswer{
			{Endpoint: "C1", Name: "Xã Phước Dân", At: at(11), Headcount: 5, Entry: 6},
			{Endpoint: "C2", Name: "Xã Phước Hậu", At: at(12), Headcount: 7, Entry: 5},
		}}},
		Floor: []attendance.FloorRow{
			{Endpoint: meeting.HostCode, Name: "Chủ trì", Slot: meeting.SlotMain, GrantedAt: t0},
			{Endpoint: "C1", Name: "Xã Phước Dân", Unit: "Huyện Ninh Phước / Tỉnh Ninh Thuận", Slot: meeting.SlotFloor, GrantedAt: at(30), OnAirAt: at(33),
				ReturnedAt: at(60), Why: "revoked"},
		},
	}
	for i := range 2 {
		want.Sites[i].Parents = []meeting.Unit{units()[2], units()[1], units()[0]}
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestFoldRefusesALedgerWithoutItsBeginning(t *testing.T) {
	whole := entries(t, meeting.DefaultRules(), script(t, "0 start")...)
	if _, err := attendance.Fold(seq(whole[1:]), attendance.FoldOptions{}); err == nil {
		t.Error("a ledger without its first entry was folded")
	}
	if _, err := attendance.Fold(seq(nil), attendance.FoldOptions{}); err == nil {
		t.Error("an empty ledger was folded")
	}
	whole[1].Kind = "from_the_future"
	if _, err := attendance.Fold(seq(whole), attendance.FoldOptions{}); err == nil {
		t.Error("an unknown kind was folded")
	}
}

func TestFoldCorrections(t *testing.T) {
	override := func(v attendance.Verdict) meeting.Event {
		return &meeting.VerdictOverridden{Endpoint: "C1", By: meeting.SecretaryCode, Verdict: v, Reason: "mất điện"}
	}
	phone := func(from, to int) meeting.Event {
		ev := &meeting.AttendanceAdded{Endpoint: "C1", From: at(from), Means: "phone", Reason: "x"}
		if to != 0 {
			ev.To = at(to)
		}
		return ev
	}
	rules := meeting.DefaultRules()
	rules.PartialPct, rules.GraceS = 40, 0
	tests := map[string]struct {
		corrections       []happening
		computed, verdict attendance.Verdict
		interruptions     int
		afterSeal         bool
	}{
		"none":               {nil, attendance.Partial, attendance.Partial, 1, false},
		"overridden":         {[]happening{{1100, override(attendance.OnTime)}}, attendance.Partial, attendance.OnTime, 1, false},
		"overridden, undone": {[]happening{{1100, override(attendance.OnTime)}, {1101, override("")}}, attendance.Partial, attendance.Partial, 1, false},
		"overridden twice": {[]happening{{1100, override(attendance.OnTime)}, {1101, override(attendance.Late)}}, attendance.Partial, attendance.Late, 1,
			false},
		"after the seal":        {[]happening{{1100, &meeting.Sealed{}}, {1101, override(attendance.OnTime)}}, attendance.Partial, attendance.OnTime, 1, true},
		"before the seal":       {[]happening{{1100, override(attendance.OnTime)}, {1101, &meeting.Sealed{}}}, attendance.Partial, attendance.OnTime, 1, false},
		"then by telephone":     {[]happening{{500, phone(500, 0)}}, attendance.Partial, attendance.OnTime, 1, false},
		"by telephone, a bit":   {[]happening{{500, phone(500, 510)}}, attendance.Partial, attendance.Partial, 1, false},
		"telephone overlapping": {[]happening{{100, phone(100, 700)}, {650, phone(650, 850)}}, attendance.Partial, attendance.OnTime, 1, false},
		"milder rules":          {[]happening{{1100, &meeting.RulesChanged{Rules: rules}}}, attendance.OnTime, attendance.OnTime, 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			history := append(script(t, "0 start; 0 in a; 300 lost a; 310 back b; 500 left b; 1000 end"), tt.corrections...)
			r, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(), history...)), attendance.FoldOptions{})
			if err != nil {
				t.Fatal(err)
			}
			row := r.Sites[0]
			if row.Computed != tt.computed || row.Verdict != tt.verdict || row.Interruptions != tt.interruptions {
				t.Errorf("computed %s, verdict %s, %d interruptions, want %s, %s, %d", row.Computed, row.Verdict, row.Interruptions,
					tt.computed, tt.verdict, tt.interruptions)
			}
			if row.Override != nil && row.Override.AfterSeal != tt.afterSeal {
				t.Errorf("after the seal: %v", row.Override.AfterSeal)
			}
		})
	}
}

func TestFoldOfAMovedAndCalledOffSession(t *testing.T) {
	r, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(),
		happening{-100, &meeting.Moved{ScheduledAt: at(86400)}}, happening{-50, &meeting.CalledOff{Reason: "bão"}})), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Session.ScheduledAt.Equal(at(86400)) || !r.Session.CalledOff || r.Sites[0].Verdict != "" {
		t.Errorf("scheduled %v, called off %v, verdict %q", r.Session.ScheduledAt, r.Session.CalledOff, r.Sites[0].Verdict)
	}
}

func TestRollUp(t *testing.T) {
	first := convened(meeting.DefaultRules())
	first.Units = append(first.Units, meeting.Unit{Code: "P56", Parent: "TW", Level: meeting.LevelProvince, Name: "Tỉnh Khánh Hòa"})
	first.Endpoints = append(first.Endpoints,
		meeting.Endpoint{Code: "P58", Unit: "P58", Name: "Tỉnh Ninh Thuận", Role: meeting.RoleSite}, // in its own group
		meeting.Endpoint{Code: "P56", Unit: "P56", Name: "Tỉnh Khánh Hòa", Role: meeting.RoleSite},  // nothing below it
		meeting.Endpoint{Code: "C1-2", Unit: "C1", Name: "Xã Phước Dân 2", Role: meeting.RoleSite},
	)
	b := attendance.NewBuilder()
	c := ledger.NewChain("s1", ledger.NewNode("n1", 0), ledger.Head{})
	for _, h := range []happening{
		{-10, first}, {0, &meeting.Started{}}, {0, &meeting.Connected{Endpoint: "C1", Conn: "a"}}, {400, &meeting.Connected{Endpoint: "P58", Conn: "b"}},
		{0, &meeting.Connected{Endpoint: "G1", Conn: "c"}}, {700, &meeting.Left{Endpoint: "G1", Conn: "c"}},
		{500, &meeting.HeadcountDeclared{Endpoint: "C2", Headcount: 9}}, {4000, &meeting.Ended{}},
	} {
		e, err := c.Next(at(h.s), at(h.s), "", h.ev)
		if err == nil {
			err = b.Add(e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := b.Report(attendance.FoldOptions{})
	want := attendance.Counts{Convened: 6, Present: 3, OnTime: 1, Late: 1, Partial: 1, Absent: 3, Headcount: 9}
	if diff := cmp.Diff(want, r.Total); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	var got []string
	for _, g := range r.Groups {
		got = append(got, fmt.Sprintf("%d %s %d of %d, %d people", g.Depth, g.Unit.Code, g.Present, g.Convened, g.Headcount))
	}
	if diff := cmp.Diff([]string{"0 TW 2 of 5, 9 people", "1 P58 2 of 4, 9 people", "2 D587 1 of 3, 9 people"}, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}
