// Package link holds what people and programs show to be let in: the signed tokens of seats and administrators, the
// addresses that carry them, and the short codes that stand on paper. It decides what a token says and by which key; what
// was revoked since it was signed only the record knows.
package link

import (
	"strings"

	"github.com/diemcau/diemcau/meeting"
)

// Address is what an endpoint of a role opens. The token stands behind the #, which browsers do not send.
func Address(publicURL string, role meeting.Role, token string) string {
	page := "/join"
	switch role {
	case meeting.RoleHost, meeting.RoleOperator:
		page = "/host"
	case meeting.RoleSecretary:
		page = "/secretary"
	case meeting.RoleRoom:
		page = "/room"
	case meeting.RoleSite, meeting.RoleOffice: // the office has no link
	}
	return strings.TrimSuffix(publicURL, "/") + page + "#" + token
}
