package signaling_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Every request and every message has its row, and there is no row for anything else.
func TestAccessTableIsWhole(t *testing.T) {
	b := newBed(t, "")
	want := b.api.Routes()
	for _, m := range signaling.Messages() {
		want = append(want, "ws "+string(m))
	}
	var rows []string
	for what := range accessTable() {
		rows = append(rows, what)
	}
	slices.Sort(want)
	slices.Sort(rows)
	if !slices.Equal(want, rows) || len(rows) < 80 {
		t.Errorf("registered\n%s\nrows\n%s", strings.Join(want, "\n"), strings.Join(rows, "\n"))
	}
}

// The page of the manual shows the table as it is.
func TestAccessTableInTheManual(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```text\n"+accessText()+"```\n") {
		t.Error("docs/security.md does not hold access/access.txt; copy it there")
	}
}

// accessBed is one session in each phase, each convened for C1 and P58, with an operator of D582, which C1 alone is in. Each
// seat's first link was replaced by a second.
type accessBed struct {
	*bed
	sessions map[meeting.Phase]string
	chair    string // a live session that C1 chairs
	other    string
}

func newAccessBed(t *testing.T) *accessBed {
	t.Helper()
	b := &accessBed{bed: looseBed(t, ""), sessions: map[meeting.Phase]string{}}
	convene := func(start string) string {
		var made links
		b.admin("POST", "/api/v1/sessions", fmt.Sprintf(`{"title":"x","units":"C1,P58","start":%q,"countdown_s":0,"operators":[{"scope":"D582"}]}`, start), &made)
		for _, code := range []string{"@host", "@operator", "@secretary", "@room", delegate, "C1", "P58"} {
			b.admin("POST", "/api/v1/sessions/"+made.ID+"/links/"+code+"/reissue", "", nil)
		}
		return made.ID
	}
	b.other = convene("now")
	b.sessions[meeting.PhaseDraft] = convene(time.Now().Add(20 * 24 * time.Hour).Format(time.RFC3339))
	for _, phase := range []meeting.Phase{meeting.PhaseOpen, meeting.PhaseLive, meeting.PhaseEnded, meeting.PhaseSealed} {
		b.sessions[phase] = convene("now")
	}
	b.chair = convene("now")
	for _, id := range []string{b.sessions[meeting.PhaseLive], b.sessions[meeting.PhaseEnded], b.sessions[meeting.PhaseSealed], b.chair} {
		b.act(id, meeting.StartSession{}, meeting.HostCode, meeting.RoleHost)
	}
	for _, id := range []string{b.sessions[meeting.PhaseEnded], b.sessions[meeting.PhaseSealed]} {
		b.admin("POST", "/api/v1/sessions/"+id+"/end", "", nil)
	}
	b.admin("POST", "/api/v1/sessions/"+b.sessions[meeting.PhaseSealed]+"/seal", "", nil)
	b.act(b.chair, meeting.Connect{Conn: "c"}, "C1", meeting.RoleSite)
	b.act(b.chair, meeting.HandOverChair{To: "C1"}, meeting.HostCode, meeting.RoleHost)
	return b
}

func (b *bed) act(session string, cmd meeting.Command, code string, role meeting.Role) {
	b.Helper()
	if err := b.srv.Command(b.Context(), session, cmd, meeting.Actor{Endpoint: code, Role: role}); err != nil {
		b.Fatal(err)
	}
}

// seatOf is the seat of a party of links.
var seatOf = map[string]struct {
	code string
	role meeting.Role
}{
	"link host": {"@host", meeting.RoleHost}, "link operator": {"@operator", meeting.RoleOperator}, "link delegate": {delegate, meeting.RoleOperator},
	"link secretary": {"@secretary", meeting.RoleSecretary}, "link room": {"@room", meeting.RoleRoom}, "link endpoint": {"C1", meeting.RoleSite}, "link chair": {"C1", meeting.RoleSite},
}

var accountOf = map[string]account.Account{
	"account admin": {Name: "a", Role: account.Admin}, "account host": {Name: "h", Role: account.Host}, "account operator": {Name: "o", Role: account.Operator},
	"account scoped": {Name: "s", Role: account.Operator, Scope: "D582"}, "account secretary": {Name: "e", Role: account.Secretary},
}

// Where the seats of the session lie for a party: letter of the table by code, x = outside. Written by hand, so that the test
// does not believe the code.
func letters(party string) map[string]string {
	switch party {
	case "link delegate":
		return map[string]string{delegate: "o", "C1": "i", "P58": "x", "@host": "c", "@secretary": "c", "NOBODY": "x"}
	case "account scoped":
		return map[string]string{delegate: "c", "C1": "i", "P58": "x", "@host": "c", "@secretary": "c", "NOBODY": "x"}
	case "link endpoint", "link chair":
		return map[string]string{delegate: "c", "C1": "o", "P58": "i", "@host": "c", "@secretary": "c", "NOBODY": "i"}
	}
	own := map[string]string{delegate: "c", "C1": "i", "P58": "i", "@host": "c", "@secretary": "c", "NOBODY": "i"}
	if seat, ok := seatOf[party]; ok {
		own[seat.code] = "o"
	}
	return own
}

// every runs f for each phase; a site chairs in a session of its own.
func (b *accessBed) every(party string, f func(phase meeting.Phase, session string)) {
	if party == "link chair" {
		f(meeting.PhaseLive, b.chair)
		return
	}
	for phase, session := range b.sessions {
		f(phase, session)
	}
}

// Every cell over HTTP: request by party by what it concerns by phase by state of the link, through the very routes.
func TestAccessOverHTTP(t *testing.T) {
	b := newAccessBed(t)
	var who access.Identity
	var asks error
	api := b.api.Probe(func(*http.Request) (access.Identity, error) { return who, asks })
	ask := func(what, session, code string) (int, string) {
		t.Helper()
		method, path, _ := strings.Cut(what, " ")
		path = strings.NewReplacer("{id}", session, "{code}", code, "{name}", "x", "{file}", "attendance.csv", "{entry}", "1", "{note}", "1").Replace(path)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
		return w.Code, w.Body.String()
	}
	identify := func(party, session string, serial int) error {
		if of, ok := accountOf[party]; ok {
			who, asks = access.Identity{Holder: link.Holder{Endpoint: of.Name}, Account: &of}, nil
			return nil
		}
		if party == "token admin" {
			who, asks = access.Identity{Holder: link.Holder{Endpoint: "ops", Role: link.RoleAdmin}}, nil
			return nil
		}
		seat := seatOf[party]
		who, asks = b.srv.IdentifyHolder(t.Context(), link.Holder{Session: session, Endpoint: seat.code, Role: string(seat.role), Serial: serial})
		return asks
	}
	cells, admitted := 0, 0
	for what, row := range accessTable() {
		if strings.HasPrefix(what, "ws ") || len(row) == 0 {
			continue
		}
		seats := []string{""}
		if strings.Contains(what, "{code}") {
			seats = []string{"C1", "P58", "@host", "@secretary", delegate, "NOBODY"}
		}
		for party, cell := range row {
			b.every(party, func(phase meeting.Phase, session string) {
				for _, code := range seats {
					if err := identify(party, session, 2); err != nil {
						t.Fatalf("%s in %s: %v", party, phase, err)
					}
					want := cell != "" && (code == "" || strings.Contains(cell, letters(party)[code]))
					status, body := ask(what, session, code)
					if cells++; want {
						admitted++
					}
					if want != (status == http.StatusNoContent) || !want && status != http.StatusForbidden {
						t.Errorf("%s of %q by %s, %s: %d %s, cell %q", what, code, party, phase, status, body, cell)
					}
					if _, isLink := seatOf[party]; !isLink {
						continue
					}
					// Another session's link, and one that is no longer in force.
					if strings.Contains(what, "/sessions/{id}") {
						if status, _ := ask(what, b.other, code); status != http.StatusForbidden {
							t.Errorf("%s of another session by %s: %d", what, party, status)
						}
						cells++
					}
					for _, serial := range []int{1, 3} {
						_ = identify(party, session, serial)
						if status, _ := ask(what, session, code); status != http.StatusUnauthorized {
							t.Errorf("%s by a replaced link of %s: %d", what, party, status)
						}
						cells++
					}
				}
			})
		}
		who, asks = access.Identity{}, nil
		if status, _ := ask(what, b.other, "C1"); status != http.StatusForbidden {
			t.Errorf("%s by nobody: %d", what, status)
		}
		of := accountOf["account admin"]
		of.MustChange = true
		who = access.Identity{Holder: link.Holder{Endpoint: "a", Role: link.RoleAdmin}, Account: &of}
		want := http.StatusForbidden
		if row["account admin"] == "o" {
			want = http.StatusNoContent
		}
		if status, body := ask(what, b.other, "C1"); status != want || want == http.StatusForbidden && !strings.Contains(body, "must_change") {
			t.Errorf("%s by who must change the password: %d %s", what, status, body)
		}
		cells += 2
	}
	t.Logf("%d cells, %d of them admitted", cells, admitted)
	if cells < 8000 {
		t.Errorf("only %d cells", cells)
	}
	// The states of a link that end it for the whole session, over all requests.
	for state, end := range map[string]func(session string){
		"revoked": func(session string) {
			for _, seat := range seatOf {
				b.admin("POST", "/api/v1/sessions/"+session+"/links/"+seat.code+"/revoke", "", nil)
			}
		},
		"expired": func(session string) { b.srv.ExpireLinks(session) },
	} {
		session := b.sessions[map[string]meeting.Phase{"revoked": meeting.PhaseOpen, "expired": meeting.PhaseEnded}[state]]
		end(session)
		for what, row := range accessTable() {
			if strings.HasPrefix(what, "ws ") || len(row) == 0 {
				continue
			}
			for party := range seatOf {
				_ = identify(party, session, 2)
				if status, _ := ask(what, session, "C1"); status != http.StatusUnauthorized {
					t.Errorf("%s by a link of %s that is %s: %d", what, party, state, status)
				}
			}
		}
	}
}

// aimed makes a message of a type at a target, for those that have one.
func aimed(kind protocol.Type, target string) (protocol.Message, bool) {
	switch kind {
	case "lower_hand":
		return protocol.LowerHand{Endpoint: target}, true
	case "stand_by":
		return protocol.StandBy{Endpoint: target}, true
	case "grant":
		return protocol.Grant{Endpoint: target}, true
	case "revoke":
		return protocol.Revoke{Endpoint: target}, true
	case "mute":
		return protocol.Mute{Endpoint: target}, true
	case "remove":
		return protocol.Remove{Endpoint: target}, true
	case "watch":
		return protocol.Watch{Slot: "preview", Endpoint: target}, true
	case "send_message":
		return protocol.SendMessage{To: target}, true
	}
	return nil, false
}

// Every cell over the socket: message by party by target by phase by state of the link, in the coordinator's turn.
func TestAccessOverTheSocket(t *testing.T) {
	b := newAccessBed(t)
	cells, admitted := 0, 0
	check := func(what, party string, session string, serial int, m protocol.Message, want string) {
		t.Helper()
		seat := seatOf[party]
		err := b.srv.Admit(t.Context(), access.Identity{Holder: link.Holder{Session: session, Endpoint: seat.code, Role: string(seat.role), Serial: serial}}, m)
		if cells++; want == "" {
			admitted++
		}
		if got := signaling.CodeOf(err); got != want {
			t.Errorf("%s by %s: %q, want %q (%v)", what, party, got, want, err)
		}
	}
	codec := map[protocol.Type]protocol.Message{}
	for _, m := range signaling.ZeroMessages() {
		codec[m.MessageType()] = m
	}
	for what, row := range accessTable() {
		kind, ok := strings.CutPrefix(what, "ws ")
		if !ok {
			continue
		}
		for party, cell := range row {
			if _, isLink := seatOf[party]; !isLink {
				if cell != "" {
					t.Errorf("%s: %s has no socket", what, party)
				}
				continue
			}
			b.every(party, func(_ meeting.Phase, session string) {
				targets := letters(party)
				targets[""] = "o"
				if kind == "send_message" {
					targets["@secretariat"], targets["*"], targets["D582"], targets["TW"] = "s", "w", "i", "i"
					delete(targets, "")
					if party == "link delegate" {
						targets["TW"] = "x"
					}
				}
				if _, has := aimed(protocol.Type(kind), ""); !has {
					targets = map[string]string{"": ""}
				}
				for target, letter := range targets {
					m, has := aimed(protocol.Type(kind), target)
					if !has {
						m = codec[protocol.Type(kind)]
					}
					want := "forbidden"
					if cell != "" && strings.Contains(cell, letter) {
						want = ""
					}
					check(what+" at "+target, party, session, 2, m, want)
					check(what+" at "+target, party, session, 1, m, "bad_token")
				}
			})
		}
	}
	t.Logf("%d cells, %d of them admitted", cells, admitted)
	if cells < 3000 {
		t.Errorf("only %d cells", cells)
	}
	open := b.sessions[meeting.PhaseOpen]
	b.act(open, meeting.SetRemoved{Endpoint: "C1", Removed: true}, meeting.HostCode, meeting.RoleHost)
	for kind, m := range codec {
		check(string(kind)+" when removed", "link endpoint", open, 2, m, "removed")
	}
	b.srv.ExpireLinks(open)
	b.admin("POST", "/api/v1/sessions/"+b.other+"/links/@host/revoke", "", nil)
	for kind, m := range codec {
		check(string(kind)+" when expired", "link host", open, 2, m, "bad_token")
		check(string(kind)+" when revoked", "link host", b.other, 2, m, "bad_token")
	}
}

// What the socket carries out goes by the table: a party that has an empty cell is refused by the server as it runs.
func TestAccessOnTheWire(t *testing.T) {
	b := delegated(t)
	host := b.enter(meeting.HostCode)
	host.ask(protocol.Start{})
	for _, party := range []string{"link delegate", "link secretary", "link endpoint"} {
		seat := seatOf[party]
		p := b.enter(seat.code)
		for _, m := range signaling.ZeroMessages() {
			if row := accessTable()["ws "+string(m.MessageType())]; row[party] == "" {
				p.refused("forbidden", m)
			}
		}
	}
}
