package meeting

import (
	"slices"
	"time"
)

// AgendaItem is one point of the session's agenda.
type AgendaItem struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Minutes  int      `json:"minutes,omitempty"`  // planned length; 0 = open
	Speakers []string `json:"speakers,omitempty"` // endpoint codes registered to speak, in order
}

// ToSecretariat addresses a message to host, operators and secretaries; EveryEndpoint to everyone.
const (
	ToSecretariat = "@secretariat"
	EveryEndpoint = "*"
)

// MaxMessageText bounds a message, in runes.
const MaxMessageText = 2000

// LockChanged keeps sites out that were not there before, or lets them in again.
type LockChanged struct {
	By     string `json:"by"`
	Locked bool   `json:"locked"`
}

// ChairHandedOver makes another endpoint the chair; the one before keeps steering from its console.
type ChairHandedOver struct {
	By   string `json:"by"`
	From string `json:"from"`
	To   string `json:"to"`
}

// AgendaMoved says which agenda item is being discussed; empty = none.
type AgendaMoved struct {
	By   string `json:"by"`
	Item string `json:"item"`
}

// MessageSent is a written message. To is an endpoint's code, a unit's code (all endpoints in and below it),
// EveryEndpoint or ToSecretariat.
type MessageSent struct {
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// BudgetSet limits what each viewer is sent, in kbit/s; 0 = no limit.
type BudgetSet struct {
	By   string `json:"by"`
	Kbps int    `json:"kbps"`
}

// SetLocked locks or unlocks the session.
type SetLocked struct{ Locked bool }

// HandOverChair gives the chair to a connected endpoint, or back to the host's own console.
type HandOverChair struct{ To string }

// MoveAgenda names the agenda item that is discussed now; empty = none.
type MoveAgenda struct{ Item string }

// SendMessage writes to others. A site writes to the secretariat only.
type SendMessage struct {
	To   string
	Text string
}

// SetBudget limits the media sent to each viewer.
type SetBudget struct{ Kbps int }

func (c SetLocked) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.steersAll(by) {
		return refuse(CodeForbidden, "lock")
	}
	if s.Locked == c.Locked {
		return refuse(CodeAlreadyDone, "lock")
	}
	return []Event{&LockChanged{By: by.Endpoint, Locked: c.Locked}}, nil
}

func (c HandOverChair) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if by.Endpoint != s.Chair && by.Role != RoleHost {
		return refuse(CodeForbidden, "only the chair hands it over")
	}
	to, err := s.present(c.To)
	if err != nil {
		return nil, err
	}
	if to.Role != RoleSite && to.Role != RoleHost {
		return refuse(CodeBadValue, "the chair is a site or the host")
	}
	if c.To == s.Chair {
		return refuse(CodeAlreadyDone, "chair")
	}
	return []Event{&ChairHandedOver{By: by.Endpoint, From: s.Chair, To: c.To}}, nil
}

func (c MoveAgenda) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.steersAll(by) {
		return refuse(CodeForbidden, "agenda")
	}
	if c.Item != "" && !slices.ContainsFunc(s.Agenda, func(a AgendaItem) bool { return a.ID == c.Item }) {
		return refuse(CodeBadValue, "no such agenda item")
	}
	if s.AgendaItem == c.Item {
		return refuse(CodeAlreadyDone, "agenda")
	}
	return []Event{&AgendaMoved{By: by.Endpoint, Item: c.Item}}, nil
}

func (c SendMessage) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	from, err := s.present(by.Endpoint)
	if err != nil {
		return nil, err
	}
	if n := len([]rune(c.Text)); n == 0 || n > MaxMessageText {
		return refuse(CodeBadValue, "a message has 1 to 2,000 characters")
	}
	if from.Role == RoleRoom {
		return refuse(CodeForbidden, "a screen writes nothing")
	}
	if from.Role == RoleSite && c.To != ToSecretariat && !s.chairs(by) {
		return refuse(CodeForbidden, "a site writes to the secretariat")
	}
	_, unit := s.Units[c.To]
	if s.Endpoint(c.To) == nil && !unit && c.To != EveryEndpoint && c.To != ToSecretariat {
		return refuse(CodeUnknownEndpoint, c.To)
	}
	if scope := from.Scope; scope != "" && c.To != ToSecretariat && !s.Within(c.To, scope) {
		return refuse(CodeForbidden, "outside the operator's units")
	}
	return []Event{&MessageSent{From: by.Endpoint, To: c.To, Text: c.Text}}, nil
}

func (c SetBudget) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.steersAll(by) {
		return refuse(CodeForbidden, "media budget")
	}
	if c.Kbps < 0 || c.Kbps > 100_000 {
		return refuse(CodeBadValue, "kbit/s")
	}
	return []Event{&BudgetSet{By: by.Endpoint, Kbps: c.Kbps}}, nil
}

// chairs reports whether an actor is the chair now.
func (v *View) chairs(by Actor) bool { return by.Endpoint != "" && by.Endpoint == v.Chair }

// steersAll reports whether an actor may steer the whole session: the host, whoever holds the chair, and operators
// without a scope.
func (v *View) steersAll(by Actor) bool {
	if by.Role == RoleHost || v.chairs(by) {
		return true
	}
	ep := v.Endpoint(by.Endpoint)
	return by.Role == RoleOperator && ep != nil && ep.Scope == ""
}

// Steers reports whether an actor may steer an endpoint: who steers all, and an operator whose scope it is in.
func (v *View) Steers(by Actor, endpoint string) bool {
	if v.steersAll(by) {
		return true
	}
	op := v.Endpoint(by.Endpoint)
	return by.Role == RoleOperator && op != nil && v.Within(endpoint, op.Scope)
}

// Within reports whether an endpoint or unit is in a unit or below it.
func (v *View) Within(code, unit string) bool {
	if ep := v.Endpoint(code); ep != nil {
		code = ep.Unit
	}
	return v.Units.Within(code, unit)
}

// Addressed reports whether a message is for an endpoint to read.
func (v *View) Addressed(m *MessageSent, endpoint string) bool {
	ep := v.Endpoint(endpoint)
	switch {
	case ep == nil:
		return false
	case ep.Role == RoleRoom: // what is on it the whole room reads
		return false
	case m.From == endpoint || m.To == endpoint || m.To == EveryEndpoint:
		return true
	case m.To == ToSecretariat:
		sender := v.Endpoint(m.From)
		return ep.Role != RoleSite && (ep.Scope == "" || (sender != nil && v.Within(sender.Code, ep.Scope)))
	}
	_, unit := v.Units[m.To]
	return unit && ep.Unit != "" && v.Within(endpoint, m.To)
}

func (e *LockChanged) apply(s *Session, _ time.Time)     { s.Locked = e.Locked }
func (e *ChairHandedOver) apply(s *Session, _ time.Time) { s.Chair = e.To }
func (e *AgendaMoved) apply(s *Session, at time.Time)    { s.AgendaItem, s.AgendaAt = e.Item, at }
func (e *MessageSent) apply(*Session, time.Time)         {}
func (e *BudgetSet) apply(s *Session, _ time.Time)       { s.BudgetKbps = e.Kbps }

// Kind implements Event, as do the methods below.
func (*LockChanged) Kind() string     { return "lock" }
func (*ChairHandedOver) Kind() string { return "chair" }
func (*AgendaMoved) Kind() string     { return "agenda" }
func (*MessageSent) Kind() string     { return "message" }
func (*BudgetSet) Kind() string       { return "budget" }
