package signaling

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/uuid"
)

const defaultTimeZone = "Asia/Ho_Chi_Minh"

// sessionRequest asks for a session.
type sessionRequest struct {
	Title      string  `json:"title"`
	Units      string  `json:"units"`  // patterns of roster.Select
	Guests     []guest `json:"guests"` // further seats
	Start      string  `json:"start"`  // RFC 3339, or "now" to open it for joining
	TimeZone   string  `json:"time_zone"`
	CountdownS *int    `json:"countdown_s"` // nil = the default

	Operators []delegatedOperator  `json:"operators"`
	Agenda    []meeting.AgendaItem `json:"agenda"`
}

// delegatedOperator is a seat that sees and steers one unit and all below it.
type delegatedOperator struct {
	Scope string `json:"scope"` // code of the unit
	Name  string `json:"name"`  // empty = the unit's
}

const maxAgenda = 200

// guest is a seat that the units do not give: a second one of a unit, or one without a unit.
type guest struct {
	Code string `json:"code"` // empty = the unit's with the next free number, or K1, K2 …
	Unit string `json:"unit"`
	Name string `json:"name"`
}

// sessionLinks is a session with the links of all its seats.
type sessionLinks struct {
	ID        string         `json:"id"`
	Links     consoleLinks   `json:"links"`
	Endpoints []endpointLink `json:"endpoints"`
	Operators []endpointLink `json:"operators,omitempty"` // delegated; unit is the scope
}

type consoleLinks struct {
	Host      string `json:"host"`
	Operator  string `json:"operator"`
	Secretary string `json:"secretary"`
}

type endpointLink struct {
	Code string `json:"code"`
	Unit string `json:"unit"`
	Name string `json:"name"`
	Link string `json:"link"`
}

// convene records a new session and makes its links.
func (s *Server) convene(ctx context.Context, req sessionRequest) (*sessionLinks, error) {
	now := s.clock.Now()
	cmd, err := s.conveneCommand(ctx, req, now)
	if err != nil {
		return nil, err
	}
	return s.found(ctx, uuid.NewString(), cmd, req.Start == "now", now)
}

// found records a new session of an id, opening it for joining at once if asked to, and makes its links.
func (s *Server) found(ctx context.Context, id string, cmd meeting.Convene, open bool, now time.Time) (*sessionLinks, error) {
	session := meeting.New(id)
	chain := attendance.NewChain(session.ID, s.node, attendance.Head{})
	commands := []meeting.Command{cmd}
	if open {
		commands = append(commands, meeting.OpenSession{})
	}
	var entries []attendance.Entry
	for _, c := range commands {
		events, err := session.Decide(c, meeting.Actor{}, now)
		if err != nil {
			return nil, err
		}
		for _, ev := range events {
			e, err := chain.Next(time.Time{}, now, "", ev)
			if err != nil {
				return nil, err
			}
			session.Apply(ev, e.At)
			entries = append(entries, e)
		}
	}
	if err := s.record.CreateSession(ctx, session.ID, session.Title, now, entries[0]); err != nil {
		return nil, err
	}
	if err := s.record.CreateLinks(ctx, session.ID, session.Order); err != nil {
		return nil, err
	}
	if len(entries) > 1 {
		if err := s.record.Append(ctx, session.ID, session.Phase, entries[1:]); err != nil {
			return nil, err
		}
	}
	if s.serving() {
		if _, err := s.coordinator(ctx, session.ID); err != nil {
			return nil, err
		}
	}
	return s.links(ctx, session)
}

func (s *Server) conveneCommand(ctx context.Context, req sessionRequest, now time.Time) (meeting.Convene, error) {
	cmd := meeting.Convene{Title: strings.TrimSpace(req.Title), ScheduledAt: now, TimeZone: req.TimeZone, Rules: meeting.DefaultRules()}
	if req.Start != "now" {
		at, err := time.Parse(time.RFC3339, req.Start)
		if err != nil {
			return cmd, refusal(protocol.BadRequest, `start is neither "now" nor a time as in 2026-07-01T08:00:00+07:00`)
		}
		cmd.ScheduledAt = at.UTC().Truncate(time.Microsecond)
	}
	if cmd.TimeZone == "" {
		cmd.TimeZone = defaultTimeZone
	}
	if req.CountdownS != nil {
		cmd.Rules.CountdownS = *req.CountdownS
	}
	if cmd.Rules.CountdownS < 0 || cmd.Rules.CountdownS > 60 {
		return cmd, refusal(protocol.BadRequest, "countdown_s is not within 0 to 60")
	}
	all, err := s.record.Units(ctx)
	if err != nil {
		return cmd, err
	}
	if len(all) == 0 {
		return cmd, refusal(protocol.BadRequest, fmt.Sprintf("nothing matches %q: no roster was imported yet (diemcau roster import)", req.Units))
	}
	tree, err := roster.New(all)
	if err != nil {
		return cmd, fmt.Errorf("the roster of the record: %w", err)
	}
	patterns := []string{}
	if req.Units != "" {
		patterns = append(patterns, req.Units)
	}
	for _, g := range req.Guests {
		if g.Unit != "" {
			patterns = append(patterns, g.Unit)
		}
	}
	for _, op := range req.Operators {
		patterns = append(patterns, op.Scope)
	}
	if len(patterns) > 0 {
		// The units of guests and scopes stand in the tree of the session too, but are no seats by themselves.
		if cmd.Units, _, err = roster.Select(tree, strings.Join(patterns, ",")); err != nil {
			return cmd, refusal(protocol.BadRequest, err.Error())
		}
	}
	if req.Units != "" {
		_, codes, err := roster.Select(tree, req.Units)
		if err != nil {
			return cmd, refusal(protocol.BadRequest, err.Error())
		}
		for _, code := range codes {
			u, _ := tree.Unit(code)
			cmd.Endpoints = append(cmd.Endpoints, meeting.Endpoint{Code: code, Unit: code, Name: u.Name, Role: meeting.Site})
		}
	}
	cmd.Endpoints = append(cmd.Endpoints, guestSeats(cmd.Endpoints, tree, req.Guests)...)
	if len(cmd.Endpoints) == 0 {
		return cmd, refusal(protocol.BadRequest, "no units and no guests")
	}
	cmd.Agenda, err = agenda(req.Agenda, cmd.Endpoints)
	for i, op := range req.Operators {
		u, _ := tree.Unit(op.Scope)
		ep := meeting.Endpoint{Code: fmt.Sprintf("%s-%d", meeting.OperatorCode, i+2), Name: strings.TrimSpace(op.Name), Role: meeting.Operator, Scope: u.Code}
		if ep.Name == "" {
			ep.Name = u.Name
		}
		cmd.Endpoints = append(cmd.Endpoints, ep)
	}
	return cmd, err
}

// agenda checks an agenda and numbers the items that have no id.
func agenda(items []meeting.AgendaItem, seats []meeting.Endpoint) ([]meeting.AgendaItem, error) {
	if len(items) > maxAgenda {
		return nil, refusal(protocol.BadRequest, "the agenda is too long")
	}
	known := make(map[string]bool, len(seats))
	for _, ep := range seats {
		known[ep.Code] = true
	}
	ids := map[string]bool{}
	for i := range items {
		item := &items[i]
		if item.ID == "" {
			item.ID = strconv.Itoa(i + 1)
		}
		if item.Title = strings.TrimSpace(item.Title); item.Title == "" || ids[item.ID] || item.Minutes < 0 || item.Minutes > 24*60 {
			return nil, refusal(protocol.BadRequest, fmt.Sprintf("agenda item %d: no title, an id used before, or minutes out of range", i+1))
		}
		ids[item.ID] = true
		for _, code := range item.Speakers {
			if !known[code] {
				return nil, refusal(protocol.BadRequest, fmt.Sprintf("agenda item %d: no endpoint %s", i+1, code))
			}
		}
	}
	return items, nil
}

// guestSeats gives the guests codes that no other seat has.
func guestSeats(seats []meeting.Endpoint, tree *roster.Tree, guests []guest) []meeting.Endpoint {
	taken := make(map[string]bool, len(seats)+len(guests))
	for _, ep := range seats {
		taken[ep.Code] = true
	}
	var list []meeting.Endpoint
	for _, g := range guests {
		ep := meeting.Endpoint{Code: g.Code, Unit: g.Unit, Name: strings.TrimSpace(g.Name), Role: meeting.Site}
		if u, ok := tree.Unit(g.Unit); ok && ep.Name == "" {
			ep.Name = u.Name
		}
		for n := 1; ep.Code == ""; n++ {
			code := fmt.Sprintf("K%d", n)
			if g.Unit != "" {
				code = fmt.Sprintf("%s-%d", g.Unit, n+1)
			}
			if _, unit := tree.Unit(code); !unit && !taken[code] {
				ep.Code = code
			}
		}
		taken[ep.Code] = true
		list = append(list, ep)
	}
	return list
}

// links signs the link of every seat; they are the same each time until one is reissued. A revoked one is empty.
func (s *Server) links(ctx context.Context, session *meeting.Session) (*sessionLinks, error) {
	out := &sessionLinks{ID: session.ID, Endpoints: make([]endpointLink, 0, len(session.Order))}
	issued, err := s.record.Links(ctx, session.ID)
	if err != nil {
		return nil, err
	}
	serials := make(map[string]int, len(issued))
	for _, l := range issued {
		if l.RevokedAt.IsZero() {
			serials[l.Endpoint] = l.Serial
		}
	}
	for _, code := range session.Order {
		ep := session.Endpoints[code]
		url := ""
		if serial := serials[code]; serial > 0 {
			if url, err = s.linkOf(session, ep, serial); err != nil {
				return nil, err
			}
		}
		switch ep.Role {
		case meeting.Host:
			out.Links.Host = url
		case meeting.Operator:
			if ep.Scope != "" {
				out.Operators = append(out.Operators, endpointLink{Code: code, Unit: ep.Scope, Name: ep.Name, Link: url})
				continue
			}
			out.Links.Operator = url
		case meeting.Secretary:
			out.Links.Secretary = url
		case meeting.Site:
			out.Endpoints = append(out.Endpoints, endpointLink{Code: code, Unit: ep.Unit, Name: ep.Name, Link: url})
		}
	}
	return out, nil
}

func (s *Server) linkOf(session *meeting.Session, ep *meeting.Endpoint, serial int) (string, error) {
	token, err := s.tokens.sign(Identity{Session: session.ID, Endpoint: ep.Code, Role: string(ep.Role), Serial: serial}, linkExpiry(session.ScheduledAt))
	if err != nil {
		return "", fmt.Errorf("sign the link of %s: %w", ep.Code, err)
	}
	return link(s.publicURL, ep.Role, token), nil
}

// expel ends the connection of an endpoint whose link is no longer valid.
func (s *Server) expel(ctx context.Context, session, code string) {
	coord, err := s.coordinator(ctx, session)
	if err != nil {
		return // nobody is connected to a session that does not run
	}
	_ = coord.call(ctx, request{prepare: func() meeting.Command {
		cmd := meeting.Disconnect{Endpoint: code, Clean: true, Why: "revoked"}
		if m := coord.audience.members[code]; m != nil && m.conn != nil {
			cmd.Conn = m.conn.id
		}
		return cmd // refused as stale when nobody is there
	}})
}
