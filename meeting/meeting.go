// Package meeting is the domain of a steering committee's online session, as a pure state machine: a Command
// is decided into Events, Events change the Session. It has no I/O, no clock and no goroutine; who calls it
// says what time it is. Events are lasting: they are the entries of the session's ledger, and applying them
// again in order rebuilds the Session.
package meeting

import "time"

// Phase of a session.
type Phase string

// The phases of a session, in their only order.
const (
	PhaseDraft  Phase = "draft"  // prepared, nobody can enter
	PhaseOpen   Phase = "open"   // sites may enter, rehearse and wait
	PhaseLive   Phase = "live"   // the stage is on
	PhaseEnded  Phase = "ended"  // everyone was sent home; verdicts may still be corrected
	PhaseSealed Phase = "sealed" // the record is closed
)

// PhaseAfter returns the phase that an event of a kind begins; ok is false of kinds that begin none.
func PhaseAfter(kind string) (p Phase, ok bool) {
	p, ok = map[string]Phase{"opened": PhaseOpen, "started": PhaseLive, "ended": PhaseEnded, "sealed": PhaseSealed}[kind]
	return p, ok
}

// Role of an endpoint in the session; it bounds what its connection may command.
type Role string

// The roles.
const (
	RoleHost      Role = "host"      // chairs; feeds main by default
	RoleOperator  Role = "operator"  // steers without publishing
	RoleSecretary Role = "secretary" // reads and corrects attendance
	RoleRoom      Role = "room"      // a screen of the central room: it sees and hears, steers nothing and counts nowhere
	RoleSite      Role = "endpoint"  // a linked site
)

// RoleOffice is the role of an Actor who is no endpoint: an administrator, or somebody of the office who may. Its Endpoint is
// OfficePrefix and a name.
const (
	RoleOffice   Role   = "office"
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
	LevelCentral  Level = "central"
	LevelMinistry Level = "ministry"
	LevelProvince Level = "province"
	LevelDistrict Level = "district"
	LevelCommune  Level = "commune"
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

	// ReceivingOnly counts only the time in which the stage arrived; without it who is connected is present.
	ReceivingOnly bool `json:"receiving_only,omitempty"`
}

// DefaultRules are the rules of a session whose organiser set none.
func DefaultRules() Rules {
	return Rules{CountdownS: 3, OpenBeforeS: 3600, GraceS: 60, LateAfterS: 300, PartialPct: 80}
}

// Endpoint is one seat in the session with its own join link. One that was handed out does not change any more.
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
	Withdrawn bool        `json:"-"` // is convened no more, and may not enter
	Headcount int         `json:"-"` // people in the room as declared; 0 = not declared
	Delegates []Delegate  `json:"-"`

	Reply RollCallReply `json:"-"` // to the last roll call that it answered

	WithdrawnFor string `json:"-"` // the reason
}

// Convened reports whether it is a site that is convened now.
func (ep *Endpoint) Convened() bool { return ep.Role == RoleSite && !ep.Withdrawn }

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
	GrantCountdown GrantState = "countdown" // granted, on air at Grant.OnAirAt
	GrantOnAir     GrantState = "on_air"    // its sources feed the slot
	GrantHeld      GrantState = "held"      // its connection dropped; on air again only when a person there confirms
)

// Grant is the right of one endpoint to feed one slot.
type Grant struct {
	Endpoint  string
	State     GrantState
	GrantedAt time.Time
	OnAirAt   time.Time // when the countdown ends or ended
}

// RollCall is one round in which every site is asked to confirm its presence. Endpoint.Reply has the answers.
type RollCall struct {
	ID       int // from 1; 0 = there was none
	OpenedAt time.Time
	ClosedAt time.Time // zero while open
}

// RollCallReply is one site's answer to a roll call.
type RollCallReply struct {
	RollCall  int // its ID
	At        time.Time
	Headcount int
}

// Session is the state of one meeting as its owner has it. It is changed only by Apply.
type Session struct {
	View
	noted map[string]int // where a note stands among the notes, by id
}

// New returns a session without content; its first event is Convened.
func New(id string) *Session {
	return &Session{View: View{ID: id, Phase: PhaseDraft, Chair: HostCode}, noted: map[string]int{}}
}

// Freeze returns the session as it is now, for whoever reads it beside its owner: what Apply changes later is not seen in
// it. It costs no more for a large session than for a small one.
func (s *Session) Freeze() *View {
	v := s.View
	return &v
}

// Actor is who commands: an endpoint of the session by its code and role. The zero Actor is the server itself.
type Actor struct {
	Endpoint string
	Role     Role
}

func (a Actor) system() bool { return a == Actor{} }

// office reports whether the actor is no endpoint of the session: the server itself, or who keeps sessions.
func (a Actor) office() bool { return a.system() || a.Role == RoleOffice }

// Command is a wish to change the session.
type Command interface {
	decide(s *Session, by Actor, at time.Time) ([]Event, error)
}

// Event is a lasting fact of the session.
type Event interface {
	Kind() string    // its name in the ledger
	Subject() string // code of the endpoint whose own state it changes; empty if it concerns the session as a whole
	Control() bool   // it is an act of control, by which somebody steers the session
	apply(s *Session, at time.Time)
}

// Dated is an Event that happened at another time than when it was decided, such as a loss noticed late.
type Dated interface {
	OccurredAt() time.Time
}

// Decide turns a command into the events that it causes, or refuses it with an *Error. It changes nothing.
func (s *Session) Decide(cmd Command, by Actor, at time.Time) ([]Event, error) {
	if _, first := cmd.(Convene); !first && len(s.Order) == 0 {
		return refuse(CodeWrongPhase, "not convened")
	}
	return cmd.decide(s, by, at)
}

// Apply changes the session by one event that was decided, or read back from the ledger.
func (s *Session) Apply(e Event, at time.Time) { e.apply(s, at) }
