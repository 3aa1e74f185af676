package access

import (
	"net/http"
	"strings"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
)

// Identity is who makes a request: the holder of a token, or who is logged in.
type Identity struct {
	link.Holder
	Seat link.Seat // of the holder of a link

	Account *account.Account // who is logged in, instead of a token; nil otherwise
	Login   string           // id of that login
}

// May reports whether somebody has a right of the office: admins all, accounts those of their role, links none.
func (id Identity) May(right account.Right) bool {
	return id.Admin() || id.Account != nil && id.Account.May(right)
}

// Bearer returns the token of an Authorization header (RFC 6750), or "".
func Bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Scope is the unit that bounds what somebody is shown of a filtered request; empty = everything.
func (id Identity) Scope() string {
	if id.Account != nil {
		return id.Account.Scope
	}
	return id.Seat.Scope
}

// SeatKey names who a token speaks for; "" for the administrator of the machine and administrators' tokens, which are
// trusted with the server as a whole.
func (id Identity) SeatKey() string {
	switch {
	case id.Account != nil:
		return "@" + id.Account.Name
	case id.Session != "":
		return id.Session + "/" + id.Endpoint
	}
	return ""
}

// Actor is who somebody acts as in a session; the office acts under its own names.
func (id Identity) Actor() meeting.Actor {
	if id.Session == "" {
		return meeting.Actor{Endpoint: meeting.OfficePrefix + id.Endpoint, Role: meeting.RoleOffice}
	}
	return meeting.Actor{Endpoint: id.Endpoint, Role: meeting.Role(id.Role)}
}
