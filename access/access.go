// Package access says who may do what, over HTTP and over the socket: one table of parties and requests, who somebody is, and
// how much may be asked in a second. It decides; who asks carries out.
package access

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/meeting"
)

// text is the one table of who may do what. docs/security.md shows it.
//
//go:embed access.txt
var text string

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

// Reach is a cell of the table: letters of access.txt. Empty reaches nothing.
type Reach string

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

// Row is a row of the table.
type Row struct {
	Public bool // for everybody, who need not say who he is
	cells  [parties]Reach
}

// Table holds the rows, by method and path of a request, or "ws" and type of a message.
type Table map[string]Row

// NewTable reads the table of this program.
func NewTable() (Table, error) { return readTable(text) }

func readTable(text string) (Table, error) {
	table := Table{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(strings.ReplaceAll(line, "|", " "))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("access table: %q", line)
		}
		what, cells, row := fields[0]+" "+fields[1], fields[2:], Row{}
		switch {
		case len(cells) == 1 && cells[0] == "public":
			row.Public = true
		case len(cells) == parties:
			for i, cell := range cells {
				if cell != "." && strings.Trim(cell, "wfoics") != "" {
					return nil, fmt.Errorf("access table: cell %q of %s", cell, what)
				}
				row.cells[i] = Reach(strings.Trim(cell, "."))
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
	case id.Admin():
		return tokenParty
	case id.Session == "":
		return nobody
	}
	switch meeting.Role(id.Role) {
	case meeting.RoleHost:
		return hostParty
	case meeting.RoleOperator:
		if id.Seat.Scope != "" {
			return delegateParty
		}
		return operatorParty
	case meeting.RoleSecretary:
		return secretaryParty
	case meeting.RoleRoom:
		return roomParty
	case meeting.RoleSite:
		if id.Seat.Chairs {
			return chairParty
		}
		return siteParty
	case meeting.RoleOffice: // has no link
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
	case account.RoleAdmin:
		return adminParty
	case account.RoleHost:
		return officeHost
	case account.RoleOperator:
		return officeOperator
	case account.RoleSecretary:
		return officeSecretary
	}
	return nobody
}

// Of returns what an identity reaches by a row. Who must change a password reaches only his own account before.
func (a Row) Of(who Identity) Reach {
	p := who.party()
	if p == nobody {
		return ""
	}
	if cell := a.cells[p]; who.Account == nil || !who.Account.MustChange || cell == Reach(reachOwn) {
		return cell
	}
	return ""
}

func (r Reach) has(what rune) bool { return strings.ContainsRune(string(r), what) }

// Admits reports whether a cell reaches a seat, as SeatFor says it, or anything at all where what is asked for concerns none.
func (r Reach) Admits(seat rune) bool { return r != "" && (seat == 0 || r.has(seat)) }

// SeatFor says what a seat, or a unit that is written to, is towards somebody. It is called in the coordinator's turn, or on
// a session that does not change.
func SeatFor(s *meeting.View, who Identity, code string) rune {
	ep, scope := s.Endpoint(code), who.Scope()
	switch {
	case who.Session != "" && code == who.Endpoint:
		return reachOwn
	case code == meeting.ToSecretariat:
		return reachSecretariat
	case code == meeting.EveryEndpoint:
		return reachWhole
	case ep != nil && ep.Role != meeting.RoleSite:
		return reachConsoles
	case scope == "", s.Within(code, scope): // what there is not too, for whoever reaches all: he may know
		return reachInside
	}
	return reachOutside
}

// Forbidden is what everybody is told whom the table does not admit, whatever there is behind it.
func Forbidden(what string) error { return &meeting.Error{Code: meeting.CodeForbidden, Detail: what} }
