package signaling_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestRollCall(t *testing.T) {
	b := newBed(t, "")
	host, secretary, c1, c2 := b.enter(meeting.HostCode), b.enter(meeting.SecretaryCode), b.enter("C1"), b.enter("C2")
	c1.refused("forbidden", protocol.RollCall{Open: true})
	host.ask(protocol.RollCall{Open: true})
	secretary.refused("roll_call_open", protocol.RollCall{Open: true})
	c1.sees("the roll call", func() bool { return c1.state.RollCall == 1 })
	c1.refused("bad_value", protocol.RollCallAnswer{RollCall: 1, Headcount: -1})
	c1.refused("roll_call_closed", protocol.RollCallAnswer{RollCall: 2, Headcount: 5})
	c1.ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 12})
	c1.sees("that it has answered", func() bool { return c1.self.Answered && c1.self.Headcount == 12 })
	secretary.sees("the answer", func() bool {
		return secretary.sites["C1"].Answered && secretary.sites["C1"].Headcount == 12 && !secretary.sites["C2"].Answered
	})
	secretary.ask(protocol.RollCall{Open: false})
	c2.refused("roll_call_closed", protocol.RollCallAnswer{RollCall: 1, Headcount: 5})
	c2.sees("its end", func() bool { return c2.state.RollCall == 0 })
	secretary.sees("the answers of the last one", func() bool { return secretary.sites["C1"].Answered })
	host.ask(protocol.RollCall{Open: true})
	c1.sees("a new one", func() bool { return c1.state.RollCall == 2 && !c1.self.Answered })
	c1.ask(protocol.Headcount{Headcount: 13})
	c1.ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Nguyễn Văn A", AttendingFor: "Chủ tịch"}}})
	c1.sees("its delegates", func() bool { return len(c1.self.Delegates) == 1 && c1.self.Headcount == 13 })
}

// Operators of a province see and steer their own.
func TestScope(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	host, c1, p58 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("P58")
	var all struct {
		Operators []struct{ Code, Unit, Link string }
	}
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &all)
	if len(all.Operators) != 1 || all.Operators[0].Unit != "D582" || !strings.Contains(all.Operators[0].Link, "/host#") {
		t.Fatalf("operators: %+v", all.Operators)
	}
	b.links.Endpoints = append(b.links.Endpoints, struct{ Code, Unit, Name, Link string }{Code: "@operator-2", Link: all.Operators[0].Link})
	op := b.enter("@operator-2")
	if got := op.Welcome().Self; got.Scope != "D582" || got.Name != "Huyện Bác Ái" {
		t.Errorf("welcome: %+v", got)
	}
	op.sees("its own sites only", func() bool { return len(op.sites) == 1 && op.sites["C1"].State == "present" })
	host.ask(protocol.Start{})
	p58.ask(protocol.RaiseHand{})
	c1.ask(protocol.RaiseHand{})
	op.sees("the hand of its own", func() bool { return op.sites["C1"].HandAtMs > 0 })
	op.see(func() {
		if len(op.sites) != 1 {
			t.Errorf("the operator is told of %v", op.sites)
		}
	})
	op.refused("forbidden", protocol.Grant{Endpoint: "P58"})
	op.refused("forbidden", protocol.Watch{Slot: "preview", Endpoint: "P58"})
	op.refused("forbidden", protocol.End{})
	op.ask(protocol.Watch{Slot: "preview", Endpoint: "C1"})
	op.ask(protocol.Grant{Endpoint: "C1"})
	host.seesRow("C1", "on-floor")
}

// The chair passes to a site without a gap and comes back.
func TestChair(t *testing.T) {
	b := newBed(t, "")
	host, c1, c2 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2")
	host.ask(protocol.Start{})
	c1.refused("forbidden", protocol.Grant{Endpoint: "C2"})
	host.ask(protocol.HandOver{To: "C1"})
	c2.sees("the chair", func() bool { return c2.state.Chair == "C1" && c2.state.Phase == "live" })
	c1.sees("the sites", func() bool { return len(c1.sites) == 3 && c1.sites["C2"].State == "present" })
	c1.ask(protocol.Grant{Endpoint: "C2"})
	c1.seesRow("C2", "on-floor")
	c1.ask(protocol.Watch{Slot: "thumb1", Endpoint: "C2"})
	await(t, "the chair has a monitor", func() bool { return b.media.of("C1", signaling.PeerMonitor).ID != "" })
	host.ask(protocol.HandOver{To: meeting.HostCode})
	c1.refused("forbidden", protocol.Revoke{Endpoint: "C2"})
	c1.refused("forbidden", protocol.Watch{Slot: "thumb1", Endpoint: "C2"})
	host.ask(protocol.Revoke{Endpoint: "C2"})
	// No rows any more for who does not chair.
	c2.ask(protocol.RaiseHand{})
	host.sees("the hand", func() bool { return host.sites["C2"].HandAtMs > 0 })
	c1.see(func() {
		if c1.sites["C2"].HandAtMs > 0 {
			t.Error("C1 is told of hands after giving the chair back")
		}
	})
}

func TestLockAndAgenda(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"D582/*","start":"now","agenda":[{"title":"Khai mạc"},{"id":"b","title":"Báo cáo","minutes":20,"speakers":["C2","C1"]}]}`)
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	if a := c1.Welcome().Session.Agenda; len(a) != 2 || a[0].ID != "a1" || a[1].Minutes != 20 || !slices.Equal(a[1].Speakers, []string{"C2", "C1"}) {
		t.Errorf("agenda: %+v", a)
	}
	host.refused("bad_value", protocol.Agenda{Item: "z"})
	host.ask(protocol.Agenda{Item: "b"})
	c1.sees("the item", func() bool { return c1.state.AgendaItem == "b" && c1.state.AgendaAtMs > 0 })
	host.ask(protocol.Lock{Locked: true})
	c1.sees("the lock", func() bool { return c1.state.Locked })
	if _, err := b.tryEnter("C2", client.Options{}); closeCode(err) != protocol.CloseLocked || refusal(err).Code != "locked" {
		t.Errorf("a new site enters a locked session: %v", err)
	}
	c1.Drop()
	host.seesRow("C1", "lost")
	c1, err := b.tryEnter("C1", client.Options{})
	if err != nil {
		t.Fatalf("a site that was there is locked out: %v", err)
	}
	c1.refused("forbidden", protocol.Budget{Kbps: 300})
	host.refused("bad_value", protocol.Budget{Kbps: -1})
	host.ask(protocol.Budget{Kbps: 300})
	budget := func() int { b.media.mu.Lock(); defer b.media.mu.Unlock(); return b.media.budget }
	await(t, "the media plane has the budget", func() bool { return budget() == 300 })
	b.restart(true)
	await(t, "it has it after a restart", func() bool { return budget() == 300 })
	host = b.enter(meeting.HostCode)
	host.sees("the budget", func() bool { return host.state.BudgetKbps == 300 })
	host.ask(protocol.Lock{Locked: false})
	b.enter("C2")
}

func TestMessages(t *testing.T) {
	b := newBed(t, "")
	host, secretary, c1, c2 := b.enter(meeting.HostCode), b.enter(meeting.SecretaryCode), b.enter("C1"), b.enter("C2")
	c1.refused("forbidden", protocol.SendMessage{To: "C2", Text: "x"})
	c1.refused("bad_value", protocol.SendMessage{To: meeting.ToSecretariat})
	c1.refused("bad_value", protocol.SendMessage{To: meeting.ToSecretariat, Text: strings.Repeat("x", 2001)})
	host.refused("unknown_endpoint", protocol.SendMessage{To: "C9", Text: "x"})
	c1.ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "mất tiếng"})
	secretary.ask(protocol.SendMessage{To: "C1", Text: "đã rõ"})
	host.ask(protocol.SendMessage{To: "D582", Text: "huyện"})
	host.ask(protocol.SendMessage{To: "*", Text: "tất cả"})
	mail := func(p *person, want ...string) {
		t.Helper()
		p.sees("its mail", func() bool { return len(p.mail) >= len(want) })
		p.see(func() {
			if !slices.Equal(p.mail, want) {
				t.Errorf("%s reads %q, want %q", p.code, p.mail, want)
			}
		})
	}
	all := func() {
		t.Helper()
		mail(c1, "C1: mất tiếng", "@secretary: đã rõ", "@host: huyện", "@host: tất cả")
		mail(c2, "@host: huyện", "@host: tất cả")
		mail(secretary, "C1: mất tiếng", "@secretary: đã rõ", "@host: tất cả")
		mail(host, "C1: mất tiếng", "@host: huyện", "@host: tất cả")
	}
	all()
	// Who comes back reads what was written before, after a restart too.
	b.restart(true)
	host, secretary, c1, c2 = b.enter(meeting.HostCode), b.enter(meeting.SecretaryCode), b.enter("C1"), b.enter("C2")
	all()
}

// Two operators act at once: one is told what the other did, nothing is lost.
func TestTwoOperators(t *testing.T) {
	b := newBed(t, "")
	host, operator := b.enter(meeting.HostCode), b.enter(meeting.OperatorCode)
	b.enter("C1")
	b.enter("C2")
	host.ask(protocol.Start{})
	errs := make(chan error, 2)
	for _, p := range []*person{host, operator} {
		go func() { errs <- p.try(protocol.Grant{Endpoint: "C1"}) }()
	}
	first, second := <-errs, <-errs
	if (first == nil) == (second == nil) {
		t.Errorf("both grants: %v, %v", first, second)
	}
	for _, p := range []*person{host, operator} {
		p.sees("C1 on the floor", func() bool { return p.stage(meeting.SlotFloor).Endpoint == "C1" })
	}
	operator.refused("unknown_endpoint", protocol.Grant{Endpoint: "C9"})
	operator.refused("not_connected", protocol.Grant{Endpoint: "C3"})
}
