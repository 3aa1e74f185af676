package meeting

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestChangeAfterConvening(t *testing.T) {
	office := Actor{Endpoint: OfficePrefix + "lan", Role: RoleOffice}
	host, operator, secretary := Actor{HostCode, RoleHost}, Actor{OperatorCode, RoleOperator}, Actor{SecretaryCode, RoleSecretary}
	site, room := Actor{"C1", RoleSite}, Actor{RoomCode, RoleRoom}
	agenda := []AgendaItem{{Title: "Khai mạc", Minutes: 5, Speakers: []string{HostCode, "C1"}}}
	late := Endpoint{Code: "K1", Name: "Khách", Role: RoleSite}
	end, seal := EndSession{}, SealSession{}
	for _, tc := range []struct {
		name   string
		before []Command // by the host
		cmd    Command
		by     Actor
		want   Code     // "" = done
		kinds  []string // of the events
	}{
		{"title by the office", nil, SetTitle{" Họp giao ban "}, office, "", []string{"title_changed"}},
		{"title by the host", nil, SetTitle{"Họp"}, host, "", []string{"title_changed"}},
		{"title by the operator", nil, SetTitle{"Họp"}, operator, "", []string{"title_changed"}},
		{"title by the secretary", nil, SetTitle{"Họp"}, secretary, CodeForbidden, nil},
		{"title by a site", nil, SetTitle{"Họp"}, site, CodeForbidden, nil},
		{"title by a screen", nil, SetTitle{"Họp"}, room, CodeForbidden, nil},
		{"no title", nil, SetTitle{" "}, office, CodeBadValue, nil},
		{"long title", nil, SetTitle{strings.Repeat("ã", MaxTitle+1)}, office, CodeBadValue, nil},
		{"the same title", nil, SetTitle{"Phiên họp"}, office, CodeAlreadyDone, nil},
		{"title after the end", []Command{end}, SetTitle{"Họp"}, office, "", []string{"title_changed"}},
		{"title after the seal", []Command{end, seal}, SetTitle{"Họp"}, office, CodeWrongPhase, nil},

		{"help phone", nil, SetHelpPhone{"024 3333"}, operator, "", []string{"help_phone"}},
		{"the same help phone", []Command{SetHelpPhone{"1"}}, SetHelpPhone{"1"}, office, CodeAlreadyDone, nil},
		{"no help phone any more", []Command{SetHelpPhone{"1"}}, SetHelpPhone{""}, office, "", []string{"help_phone"}},
		{"help phone by a site", nil, SetHelpPhone{"1"}, site, CodeForbidden, nil},

		{"agenda", nil, SetAgenda{1, agenda}, office, "", []string{"agenda_changed"}},
		{"agenda of another version", []Command{SetAgenda{1, agenda}}, SetAgenda{1, nil}, office, CodeConflict, nil},
		{"the same agenda", nil, SetAgenda{1, nil}, office, CodeAlreadyDone, nil},
		{"item without a title", nil, SetAgenda{1, []AgendaItem{{Title: " "}}}, office, CodeBadValue, nil},
		{"item twice", nil, SetAgenda{1, []AgendaItem{{ID: "a", Title: "x"}, {ID: "a", Title: "y"}}}, office, CodeBadValue, nil},
		{"unknown speaker", nil, SetAgenda{1, []AgendaItem{{Title: "x", Speakers: []string{"C9"}}}}, office, CodeBadValue, nil},
		{"withdrawn speaker", []Command{WithdrawSite{"C1", "nhập xã"}}, SetAgenda{1, agenda}, office, CodeBadValue, nil},
		{"an operator is no speaker", nil, SetAgenda{1, []AgendaItem{{Title: "x", Speakers: []string{OperatorCode}}}}, office, CodeBadValue, nil},
		{"the item discussed is taken out", []Command{SetAgenda{1, agenda}, MoveAgenda{"v2.1"}}, SetAgenda{2, nil}, office, "",
			[]string{"agenda_changed", "agenda"}},
		{"agenda by a site", nil, SetAgenda{1, agenda}, site, CodeForbidden, nil},

		{"a guest comes", nil, AddSites{Endpoints: []Endpoint{late}}, office, "", []string{"sites_added"}},
		{"a site of a new unit", nil, AddSites{[]Unit{{Code: "C7", Parent: "P01"}, {Code: "P01"}},
			[]Endpoint{{Code: "C7", Unit: "C7", Name: "x", Role: RoleSite}}}, host, "", []string{"sites_added"}},
		{"a site of no known unit", nil, AddSites{nil, []Endpoint{{Code: "C7", Unit: "C7", Name: "x", Role: RoleSite}}}, office, CodeBadEndpointCode, nil},
		{"no sites", nil, AddSites{}, office, CodeBadValue, nil},
		{"a site that is there", nil, AddSites{Endpoints: []Endpoint{{Code: "C1", Name: "x", Role: RoleSite}}}, office, CodeBadEndpointCode, nil},
		{"a console is no site", nil, AddSites{Endpoints: []Endpoint{{Code: "K1", Name: "x", Role: RoleHost}}}, office, CodeBadEndpointCode, nil},
		{"the code of a console", nil, AddSites{Endpoints: []Endpoint{{Code: "@x", Name: "x", Role: RoleSite}}}, office, CodeBadEndpointCode, nil},
		{"twice at once", nil, AddSites{Endpoints: []Endpoint{late, late}}, office, CodeBadEndpointCode, nil},
		{"sites by a site", nil, AddSites{Endpoints: []Endpoint{late}}, site, CodeForbidden, nil},
		{"sites after the end", []Command{end}, AddSites{Endpoints: []Endpoint{late}}, office, CodeWrongPhase, nil},
		{"one comes back, one is new", []Command{WithdrawSite{"C1", "x"}}, AddSites{nil, []Endpoint{{Code: "C1", Name: "x", Role: RoleSite}, late}}, office, "",
			[]string{"sites_added", "site_restored"}},

		{"withdraw", nil, WithdrawSite{"C1", "nhập xã"}, office, "", []string{"site_withdrawn"}},
		{"withdraw without a reason", nil, WithdrawSite{"C1", " "}, office, CodeBadValue, nil},
		{"withdraw for a long reason", nil, WithdrawSite{"C1", strings.Repeat("ã", MaxReasonText+1)}, office, CodeBadValue, nil},
		{"withdraw twice", []Command{WithdrawSite{"C1", "x"}}, WithdrawSite{"C1", "x"}, office, CodeWithdrawn, nil},
		{"withdraw nobody", nil, WithdrawSite{"C9", "x"}, office, CodeUnknownEndpoint, nil},
		{"withdraw a console", nil, WithdrawSite{OperatorCode, "x"}, office, CodeUnknownEndpoint, nil},
		{"withdraw by a site", nil, WithdrawSite{"C2", "x"}, site, CodeForbidden, nil},
		{"withdraw after the end", []Command{end}, WithdrawSite{"C1", "x"}, office, "", []string{"site_withdrawn"}},
		{"withdraw after the seal", []Command{end, seal}, WithdrawSite{"C1", "x"}, office, CodeWrongPhase, nil},
		{"withdraw a registered speaker", []Command{SetAgenda{1, agenda}}, WithdrawSite{"C1", "x"}, office, "", []string{"site_withdrawn", "agenda_changed"}},
		{"restore", []Command{WithdrawSite{"C1", "x"}}, RestoreSite{"C1"}, office, "", []string{"site_restored"}},
		{"restore what is convened", nil, RestoreSite{"C1"}, office, CodeAlreadyDone, nil},
		{"restore by a site", []Command{WithdrawSite{"C2", "x"}}, RestoreSite{"C2"}, site, CodeForbidden, nil},
		{"judge who was withdrawn", []Command{WithdrawSite{"C1", "x"}}, OverrideVerdict{"C1", VerdictLate, "x"}, secretary, CodeWithdrawn, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := convened(t, 0, 3)
			for _, cmd := range tc.before {
				w.must(cmd, host)
			}
			if tc.want != "" {
				w.refused(tc.cmd, tc.by, tc.want)
				return
			}
			events, err := w.do(tc.cmd, tc.by)
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, e.Kind())
			}
			if err != nil || !slices.Equal(kinds, tc.kinds) {
				t.Fatalf("%v, %v; want %v", kinds, err, tc.kinds)
			}
			replayed := New("s")
			for _, e := range w.history {
				replayed.Apply(e.event, e.at)
			}
			if !reflect.DeepEqual(replayed, w.s) {
				t.Error("the events replayed give another session")
			}
		})
	}
}

// A site that is withdrawn while it speaks leaves the stage and the queue and cannot come back before it is restored.
func TestWithdrawnSiteLeaves(t *testing.T) {
	w := convened(t, 0, 2)
	host := Actor{HostCode, RoleHost}
	w.enter(HostCode)
	w.enter("C1")
	w.enter("C2")
	w.must(StartSession{}, host)
	w.must(RaiseHand{}, Actor{"C2", RoleSite})
	w.must(GrantSlot{Endpoint: "C1"}, host)
	w.must(WithdrawSite{"C1", "nhập xã"}, host)
	w.must(WithdrawSite{"C2", "nhập xã"}, host)
	if ep := w.s.Endpoint("C1"); ep.Conn != nil || len(w.s.GrantsOf("C1")) > 0 || len(w.s.Hands) > 0 || ep.WithdrawnFor != "nhập xã" {
		t.Fatalf("%+v, hands %v", ep, w.s.Hands)
	}
	w.refused(Connect{Conn: "again"}, Actor{"C1", RoleSite}, CodeWithdrawn)
	w.refused(DeclareHeadcount{3}, Actor{"C1", RoleSite}, CodeWithdrawn)
	w.must(RestoreSite{"C1"}, host)
	w.must(Connect{Conn: "again"}, Actor{"C1", RoleSite})
	w.must(HandOverChair{"C1"}, host)
	w.refused(WithdrawSite{"C1", "x"}, host, CodeForbidden)
}

// The agenda keeps the ids of its items, and no id comes back for another item.
func TestAgendaIDs(t *testing.T) {
	w := convened(t, 0, 1)
	host := Actor{HostCode, RoleHost}
	w.must(SetAgenda{1, []AgendaItem{{Title: "a"}, {Title: "b"}}}, host)
	first := w.s.Agenda
	w.must(SetAgenda{2, []AgendaItem{first[1], {Title: "c"}}}, host)
	if got := w.s.Agenda; got[0].ID != first[1].ID || got[1].ID == first[0].ID || got[1].ID == first[1].ID || w.s.AgendaVersion != 3 {
		t.Fatalf("%+v after %+v", got, first)
	}
}

func TestRulesBeforeOpening(t *testing.T) {
	s := New("s")
	do := func(cmd Command, by Actor) error {
		events, err := s.Decide(cmd, by, s.ScheduledAt)
		for _, e := range events {
			s.Apply(e, s.ScheduledAt)
		}
		return err
	}
	if err := do(Convene{Title: "x", TimeZone: "UTC", Rules: DefaultRules(), HelpPhone: "024"}, Actor{}); err != nil || s.HelpPhone != "024" {
		t.Fatal(err, s.HelpPhone)
	}
	yes, wait, early := true, 10, MaxOpenBeforeS+1
	change := ChangeRules{GraceS: 60, LateAfterS: 300, PartialPct: 50, ReceivingOnly: &yes, CountdownS: &wait, Reason: "x"}
	for _, tc := range []struct {
		by   Actor
		want Code
	}{{Actor{SecretaryCode, RoleSecretary}, CodeForbidden}, {Actor{OperatorCode, RoleOperator}, CodeForbidden}, {Actor{OfficePrefix + "lan", RoleOffice}, ""}} {
		var refused *Error
		if err := do(change, tc.by); errors.As(err, &refused) != (tc.want != "") || refused != nil && refused.Code != tc.want {
			t.Fatalf("%s: %v", tc.by.Role, err)
		}
	}
	if s.Rules != (Rules{CountdownS: 10, OpenBeforeS: 3600, GraceS: 60, LateAfterS: 300, PartialPct: 50, ReceivingOnly: true}) {
		t.Fatalf("%+v", s.Rules)
	}
	change.OpenBeforeS = &early
	if err := do(change, Actor{HostCode, RoleHost}); err == nil {
		t.Error("a day and a second is too early")
	}
	change.CountdownS, change.OpenBeforeS, change.PartialPct = nil, nil, 60
	if err := do(change, Actor{SecretaryCode, RoleSecretary}); err != nil {
		t.Error("the secretary judges attendance:", err)
	}
}
