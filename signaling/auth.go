package signaling

import (
	"net/http"
	"strings"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/link"
)

// Identity is who makes a request: the holder of a token, or who is logged in.
type Identity struct {
	link.Holder
	Seat link.Seat // of the holder of a link

	Account *account.Account // who is logged in, instead of a token; nil otherwise
	Login   string           // id of that login
}

func (id Identity) admin() bool { return id.Admin() }

// may reports whether somebody has a right of the office: admins all, accounts those of their role, links none.
func (id Identity) may(right account.Right) bool {
	return id.admin() || id.Account != nil && id.Account.May(right)
}

// Keys keeps the keys that sign, outside the record; *keyring.Ring is it.
type Keys interface {
	Keys(name string) (keyring.Set, error) // made the first time
	SaveKeys(name string, set keyring.Set) error
}

// bearer returns the token of an Authorization header (RFC 6750), or "".
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
