package meeting

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// world drives a session the way a coordinator does, through JSON as the ledger would.
type world struct {
	t   *testing.T
	s   *Session
	now time.Time
}

func convened(t *testing.T, countdown, sites int) *world {
	t.Helper()
	w := &world{t: t, s: New("s"), now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}
	rules := DefaultRules()
	rules.CountdownS = countdown
	c := Convene{Title: "Phiên họp", TimeZone: "Asia/Ho_Chi_Minh", Rules: rules, Units: []Unit{
		{Code: "TW", Level: Central, Name: "Trung ương"}, {Code: "P01", Parent: "TW", Level: Province, Name: "Hà Nội"},
	}}
	for i := range sites {
		code := "C" + strconv.Itoa(i+1)
		c.Units = append(c.Units, Unit{Code: code, Parent: "P01", Level: Commune, Name: "Xã " + code})
		c.Endpoints = append(c.Endpoints, Endpoint{Code: code, Unit: code, Name: "Xã " + code, Role: Site})
	}
	w.must(c, Actor{})
	w.must(OpenSession{}, Actor{})
	return w
}

func (w *world) do(cmd Command, by Actor) ([]Event, error) {
	w.t.Helper()
	events, err := w.s.Decide(cmd, by, w.now)
	for i, e := range events {
		data, jerr := json.Marshal(e)
		if jerr != nil {
			w.t.Fatal(jerr)
		}
		back, jerr := DecodeEvent(e.Kind(), data)
		if jerr != nil {
			w.t.Fatal(jerr)
		}
		events[i] = back
		w.s.Apply(back, w.now)
	}
	return events, err
}

func (w *world) must(cmd Command, by Actor) {
	w.t.Helper()
	if _, err := w.do(cmd, by); err != nil {
		w.t.Fatalf("%T by %q: %v", cmd, by.Endpoint, err)
	}
}

func (w *world) refused(cmd Command, by Actor, want Code) {
	w.t.Helper()
	_, err := w.do(cmd, by)
	var e *Error
	if !errors.As(err, &e) || e.Code != want {
		w.t.Fatalf("%T by %q: got %v, want %s", cmd, by.Endpoint, err, want)
	}
}

func (w *world) enter(code string) {
	w.t.Helper()
	w.must(Connect{Conn: code + "-conn"}, w.actor(code))
}

func (w *world) actor(code string) Actor {
	return Actor{Endpoint: code, Role: w.s.Endpoints[code].Role}
}

func (w *world) live(codes ...string) {
	w.t.Helper()
	w.enter(HostCode)
	w.must(StartSession{}, w.actor(HostCode))
	for _, c := range codes {
		w.enter(c)
	}
}

func TestFloorCountsDownAndReturns(t *testing.T) {
	w := convened(t, 3, 2)
	w.live("C1", "C2")
	host := w.actor(HostCode)
	w.must(RaiseHand{}, w.actor("C1"))
	w.must(RaiseHand{}, w.actor("C2"))
	w.refused(RaiseHand{}, w.actor("C1"), AlreadyDone)
	w.must(GrantSlot{Endpoint: "C1"}, host)
	if got := w.s.Grants[SlotFloor]; got.State != Countdown || !w.s.ToPublish("C1") {
		t.Fatalf("grant %+v, publish %v", got, w.s.ToPublish("C1"))
	}
	if !slices.Equal(w.s.Hands, []string{"C2"}) {
		t.Fatalf("hands %v: the grant takes C1 out of the queue", w.s.Hands)
	}
	at, cmd, ok := w.s.NextTimer()
	if !ok || !at.Equal(w.now.Add(3*time.Second)) {
		t.Fatalf("timer %v %v", at, ok)
	}
	w.refused(cmd, Actor{}, BadValue) // too early
	w.now = at
	w.must(cmd, Actor{})
	if got := w.s.Grants[SlotFloor].State; got != OnAir {
		t.Fatalf("state %s", got)
	}
	w.refused(GrantSlot{Endpoint: "C1"}, host, AlreadyDone)
	w.must(GrantSlot{Endpoint: "C2"}, host)
	if got := w.s.Grants[SlotFloor].Endpoint; got != "C2" || len(w.s.GrantsOf("C1")) > 0 {
		t.Fatalf("floor of %s", got)
	}
	w.must(RevokeSlot{Endpoint: "C2"}, host)
	w.refused(RevokeSlot{Endpoint: "C2"}, host, NoFloor)
	if w.s.ToPublish("C2") {
		t.Fatal("C2 still publishes")
	}
}

func TestNobodyComesBackUnmuted(t *testing.T) {
	w := convened(t, 0, 1)
	w.live("C1")
	w.must(GrantSlot{Endpoint: "C1"}, w.actor(HostCode))
	for _, code := range []string{"C1", HostCode} {
		w.must(Disconnect{Endpoint: code, Conn: code + "-conn", LastSeen: w.now, Why: "timeout"}, Actor{})
		w.now = w.now.Add(10 * time.Second)
		w.must(Connect{Conn: code + "-2", Resume: code + "-conn"}, w.actor(code))
		if !w.s.Endpoints[code].Muted {
			t.Errorf("%s came back unmuted", code)
		}
	}
	if g := w.s.Grants[SlotFloor]; g.State != Held || w.s.ToPublish("C1") {
		t.Fatalf("the floor is %s without a person's word", g.State)
	}
	if g := w.s.Grants[SlotMain]; g.State != OnAir || !w.s.ToPublish(HostCode) {
		t.Fatalf("main is %s; the chair's picture returns by itself", g.State)
	}
	w.must(Confirm{}, w.actor("C1"))
	if w.s.Grants[SlotFloor].State != OnAir || w.s.Endpoints["C1"].Muted {
		t.Fatal("confirmed, but not on air")
	}
	w.refused(SetMuted{Endpoint: HostCode}, w.actor("C1"), Forbidden)
	w.must(SetMuted{}, w.actor(HostCode))
}

func TestSecondDevice(t *testing.T) {
	w := convened(t, 0, 1)
	w.enter("C1")
	w.refused(Connect{Conn: "other"}, w.actor("C1"), Occupied)
	w.refused(Connect{Conn: "other", Resume: "guessed"}, w.actor("C1"), Occupied)
	w.must(Connect{Conn: "other", TakeOver: true}, w.actor("C1"))
	w.refused(Disconnect{Endpoint: "C1", Conn: "C1-conn"}, Actor{}, StaleConnection)
	if got := w.s.Endpoints["C1"].Conn.ID; got != "other" {
		t.Fatalf("active connection %s", got)
	}
	// A half-open socket is resumed before its time-out was noticed.
	events, err := w.do(Connect{Conn: "third", Resume: "other"}, w.actor("C1"))
	if err != nil || len(events) != 2 || events[0].Kind() != "lost" || events[1].Kind() != "resumed" {
		t.Fatalf("%v %v", events, err)
	}
}

func TestRolesAreChecked(t *testing.T) {
	w := convened(t, 0, 2)
	w.live("C1", "C2")
	site, secretary := w.actor("C1"), w.actor(SecretaryCode)
	for _, cmd := range []Command{
		StartSession{}, EndSession{}, SealSession{}, OpenSession{}, GrantSlot{Endpoint: "C1"}, RevokeSlot{Endpoint: "C2"},
		SetMuted{Endpoint: "C2", Muted: true}, SetRemoved{Endpoint: "C2", Removed: true}, SetStandBy{Endpoint: "C1", On: true},
		LowerHand{Endpoint: "C2"}, BeginRollCall{}, EndRollCall{}, Convene{}, GoOnAir{}, Restart{}, ObserveReceiving{},
		GrantSlot{Endpoint: "C1", Slot: SlotPresentation},
	} {
		w.refused(cmd, site, Forbidden)
	}
	for _, cmd := range []Command{StartSession{}, EndSession{}, GrantSlot{Endpoint: "C1"}, SetRemoved{Endpoint: "C2", Removed: true}} {
		w.refused(cmd, secretary, Forbidden)
	}
	w.must(SetRemoved{Endpoint: "C2", Removed: true}, w.actor(OperatorCode))
	w.refused(Connect{Conn: "x"}, w.actor("C2"), Removed)
}

func TestPresentation(t *testing.T) {
	w := convened(t, 0, 2)
	w.live("C1", "C2")
	host := w.actor(HostCode)
	w.must(GrantSlot{Endpoint: "C1"}, host)
	w.must(GrantSlot{Endpoint: "C1", Slot: SlotPresentation}, w.actor("C1")) // who speaks may present
	w.must(GrantSlot{Endpoint: HostCode, Slot: SlotPresentation}, host)
	w.refused(GrantSlot{Endpoint: "C1", Slot: SlotPresentation}, w.actor("C1"), Forbidden)
	w.must(Disconnect{Endpoint: HostCode, Conn: HostCode + "-conn", LastSeen: w.now, Why: "closed"}, Actor{})
	if w.s.Grants[SlotPresentation] != nil {
		t.Fatal("a presentation outlives its screen")
	}
	if w.s.Grants[SlotMain] == nil || w.s.Grants[SlotFloor] == nil || w.s.Phase != Live {
		t.Fatal("the session changed because the host dropped")
	}
}

func TestRollCall(t *testing.T) {
	w := convened(t, 0, 2)
	w.live("C1")
	w.refused(AnswerRollCall{ID: 1, Headcount: 3}, w.actor("C1"), RollCallClosed)
	w.must(BeginRollCall{}, w.actor(OperatorCode))
	w.refused(BeginRollCall{}, w.actor(HostCode), RollCallOpen)
	w.refused(AnswerRollCall{ID: 1, Headcount: 3}, w.actor("C2"), NotConnected)
	w.refused(AnswerRollCall{ID: 1, Headcount: -1}, w.actor("C1"), BadValue)
	w.must(AnswerRollCall{ID: 1, Headcount: 12}, w.actor("C1"))
	w.must(EndRollCall{}, w.actor(HostCode))
	w.refused(AnswerRollCall{ID: 1, Headcount: 12}, w.actor("C1"), RollCallClosed)
	if got := w.s.RollCalls[0].Answers["C1"].Headcount; got != 12 || w.s.Endpoints["C1"].Headcount != 12 {
		t.Fatalf("headcount %d", got)
	}
}

func TestScheduledSessionOpensByItself(t *testing.T) {
	w := &world{t: t, s: New("s"), now: time.Unix(1e9, 0)}
	w.must(Convene{Title: "t", TimeZone: "UTC", Rules: DefaultRules(), ScheduledAt: w.now.Add(2 * time.Hour)}, Actor{})
	w.refused(Connect{Conn: "x"}, Actor{HostCode, Host}, NotOpen)
	at, cmd, ok := w.s.NextTimer()
	if !ok || !at.Equal(w.now.Add(time.Hour)) {
		t.Fatalf("opens at %v", at)
	}
	w.must(cmd, Actor{})
	w.enter(HostCode)
}

func TestParents(t *testing.T) {
	w := convened(t, 0, 1)
	var names []string
	for _, u := range w.s.Parents("C1") {
		names = append(names, u.Name)
	}
	if !slices.Equal(names, []string{"Hà Nội", "Trung ương"}) {
		t.Fatalf("parents %v", names)
	}
	w.s.Units["TW"] = Unit{Code: "TW", Parent: "P01"} // a cycle ends
	w.s.Parents("C1")
}

func TestUnknownKindIsAnError(t *testing.T) {
	if _, err := DecodeEvent("from_the_future", []byte(`{}`)); err == nil {
		t.Fatal("no error")
	}
}

// TestRandomCommands plays random histories and checks after every command what must always hold, and that
// replaying the events gives the same session.
func TestRandomCommands(t *testing.T) {
	const histories, commands, sites = 300, 400, 5
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := convened(t, int(seed%4), sites)
		open := map[string]bool{}
		for range commands {
			w.now = w.now.Add(time.Duration(r.IntN(1500)) * time.Millisecond)
			cmd, by := randomCommand(r, w)
			events, _ := w.do(cmd, by)
			for _, e := range events {
				trackConnection(t, open, e)
			}
			checkInvariants(t, w.s)
		}
		for _, ep := range w.s.Endpoints {
			if ep.Conn != nil && !open[ep.Conn.ID] {
				t.Fatalf("seed %d: %s holds a connection without a join", seed, ep.Code)
			}
		}
	}
}

func trackConnection(t *testing.T, open map[string]bool, e Event) {
	t.Helper()
	end := func(id string) {
		if !open[id] {
			t.Fatalf("connection %s ends without a join", id)
		}
		delete(open, id)
	}
	switch e := e.(type) {
	case *Connected:
		open[e.Conn] = true
	case *Resumed:
		open[e.Conn] = true
	case *Lost:
		end(e.Conn)
	case *Left:
		end(e.Conn)
	}
}

func randomCommand(r *rand.Rand, w *world) (Command, Actor) {
	s := w.s
	code := s.Order[r.IntN(len(s.Order))]
	by := w.actor(s.Order[r.IntN(len(s.Order))])
	conn := code + strconv.Itoa(r.IntN(1<<30))
	active := ""
	if c := s.Endpoints[code].Conn; c != nil {
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
		func() (Command, Actor) { return Connect{Conn: conn, Resume: s.Endpoints[code].LastConn}, w.actor(code) },
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
		func() (Command, Actor) { return SetStandBy{Endpoint: code, On: r.IntN(2) == 0}, by },
		func() (Command, Actor) { return BeginRollCall{}, by },
		func() (Command, Actor) { return AnswerRollCall{ID: len(s.RollCalls), Headcount: r.IntN(40)}, by },
		func() (Command, Actor) { return EndRollCall{}, by },
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
		ep := s.Endpoints[g.Endpoint]
		switch {
		case ep == nil:
			t.Fatalf("%s is held by nobody known", slot)
		case s.Phase != Live:
			t.Fatalf("%s is granted in phase %s", slot, s.Phase)
		case ep.Removed:
			t.Fatalf("%s is held by removed %s", slot, ep.Code)
		case ep.Conn == nil && !ep.Muted:
			t.Fatalf("%s: %s is away and unmuted", slot, ep.Code)
		case ep.Conn == nil && g.State != Held && slot != SlotMain:
			t.Fatalf("%s: %s is away and %s", slot, ep.Code, g.State)
		}
	}
	if ep := s.Endpoints[s.Chair]; ep == nil || ep.Role == Operator || ep.Role == Secretary {
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
		if s.Endpoints[code].HandAt.IsZero() {
			t.Fatalf("%s is in the queue with its hand down", code)
		}
	}
	up := 0
	for _, ep := range s.Endpoints {
		if !ep.HandAt.IsZero() {
			up++
		}
		if s.ToPublish(ep.Code) && ep.Conn == nil {
			t.Fatalf("%s is to publish without a connection", ep.Code)
		}
	}
	if up != len(s.Hands) {
		t.Fatalf("%d hands up, %d in the queue", up, len(s.Hands))
	}
	for _, rc := range s.RollCalls {
		for code := range rc.Answers {
			if s.Endpoints[code].Role != Site {
				t.Fatalf("%s answered a roll call", code)
			}
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add("connected", []byte(`{"endpoint":"C1","conn":"x"}`))
	f.Add("convened", []byte(`{"endpoints":[{"code":"C1"}]}`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		e, err := DecodeEvent(kind, data)
		if err != nil {
			return
		}
		New("s").Apply(e, time.Unix(0, 0)) // must not panic on an empty session
	})
}
