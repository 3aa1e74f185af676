package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/google/uuid"
)

// sessionRequest asks for a session at once, without a draft that others see.
type sessionRequest struct {
	Title      string `json:"title"`
	Units      string `json:"units"` // patterns of roster.Select
	Start      string `json:"start"` // RFC 3339, or "now" to open it for joining
	TimeZone   string `json:"time_zone"`
	CountdownS *int   `json:"countdown_s"` // nil = the default
	AllowPast  bool   `json:"allow_past"`  // a start in the past is meant

	Guests    []prepare.Seat       `json:"guests"` // further seats
	Operators []prepare.Operator   `json:"operators"`
	Agenda    []meeting.AgendaItem `json:"agenda"`

	Particulars meeting.Particulars `json:"particulars"` // nothing = those of the office
}

// draft is the request as what it would be if it were prepared.
func (r sessionRequest) draft(now time.Time) (prepare.Draft, error) {
	d := prepare.Draft{
		Title: r.Title, Start: now, TimeZone: r.TimeZone, Units: strings.FieldsFunc(r.Units, func(c rune) bool { return c == ',' }),
		Seats: r.Guests, Operators: r.Operators, Agenda: r.Agenda, Particulars: r.Particulars,
	}
	if r.Start != opensNow {
		at, err := time.Parse(time.RFC3339, r.Start)
		if err != nil {
			return d, fault.New(protocol.CodeBadRequest, `start is neither "now" nor a time as in 2026-07-01T08:00:00+07:00`)
		}
		d.Start = at
		if err := checkStart(at, now, r.AllowPast); err != nil {
			return d, err
		}
	}
	if r.CountdownS != nil {
		rules := meeting.DefaultRules()
		rules.CountdownS = *r.CountdownS
		d.Rules = &rules
	}
	return d, nil
}

// lateStart is how long ago a session may have begun for that to be no mistake: somebody convenes it a little late.
const lateStart = time.Hour

// checkStart asks back about a start in the past, such as one of a wrong year.
func checkStart(at, now time.Time, meant bool) error {
	if meant || at.After(now.Add(-lateStart)) {
		return nil
	}
	return fault.New(protocol.CodePastStart, "the start "+at.Format(time.RFC3339)+" is in the past; allow_past says that it is meant")
}

// opensNow is the start of a session that is open for joining at once.
const opensNow = "now"

// draftError carries what keeps a draft from being a session.
type draftError struct{ problems []prepare.Problem }

func (e *draftError) Error() string { return fmt.Sprintf("%d problems", len(e.problems)) }

func (e *draftError) Unwrap() error {
	var list []string
	for _, p := range e.problems {
		list = append(list, p.String())
	}
	return fault.New(protocol.CodeBadDraft, strings.Join(list, "; "))
}

// conveneCommand makes the command that convenes a draft; a draftError says what keeps it from being one.
func (s *API) conveneCommand(ctx context.Context, d prepare.Draft) (meeting.Convene, error) {
	tree, err := s.office.units(ctx)
	if err != nil {
		return meeting.Convene{}, err
	}
	cmd, problems := d.Convene(tree)
	if len(problems) > 0 {
		return cmd, &draftError{problems}
	}
	return cmd, nil
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
	Room      string `json:"room,omitempty"`  // the central room's screen of the stage
	Room2     string `json:"room2,omitempty"` // and its second one
}

type endpointLink struct {
	Code string `json:"code"`
	Unit string `json:"unit"`
	Name string `json:"name"`
	Link string `json:"link"`
}

// convene records a new session and makes its links.
func (s *API) convene(ctx context.Context, req sessionRequest) (*sessionLinks, error) {
	now := s.now()
	draft, err := req.draft(now)
	if err != nil {
		return nil, err
	}
	if draft.Particulars.Empty() {
		if draft.Particulars, err = s.particulars(ctx); err != nil {
			return nil, err
		}
	}
	cmd, err := s.conveneCommand(ctx, draft)
	if err != nil {
		return nil, err
	}
	return s.create(ctx, uuid.NewString(), cmd, req.Start == opensNow, now)
}

// create records a new session of an id, opening it for joining at once if asked to, and makes its links.
func (s *API) create(ctx context.Context, id string, cmd meeting.Convene, open bool, now time.Time) (*sessionLinks, error) {
	session := meeting.New(id)
	journal := ledger.NewJournal(session, s.node, ledger.Head{})
	commands := []meeting.Command{cmd}
	if open {
		commands = append(commands, meeting.OpenSession{})
	}
	var entries []ledger.Entry
	for _, c := range commands {
		done, err := journal.Do(c, meeting.Actor{}, time.Time{}, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, done.Entries...)
	}
	err := s.record.CreateSession(ctx, store.NewSession{
		SessionRow: store.SessionRow{ID: id, Title: session.Title, Phase: session.Phase, CreatedAt: now},
		Entries:    entries, Endpoints: session.Order,
	})
	if err != nil {
		return nil, err
	}
	if err := s.live.Adopt(ctx, session.ID); err != nil {
		return nil, err
	}
	return s.linksOf(ctx, &session.View)
}

// linksOf signs the link of every seat; they are the same each time until one is reissued. A revoked one is empty.
func (s *API) linksOf(ctx context.Context, session *meeting.View) (*sessionLinks, error) {
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
		ep := session.Endpoint(code)
		url := ""
		if serial := serials[code]; serial > 0 && !ep.Withdrawn {
			if url, err = s.linkFor(session, ep, serial, nil); err != nil {
				return nil, err
			}
		}
		switch ep.Role {
		case meeting.RoleHost:
			out.Links.Host = url
		case meeting.RoleOperator:
			if ep.Scope != "" {
				out.Operators = append(out.Operators, endpointLink{Code: code, Unit: ep.Scope, Name: ep.Name, Link: url})
				continue
			}
			out.Links.Operator = url
		case meeting.RoleSecretary:
			out.Links.Secretary = url
		case meeting.RoleRoom:
			if code == meeting.RoomCode {
				out.Links.Room = url
			} else {
				out.Links.Room2 = url
			}
		case meeting.RoleSite:
			out.Endpoints = append(out.Endpoints, endpointLink{Code: code, Unit: ep.Unit, Name: ep.Name, Link: url})
		case meeting.RoleOffice: // has no seat
		}
	}
	return out, nil
}

// linkFor signs a link; one that is given to an account ends with what that may.
func (s *API) linkFor(session *meeting.View, ep *meeting.Endpoint, serial int, to *account.Account) (string, error) {
	holder := link.Holder{Session: session.ID, Endpoint: ep.Code, Role: string(ep.Role), Serial: serial}
	if to != nil {
		holder.Given, holder.Grant = to.Name, to.LinkGrant
	}
	token, err := s.tokens.SignLink(holder)
	if err != nil {
		return "", fmt.Errorf("sign the link of %s: %w", ep.Code, err)
	}
	return link.Address(s.publicURL, ep.Role, token), nil
}
