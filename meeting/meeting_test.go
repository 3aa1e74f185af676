package meeting

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"
)

// world drives a session the way a coordinator does, through JSON as the ledger would.
type world struct {
	t       *testing.T
	s       *Session
	now     time.Time
	history []dated
}

// dated is an event and when it was applied.
type dated struct {
	event Event
	at    time.Time
}

func convened(t *testing.T, countdown, sites int) *world {
	t.Helper()
	w := &world{t: t, s: New("s"), now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}
	rules := DefaultRules()
	rules.CountdownS = countdown
	c := Convene{Title: "Phiên họp", TimeZone: "Asia/Ho_Chi_Minh", Rules: rules, Units: []Unit{
		{Code: "TW", Level: LevelCentral, Name: "Trung ương"}, {Code: "P01", Parent: "TW", Level: LevelProvince, Name: "Hà Nội"},
	}}
	for i := range sites {
		code := "C" + strconv.Itoa(i+1)
		c.Units = append(c.Units, Unit{Code: code, Parent: "P01", Level: LevelCommune, Name: "Xã " + code})
		c.Endpoints = append(c.Endpoints, Endpoint{Code: code, Unit: code, Name: "Xã " + code, Role: RoleSite})
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
		w.history = append(w.history, dated{back, w.now})
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
	return Actor{Endpoint: code, Role: w.s.Endpoint(code).Role}
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
	w.refused(RaiseHand{}, w.actor("C1"), CodeAlreadyDone)
	w.must(GrantSlot{Endpoint: "C1"}, host)
	if got := w.s.Grants[SlotFloor]; got.State != GrantCountdown || !w.s.ToPublish("C1") {
		t.Fatalf("grant %+v, publish %v", got, w.s.ToPublish("C1"))
	}
	if !slices.Equal(w.s.Hands, []string{"C2"}) {
		t.Fatalf("hands %v: the grant takes C1 out of the queue", w.s.Hands)
	}
	at, cmd, ok := w.s.NextTimer()
	if !ok || !at.Equal(w.now.Add(3*time.Second)) {
		t.Fatalf("timer %v %v", at, ok)
	}
	w.refused(cmd, Actor{}, CodeBadValue) // too early
	w.now = at
	w.must(cmd, Actor{})
	if got := w.s.Grants[SlotFloor].State; got != GrantOnAir {
		t.Fatalf("state %s", got)
	}
	w.refused(GrantSlot{Endpoint: "C1"}, host, CodeAlreadyDone)
	w.must(GrantSlot{Endpoint: "C2"}, host)
	if got := w.s.Grants[SlotFloor].Endpoint; got != "C2" || len(w.s.GrantsOf("C1")) > 0 {
		t.Fatalf("floor of %s", got)
	}
	w.must(RevokeSlot{Endpoint: "C2"}, host)
	w.refused(RevokeSlot{Endpoint: "C2"}, host, CodeNoFloor)
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
		if !w.s.Endpoint(code).Muted {
			t.Errorf("%s came back unmuted", code)
		}
	}
	if g := w.s.Grants[SlotFloor]; g.State != GrantHeld || w.s.ToPublish("C1") {
		t.Fatalf("the floor is %s without a person's word", g.State)
	}
	if g := w.s.Grants[SlotMain]; g.State != GrantOnAir || !w.s.ToPublish(HostCode) {
		t.Fatalf("main is %s; the chair's picture returns by itself", g.State)
	}
	w.must(Confirm{}, w.actor("C1"))
	if w.s.Grants[SlotFloor].State != GrantOnAir || w.s.Endpoint("C1").Muted {
		t.Fatal("confirmed, but not on air")
	}
	w.refused(SetMuted{Endpoint: HostCode}, w.actor("C1"), CodeForbidden)
	w.must(SetMuted{}, w.actor(HostCode))
}

func TestSecondDevice(t *testing.T) {
	w := convened(t, 0, 1)
	w.enter("C1")
	w.refused(Connect{Conn: "other"}, w.actor("C1"), CodeOccupied)
	w.refused(Connect{Conn: "other", Resume: "guessed"}, w.actor("C1"), CodeOccupied)
	w.must(Connect{Conn: "other", TakeOver: true}, w.actor("C1"))
	w.refused(Disconnect{Endpoint: "C1", Conn: "C1-conn"}, Actor{}, CodeStaleConnection)
	if got := w.s.Endpoint("C1").Conn.ID; got != "other" {
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
		w.refused(cmd, site, CodeForbidden)
	}
	for _, cmd := range []Command{StartSession{}, EndSession{}, GrantSlot{Endpoint: "C1"}, SetRemoved{Endpoint: "C2", Removed: true}} {
		w.refused(cmd, secretary, CodeForbidden)
	}
	w.must(SetRemoved{Endpoint: "C2", Removed: true}, w.actor(OperatorCode))
	w.refused(Connect{Conn: "x"}, w.actor("C2"), CodeRemoved)
}

func TestPresentation(t *testing.T) {
	w := convened(t, 0, 2)
	w.live("C1", "C2")
	host := w.actor(HostCode)
	w.must(GrantSlot{Endpoint: "C1"}, host)
	w.must(GrantSlot{Endpoint: "C1", Slot: SlotPresentation}, w.actor("C1")) // who speaks may present
	w.must(GrantSlot{Endpoint: HostCode, Slot: SlotPresentation}, host)
	w.refused(GrantSlot{Endpoint: "C1", Slot: SlotPresentation}, w.actor("C1"), CodeForbidden)
	w.must(Disconnect{Endpoint: HostCode, Conn: HostCode + "-conn", LastSeen: w.now, Why: "closed"}, Actor{})
	if w.s.Grants[SlotPresentation] != nil {
		t.Fatal("a presentation outlives its screen")
	}
	if w.s.Grants[SlotMain] == nil || w.s.Grants[SlotFloor] == nil || w.s.Phase != PhaseLive {
		t.Fatal("the session changed because the host dropped")
	}
}

func TestRollCall(t *testing.T) {
	w := convened(t, 0, 2)
	w.live("C1")
	w.refused(AnswerRollCall{ID: 1, Headcount: 3}, w.actor("C1"), CodeRollCallClosed)
	w.must(BeginRollCall{}, w.actor(OperatorCode))
	w.refused(BeginRollCall{}, w.actor(HostCode), CodeRollCallOpen)
	w.refused(AnswerRollCall{ID: 1, Headcount: 3}, w.actor("C2"), CodeNotConnected)
	w.refused(AnswerRollCall{ID: 1, Headcount: -1}, w.actor("C1"), CodeBadValue)
	w.must(AnswerRollCall{ID: 1, Headcount: 12}, w.actor("C1"))
	w.must(EndRollCall{}, w.actor(HostCode))
	w.refused(AnswerRollCall{ID: 1, Headcount: 12}, w.actor("C1"), CodeRollCallClosed)
	if got := w.s.Endpoint("C1").Reply.Headcount; got != 12 || w.s.Endpoint("C1").Headcount != 12 {
		t.Fatalf("headcount %d", got)
	}
}

func TestScheduledSessionOpensByItself(t *testing.T) {
	w := &world{t: t, s: New("s"), now: time.Unix(1e9, 0)}
	w.must(Convene{Title: "t", TimeZone: "UTC", Rules: DefaultRules(), ScheduledAt: w.now.Add(2 * time.Hour)}, Actor{})
	w.refused(Connect{Conn: "x"}, Actor{HostCode, RoleHost}, CodeNotOpen)
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
