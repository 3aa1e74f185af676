// Package meeting is the domain of a steering committee's online session, as a pure state machine: a Command
// is decided into Events, Events change the Session. It has no I/O, no clock and no goroutine; who calls it
// says what time it is. Events are lasting: they are the entries of the session's ledger, and applying them
// again in order rebuilds the Session.
package meeting

import (
	"slices"
	"time"
)

// Phase of a session.
type Phase string

// The phases of a session, in their only order.
const (
	Draft  Phase = "draft"  // prepared, nobody can enter
	Open   Phase = "open"   // sites may enter, rehearse and wait
	Live   Phase = "live"   // the stage is on
	Ended  Phase = "ended"  // everyone was sent home; verdicts may still be corrected
	Sealed Phase = "sealed" // the record is closed
)

// PhaseAfter returns the phase that an event of a kind begins; ok is false of kinds that begin none.
func PhaseAfter(kind string) (p Phase, ok bool) {
	p, ok = map[string]Phase{"opened": Open, "started": Live, "ended": Ended, "sealed": Sealed}[kind]
	return p, ok
}

// Role of an endpoint in the session; it bounds what its connection may command.
type Role string

// The roles.
const (
	Host      Role = "host"      // chairs; feeds main by default
	Operator  Role = "operator"  // steers without publishing
	Secretary Role = "secretary" // reads and corrects attendance
	Room      Role = "room"      // a screen of the central room: it sees and hears, steers nothing and counts nowhere
	Site      Role = "endpoint"  // a linked site
)

// Office is the role of an Actor who is no endpoint: an administrator, or somebody of the office who may. Its Endpoint is
// OfficePrefix and a name.
const (
	Office       Role   = "office"
	OfficePrefix string = "@office/"
)

// Codes of the console endpoints that every session has. The @ keeps them apart from unit codes.
const (
	HostCode      = "@host"
	OperatorCode  = "@operator"
	SecretaryCode = "@secretary"
	RoomCode      = "@room"  // the central room's screen of the stage
	Room2Code     = "@room2" // and its second one
)

// Slot names one outgoing stream pair (audio and video) of the stage.
type Slot string

// The slots of the stage.
const (
	SlotMain         Slot = "main"
	SlotPresentation Slot = "presentation"
	SlotFloor        Slot = "floor"
	SlotFloor2       Slot = "floor2"
)

// Slots lists the slots of the stage in the order of precedence in which quality is kept.
func Slots() []Slot { return []Slot{SlotPresentation, SlotMain, SlotFloor, SlotFloor2} }

// Level of a unit in the organisation tree.
type Level string

// The levels, from the top down. A tree need not have all of them.
const (
	Central  Level = "central"
	Ministry Level = "ministry"
	Province Level = "province"
	District Level = "district"
	Commune  Level = "commune"
)

// Unit is a node of the organisation tree as it stood when a session was convened.
type Unit struct {
	Code   string `json:"code"`
	Parent string `json:"parent,omitempty"` // code of the unit above; empty for the root
	Level  Level  `json:"level"`
	Name   string `json:"name"`
}

// Rules are the settings of a session that decide its course and the verdicts of its attendance. Durations
// are whole seconds.
type Rules struct {
	CountdownS  int `json:"countdown_s"`   // from the grant of the floor to being on air; 0 = at once
	OpenBeforeS int `json:"open_before_s"` // how long before its scheduled time a session opens for joining
	GraceS      int `json:"grace_s"`       // a drop shorter than this does not end an attendance interval
	LateAfterS  int `json:"late_after_s"`  // first seen later than this after the start = late
	PartialPct  int `json:"partial_pct"`   // present for less than this share of the live time = partial
}

// DefaultRules are the rules of a session whose organiser set none.
func DefaultRules() Rules {
	return Rules{CountdownS: 3, OpenBeforeS: 3600, GraceS: 60, LateAfterS: 300, PartialPct: 80}
}

// Endpoint is one seat in the session with its own join link.
type Endpoint struct {
	Code string `json:"code"`
	Unit string `json:"unit,omitempty"` // code of its unit; empty for guests and consoles
	Name string `json:"name"`
	Role Role   `json:"role"`
	// Scope of a delegated operator: the unit in and below which it sees and steers; empty = everything.
	Scope string `json:"scope,omitempty"`
	Phone string `json:"phone,omitempty"` // of the person to call about the line
	// ByPhone says that the site takes part by telephone alone: it needs no link, and the secretariat adds its attendance.
	ByPhone bool `json:"by_phone,omitempty"`

	Conn      *Connection `json:"-"` // the active connection, nil when there is none
	LastConn  string      `json:"-"` // id of the last connection that ended, for a resumption
	LostAt    time.Time   `json:"-"` // when the last connection was lost; zero unless it was lost
	Receiving bool        `json:"-"` // the stage really arrives
	Muted     bool        `json:"-"` // its microphone may not reach the stage
	HandAt    time.Time   `json:"-"` // when its hand went up; zero = down
	StandBy   bool        `json:"-"` // told that it is next; its publisher is open
	Removed   bool        `json:"-"` // may not enter
	Headcount int         `json:"-"` // people in the room as declared; 0 = not declared
	Delegates []Delegate  `json:"-"`
}

// Connection is one browser attached to an endpoint.
type Connection struct {
	ID     string
	Device string // what the page said of itself, shortened
	Since  time.Time
}

// Delegate is a person in the room of an endpoint, as the endpoint declared it.
type Delegate struct {
	Name         string `json:"name"`
	Title        string `json:"title,omitempty"`
	AttendingFor string `json:"attending_for,omitempty"` // whom the person stands in for
}

// GrantState says how far a grant has come.
type GrantState string

// The states of a grant.
const (
	Countdown GrantState = "countdown" // granted, on air at Grant.OnAirAt
	OnAir     GrantState = "on_air"    // its sources feed the slot
	Held      GrantState = "held"      // its connection dropped; on air again only when a person there confirms
)

// Grant is the right of one endpoint to feed one slot.
type Grant struct {
	Endpoint  string
	State     GrantState
	GrantedAt time.Time
	OnAirAt   time.Time // when the countdown ends or ended
}

// RollCall is one round in which every site is asked to confirm its presence.
type RollCall struct {
	ID       int
	OpenedAt time.Time
	ClosedAt time.Time // zero while open
	Answers  map[string]RollCallReply
}

// RollCallReply is one site's answer.
type RollCallReply struct {
	At        time.Time
	Headcount int
}

// Session is the state of one meeting. It is changed only by Apply; readers treat it as read-only.
type Session struct {
	ID          string
	Title       string
	ScheduledAt time.Time
	TimeZone    string // IANA name
	Rules       Rules
	Phase       Phase
	OpenedAt    time.Time
	StartedAt   time.Time
	EndedAt     time.Time
	CalledOff   bool   // it ended before it began
	Locked      bool   // no endpoint that was not connected before may enter
	Chair       string // endpoint that chairs: the host's console, or whom it handed over to
	Agenda      []AgendaItem
	AgendaItem  string // id of the item being discussed
	AgendaAt    time.Time
	BudgetKbps  int // limit of what each viewer is sent; 0 = none

	CallOffReason string

	Units     map[string]Unit
	Endpoints map[string]*Endpoint
	Order     []string // endpoint codes as convened, consoles first
	Grants    map[Slot]*Grant
	Hands     []string // codes of raised hands, first raised first
	RollCalls []*RollCall
	Notes     map[string]*Note // of the secretaries, by id
}

// New returns a session without content; its first event is Convened.
func New(id string) *Session {
	return &Session{ID: id, Phase: Draft, Chair: HostCode, Units: map[string]Unit{}, Endpoints: map[string]*Endpoint{}, Grants: map[Slot]*Grant{}, Notes: map[string]*Note{}}
}

// Actor is who commands: an endpoint of the session by its code and role. The zero Actor is the server itself.
type Actor struct {
	Endpoint string
	Role     Role
}

func (a Actor) system() bool { return a == Actor{} }

// office reports whether the actor is no endpoint of the session: the server itself, or who keeps sessions.
func (a Actor) office() bool { return a.system() || a.Role == Office }

// Command is a wish to change the session.
type Command interface {
	decide(s *Session, by Actor, at time.Time) ([]Event, error)
}

// Event is a lasting fact of the session. Kind names it in the ledger.
type Event interface {
	Kind() string
	apply(s *Session, at time.Time)
}

// Dated is an Event that happened at another time than when it was decided, such as a loss noticed late.
type Dated interface {
	OccurredAt() time.Time
}

// Decide turns a command into the events that it causes, or refuses it with an *Error. It changes nothing.
func (s *Session) Decide(cmd Command, by Actor, at time.Time) ([]Event, error) {
	return cmd.decide(s, by, at)
}

// Apply changes the session by one event that was decided, or read back from the ledger.
func (s *Session) Apply(e Event, at time.Time) { e.apply(s, at) }

// NextTimer returns the command that time itself will give, and when; ok is false when there is none.
func (s *Session) NextTimer() (at time.Time, cmd Command, ok bool) {
	if s.Phase == Draft && !s.ScheduledAt.IsZero() {
		return s.ScheduledAt.Add(-time.Duration(s.Rules.OpenBeforeS) * time.Second), OpenSession{}, true
	}
	for _, slot := range Slots() {
		g := s.Grants[slot]
		if g == nil || g.State != Countdown || (ok && !g.OnAirAt.Before(at)) {
			continue
		}
		at, cmd, ok = g.OnAirAt, GoOnAir{Slot: slot, Endpoint: g.Endpoint}, true
	}
	return at, cmd, ok
}

// OpenRollCall returns the roll call that is open, or nil.
func (s *Session) OpenRollCall() *RollCall {
	if n := len(s.RollCalls); n > 0 && s.RollCalls[n-1].ClosedAt.IsZero() {
		return s.RollCalls[n-1]
	}
	return nil
}

// GrantsOf returns the slots that an endpoint holds, in the order of Slots.
func (s *Session) GrantsOf(endpoint string) []Slot {
	var held []Slot
	for _, slot := range Slots() {
		if g := s.Grants[slot]; g != nil && g.Endpoint == endpoint {
			held = append(held, slot)
		}
	}
	return held
}

// ToPublish reports whether an endpoint is to have a publisher connection now: it feeds or will feed a slot,
// or is on stand-by. A held grant asks for none until its holder confirms.
func (s *Session) ToPublish(endpoint string) bool {
	e := s.Endpoints[endpoint]
	if e == nil || e.Conn == nil || s.Phase == Ended || s.Phase == Sealed {
		return false
	}
	if e.StandBy {
		return true
	}
	return slices.ContainsFunc(s.GrantsOf(endpoint), func(slot Slot) bool { return s.Grants[slot].State != Held })
}

// Parents returns the units above an endpoint's own unit, the nearest first. A damaged tree ends the walk.
func (s *Session) Parents(endpoint string) []Unit {
	e := s.Endpoints[endpoint]
	if e == nil || e.Unit == "" {
		return nil
	}
	var above []Unit
	for u, ok := s.Units[s.Units[e.Unit].Parent]; ok && len(above) < len(s.Units); u, ok = s.Units[u.Parent] {
		above = append(above, u)
	}
	return above
}
