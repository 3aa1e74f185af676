package prepare

import (
	"strings"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// Addition asks for further sites of a session that was convened.
type Addition struct {
	Units    []string           `json:"units,omitempty"`    // patterns of roster.Select; those convened already are passed over
	Contacts map[string]Contact `json:"contacts,omitempty"` // by unit code
	Seats    []Seat             `json:"seats,omitempty"`    // second seats of a unit, and guests
}

// Sites makes the command that convenes them, or says what keeps them from being convened. there holds the endpoints of the
// session by code: true of those that are convened, false of those that were withdrawn, which come back under their codes.
func (a Addition) Sites(tree *roster.Tree, there map[string]bool) (meeting.AddSites, []Problem) {
	c := &convener{
		draft: &Draft{Units: a.Units, Contacts: a.Contacts, Seats: a.Seats}, tree: tree,
		taken: map[string]bool{}, keep: map[string]bool{}, gone: map[string]bool{},
	}
	for code, convened := range there {
		if convened {
			c.taken[code] = true
		} else {
			c.gone[code] = true
		}
	}
	c.units()
	if n := len(c.problems); n > 0 && len(c.seats) == 0 && c.problems[n-1] == (Problem{Field: "units", Code: "missing"}) &&
		strings.Trim(strings.Join(a.Units, ""), ", ") != "" {
		c.problems[n-1].Code = "double" // all of them are there
	}
	c.guests()
	return meeting.AddSites{Units: c.kept(), Endpoints: c.seats}, c.problems
}
