package signaling_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestRollCall(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, secretary, c1, c2 := b.Enter(meeting.HostCode), b.Enter(meeting.SecretaryCode), b.Enter("C1"), b.Enter("C2")
	c1.Refused("forbidden", protocol.RollCall{Open: true})
	host.Ask(protocol.RollCall{Open: true})
	secretary.Refused("roll_call_open", protocol.RollCall{Open: true})
	c1.Sees("the roll call", func() bool { return c1.State.RollCall == 1 })
	c1.Refused("bad_value", protocol.RollCallAnswer{RollCall: 1, Headcount: -1})
	c1.Refused("roll_call_closed", protocol.RollCallAnswer{RollCall: 2, Headcount: 5})
	c1.Ask(protocol.RollCallAnswer{RollCall: 1, Headcount: 12})
	c1.Sees("that it has answered", func() bool { return c1.Self.Answered && c1.Self.Headcount == 12 })
	secretary.Sees("the answer", func() bool {
		return secretary.Sites["C1"].Answered && secretary.Sites["C1"].Headcount == 12 && !secretary.Sites["C2"].Answered
	})
	secretary.Ask(protocol.RollCall{Open: false})
	c2.Refused("roll_call_closed", protocol.RollCallAnswer{RollCall: 1, Headcount: 5})
	c2.Sees("its end", func() bool { return c2.State.RollCall == 0 })
	secretary.Sees("the answers of the last one", func() bool { return secretary.Sites["C1"].Answered })
	host.Ask(protocol.RollCall{Open: true})
	c1.Sees("a new one", func() bool { return c1.State.RollCall == 2 && !c1.Self.Answered })
	c1.Ask(protocol.Headcount{Headcount: 13})
	c1.Ask(protocol.Delegates{Delegates: []protocol.Delegate{{Name: "Nguyễn Văn A", AttendingFor: "Chủ tịch"}}})
	c1.Sees("its delegates", func() bool { return len(c1.Self.Delegates) == 1 && c1.Self.Headcount == 13 })
}

// Operators of a province see and steer their own.
func TestScope(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	host, c1, p58 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("P58")
	var all struct {
		Operators []struct{ Code, Unit, Link string }
	}
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &all)
	if len(all.Operators) != 1 || all.Operators[0].Unit != "D582" || !strings.Contains(all.Operators[0].Link, "/host#") {
		t.Fatalf("operators: %+v", all.Operators)
	}
	b.Links.Endpoints = append(b.Links.Endpoints, struct{ Code, Unit, Name, Link string }{Code: "@operator-2", Link: all.Operators[0].Link})
	op := b.Enter("@operator-2")
	if got := op.Welcome().Self; got.Scope != "D582" || got.Name != "Huyện Bác Ái" {
		t.Errorf("welcome: %+v", got)
	}
	op.Sees("its own sites only", func() bool { return len(op.Sites) == 1 && op.Sites["C1"].State == "present" })
	host.Ask(protocol.Start{})
	p58.Ask(protocol.RaiseHand{})
	c1.Ask(protocol.RaiseHand{})
	op.Sees("the hand of its own", func() bool { return op.Sites["C1"].HandAtMs > 0 })
	op.See(func() {
		if len(op.Sites) != 1 {
			t.Errorf("the operator is told of %v", op.Sites)
		}
	})
	op.Refused("forbidden", protocol.Grant{Endpoint: "P58"})
	op.Refused("forbidden", protocol.Watch{Slot: "preview", Endpoint: "P58"})
	op.Refused("forbidden", protocol.End{})
	op.Ask(protocol.Watch{Slot: "preview", Endpoint: "C1"})
	op.Ask(protocol.Grant{Endpoint: "C1"})
	host.SeesRow("C1", "on-floor")
}

// The chair passes to a site without a gap and comes back.
func TestChair(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
	host.Ask(protocol.Start{})
	c1.Refused("forbidden", protocol.Grant{Endpoint: "C2"})
	host.Ask(protocol.HandOver{To: "C1"})
	c2.Sees("the chair", func() bool { return c2.State.Chair == "C1" && c2.State.Phase == "live" })
	c1.Sees("the sites", func() bool { return len(c1.Sites) == 3 && c1.Sites["C2"].State == "present" })
	c1.Ask(protocol.Grant{Endpoint: "C2"})
	c1.SeesRow("C2", "on-floor")
	c1.Ask(protocol.Watch{Slot: "thumb1", Endpoint: "C2"})
	servertest.Await(t, "the chair has a monitor", func() bool { return b.Media.Of("C1", signaling.PeerMonitor).ID != "" })
	host.Ask(protocol.HandOver{To: meeting.HostCode})
	c1.Refused("forbidden", protocol.Revoke{Endpoint: "C2"})
	c1.Refused("forbidden", protocol.Watch{Slot: "thumb1", Endpoint: "C2"})
	host.Ask(protocol.Revoke{Endpoint: "C2"})
	// No rows any more for who does not chair.
	c2.Ask(protocol.RaiseHand{})
	host.Sees("the hand", func() bool { return host.Sites["C2"].HandAtMs > 0 })
	c1.See(func() {
		if c1.Sites["C2"].HandAtMs > 0 {
			t.Error("C1 is told of hands after giving the chair back")
		}
	})
}

func TestLockAndAgenda(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"D582/*","start":"now","agenda":[{"title":"Khai mạc"},{"id":"b","title":"Báo cáo","minutes":20,`+
		`"speakers":["C2","C1"]}]}`)
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	if a := c1.Welcome().Session.Agenda; len(a) != 2 || a[0].ID != "a1" || a[1].Minutes != 20 || !slices.Equal(a[1].Speakers, []string{"C2", "C1"}) {
		t.Errorf("agenda: %+v", a)
	}
	host.Refused("bad_value", protocol.Agenda{Item: "z"})
	host.Ask(protocol.Agenda{Item: "b"})
	c1.Sees("the item", func() bool { return c1.State.AgendaItem == "b" && c1.State.AgendaAtMs > 0 })
	host.Ask(protocol.Lock{Locked: true})
	c1.Sees("the lock", func() bool { return c1.State.Locked })
	if _, err := b.TryEnter("C2", client.Options{}); servertest.CloseCode(err) != protocol.CloseLocked || refusal(err).Code != "locked" {
		t.Errorf("a new site enters a locked session: %v", err)
	}
	c1.Drop()
	host.SeesRow("C1", "lost")
	c1, err := b.TryEnter("C1", client.Options{})
	if err != nil {
		t.Fatalf("a site that was there is locked out: %v", err)
	}
	c1.Refused("forbidden", protocol.Budget{Kbps: 300})
	host.Refused("bad_value", protocol.Budget{Kbps: -1})
	host.Ask(protocol.Budget{Kbps: 300})
	budget := func() int { b.Media.Mu.Lock(); defer b.Media.Mu.Unlock(); return b.Media.Budget }
	servertest.Await(t, "the media plane has the budget", func() bool { return budget() == 300 })
	b.Restart(true)
	servertest.Await(t, "it has it after a restart", func() bool { return budget() == 300 })
	host = b.Enter(meeting.HostCode)
	host.Sees("the budget", func() bool { return host.State.BudgetKbps == 300 })
	host.Ask(protocol.Lock{Locked: false})
	b.Enter("C2")
}

func TestMessages(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, secretary, c1, c2 := b.Enter(meeting.HostCode), b.Enter(meeting.SecretaryCode), b.Enter("C1"), b.Enter("C2")
	c1.Refused("forbidden", protocol.SendMessage{To: "C2", Text: "x"})
	c1.Refused("bad_value", protocol.SendMessage{To: meeting.ToSecretariat})
	c1.Refused("bad_value", protocol.SendMessage{To: meeting.ToSecretariat, Text: strings.Repeat("x", 2001)})
	host.Refused("unknown_endpoint", protocol.SendMessage{To: "C9", Text: "x"})
	c1.Ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "mất tiếng"})
	secretary.Ask(protocol.SendMessage{To: "C1", Text: "đã rõ"})
	host.Ask(protocol.SendMessage{To: "D582", Text: "huyện"})
	host.Ask(protocol.SendMessage{To: "*", Text: "tất cả"})
	reads := func(p *servertest.Person, want ...string) {
		t.Helper()
		p.Sees("its chat", func() bool { return len(p.Chat) >= len(want) })
		p.See(func() {
			if !slices.Equal(p.Chat, want) {
				t.Errorf("%s reads %q, want %q", p.Code, p.Chat, want)
			}
		})
	}
	all := func() {
		t.Helper()
		reads(c1, "C1: mất tiếng", "@secretary: đã rõ", "@host: huyện", "@host: tất cả")
		reads(c2, "@host: huyện", "@host: tất cả")
		reads(secretary, "C1: mất tiếng", "@secretary: đã rõ", "@host: tất cả")
		reads(host, "C1: mất tiếng", "@host: huyện", "@host: tất cả")
	}
	all()
	// Who comes back reads what was written before, after a restart too.
	b.Restart(true)
	host, secretary, c1, c2 = b.Enter(meeting.HostCode), b.Enter(meeting.SecretaryCode), b.Enter("C1"), b.Enter("C2")
	all()
}

// Two operators act at once: one is told what the other did, nothing is lost.
func TestTwoOperators(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, operator := b.Enter(meeting.HostCode), b.Enter(meeting.OperatorCode)
	b.Enter("C1")
	b.Enter("C2")
	host.Ask(protocol.Start{})
	errs := make(chan error, 2)
	for _, p := range []*servertest.Person{host, operator} {
		go func() { errs <- p.Try(protocol.Grant{Endpoint: "C1"}) }()
	}
	first, second := <-errs, <-errs
	if (first == nil) == (second == nil) {
		t.Errorf("both grants: %v, %v", first, second)
	}
	for _, p := range []*servertest.Person{host, operator} {
		p.Sees("C1 on the floor", func() bool { return p.Stage(meeting.SlotFloor).Endpoint == "C1" })
	}
	operator.Refused("unknown_endpoint", protocol.Grant{Endpoint: "C9"})
	operator.Refused("not_connected", protocol.Grant{Endpoint: "C3"})
}
