package signaling_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Every message has its row, and there is no row for another one.
func TestAccessTableHasEveryMessage(t *testing.T) {
	var want []string
	for _, m := range signaling.Messages() {
		want = append(want, "ws "+string(m))
	}
	slices.Sort(want)
	if rows := servertest.AccessRows(true); !slices.Equal(want, rows) || len(rows) < 20 {
		t.Errorf("handled\n%s\nrows\n%s", strings.Join(want, "\n"), strings.Join(rows, "\n"))
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
	b := servertest.NewAccessBed(t)
	cells, admitted := 0, 0
	check := func(what, party string, session string, serial int, m protocol.Message, want string) {
		t.Helper()
		seat := servertest.SeatOf[party]
		err := b.Srv.Admit(t.Context(), access.Identity{Holder: link.Holder{Session: session, Endpoint: seat.Code, Role: string(seat.Role), Serial: serial}}, m)
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
	for what, row := range servertest.AccessTable() {
		kind, ok := strings.CutPrefix(what, "ws ")
		if !ok {
			continue
		}
		for party, cell := range row {
			if _, isLink := servertest.SeatOf[party]; !isLink {
				if cell != "" {
					t.Errorf("%s: %s has no socket", what, party)
				}
				continue
			}
			b.Every(party, func(_ meeting.Phase, session string) {
				targets := servertest.Letters(party)
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
	open := b.Sessions[meeting.PhaseOpen]
	b.Act(open, meeting.SetRemoved{Endpoint: "C1", Removed: true}, meeting.HostCode, meeting.RoleHost)
	for kind, m := range codec {
		check(string(kind)+" when removed", "link endpoint", open, 2, m, "removed")
	}
	b.Srv.ExpireLinks(open)
	b.Admin("POST", "/api/v1/sessions/"+b.Other+"/links/@host/revoke", "", nil)
	for kind, m := range codec {
		check(string(kind)+" when expired", "link host", open, 2, m, "bad_token")
		check(string(kind)+" when revoked", "link host", b.Other, 2, m, "bad_token")
	}
}

// What the socket carries out goes by the table: a party that has an empty cell is refused by the server as it runs.
func TestAccessOnTheWire(t *testing.T) {
	b := servertest.Delegated(t)
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	for _, party := range []string{"link delegate", "link secretary", "link endpoint"} {
		seat := servertest.SeatOf[party]
		p := b.Enter(seat.Code)
		for _, m := range signaling.ZeroMessages() {
			if row := servertest.AccessTable()["ws "+string(m.MessageType())]; row[party] == "" {
				p.Refused("forbidden", m)
			}
		}
	}
}
