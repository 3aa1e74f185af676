package meeting

import (
	"testing"
	"time"
)

// provinces is a session with two provinces, a site in each, and an operator delegated to the first.
func provinces(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, s: New("s"), now: time.Unix(1e9, 0)}
	rules := DefaultRules()
	rules.CountdownS = 0
	w.must(Convene{
		Title: "t", TimeZone: "UTC", Rules: rules,
		Units: []Unit{
			{Code: "TW", Level: LevelCentral, Name: "TW"},
			{Code: "P1", Parent: "TW", Level: LevelProvince, Name: "P1"}, {Code: "P2", Parent: "TW", Level: LevelProvince, Name: "P2"},
			{Code: "A", Parent: "P1", Level: LevelCommune, Name: "A"}, {Code: "B", Parent: "P2", Level: LevelCommune, Name: "B"},
		},
		Endpoints: []Endpoint{
			{Code: "A", Unit: "A", Name: "A", Role: RoleSite}, {Code: "B", Unit: "B", Name: "B", Role: RoleSite},
			{Code: "@operator-2", Name: "P1", Role: RoleOperator, Scope: "P1"},
		},
		Agenda: []AgendaItem{{ID: "1", Title: "Báo cáo", Minutes: 10, Speakers: []string{"A"}}},
	}, Actor{})
	w.must(OpenSession{}, Actor{})
	w.live("A", "B", "@operator-2", OperatorCode, SecretaryCode)
	return w
}

func TestDelegatedOperatorStaysInItsUnits(t *testing.T) {
	w := provinces(t)
	delegated, operator := w.actor("@operator-2"), w.actor(OperatorCode)
	w.must(GrantSlot{Endpoint: "A"}, delegated)
	w.must(RevokeSlot{Endpoint: "A"}, delegated)
	w.must(GrantSlot{Endpoint: "B"}, operator)
	for _, cmd := range []Command{
		GrantSlot{Endpoint: "B"}, GrantSlot{Endpoint: "A"}, GrantSlot{Endpoint: "A", Slot: SlotMain}, RevokeSlot{Endpoint: "B"},
		SetMuted{Endpoint: "B", Muted: true}, SetRemoved{Endpoint: "B", Removed: true}, SetStandBy{Endpoint: "B", On: true},
		EndSession{}, SetLocked{Locked: true}, MoveAgenda{Item: "1"}, SetBudget{Kbps: 300}, HandOverChair{To: "A"},
		SendMessage{To: "B", Text: "x"}, SendMessage{To: EveryEndpoint, Text: "x"},
	} {
		w.refused(cmd, delegated, CodeForbidden)
	}
	w.must(SendMessage{To: "P1", Text: "x"}, delegated)
}

func TestChairIsHandedOverWithoutAGap(t *testing.T) {
	w := provinces(t)
	w.must(HandOverChair{To: "A"}, w.actor(HostCode))
	if w.s.Phase != PhaseLive || w.s.Grants[SlotMain].Endpoint != HostCode {
		t.Fatal("the stage changed with the chair")
	}
	w.must(GrantSlot{Endpoint: "A", Slot: SlotMain}, w.actor("A"))
	w.must(GrantSlot{Endpoint: "B"}, w.actor("A"))
	w.refused(HandOverChair{To: "B"}, w.actor("B"), CodeForbidden)
	w.refused(HandOverChair{To: SecretaryCode}, w.actor("A"), CodeBadValue)
	w.must(HandOverChair{To: HostCode}, w.actor("A"))
	w.refused(GrantSlot{Endpoint: "A"}, w.actor("A"), CodeForbidden)
}

func TestLockKeepsNewSitesOut(t *testing.T) {
	w := provinces(t)
	w.must(Disconnect{Endpoint: "A", Conn: "A-conn", LastSeen: w.now}, Actor{})
	w.s.change("B", func(ep *Endpoint) { ep.LastConn, ep.Conn = "", nil }) // as if B had never come
	w.must(SetLocked{Locked: true}, w.actor(HostCode))
	w.refused(Connect{Conn: "new"}, w.actor("B"), CodeLocked)
	w.must(Connect{Conn: "back"}, w.actor("A"))
}

func TestMessagesReachWhomTheyAreFor(t *testing.T) {
	w := provinces(t)
	tests := []struct {
		from, to string
		readers  []string
	}{
		{"A", ToSecretariat, []string{"A", HostCode, OperatorCode, SecretaryCode, "@operator-2"}},
		{"B", ToSecretariat, []string{"B", HostCode, OperatorCode, SecretaryCode}},
		{HostCode, "A", []string{HostCode, "A"}},
		{HostCode, "P2", []string{HostCode, "B"}},
		{HostCode, EveryEndpoint, []string{HostCode, OperatorCode, SecretaryCode, "A", "B", "@operator-2"}},
	}
	for _, tt := range tests {
		events, err := w.do(SendMessage{To: tt.to, Text: "xin chào"}, w.actor(tt.from))
		if err != nil {
			t.Fatalf("%s to %s: %v", tt.from, tt.to, err)
		}
		want := map[string]bool{}
		for _, r := range tt.readers {
			want[r] = true
		}
		for _, code := range w.s.Order {
			if got := w.s.Addressed(events[0].(*MessageSent), code); got != want[code] {
				t.Errorf("%s to %s: %s reads it: %v", tt.from, tt.to, code, got)
			}
		}
	}
	w.refused(SendMessage{To: "B", Text: "x"}, w.actor("A"), CodeForbidden)
	w.refused(SendMessage{To: ToSecretariat}, w.actor("A"), CodeBadValue)
	w.refused(SendMessage{To: "nobody", Text: "x"}, w.actor(HostCode), CodeUnknownEndpoint)
}
