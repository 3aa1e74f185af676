package meeting

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"
)

// TestRandomCommands plays random histories. After every command it checks what must always hold, and compares the
// session with an auditor's books, kept from the events alone. In the end the events, replayed, give the same session, and on
// the way there what was frozen while they happened.
func TestRandomCommands(t *testing.T) {
	const histories, commands, sites = 3_000, 60, 5
	seen := map[string]int{}
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := convened(t, int(seed%4), sites)
		b := newBooks(t, seed)
		for _, e := range w.history {
			b.enter(e.event)
		}
		step := func(cmd Command, by Actor) {
			events, _ := w.do(cmd, by)
			for _, e := range events {
				seen[e.Kind()]++
				b.enter(e)
			}
			checkInvariants(t, w.s)
			b.compare(w.s)
		}
		frozen := map[int]*View{} // by the number of events before
		for i := range commands {
			if i%6 == 0 {
				frozen[len(w.history)] = w.s.Freeze()
			}
			w.now = w.now.Add(time.Duration(r.IntN(1500)) * time.Millisecond)
			step(randomCommand(r, w))
		}
		replayed := New("s")
		for i, e := range w.history {
			if v := frozen[i]; v != nil && !reflect.DeepEqual(v, &replayed.View) {
				t.Fatalf("seed %d: what was frozen after %d events has changed since", seed, i)
			}
			replayed.Apply(e.event, e.at)
		}
		if !reflect.DeepEqual(replayed, w.s) {
			t.Fatalf("seed %d: the events replayed give another session", seed)
		}
		step(Restart{LastSeen: w.now}, Actor{})
		if len(b.conns) > 0 {
			t.Fatalf("seed %d: joins without an end: %v", seed, b.conns)
		}
	}
	for _, kind := range []string{
		"connected", "resumed", "lost", "left", "granted", "on_air", "returned", "mute", "removal", "site_withdrawn", "site_restored", "roll_call_opened",
		"roll_call_answered",
		"roll_call_closed", "headcount", "hand_raised", "hand_lowered", "stand_by", "chair", "lock", "started", "ended",
	} {
		if seen[kind] < 20 {
			t.Errorf("only %d of %q in all histories: %v", seen[kind], kind, seen)
		}
	}
}

// books is what an auditor knows who reads the events and nothing else.
type books struct {
	t       *testing.T
	seed    uint64
	conns   map[string]string // endpoint -> its open connection
	holders map[Slot]string   // who was given a slot and has not returned it
	onAir   map[Slot]bool     // the holder may be seen and heard
	calls   []map[string]int  // of each roll call, the headcounts by endpoint
	calling bool              // the last roll call is open
	people  map[string]int    // headcounts as declared last
}

func newBooks(t *testing.T, seed uint64) *books {
	t.Helper()
	return &books{t: t, seed: seed, conns: map[string]string{}, holders: map[Slot]string{}, onAir: map[Slot]bool{}, people: map[string]int{}}
}

func (b *books) wrong(format string, args ...any) {
	b.t.Helper()
	b.t.Fatalf("seed %d: "+format, append([]any{b.seed}, args...)...)
}

func (b *books) join(code, conn string) {
	if open, ok := b.conns[code]; ok {
		b.wrong("%s joins by %s while %s has no end", code, conn, open)
	}
	b.conns[code] = conn
}

// part ends a connection. What its site was given it keeps, off the air; only main's picture returns by itself.
func (b *books) part(code, conn string) {
	if b.conns[code] != conn {
		b.wrong("connection %s of %s ends without a join", conn, code)
	}
	delete(b.conns, code)
	for slot, holder := range b.holders {
		if holder == code && slot != SlotMain {
			b.onAir[slot] = false
		}
	}
}

func (b *books) enter(e Event) {
	switch e := e.(type) {
	case *Connected:
		b.join(e.Endpoint, e.Conn)
	case *Resumed:
		b.join(e.Endpoint, e.Conn)
	case *Lost:
		b.part(e.Endpoint, e.Conn)
	case *Left:
		b.part(e.Endpoint, e.Conn)
	case *Granted:
		if holder := b.holders[e.Slot]; holder != "" {
			b.wrong("%s is given to %s while %s holds it", e.Slot, e.Endpoint, holder)
		}
		b.holders[e.Slot], b.onAir[e.Slot] = e.Endpoint, false
	case *WentOnAir:
		if b.holders[e.Slot] != e.Endpoint {
			b.wrong("%s is on air in %s, which %q holds", e.Endpoint, e.Slot, b.holders[e.Slot])
		}
		b.onAir[e.Slot] = true
	case *Returned:
		if b.holders[e.Slot] != e.Endpoint {
			b.wrong("%s returns %s, which %q holds", e.Endpoint, e.Slot, b.holders[e.Slot])
		}
		delete(b.holders, e.Slot)
		delete(b.onAir, e.Slot)
	case *Ended:
		clear(b.holders)
		clear(b.onAir)
		b.calling = false
	default:
		b.count(e)
	}
}

// count enters what concerns people in rooms.
func (b *books) count(e Event) {
	switch e := e.(type) {
	case *RollCallOpened:
		if b.calling {
			b.wrong("roll call %d opens while another is open", e.ID)
		}
		b.calls, b.calling = append(b.calls, map[string]int{}), true
	case *RollCallAnswered:
		if !b.calling || e.ID != len(b.calls) {
			b.wrong("%s answers roll call %d, which is not open", e.Endpoint, e.ID)
		}
		b.calls[e.ID-1][e.Endpoint], b.people[e.Endpoint] = e.Headcount, e.Headcount
	case *RollCallEnded:
		b.calling = false
	case *HeadcountDeclared:
		b.people[e.Endpoint] = e.Headcount
	}
}

// compare checks that the session is as the books say.
func (b *books) compare(s *Session) {
	b.t.Helper()
	for ep := range s.Endpoints() {
		code, conn := ep.Code, ""
		if ep.Conn != nil {
			conn = ep.Conn.ID
		}
		if b.conns[code] != conn {
			b.wrong("%s is connected by %q, by the books %q", code, conn, b.conns[code])
		}
		if b.people[code] != ep.Headcount {
			b.wrong("%s has %d people, by the books %d", code, ep.Headcount, b.people[code])
		}
	}
	if len(s.Grants) != len(b.holders) {
		b.wrong("%d slots are held, by the books %v", len(s.Grants), b.holders)
	}
	for slot, g := range s.Grants {
		if b.holders[slot] != g.Endpoint || (g.State == GrantOnAir) != b.onAir[slot] {
			b.wrong("%s: %s %s; by the books %q, on air %v", slot, g.Endpoint, g.State, b.holders[slot], b.onAir[slot])
		}
	}
	if s.RollCall.ID != len(b.calls) || (s.OpenRollCall() != nil) != b.calling {
		b.wrong("%d roll calls, one open: %v; by the books %d, %v", s.RollCall.ID, s.OpenRollCall() != nil, len(b.calls), b.calling)
	}
	if len(b.calls) == 0 {
		return
	}
	got := map[string]int{}
	for ep := range s.Endpoints() {
		if ep.Reply.RollCall == s.RollCall.ID {
			got[ep.Code] = ep.Reply.Headcount
		}
	}
	if want := b.calls[s.RollCall.ID-1]; !maps.Equal(got, want) {
		b.wrong("roll call %d was answered by %v, by the books %v", s.RollCall.ID, got, want)
	}
}

func randomCommand(r *rand.Rand, w *world) (Command, Actor) {
	s := w.s
	anyone := func() string {
		code := s.Order[r.IntN(len(s.Order))]
		if s.Endpoint(code).Role == RoleRoom { // little is done by screens
			code = s.Order[r.IntN(len(s.Order))]
		}
		return code
	}
	code, by := anyone(), w.actor(anyone())
	conn := code + strconv.Itoa(r.IntN(1<<30))
	active := ""
	if c := s.Endpoint(code).Conn; c != nil {
		active = c.ID
	}
	slot := append(Slots(), "")[r.IntN(5)]
	if at, cmd, ok := s.NextTimer(); ok && !at.After(w.now) {
		return cmd, Actor{}
	}
	steering := w.actor(HostCode)
	options := []func() (Command, Actor){
		func() (Command, Actor) { return SetLocked{Locked: r.IntN(4) == 0}, by },
		func() (Command, Actor) { return HandOverChair{To: code}, by },
		func() (Command, Actor) { return SendMessage{To: code, Text: "x"}, by },
		func() (Command, Actor) { return Connect{Conn: conn, TakeOver: r.IntN(2) == 0}, w.actor(code) },
		func() (Command, Actor) { return Connect{Conn: conn, Resume: s.Endpoint(code).LastConn}, w.actor(code) },
		func() (Command, Actor) { return Connect{Conn: conn, Resume: active}, w.actor(code) },
		func() (Command, Actor) {
			return Disconnect{Endpoint: code, Conn: active, Clean: r.IntN(2) == 0, LastSeen: w.now.Add(-time.Second), Why: "closed"}, Actor{}
		},
		func() (Command, Actor) { return StartSession{}, steering },
		func() (Command, Actor) { return RaiseHand{}, by },
		func() (Command, Actor) { return LowerHand{Endpoint: code}, by },
		func() (Command, Actor) { return GrantSlot{Endpoint: code, Slot: slot}, steering },
		func() (Command, Actor) { return GrantSlot{Endpoint: code, Slot: slot}, by },
		func() (Command, Actor) { return RevokeSlot{Endpoint: code, Slot: slot}, by },
		func() (Command, Actor) { return Confirm{}, by },
		func() (Command, Actor) { return SetMuted{Endpoint: code, Muted: r.IntN(2) == 0}, by },
		func() (Command, Actor) { return SetRemoved{Endpoint: code, Removed: r.IntN(3) == 0}, by },
		func() (Command, Actor) { return WithdrawSite{Endpoint: code, Reason: "x"}, by },
		func() (Command, Actor) { return RestoreSite{Endpoint: code}, steering },
		func() (Command, Actor) { return SetStandBy{Endpoint: code, On: r.IntN(2) == 0}, by },
		func() (Command, Actor) { return BeginRollCall{}, by },
		func() (Command, Actor) { return AnswerRollCall{ID: s.RollCall.ID, Headcount: r.IntN(40)}, by },
		func() (Command, Actor) { return EndRollCall{}, by },
		func() (Command, Actor) { return DeclareHeadcount{Headcount: r.IntN(40)}, by },
		func() (Command, Actor) {
			return ObserveReceiving{Endpoint: code, Conn: active, Receiving: r.IntN(2) == 0, At: w.now}, Actor{}
		},
	}
	if r.IntN(300) == 0 {
		return EndSession{}, steering
	}
	if r.IntN(100) == 0 {
		return Restart{LastSeen: w.now.Add(-time.Second)}, Actor{}
	}
	return options[r.IntN(len(options))]()
}

func checkInvariants(t *testing.T, s *Session) {
	t.Helper()
	for slot, g := range s.Grants {
		ep := s.Endpoint(g.Endpoint)
		switch {
		case ep == nil:
			t.Fatalf("%s is held by nobody known", slot)
		case s.Phase != PhaseLive:
			t.Fatalf("%s is granted in phase %s", slot, s.Phase)
		case ep.Removed, ep.Withdrawn:
			t.Fatalf("%s is held by removed %s", slot, ep.Code)
		case ep.Conn == nil && !ep.Muted:
			t.Fatalf("%s: %s is away and unmuted", slot, ep.Code)
		case ep.Conn == nil && g.State != GrantHeld && slot != SlotMain:
			t.Fatalf("%s: %s is away and %s", slot, ep.Code, g.State)
		}
	}
	if ep := s.Endpoint(s.Chair); ep == nil || ep.Role == RoleOperator || ep.Role == RoleSecretary {
		t.Fatalf("%q chairs", s.Chair)
	}
	speaking := map[string]int{}
	for slot, g := range s.Grants {
		if slot != SlotPresentation {
			speaking[g.Endpoint]++
		}
	}
	for code, n := range speaking {
		if n > 1 {
			t.Fatalf("%s speaks in %d slots", code, n)
		}
	}
	for _, code := range s.Hands {
		if s.Endpoint(code).HandAt.IsZero() {
			t.Fatalf("%s is in the queue with its hand down", code)
		}
	}
	up := 0
	for ep := range s.Endpoints() {
		if !ep.HandAt.IsZero() {
			up++
		}
		if ep.Withdrawn && (ep.Conn != nil || ep.StandBy || !ep.HandAt.IsZero()) {
			t.Fatalf("%s is withdrawn and there", ep.Code)
		}
		if s.ToPublish(ep.Code) && ep.Conn == nil {
			t.Fatalf("%s is to publish without a connection", ep.Code)
		}
	}
	if up != len(s.Hands) {
		t.Fatalf("%d hands up, %d in the queue", up, len(s.Hands))
	}
	for ep := range s.Endpoints() {
		if ep.Reply.RollCall > 0 && ep.Role != RoleSite {
			t.Fatalf("%s answered a roll call", ep.Code)
		}
	}
}
