package meeting

import (
	"slices"
	"time"
)

func (e *Convened) apply(s *Session, _ time.Time) {
	s.Title, s.ScheduledAt, s.TimeZone, s.Rules, s.Agenda = e.Title, e.ScheduledAt, e.TimeZone, e.Rules, e.Agenda
	for _, u := range e.Units {
		s.Units[u.Code] = u
	}
	for _, ep := range e.Endpoints {
		s.Endpoints[ep.Code] = &ep
		s.Order = append(s.Order, ep.Code)
	}
}

func (e *Opened) apply(s *Session, at time.Time) { s.Phase, s.OpenedAt = Open, at }

func (e *Started) apply(s *Session, at time.Time) { s.Phase, s.StartedAt = Live, at }

func (e *EndedEvent) apply(s *Session, at time.Time) {
	s.Phase, s.EndedAt = Ended, at
	s.Hands = nil
	clear(s.Grants)
	for _, ep := range s.Endpoints {
		ep.HandAt, ep.StandBy = time.Time{}, false
	}
	if rc := s.OpenRollCall(); rc != nil {
		rc.ClosedAt = at
	}
}

func (e *SealedEvent) apply(s *Session, _ time.Time) { s.Phase = Sealed }

func (e *Connected) apply(s *Session, at time.Time) {
	s.attach(e.Endpoint, Connection{ID: e.Conn, Device: e.Device, Since: at})
}

func (e *Resumed) apply(s *Session, at time.Time) {
	s.attach(e.Endpoint, Connection{ID: e.Conn, Device: e.Device, Since: at})
}

// attach never brings an endpoint back to its slot with an open microphone: a person there has to open it.
func (s *Session) attach(code string, c Connection) {
	if ep := s.Endpoints[code]; ep != nil {
		ep.Conn, ep.LostAt, ep.Receiving = &c, time.Time{}, false
		ep.Muted = ep.LastConn != "" && len(s.GrantsOf(code)) > 0
	}
}

func (e *Lost) apply(s *Session, _ time.Time) {
	s.detach(e.Endpoint, e.Conn)
	if ep := s.Endpoints[e.Endpoint]; ep != nil && ep.Conn == nil {
		ep.LostAt = e.LastSeen
	}
}

func (e *Left) apply(s *Session, _ time.Time) { s.detach(e.Endpoint, e.Conn) }

// detach keeps what the endpoint was given, but off air: only main's picture returns by itself.
func (s *Session) detach(code, conn string) {
	ep := s.Endpoints[code]
	if ep == nil || ep.Conn == nil || ep.Conn.ID != conn {
		return
	}
	ep.Conn, ep.LastConn, ep.Receiving = nil, conn, false
	for _, slot := range s.GrantsOf(code) {
		ep.Muted = true
		if slot != SlotMain {
			s.Grants[slot].State = Held
		}
	}
}

func (e *ReceivingChanged) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil && ep.Conn != nil && ep.Conn.ID == e.Conn {
		ep.Receiving = e.Receiving
	}
}

func (e *HandRaised) apply(s *Session, at time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil && ep.HandAt.IsZero() {
		ep.HandAt = at
		s.Hands = append(s.Hands, e.Endpoint)
	}
}

func (e *HandLowered) apply(s *Session, _ time.Time) { s.lowerHand(e.Endpoint) }

func (s *Session) lowerHand(code string) {
	if ep := s.Endpoints[code]; ep != nil {
		ep.HandAt = time.Time{}
	}
	s.Hands = slices.DeleteFunc(s.Hands, func(c string) bool { return c == code })
}

func (e *StandByChanged) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.StandBy = e.On
	}
}

func (e *Granted) apply(s *Session, at time.Time) {
	s.Grants[e.Slot] = &Grant{Endpoint: e.Endpoint, State: Countdown, GrantedAt: at, OnAirAt: e.OnAirAt}
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.StandBy = false
	}
	if e.Slot != SlotPresentation {
		s.lowerHand(e.Endpoint)
	}
}

func (e *WentOnAir) apply(s *Session, at time.Time) {
	g := s.Grants[e.Slot]
	if g == nil || g.Endpoint != e.Endpoint {
		return
	}
	g.State, g.OnAirAt = OnAir, at
	if ep := s.Endpoints[e.Endpoint]; ep != nil && e.Slot != SlotPresentation {
		ep.Muted = ep.Conn == nil
	}
}

func (e *Returned) apply(s *Session, _ time.Time) {
	if g := s.Grants[e.Slot]; g != nil && g.Endpoint == e.Endpoint {
		delete(s.Grants, e.Slot)
	}
}

func (e *MuteChanged) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.Muted = e.Muted
	}
}

func (e *RemovalChanged) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.Removed = e.Removed
		s.lowerHand(e.Endpoint)
	}
}

func (e *RollCallOpened) apply(s *Session, at time.Time) {
	s.RollCalls = append(s.RollCalls, &RollCall{ID: e.ID, OpenedAt: at, Answers: map[string]RollCallReply{}})
}

func (e *RollCallAnswered) apply(s *Session, at time.Time) {
	if rc := s.OpenRollCall(); rc != nil && rc.ID == e.ID {
		rc.Answers[e.Endpoint] = RollCallReply{At: at, Headcount: e.Headcount}
	}
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.Headcount = e.Headcount
	}
}

func (e *RollCallEnded) apply(s *Session, at time.Time) {
	if rc := s.OpenRollCall(); rc != nil && rc.ID == e.ID {
		rc.ClosedAt = at
	}
}

func (e *HeadcountDeclared) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.Headcount = e.Headcount
	}
}

func (e *DelegatesDeclared) apply(s *Session, _ time.Time) {
	if ep := s.Endpoints[e.Endpoint]; ep != nil {
		ep.Delegates = e.Delegates
	}
}
