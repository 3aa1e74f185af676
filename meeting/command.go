package meeting

import (
	"cmp"
	"slices"
	"time"
)

// Convene makes a session out of nothing. Every session gets the three console endpoints besides those given.
type Convene struct {
	Title       string
	ScheduledAt time.Time
	TimeZone    string
	Rules       Rules
	Units       []Unit
	Endpoints   []Endpoint        // sites, and delegated operators with a Scope
	Consoles    map[string]string // what the console endpoints are called, by code; otherwise by that
	Agenda      []AgendaItem
	Particulars Particulars
	HelpPhone   string // whom sites call about their line
}

// OpenSession lets sites enter.
type OpenSession struct{}

// StartSession makes the session live and gives main to the host.
type StartSession struct{}

// EndSession ends it for everyone.
type EndSession struct{}

// SealSession closes the verdicts of an ended session.
type SealSession struct{}

// RaiseHand asks for the floor.
type RaiseHand struct{}

// LowerHand takes the request back; host and operator may name whose. Empty means one's own.
type LowerHand struct{ Endpoint string }

// SetStandBy tells an endpoint that it is next, which opens its publisher, or takes that back.
type SetStandBy struct {
	Endpoint string
	On       bool
}

// GrantSlot gives a slot to an endpoint; whoever holds it loses it. An empty Slot means the floor. A site
// comes on air after the countdown of the rules.
type GrantSlot struct {
	Endpoint string
	Slot     Slot
}

// RevokeSlot takes a slot back. A site may return its own. An empty Slot means every slot but main that the
// endpoint holds.
type RevokeSlot struct {
	Endpoint string
	Slot     Slot
}

// GoOnAir ends a countdown; time itself gives it.
type GoOnAir struct {
	Slot     Slot
	Endpoint string
}

// Confirm puts the actor's held slots back on air, after a reconnection.
type Confirm struct{}

// SetMuted closes the microphone of an endpoint (empty = one's own). Only a person at the endpoint can open it.
type SetMuted struct {
	Endpoint string
	Muted    bool
}

// SetRemoved shuts an endpoint out, or lets it in again.
type SetRemoved struct {
	Endpoint string
	Removed  bool
}

// BeginRollCall asks every site to confirm.
type BeginRollCall struct{}

// AnswerRollCall confirms with the number of people in the room.
type AnswerRollCall struct {
	ID        int
	Headcount int
}

// EndRollCall closes the open round.
type EndRollCall struct{}

// DeclareHeadcount tells how many people are in the actor's room.
type DeclareHeadcount struct{ Headcount int }

// DeclareDelegates names the people in the actor's room, replacing the list before.
type DeclareDelegates struct{ Delegates []Delegate }

// DeclareFor puts down what a site said of its room to the secretariat, on the telephone or after the session: what is nil stays.
type DeclareFor struct {
	Endpoint  string
	Headcount *int
	Delegates *[]Delegate
}

// Bounds of what a site may declare.
const (
	MaxHeadcount    = 9999
	MaxDelegates    = 200
	MaxDelegateText = 200 // runes of a name, title or "attending for"
)

func (c Convene) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.system() {
		return refuse(CodeForbidden, "convene")
	}
	if len(s.Order) > 0 {
		return refuse(CodeAlreadyDone, "session is convened")
	}
	all := append([]Endpoint{
		{Code: HostCode, Role: RoleHost},
		{Code: OperatorCode, Role: RoleOperator},
		{Code: SecretaryCode, Role: RoleSecretary},
		{Code: RoomCode, Role: RoleRoom},
		{Code: Room2Code, Role: RoleRoom},
	}, c.Endpoints...)
	for i, ep := range all[:len(all)-len(c.Endpoints)] {
		all[i].Name = cmp.Or(c.Consoles[ep.Code], ep.Code)
	}
	seen := make(map[string]bool, len(all))
	for _, ep := range all {
		if ep.Code == "" || ep.Name == "" || seen[ep.Code] {
			return refuse(CodeBadEndpointCode, ep.Code)
		}
		if ep.Scope != "" && (ep.Role != RoleOperator || !slices.ContainsFunc(c.Units, func(u Unit) bool { return u.Code == ep.Scope })) {
			return refuse(CodeBadEndpointCode, ep.Code+": a scope is a convened unit, of an operator")
		}
		seen[ep.Code] = true
	}
	if c.Title == "" {
		return refuse(CodeBadValue, "a session needs a title")
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		return refuse(CodeBadValue, err.Error())
	}
	events := []Event{&Convened{
		Title: c.Title, ScheduledAt: c.ScheduledAt, TimeZone: c.TimeZone, Rules: c.Rules, Units: c.Units, Endpoints: all, Agenda: c.Agenda,
	}}
	if field := c.Particulars.Check(); field != "" {
		return refuse(CodeBadValue, field)
	}
	if !c.Particulars.Empty() {
		events = append(events, particularsSet(c.Particulars, by))
	}
	if c.HelpPhone != "" {
		events = append(events, &HelpPhoneSet{By: by.Endpoint, Phone: c.HelpPhone})
	}
	return events, nil
}

func (OpenSession) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() && !s.steersAll(by) {
		return refuse(CodeForbidden, "open the session")
	}
	if s.Phase != PhaseDraft {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	return []Event{&Opened{By: by.Endpoint}}, nil
}

func (StartSession) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if !s.steersAll(by) {
		return refuse(CodeForbidden, "start the session")
	}
	switch s.Phase {
	case PhaseLive:
		return refuse(CodeAlreadyDone, "session is live")
	case PhaseOpen:
	case PhaseDraft, PhaseEnded, PhaseSealed:
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	return []Event{
		&Started{By: by.Endpoint},
		&Granted{Endpoint: HostCode, Slot: SlotMain, By: by.Endpoint, OnAirAt: at},
		&WentOnAir{Endpoint: HostCode, Slot: SlotMain},
	}, nil
}

func (EndSession) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() && !s.steersAll(by) {
		return refuse(CodeForbidden, "end the session")
	}
	if s.Phase != PhaseLive && s.Phase != PhaseOpen {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	var events []Event
	for _, slot := range Slots() {
		if g := s.Grants[slot]; g != nil {
			events = append(events, &Returned{Endpoint: g.Endpoint, Slot: slot, By: by.Endpoint, Why: ReturnEnded})
		}
	}
	return append(events, &Ended{By: by.Endpoint}), nil
}

func (SealSession) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if by.Role != RoleSecretary && by.Role != RoleHost && by.Role != RoleOffice {
		return refuse(CodeForbidden, "seal the session")
	}
	if s.Phase != PhaseEnded {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	return []Event{&Sealed{By: by.Endpoint}}, nil
}

func (RaiseHand) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep, err := s.present(by.Endpoint)
	if err != nil {
		return nil, err
	}
	if ep.Role != RoleSite {
		return refuse(CodeForbidden, "a console has no hand")
	}
	if !ep.HandAt.IsZero() || slices.ContainsFunc(s.GrantsOf(ep.Code), func(sl Slot) bool { return sl != SlotPresentation }) {
		return refuse(CodeAlreadyDone, "the hand is up, or the site has the floor")
	}
	return []Event{&HandRaised{Endpoint: ep.Code}}, nil
}

func (c LowerHand) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	code, err := s.target(c.Endpoint, by)
	if err != nil {
		return nil, err
	}
	if s.Endpoint(code).HandAt.IsZero() {
		return refuse(CodeAlreadyDone, "the hand is down")
	}
	return []Event{&HandLowered{Endpoint: code, By: by.Endpoint}}, nil
}

func (c SetStandBy) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.Steers(by, c.Endpoint) {
		return refuse(CodeForbidden, "stand-by")
	}
	ep, err := s.present(c.Endpoint)
	if err != nil {
		return nil, err
	}
	if ep.StandBy == c.On {
		return refuse(CodeAlreadyDone, "stand-by")
	}
	return []Event{&StandByChanged{Endpoint: ep.Code, By: by.Endpoint, On: c.On}}, nil
}

func (c BeginRollCall) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.steersAll(by) && by.Role != RoleSecretary {
		return refuse(CodeForbidden, "roll call")
	}
	if err := s.running(); err != nil {
		return nil, err
	}
	if s.OpenRollCall() != nil {
		return refuse(CodeRollCallOpen, "")
	}
	return []Event{&RollCallOpened{ID: s.RollCall.ID + 1, By: by.Endpoint}}, nil
}

func (c AnswerRollCall) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep, err := s.present(by.Endpoint)
	if err != nil {
		return nil, err
	}
	if ep.Role != RoleSite {
		return refuse(CodeForbidden, "only sites answer")
	}
	if rc := s.OpenRollCall(); rc == nil || rc.ID != c.ID {
		return refuse(CodeRollCallClosed, "")
	}
	if c.Headcount < 0 || c.Headcount > MaxHeadcount {
		return refuse(CodeBadValue, "headcount")
	}
	return []Event{&RollCallAnswered{ID: c.ID, Endpoint: ep.Code, Headcount: c.Headcount}}, nil
}

func (c EndRollCall) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.steersAll(by) && by.Role != RoleSecretary {
		return refuse(CodeForbidden, "roll call")
	}
	rc := s.OpenRollCall()
	if rc == nil {
		return refuse(CodeRollCallClosed, "")
	}
	return []Event{&RollCallEnded{ID: rc.ID, By: by.Endpoint}}, nil
}

func (c DeclareHeadcount) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep, err := s.declaring(by)
	if err != nil {
		return nil, err
	}
	return declared(ep, by, &c.Headcount, nil)
}

func (c DeclareDelegates) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep, err := s.declaring(by)
	if err != nil {
		return nil, err
	}
	return declared(ep, by, nil, &c.Delegates)
}

func (c DeclareFor) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.keepsAttendance() {
		return refuse(CodeForbidden, "declare for a site")
	}
	ep, err := s.convenedSite(c.Endpoint)
	switch {
	case err != nil:
		return nil, err
	case s.Phase == PhaseSealed || s.Phase == PhaseDraft:
		return refuse(CodeWrongPhase, string(s.Phase))
	case c.Headcount == nil && c.Delegates == nil:
		return refuse(CodeBadValue, "neither headcount nor delegates")
	}
	return declared(ep, by, c.Headcount, c.Delegates)
}

// declared is what is put down of a site's room, within the bounds; nil = nothing is said of it.
func declared(ep *Endpoint, by Actor, headcount *int, delegates *[]Delegate) (events []Event, err error) {
	if headcount != nil {
		if *headcount < 0 || *headcount > MaxHeadcount {
			return refuse(CodeBadValue, "headcount")
		}
		events = append(events, &HeadcountDeclared{Endpoint: ep.Code, By: by.Endpoint, Headcount: *headcount})
	}
	if delegates == nil {
		return events, nil
	}
	if len(*delegates) > MaxDelegates {
		return refuse(CodeBadValue, "too many delegates")
	}
	for _, d := range *delegates {
		for _, text := range []string{d.Name, d.Title, d.AttendingFor} {
			if len([]rune(text)) > MaxDelegateText {
				return refuse(CodeBadValue, "a delegate's text is too long")
			}
		}
		if d.Name == "" {
			return refuse(CodeBadValue, "a delegate needs a name")
		}
	}
	return append(events, &DelegatesDeclared{Endpoint: ep.Code, By: by.Endpoint, Delegates: *delegates}), nil
}

// declaring returns the site that an actor speaks for. It may declare until the session is sealed.
func (s *Session) declaring(by Actor) (*Endpoint, error) {
	ep := s.Endpoint(by.Endpoint)
	switch {
	case ep == nil:
		return nil, &Error{Code: CodeUnknownEndpoint, Detail: by.Endpoint}
	case ep.Role != RoleSite:
		return nil, &Error{Code: CodeForbidden, Detail: "only sites declare"}
	case ep.Withdrawn:
		return nil, &Error{Code: CodeWithdrawn, Detail: ep.Code}
	case s.Phase == PhaseSealed || s.Phase == PhaseDraft:
		return nil, &Error{Code: CodeWrongPhase, Detail: string(s.Phase)}
	}
	return ep, nil
}

// running refuses what needs people in the room.
func (s *View) running() error {
	switch s.Phase {
	case PhaseOpen, PhaseLive:
		return nil
	case PhaseDraft:
		return &Error{Code: CodeNotOpen}
	case PhaseEnded, PhaseSealed:
	}
	return &Error{Code: CodeSessionEnded}
}

// present returns a connected endpoint of a running session.
func (s *Session) present(code string) (*Endpoint, error) {
	if err := s.running(); err != nil {
		return nil, err
	}
	ep := s.Endpoint(code)
	if ep == nil {
		return nil, &Error{Code: CodeUnknownEndpoint, Detail: code}
	}
	if ep.Conn == nil {
		return nil, &Error{Code: CodeNotConnected, Detail: code}
	}
	return ep, nil
}

// target resolves the endpoint that a command of an actor concerns: its own, or any for who steers.
func (s *Session) target(code string, by Actor) (string, error) {
	if code == "" {
		code = by.Endpoint
	}
	if s.Endpoint(code) == nil {
		return "", &Error{Code: CodeUnknownEndpoint, Detail: code}
	}
	if code != by.Endpoint && !s.Steers(by, code) {
		return "", &Error{Code: CodeForbidden, Detail: "another endpoint"}
	}
	return code, nil
}
