package servertest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// AccessRows are the rows of the table that are of the socket, or those that are not.
func AccessRows(ofSocket bool) []string {
	var rows []string
	for what := range AccessTable() {
		if strings.HasPrefix(what, "ws ") == ofSocket {
			rows = append(rows, what)
		}
	}
	slices.Sort(rows)
	return rows
}

// accessBed is one session in each phase, each convened for C1 and P58, with an operator of D582, which C1 alone is in. Each
// seat's first link was replaced by a second.
type accessBed struct {
	*Bed
	Sessions map[meeting.Phase]string
	chair    string // a live session that C1 chairs
	Other    string
}

// NewAccessBed makes a server with the sessions that the table of rights is tried on.
func NewAccessBed(t *testing.T) *accessBed {
	t.Helper()
	b := &accessBed{Bed: LooseBed(t, ""), Sessions: map[meeting.Phase]string{}}
	convene := func(start string) string {
		var made Links
		b.Admin("POST", "/api/v1/sessions", fmt.Sprintf(`{"title":"x","units":"C1,P58","start":%q,"countdown_s":0,"operators":[{"scope":"D582"}]}`, start),
			&made)
		for _, code := range []string{"@host", "@operator", "@secretary", "@room", Delegate, "C1", "P58"} {
			b.Admin("POST", "/api/v1/sessions/"+made.ID+"/links/"+code+"/reissue", "", nil)
		}
		return made.ID
	}
	b.Other = convene("now")
	b.Sessions[meeting.PhaseDraft] = convene(time.Now().Add(20 * 24 * time.Hour).Format(time.RFC3339))
	for _, phase := range []meeting.Phase{meeting.PhaseOpen, meeting.PhaseLive, meeting.PhaseEnded, meeting.PhaseSealed} {
		b.Sessions[phase] = convene("now")
	}
	b.chair = convene("now")
	for _, id := range []string{b.Sessions[meeting.PhaseLive], b.Sessions[meeting.PhaseEnded], b.Sessions[meeting.PhaseSealed], b.chair} {
		b.Act(id, meeting.StartSession{}, meeting.HostCode, meeting.RoleHost)
	}
	for _, id := range []string{b.Sessions[meeting.PhaseEnded], b.Sessions[meeting.PhaseSealed]} {
		b.Admin("POST", "/api/v1/sessions/"+id+"/end", "", nil)
	}
	b.Admin("POST", "/api/v1/sessions/"+b.Sessions[meeting.PhaseSealed]+"/seal", "", nil)
	b.Act(b.chair, meeting.Connect{Conn: "c"}, "C1", meeting.RoleSite)
	b.Act(b.chair, meeting.HandOverChair{To: "C1"}, meeting.HostCode, meeting.RoleHost)
	return b
}

func (b *Bed) Act(session string, cmd meeting.Command, code string, role meeting.Role) {
	b.Helper()
	if err := b.Srv.Live().Command(b.Context(), session, cmd, meeting.Actor{Endpoint: code, Role: role}); err != nil {
		b.Fatal(err)
	}
}

// SeatOf is the seat of a party of links.
var SeatOf = map[string]struct {
	Code string
	Role meeting.Role
}{
	"link host": {"@host", meeting.RoleHost}, "link operator": {"@operator", meeting.RoleOperator}, "link delegate": {Delegate, meeting.RoleOperator},
	"link secretary": {"@secretary", meeting.RoleSecretary}, "link room": {"@room", meeting.RoleRoom}, "link endpoint": {"C1", meeting.RoleSite},
	"link chair": {"C1", meeting.RoleSite},
}

// Letters says where the seats of the session lie for a party: letter of the table by code, x = outside. Written by hand, so that the test
// does not believe the code.
func Letters(party string) map[string]string {
	switch party {
	case "link delegate":
		return map[string]string{Delegate: "o", "C1": "i", "P58": "x", "@host": "c", "@secretary": "c", "NOBODY": "x"}
	case "account scoped":
		return map[string]string{Delegate: "c", "C1": "i", "P58": "x", "@host": "c", "@secretary": "c", "NOBODY": "x"}
	case "link endpoint", "link chair":
		return map[string]string{Delegate: "c", "C1": "o", "P58": "i", "@host": "c", "@secretary": "c", "NOBODY": "i"}
	}
	own := map[string]string{Delegate: "c", "C1": "i", "P58": "i", "@host": "c", "@secretary": "c", "NOBODY": "i"}
	if seat, ok := SeatOf[party]; ok {
		own[seat.Code] = "o"
	}
	return own
}

// Every runs f for each phase; a site chairs in a session of its own.
func (b *accessBed) Every(party string, f func(phase meeting.Phase, session string)) {
	if party == "link chair" {
		f(meeting.PhaseLive, b.chair)
		return
	}
	for phase, session := range b.Sessions {
		f(phase, session)
	}
}

// parties are the names of the columns of access.txt, as the document of the API has them.
func parties() []string {
	return []string{
		"token admin", "account admin", "account host", "account operator", "account scoped", "account secretary",
		"link host", "link operator", "link delegate", "link secretary", "link room", "link endpoint", "link chair",
	}
}

// AccessText is the table as it is written.
func AccessText() string {
	text, err := os.ReadFile("../access/access.txt")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// AccessTable returns the cells of the table: by request or message, by name of the party. Public requests have none.
func AccessTable() map[string]map[string]string {
	out := map[string]map[string]string{}
	for line := range strings.Lines(AccessText()) {
		fields := strings.Fields(strings.ReplaceAll(line, "|", " "))
		if len(fields) < 3 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		row, cells := map[string]string{}, fields[2:]
		if !slices.Equal(cells, []string{"public"}) {
			for i, name := range parties() {
				row[name] = strings.Trim(cells[i], ".")
			}
		}
		out[fields[0]+" "+fields[1]] = row
	}
	return out
}

// Delegate is the seat of a delegated operator.
const Delegate = "@operator-2"

// Delegated is a session of C1 and P58 with an operator of D582, which C1 alone is in.
func Delegated(t *testing.T) *Bed {
	t.Helper()
	b := NewBed(t, `{"title":"x","units":"C1,P58","start":"now","countdown_s":0,"operators":[{"scope":"D582"}]}`)
	var all struct{ Operators []struct{ Code, Link string } }
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &all)
	if len(all.Operators) != 1 || all.Operators[0].Code != Delegate {
		t.Fatalf("operators %+v", all.Operators)
	}
	b.Links.Endpoints = append(b.Links.Endpoints, struct{ Code, Unit, Name, Link string }{Code: Delegate, Link: all.Operators[0].Link})
	return b
}
