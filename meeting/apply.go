package meeting

import (
	"maps"
	"slices"
	"time"
)

func (e *Convened) apply(s *Session, _ time.Time) {
	s.Title, s.ScheduledAt, s.TimeZone, s.Rules, s.Agenda = e.Title, e.ScheduledAt, e.TimeZone, e.Rules, e.Agenda
	s.AgendaVersion = 1
	s.seat(e.Units, e.Endpoints)
}

// seat gives endpoints their seats, and makes units known. What frozen views have stays as it is.
func (s *Session) seat(units []Unit, endpoints []Endpoint) {
	known, seats := make(Units, len(s.Units)+len(units)), make(map[string]int, len(s.seats)+len(endpoints))
	maps.Copy(known, s.Units)
	maps.Copy(seats, s.seats)
	for _, u := range units {
		known[u.Code] = u
	}
	list := slices.Collect(s.Endpoints())
	order := slices.Clone(s.Order)
	for _, ep := range endpoints {
		seats[ep.Code] = len(list)
		list, order = append(list, &ep), append(order, ep.Code)
	}
	s.Units, s.Order, s.seats, s.endpoints = known, order, seats, rowsOf(list)
}

func (e *Opened) apply(s *Session, at time.Time) { s.Phase, s.OpenedAt = PhaseOpen, at }

func (e *Started) apply(s *Session, at time.Time) { s.Phase, s.StartedAt = PhaseLive, at }

func (e *Ended) apply(s *Session, at time.Time) {
	s.Phase, s.EndedAt = PhaseEnded, at
	s.Hands, s.Grants = nil, nil
	for ep := range s.Endpoints() {
		if ep.StandBy || !ep.HandAt.IsZero() {
			s.change(ep.Code, func(ep *Endpoint) { ep.HandAt, ep.StandBy = time.Time{}, false })
		}
	}
	s.closeRollCall(at)
}

func (s *Session) closeRollCall(at time.Time) {
	if s.OpenRollCall() != nil {
		s.RollCall.ClosedAt = at
	}
}

func (e *Sealed) apply(s *Session, _ time.Time) { s.Phase = PhaseSealed }

func (e *Connected) apply(s *Session, at time.Time) {
	s.attach(e.Endpoint, Connection{ID: e.Conn, Device: e.Device, Since: at})
}

func (e *Resumed) apply(s *Session, at time.Time) {
	s.attach(e.Endpoint, Connection{ID: e.Conn, Device: e.Device, Since: at})
}

// attach never brings an endpoint back to its slot with an open microphone: a person there has to open it.
func (s *Session) attach(code string, c Connection) {
	holds := len(s.GrantsOf(code)) > 0
	s.change(code, func(ep *Endpoint) {
		ep.Conn, ep.LostAt, ep.Receiving = &c, time.Time{}, false
		ep.Muted = ep.LastConn != "" && holds
	})
}

func (e *Lost) apply(s *Session, _ time.Time) {
	s.detach(e.Endpoint, e.Conn)
	if ep := s.Endpoint(e.Endpoint); ep != nil && ep.Conn == nil {
		s.change(e.Endpoint, func(ep *Endpoint) { ep.LostAt = e.LastSeen })
	}
}

func (e *Left) apply(s *Session, _ time.Time) { s.detach(e.Endpoint, e.Conn) }

// detach keeps what the endpoint was given, but off air: only main's picture returns by itself.
func (s *Session) detach(code, conn string) {
	if !s.connected(code, conn) {
		return
	}
	held := s.GrantsOf(code)
	s.change(code, func(ep *Endpoint) {
		ep.Conn, ep.LastConn, ep.Receiving = nil, conn, false
		ep.Muted = ep.Muted || len(held) > 0
	})
	for _, slot := range held {
		if slot != SlotMain {
			g := *s.Grants[slot]
			g.State = GrantHeld
			s.grant(slot, &g)
		}
	}
}

// connected reports whether a connection is the active one of an endpoint.
func (s *View) connected(code, conn string) bool {
	ep := s.Endpoint(code)
	return ep != nil && ep.Conn != nil && ep.Conn.ID == conn
}

func (e *ReceivingChanged) apply(s *Session, _ time.Time) {
	if s.connected(e.Endpoint, e.Conn) {
		s.change(e.Endpoint, func(ep *Endpoint) { ep.Receiving = e.Receiving })
	}
}

func (e *HandRaised) apply(s *Session, at time.Time) {
	if ep := s.Endpoint(e.Endpoint); ep != nil && ep.HandAt.IsZero() {
		s.change(e.Endpoint, func(ep *Endpoint) { ep.HandAt = at })
		s.Hands = append(s.Hands, e.Endpoint) // behind the end of what frozen views have
	}
}

func (e *HandLowered) apply(s *Session, _ time.Time) { s.lowerHand(e.Endpoint) }

func (s *Session) lowerHand(code string) {
	if ep := s.Endpoint(code); ep == nil || ep.HandAt.IsZero() {
		return
	}
	s.change(code, func(ep *Endpoint) { ep.HandAt = time.Time{} })
	s.Hands = slices.DeleteFunc(slices.Clone(s.Hands), func(c string) bool { return c == code })
}

func (e *StandByChanged) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.StandBy = e.On })
}

func (e *Granted) apply(s *Session, at time.Time) {
	s.grant(e.Slot, &Grant{Endpoint: e.Endpoint, State: GrantCountdown, GrantedAt: at, OnAirAt: e.OnAirAt})
	s.change(e.Endpoint, func(ep *Endpoint) { ep.StandBy = false })
	if e.Slot != SlotPresentation {
		s.lowerHand(e.Endpoint)
	}
}

func (e *WentOnAir) apply(s *Session, at time.Time) {
	before := s.Grants[e.Slot]
	if before == nil || before.Endpoint != e.Endpoint {
		return
	}
	g := *before
	g.State, g.OnAirAt = GrantOnAir, at
	s.grant(e.Slot, &g)
	if e.Slot != SlotPresentation {
		s.change(e.Endpoint, func(ep *Endpoint) { ep.Muted = ep.Conn == nil })
	}
}

func (e *Returned) apply(s *Session, _ time.Time) {
	if g := s.Grants[e.Slot]; g != nil && g.Endpoint == e.Endpoint {
		s.grant(e.Slot, nil)
	}
}

func (e *MuteChanged) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Muted = e.Muted })
}

func (e *RemovalChanged) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Removed = e.Removed })
	s.lowerHand(e.Endpoint)
}

func (e *RollCallOpened) apply(s *Session, at time.Time) {
	s.RollCall = RollCall{ID: e.ID, OpenedAt: at}
}

func (e *RollCallAnswered) apply(s *Session, at time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) {
		if rc := s.OpenRollCall(); rc != nil && rc.ID == e.ID {
			ep.Reply = RollCallReply{RollCall: e.ID, At: at, Headcount: e.Headcount}
		}
		ep.Headcount = e.Headcount
	})
}

func (e *RollCallEnded) apply(s *Session, at time.Time) {
	if s.RollCall.ID == e.ID {
		s.closeRollCall(at)
	}
}

func (e *HeadcountDeclared) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Headcount = e.Headcount })
}

func (e *DelegatesDeclared) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Delegates = e.Delegates })
}

// change replaces an endpoint by one that a function has changed.
func (s *Session) change(code string, f func(*Endpoint)) {
	if i, ok := s.seats[code]; ok {
		ep := *s.endpoints.at(i)
		f(&ep)
		s.endpoints.set(i, &ep)
	}
}

// grant puts a grant in the place of the one that a slot had; nil for none.
func (s *Session) grant(slot Slot, g *Grant) {
	s.Grants = maps.Clone(s.Grants) // there are as many slots at most
	switch {
	case g == nil:
		delete(s.Grants, slot)
	case s.Grants == nil:
		s.Grants = map[Slot]*Grant{slot: g}
	default:
		s.Grants[slot] = g
	}
}
