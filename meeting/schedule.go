package meeting

import "time"

// MaxCallOffReason bounds why a session is called off, in runes.
const MaxCallOffReason = 500

// Moved gives a session that has not begun another time.
type Moved struct {
	ScheduledAt time.Time `json:"scheduled_at"`
}

// CalledOff ends a session that has not begun; there will be none.
type CalledOff struct {
	Reason string `json:"reason,omitempty"`
}

// MoveSession sets another time for a session that is not live yet.
type MoveSession struct{ ScheduledAt time.Time }

// CallOff cancels a session that is not live yet.
type CallOff struct{ Reason string }

func (c MoveSession) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() && !s.steersAll(by) {
		return refuse(CodeForbidden, "move the session")
	}
	if s.Phase != PhaseDraft && s.Phase != PhaseOpen {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	if c.ScheduledAt.IsZero() {
		return refuse(CodeBadValue, "scheduled_at")
	}
	if s.ScheduledAt.Equal(c.ScheduledAt) {
		return refuse(CodeAlreadyDone, "scheduled_at")
	}
	return []Event{&Moved{ScheduledAt: c.ScheduledAt}}, nil
}

func (c CallOff) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() && !s.steersAll(by) {
		return refuse(CodeForbidden, "call the session off")
	}
	if s.Phase != PhaseDraft && s.Phase != PhaseOpen {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	if len([]rune(c.Reason)) > MaxCallOffReason {
		return refuse(CodeBadValue, "reason")
	}
	return []Event{&CalledOff{Reason: c.Reason}, &Ended{By: by.Endpoint}}, nil
}

func (e *Moved) apply(s *Session, _ time.Time) { s.ScheduledAt = e.ScheduledAt }

func (e *CalledOff) apply(s *Session, _ time.Time) { s.CalledOff, s.CallOffReason = true, e.Reason }

// Kind implements Event.
func (*Moved) Kind() string { return "moved" }

// Kind implements Event.
func (*CalledOff) Kind() string { return "called_off" }
