package meeting

import "time"

// Verdict is the conclusion on a site's attendance.
type Verdict string

// The verdicts. The empty one stands for none: before a session is live, or an override that is taken back.
const (
	VerdictOnTime  Verdict = "on_time"
	VerdictLate    Verdict = "late"    // first there later than Rules.LateAfterS after the start
	VerdictPartial Verdict = "partial" // there for less than Rules.PartialPct of the live time, late or not
	VerdictAbsent  Verdict = "absent"  // not there while the session was live

	// VerdictNotConvened is none that somebody can give: the site was withdrawn, so nothing was expected of it.
	VerdictNotConvened Verdict = "withdrawn"
)

// MaxReasonText bounds the reason of a correction, in runes.
const MaxReasonText = 500

// VerdictOverridden puts a person's conclusion in the place of the computed one. An empty Verdict takes that back.
type VerdictOverridden struct {
	Endpoint string  `json:"endpoint"`
	By       string  `json:"by"`
	Verdict  Verdict `json:"verdict"`
	Reason   string  `json:"reason"`
}

// AttendanceAdded records that a site attended by other means, such as by telephone. The event happened at From;
// a zero To means until the end.
type AttendanceAdded struct {
	Endpoint string    `json:"endpoint"`
	By       string    `json:"by"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to,omitzero"`
	Means    string    `json:"means"` // "phone" or "other"
	Reason   string    `json:"reason"`
}

// RulesChanged replaces the rules by which attendance is judged.
type RulesChanged struct {
	By     string `json:"by"`
	Rules  Rules  `json:"rules"`
	Reason string `json:"reason"`
}

// OverrideVerdict puts one's own conclusion in the place of the computed one; an empty Verdict takes it back. It
// is possible after the seal too, as a correction that the ledger shows to be later.
type OverrideVerdict struct {
	Endpoint string
	Verdict  Verdict
	Reason   string
}

// AddAttendance records that a site attended by other means, until the session is sealed.
type AddAttendance struct {
	Endpoint string
	From, To time.Time // a zero To means until the end
	Means    string    // "phone" or "other"
	Reason   string
}

// ChangeRules replaces the rules of attendance (GraceS, LateAfterS, PartialPct, ReceivingOnly), until the session is sealed.
// The rules of its course are left as they are where they are nil; they are for who changes the session.
type ChangeRules struct {
	GraceS        int
	LateAfterS    int
	PartialPct    int
	ReceivingOnly *bool // nil = as it is
	CountdownS    *int
	OpenBeforeS   *int
	Reason        string
}

// corrects refuses who may not correct attendance, and a correction without a reason.
func (s *Session) corrects(by Actor, reason string) error {
	err := s.reasoned(by, reason)
	if err == nil && s.Phase == PhaseDraft {
		err = &Error{Code: CodeWrongPhase, Detail: string(s.Phase)}
	}
	return err
}

// keepsAttendance reports whether somebody may correct the attendance of others.
func (a Actor) keepsAttendance() bool {
	return a.Role == RoleSecretary || a.Role == RoleHost || a.Role == RoleOffice
}

// reasoned refuses who does not keep attendance, and a change without a reason.
func (s *Session) reasoned(by Actor, reason string) error {
	switch n := len([]rune(reason)); {
	case !by.keepsAttendance():
		return &Error{Code: CodeForbidden, Detail: "correct attendance"}
	case n == 0 || n > MaxReasonText:
		return &Error{Code: CodeBadValue, Detail: "a correction needs a reason of at most 500 characters"}
	}
	return nil
}

// Valid reports whether all rules are in their ranges.
func (r Rules) Valid() bool {
	const day = 24 * 60 * 60
	in := func(v, most int) bool { return v >= 0 && v <= most }
	return in(r.CountdownS, MaxCountdownS) && in(r.OpenBeforeS, MaxOpenBeforeS) && in(r.GraceS, day) && in(r.LateAfterS, day) && in(r.PartialPct, 100)
}

// convenedSite returns an endpoint whose attendance is judged.
func (s *View) convenedSite(code string) (*Endpoint, error) {
	ep := s.Endpoint(code)
	if ep == nil || ep.Role != RoleSite {
		return nil, &Error{Code: CodeUnknownEndpoint, Detail: code}
	}
	if ep.Withdrawn {
		return nil, &Error{Code: CodeWithdrawn, Detail: code}
	}
	return ep, nil
}

func (c OverrideVerdict) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.corrects(by, c.Reason); err != nil {
		return nil, err
	}
	ep, err := s.convenedSite(c.Endpoint)
	if err != nil {
		return nil, err
	}
	switch c.Verdict {
	case VerdictOnTime, VerdictLate, VerdictPartial, VerdictAbsent, "":
		return []Event{&VerdictOverridden{Endpoint: ep.Code, By: by.Endpoint, Verdict: c.Verdict, Reason: c.Reason}}, nil
	case VerdictNotConvened: // follows from the withdrawal alone
	}
	return refuse(CodeBadValue, "verdict "+string(c.Verdict))
}

func (c AddAttendance) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if err := s.corrects(by, c.Reason); err != nil {
		return nil, err
	}
	if s.Phase == PhaseSealed {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	ep, err := s.convenedSite(c.Endpoint)
	if err != nil {
		return nil, err
	}
	switch {
	case c.From.IsZero() || c.From.After(at) || (!c.To.IsZero() && !c.To.After(c.From)):
		return refuse(CodeBadValue, "from and to")
	case c.Means != "phone" && c.Means != "other":
		return refuse(CodeBadValue, "means "+c.Means)
	}
	return []Event{&AttendanceAdded{Endpoint: ep.Code, By: by.Endpoint, From: c.From, To: c.To, Means: c.Means, Reason: c.Reason}}, nil
}

func (c ChangeRules) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.reasoned(by, c.Reason); err != nil {
		return nil, err
	}
	if s.Phase == PhaseSealed {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	rules := s.Rules
	rules.GraceS, rules.LateAfterS, rules.PartialPct = c.GraceS, c.LateAfterS, c.PartialPct
	if c.ReceivingOnly != nil {
		rules.ReceivingOnly = *c.ReceivingOnly
	}
	if c.CountdownS != nil {
		rules.CountdownS = *c.CountdownS
	}
	if c.OpenBeforeS != nil {
		rules.OpenBeforeS = *c.OpenBeforeS
	}
	switch ofCourse := rules.CountdownS != s.Rules.CountdownS || rules.OpenBeforeS != s.Rules.OpenBeforeS; {
	case !rules.Valid():
		return refuse(CodeBadValue, "rules")
	case ofCourse && s.amends(by) != nil:
		return refuse(CodeForbidden, "rules of the course")
	}
	if rules == s.Rules {
		return refuse(CodeAlreadyDone, "rules")
	}
	return []Event{&RulesChanged{By: by.Endpoint, Rules: rules, Reason: c.Reason}}, nil
}

// Attendance is not part of the session's state: reports fold it from the ledger.
func (*VerdictOverridden) apply(*Session, time.Time) {}
func (*AttendanceAdded) apply(*Session, time.Time)   {}

func (e *RulesChanged) apply(s *Session, _ time.Time) { s.Rules = e.Rules }

// OccurredAt is when the site began to attend.
func (e *AttendanceAdded) OccurredAt() time.Time { return e.From }

// Kind implements Event.
func (*VerdictOverridden) Kind() string { return "verdict_overridden" }

// Kind implements Event.
func (*AttendanceAdded) Kind() string { return "attendance_added" }

// Kind implements Event.
func (*RulesChanged) Kind() string { return "rules_changed" }
