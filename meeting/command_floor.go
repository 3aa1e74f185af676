package meeting

import (
	"slices"
	"time"
)

func (c GrantSlot) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	slot := c.Slot
	if slot == "" {
		slot = SlotFloor
	}
	if !slices.Contains(Slots(), slot) {
		return refuse(CodeBadValue, "slot "+string(slot))
	}
	if s.Phase != PhaseLive {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	ep, err := s.present(c.Endpoint)
	if err != nil {
		return nil, err
	}
	// A site that speaks may present by its own wish; everything else is given by who steers.
	own := slot == SlotPresentation && ep.Code == by.Endpoint && s.speaks(ep.Code)
	// A delegated operator gives the floor within its units, never main, and takes it from nobody else.
	replaces := s.Grants[slot] != nil && !s.Steers(by, s.Grants[slot].Endpoint)
	if !own && (!s.Steers(by, ep.Code) || (slot == SlotMain && !s.steersAll(by)) || replaces) {
		return refuse(CodeForbidden, "give "+string(slot))
	}
	if ep.Role == RoleOperator || ep.Role == RoleSecretary || ep.Role == RoleRoom || (ep.Role == RoleHost && slot != SlotMain && slot != SlotPresentation) {
		return refuse(CodeBadValue, ep.Code+" does not take "+string(slot))
	}
	var events []Event
	if g := s.Grants[slot]; g != nil {
		if g.Endpoint == ep.Code {
			return refuse(CodeAlreadyDone, ep.Code+" has "+string(slot))
		}
		if own && !s.presentationFree() {
			return refuse(CodeForbidden, "the host presents")
		}
		events = append(events, &Returned{Endpoint: g.Endpoint, Slot: slot, By: by.Endpoint, Why: ReturnReplaced})
	}
	// One site, one speaking slot: moving it from the floor to floor2 or main gives the old one back.
	if slot != SlotPresentation {
		for _, held := range s.GrantsOf(ep.Code) {
			if held != SlotPresentation {
				events = append(events, &Returned{Endpoint: ep.Code, Slot: held, By: by.Endpoint, Why: ReturnReplaced})
			}
		}
	}
	countdown := time.Duration(s.Rules.CountdownS) * time.Second
	if ep.Role == RoleHost || slot == SlotPresentation {
		countdown = 0
	}
	events = append(events, &Granted{Endpoint: ep.Code, Slot: slot, By: by.Endpoint, OnAirAt: at.Add(countdown)})
	if countdown == 0 {
		events = append(events, &WentOnAir{Endpoint: ep.Code, Slot: slot})
	}
	return events, nil
}

// speaks reports whether an endpoint feeds or will feed a speaking slot.
func (s *View) speaks(code string) bool {
	return slices.ContainsFunc(s.GrantsOf(code), func(slot Slot) bool { return slot != SlotPresentation })
}

// presentationFree reports whether a site may take the presentation: nobody has it, or another site.
func (s *View) presentationFree() bool {
	g := s.Grants[SlotPresentation]
	return g == nil || s.Endpoint(g.Endpoint).Role == RoleSite
}

func (c RevokeSlot) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	code, err := s.target(c.Endpoint, by)
	if err != nil {
		return nil, err
	}
	why := ReturnRevoked
	if code == by.Endpoint {
		why = ReturnReturned
	}
	var events []Event
	for _, slot := range s.GrantsOf(code) {
		if slot == c.Slot || (c.Slot == "" && slot != SlotMain) {
			events = append(events, &Returned{Endpoint: code, Slot: slot, By: by.Endpoint, Why: why})
		}
	}
	if len(events) == 0 {
		return refuse(CodeNoFloor, code)
	}
	// A site presents only while it speaks.
	if c.Slot != "" && c.Slot != SlotPresentation && s.Endpoint(code).Role == RoleSite {
		if g := s.Grants[SlotPresentation]; g != nil && g.Endpoint == code {
			events = append(events, &Returned{Endpoint: code, Slot: SlotPresentation, By: by.Endpoint, Why: why})
		}
	}
	return events, nil
}

func (c GoOnAir) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if !by.system() {
		return refuse(CodeForbidden, "only time ends a countdown")
	}
	g := s.Grants[c.Slot]
	if g == nil || g.Endpoint != c.Endpoint || g.State != GrantCountdown {
		return refuse(CodeAlreadyDone, "the countdown is over")
	}
	if at.Before(g.OnAirAt) {
		return refuse(CodeBadValue, "too early")
	}
	return []Event{&WentOnAir{Endpoint: c.Endpoint, Slot: c.Slot}}, nil
}

func (Confirm) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	ep, err := s.present(by.Endpoint)
	if err != nil {
		return nil, err
	}
	var events []Event
	for _, slot := range s.GrantsOf(ep.Code) {
		if s.Grants[slot].State == GrantHeld {
			events = append(events, &WentOnAir{Endpoint: ep.Code, Slot: slot})
		}
	}
	if len(events) == 0 {
		return refuse(CodeNoFloor, "nothing is held")
	}
	return events, nil
}

func (c SetMuted) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	code, err := s.target(c.Endpoint, by)
	if err != nil {
		return nil, err
	}
	if _, err := s.present(code); err != nil {
		return nil, err
	}
	if s.Endpoint(code).Role == RoleRoom {
		return refuse(CodeForbidden, "a screen has no microphone")
	}
	if !c.Muted && code != by.Endpoint {
		return refuse(CodeForbidden, "a microphone is opened only by who sits before it")
	}
	if s.Endpoint(code).Muted == c.Muted {
		return refuse(CodeAlreadyDone, "mute")
	}
	return []Event{&MuteChanged{Endpoint: code, By: by.Endpoint, Muted: c.Muted}}, nil
}

func (c SetRemoved) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !s.Steers(by, c.Endpoint) {
		return refuse(CodeForbidden, "remove")
	}
	ep := s.Endpoint(c.Endpoint)
	switch {
	case ep == nil:
		return refuse(CodeUnknownEndpoint, c.Endpoint)
	case ep.Role != RoleSite:
		return refuse(CodeForbidden, "a console is not removed")
	case ep.Withdrawn:
		return refuse(CodeWithdrawn, ep.Code)
	case ep.Removed == c.Removed:
		return refuse(CodeAlreadyDone, "removal")
	}
	var events []Event
	if c.Removed {
		for _, slot := range s.GrantsOf(ep.Code) {
			events = append(events, &Returned{Endpoint: ep.Code, Slot: slot, By: by.Endpoint, Why: ReturnRemoved})
		}
		if ep.Conn != nil {
			events = append(events, &Left{Endpoint: ep.Code, Conn: ep.Conn.ID, Why: EndRemoved})
		}
	}
	return append(events, &RemovalChanged{Endpoint: ep.Code, By: by.Endpoint, Removed: c.Removed}), nil
}
