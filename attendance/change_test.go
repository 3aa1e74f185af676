package attendance_test

import (
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
)

// What is changed after convening counts from then: a site that came later owes the time since, one that was withdrawn owes
// nothing and is listed with the reason.
func TestSitesThatComeAndGo(t *testing.T) {
	there := func(code string, from, to int) []happening {
		return []happening{{from, &meeting.Connected{Endpoint: code, Conn: code}}, {to, &meeting.Left{Endpoint: code, Conn: code, Why: "page_closed"}}}
	}
	added := happening{600, &meeting.SitesAdded{By: meeting.HostCode,
		Endpoints: []meeting.Endpoint{{Code: "N1", Name: "Xã mới", Unit: "C2", Role: meeting.RoleSite}}}}
	withdrawn := func(s int) happening {
		return happening{s, &meeting.SiteWithdrawn{Endpoint: "C1", By: meeting.HostCode, Reason: "sáp nhập"}}
	}
	restored := func(s int) happening {
		return happening{s, &meeting.SiteRestored{Endpoint: "C1", By: meeting.HostCode}}
	}
	row := func(t *testing.T, asOf int, code string, list ...happening) (attendance.SiteRow, *attendance.Report) {
		t.Helper()
		list = append([]happening{{0, &meeting.Started{By: meeting.HostCode}}}, list...)
		r, err := attendance.Fold(seq(entries(t, meeting.DefaultRules(), append(list, happening{1000, &meeting.Ended{}})...)),
			attendance.FoldOptions{AsOf: at(asOf)})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Sites {
			if s.Endpoint == code {
				return s, r
			}
		}
		return attendance.SiteRow{}, r
	}
	for _, tc := range []struct {
		name string
		code string
		list []happening
		want attendance.Verdict
	}{
		{"it was there since it was convened", "N1", append([]happening{added}, there("N1", 601, 1000)...), attendance.OnTime},
		{"it came late since it was convened", "N1", append([]happening{{0, added.ev}}, there("N1", 150, 1000)...), attendance.OnTime},
		{"it came too late since", "N1", append([]happening{{-60, added.ev}}, there("N1", 301, 1000)...), attendance.Partial},
		{"it was there for half of what it owed", "N1", append([]happening{added}, there("N1", 800, 1000)...), attendance.Partial},
		{"it never came", "N1", []happening{added}, attendance.Absent},
		{"one that came with the session owes it all", "C2", append([]happening{added}, there("C2", 600, 1000)...), attendance.Partial},
		{"withdrawn before", "C1", []happening{withdrawn(-10)}, attendance.NotConvened},
		{"withdrawn though it was there", "C1", append(there("C1", 0, 500), withdrawn(500)), attendance.NotConvened},
		{"withdrawn for the middle", "C1", append(there("C1", 600, 1000), withdrawn(-10), restored(600)), attendance.OnTime},
		{"withdrawn and restored, and never there", "C1", []happening{withdrawn(10), restored(20)}, attendance.Absent},
		{"a verdict of a person does not outlast it", "C1", []happening{
			{10, &meeting.VerdictOverridden{Endpoint: "C1", Verdict: meeting.VerdictLate, Reason: "x"}}, withdrawn(500),
		}, attendance.NotConvened},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, r := row(t, 1000, tc.code, tc.list...)
			if s.Verdict != tc.want {
				t.Errorf("%s, want %s", s.Verdict, tc.want)
			}
			if gone := tc.want == attendance.NotConvened; gone != (s.Withdrawn != nil) || gone && (s.Withdrawn.Reason != "sáp nhập" || r.Total.Withdrawn != 1) {
				t.Errorf("withdrawn: %+v, %d in all", s.Withdrawn, r.Total.Withdrawn)
			}
			if c := r.Total; c.OnTime+c.Late+c.Partial+c.Absent != c.Convened || c.Convened+c.Withdrawn != len(r.Sites) {
				t.Errorf("the sums do not add up: %+v of %d sites", c, len(r.Sites))
			}
		})
	}
	if s, r := row(t, 599, "N1", added); s.Endpoint != "" || len(r.Sites) != 3 {
		t.Error("a site is there before it was convened")
	}
	if s, r := row(t, 499, "C1", withdrawn(500)); s.Withdrawn != nil || r.Total.Convened != 3 {
		t.Error("a site is gone before it was withdrawn")
	}
}

// By the rule of the session only the time in which the stage arrived counts, or that of any connection.
func TestConnectedButNothingArrives(t *testing.T) {
	list := []happening{
		{0, &meeting.Started{By: meeting.HostCode}}, {0, &meeting.Connected{Endpoint: "C1", Conn: "c"}},
		{10, &meeting.ReceivingChanged{Endpoint: "C1", Conn: "c", Receiving: true, At: at(10)}},
		{400, &meeting.ReceivingChanged{Endpoint: "C1", Conn: "c", At: at(400)}},
		{1000, &meeting.Ended{}},
	}
	for _, tc := range []struct {
		only bool
		want attendance.Verdict
	}{{false, attendance.OnTime}, {true, attendance.Partial}} {
		rules := meeting.DefaultRules()
		rules.ReceivingOnly = tc.only
		r, err := attendance.Fold(seq(entries(t, rules, list...)), attendance.FoldOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s := r.Sites[0]
		if s.Verdict != tc.want || s.Received != 390*time.Second || s.ConnectedOnly() != 610*time.Second {
			t.Errorf("receiving only %v: %s, received %v, connected only %v", tc.only, s.Verdict, s.Received, s.ConnectedOnly())
		}
	}
}

// The report is called as the session is called now, and keeps what was discussed though it stands in the agenda no more.
func TestTitleAndAgendaThatChanged(t *testing.T) {
	first := convened(meeting.DefaultRules())
	first.Agenda = []meeting.AgendaItem{{ID: "a1", Title: "Khai mạc"}}
	r, err := attendance.Fold(seq(ledgerOf(t, first,
		happening{0, &meeting.Started{By: meeting.HostCode}}, happening{1, &meeting.AgendaMoved{Item: "a1"}},
		happening{60, &meeting.TitleChanged{Title: "Họp giao ban"}},
		happening{61, &meeting.AgendaChanged{Version: 2, Agenda: []meeting.AgendaItem{{ID: "v2.1", Title: "Bế mạc"}}}}, happening{61, &meeting.AgendaMoved{}},
	)), attendance.FoldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Session.Title != "Họp giao ban" || len(r.Agenda) != 1 || r.Agenda[0].Title != "Bế mạc" || len(r.AgendaTurns) != 1 ||
		r.AgendaTurns[0].Item.Title != "Khai mạc" {
		t.Errorf("%q, %+v, %+v", r.Session.Title, r.Agenda, r.AgendaTurns)
	}
}
