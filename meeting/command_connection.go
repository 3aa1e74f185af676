package meeting

import "time"

// Connect attaches a browser to the actor's endpoint. Resume is the id of the connection it had before, if
// any; TakeOver replaces another active device, which a person has to ask for. LastSeen is the last evidence
// of life of the connection that is active now, if the caller has one.
type Connect struct {
	Conn     string
	Device   string
	Resume   string
	TakeOver bool
	LastSeen time.Time
}

// Disconnect ends a connection. Clean means by intent; otherwise it counts as lost at LastSeen.
type Disconnect struct {
	Endpoint string
	Conn     string
	Clean    bool
	LastSeen time.Time
	Why      EndReason
}

// ObserveReceiving reports that the stage began or ceased to arrive at a connection.
type ObserveReceiving struct {
	Endpoint  string
	Conn      string
	Receiving bool
	Evidence  Evidence
	At        time.Time
}

// Restart ends every connection that was active when the server stopped, at its last evidence of life.
type Restart struct{ LastSeen time.Time }

func (c Connect) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if err := s.running(); err != nil {
		return nil, err
	}
	ep := s.Endpoint(by.Endpoint)
	switch {
	case ep == nil:
		return refuse(CodeUnknownEndpoint, by.Endpoint)
	case ep.Withdrawn:
		return refuse(CodeWithdrawn, ep.WithdrawnFor)
	case ep.Removed:
		return refuse(CodeRemoved, by.Endpoint)
	case s.Locked && ep.Role == RoleSite && ep.LastConn == "" && ep.Conn == nil:
		return refuse(CodeLocked, by.Endpoint)
	case c.Conn == "":
		return refuse(CodeBadValue, "a connection needs an id")
	}
	var events []Event
	prev := ep.LastConn
	if ep.Conn != nil {
		prev = ep.Conn.ID
		switch {
		case c.Resume == prev:
			events = append(events, s.drop(ep, within(c.LastSeen, ep.Conn.Since, at), EndReplaced)...)
		case c.TakeOver:
			events = append(events, &Left{Endpoint: ep.Code, Conn: prev, Why: EndTakenOver})
			events = append(events, s.endPresentation(ep.Code)...)
		default:
			return refuse(CodeOccupied, by.Endpoint)
		}
	}
	if c.Resume != "" && c.Resume == prev {
		return append(events, &Resumed{Endpoint: ep.Code, Conn: c.Conn, Prev: prev, Device: c.Device}), nil
	}
	return append(events, &Connected{Endpoint: ep.Code, Conn: c.Conn, Device: c.Device}), nil
}

func (c Disconnect) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if !by.system() && by.Endpoint != c.Endpoint {
		return refuse(CodeForbidden, "another endpoint's connection")
	}
	ep := s.Endpoint(c.Endpoint)
	if ep == nil || ep.Conn == nil || ep.Conn.ID != c.Conn {
		return refuse(CodeStaleConnection, c.Conn)
	}
	if c.Clean {
		return append([]Event{&Left{Endpoint: ep.Code, Conn: c.Conn, Why: c.Why}}, s.endPresentation(ep.Code)...), nil
	}
	return s.drop(ep, within(c.LastSeen, ep.Conn.Since, at), c.Why), nil
}

func (c ObserveReceiving) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if !by.system() {
		return refuse(CodeForbidden, "a page's own claim is no evidence")
	}
	ep := s.Endpoint(c.Endpoint)
	if ep == nil || ep.Conn == nil || ep.Conn.ID != c.Conn {
		return refuse(CodeStaleConnection, c.Conn)
	}
	if ep.Receiving == c.Receiving {
		return refuse(CodeAlreadyDone, "receiving")
	}
	return []Event{&ReceivingChanged{
		Endpoint: ep.Code, Conn: c.Conn, Receiving: c.Receiving, Evidence: c.Evidence, At: within(c.At, ep.Conn.Since, at),
	}}, nil
}

func (c Restart) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	if !by.system() {
		return refuse(CodeForbidden, "restart")
	}
	var events []Event
	for _, code := range s.Order {
		if ep := s.Endpoint(code); ep.Conn != nil {
			events = append(events, s.drop(ep, within(c.LastSeen, ep.Conn.Since, at), EndRestart)...)
		}
	}
	return events, nil
}

// drop loses an endpoint's connection. A screen cannot be shared again without a person, so that grant ends.
func (s *Session) drop(ep *Endpoint, lastSeen time.Time, why EndReason) []Event {
	return append([]Event{&Lost{Endpoint: ep.Code, Conn: ep.Conn.ID, LastSeen: lastSeen, Why: why}}, s.endPresentation(ep.Code)...)
}

func (s *Session) endPresentation(code string) []Event {
	if g := s.Grants[SlotPresentation]; g != nil && g.Endpoint == code {
		return []Event{&Returned{Endpoint: code, Slot: SlotPresentation, Why: ReturnLost}}
	}
	return nil
}

// within bounds the last evidence of life by the life of the connection.
func within(t, from, to time.Time) time.Time {
	switch {
	case t.IsZero() || t.After(to):
		return to
	case t.Before(from):
		return from
	}
	return t
}
