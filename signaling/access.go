package signaling

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// accessText is the one table of who may do what, over HTTP and over the socket. docs/security.md shows it.
//
//go:embed access.txt
var accessText string

// party is a column of the table: what somebody is towards one session.
type party int

// The parties, in the order of the columns.
const (
	tokenParty      party = iota // an administrator's token, the admin socket
	adminParty                   // accounts from here
	officeHost                   //
	officeOperator               //
	officeScoped                 // an operator with a scope
	officeSecretary              //
	hostParty                    // links from here
	operatorParty                //
	delegateParty                // a delegated operator, whose seat has a scope
	secretaryParty               //
	roomParty                    // a screen of the central room
	siteParty                    //
	chairParty                   // a site that chairs
	parties               = iota // how many
	nobody          party = -1   //
)

// reach is a cell of the table: letters of access.txt.
type reach string

// The letters.
const (
	reachWhole       = 'w'
	reachFiltered    = 'f'
	reachOwn         = 'o'
	reachInside      = 'i'
	reachConsoles    = 'c'
	reachSecretariat = 's'
	// reachOutside stands in no cell: sites outside a scope, and what there is not.
	reachOutside = 'x'
)

// access is a row of the table.
type access struct {
	public bool
	cells  [parties]reach
}

// readAccess reads the table, by method and path, or "ws" and type of message.
func readAccess(text string) (map[string]access, error) {
	table := map[string]access{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(strings.ReplaceAll(line, "|", " "))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("access table: %q", line)
		}
		what, cells, row := fields[0]+" "+fields[1], fields[2:], access{}
		switch {
		case len(cells) == 1 && cells[0] == "public":
			row.public = true
		case len(cells) == parties:
			for i, cell := range cells {
				if cell != "." && strings.Trim(cell, "wfoics") != "" {
					return nil, fmt.Errorf("access table: cell %q of %s", cell, what)
				}
				row.cells[i] = reach(strings.Trim(cell, "."))
			}
		default:
			return nil, fmt.Errorf("access table: %s has %d cells", what, len(cells))
		}
		if _, twice := table[what]; twice {
			return nil, fmt.Errorf("access table: %s stands there twice", what)
		}
		table[what] = row
	}
	return table, nil
}

// party is the column of an identity.
func (id Identity) party() party {
	switch {
	case id.Account != nil:
		return officeParty(*id.Account)
	case id.admin():
		return tokenParty
	case id.Session == "":
		return nobody
	}
	switch meeting.Role(id.Role) {
	case meeting.Host:
		return hostParty
	case meeting.Operator:
		if id.Seat.Scope != "" {
			return delegateParty
		}
		return operatorParty
	case meeting.Secretary:
		return secretaryParty
	case meeting.Room:
		return roomParty
	case meeting.Site:
		if id.Seat.Chairs {
			return chairParty
		}
		return siteParty
	case meeting.Office: // has no link
	}
	return nobody
}

func officeParty(a account.Account) party {
	switch {
	case a.Disabled:
		return nobody
	case a.Scope != "":
		return officeScoped
	}
	switch a.Role {
	case account.Admin:
		return adminParty
	case account.Host:
		return officeHost
	case account.Operator:
		return officeOperator
	case account.Secretary:
		return officeSecretary
	}
	return nobody
}

// of returns what an identity reaches by a row. Who must change a password reaches only his own account before.
func (a access) of(who Identity) reach {
	p := who.party()
	if p == nobody {
		return ""
	}
	if cell := a.cells[p]; who.Account == nil || !who.Account.MustChange || cell == reach(reachOwn) {
		return cell
	}
	return ""
}

func (r reach) has(what rune) bool { return strings.ContainsRune(string(r), what) }

// admits reports whether a cell reaches a seat, or anything at all where what is asked for concerns none.
func (r reach) admits(seat rune) bool { return r != "" && (seat == 0 || r.has(seat)) }

// seatFor says what a seat, or a unit that is written to, is towards somebody. It is called in the coordinator's turn, or on
// a session that does not change.
func seatFor(s *meeting.Session, who Identity, code string) rune {
	ep, scope := s.Endpoints[code], who.scope()
	switch {
	case who.Session != "" && code == who.Endpoint:
		return reachOwn
	case code == meeting.ToSecretariat:
		return reachSecretariat
	case code == meeting.EveryEndpoint:
		return reachWhole
	case ep != nil && ep.Role != meeting.Site:
		return reachConsoles
	case scope == "", s.Within(code, scope): // what there is not too, for whoever reaches all: he may know
		return reachInside
	}
	return reachOutside
}

// errForbidden is what everybody is told whom the table does not admit, whatever there is behind it.
func errForbidden(what string) error { return &meeting.Error{Code: meeting.Forbidden, Detail: what} }

// authorise refuses a request that the table does not open to somebody.
func (a *api) authorise(r *http.Request, row access, who Identity) error {
	const opens = "this token does not open this"
	if who.Account != nil && who.Account.MustChange && row.of(who) == "" {
		return refusal(protocol.MustChange, "the password was chosen by somebody else: change it first")
	}
	cell := row.of(who)
	switch {
	case cell == "":
		return errForbidden(opens)
	case who.Session != "" && strings.HasPrefix(r.URL.Path, "/api/v1/sessions/") && who.Session != r.PathValue("id"):
		return errForbidden("a link opens its own session")
	case who.Seat.Removed:
		return &meeting.Error{Code: meeting.Removed, Detail: who.Endpoint}
	}
	code := r.PathValue("code")
	if code == "" {
		return nil
	}
	return a.read(r.Context(), r.PathValue("id"), func(s *meeting.Session) error {
		if !cell.admits(seatFor(s, who, code)) {
			return errForbidden(opens)
		}
		return nil
	})
}

// authorise refuses what a connection asks for if the table does not open it, in the coordinator's turn. Its link may have ended
// since it came, and its seat may have lost or taken the chair.
func (c *conn) authorise(row access, target *string) error {
	who, co := c.who, c.coord
	seat, err := co.seats.Check(who.Holder, co.clock.Now())
	if err != nil {
		return linkFault(err)
	}
	ep := co.session.Endpoints[who.Endpoint] // of this batch; what others are told follows the record
	seat.Chairs, seat.Removed = co.session.Chair == who.Endpoint, ep.Removed
	who.Seat = seat
	cell := row.of(who)
	switch {
	case seat.Removed:
		return &meeting.Error{Code: meeting.Removed, Detail: who.Endpoint}
	case cell == "":
		return errForbidden("not by this link")
	case target == nil:
		return nil
	}
	code := *target
	if code == "" {
		code = who.Endpoint
	}
	if !cell.admits(seatFor(co.session, who, code)) {
		return errForbidden("outside of what this link reaches")
	}
	return nil
}

// scope is the unit that bounds what somebody is shown of a filtered request; empty = everything.
func (id Identity) scope() string {
	if id.Account != nil {
		return id.Account.Scope
	}
	return id.Seat.Scope
}

// linkFault is the refusal of a link that is no longer, or never was, one of its session.
func linkFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, link.ErrUnknown):
		return errUnrecorded
	}
	return refusal(protocol.BadToken, err.Error())
}
