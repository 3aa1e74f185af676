package link_test

import (
	"errors"
	"testing"
	"time"

	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
)

func TestSeats(t *testing.T) {
	day, start := 24*time.Hour, time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	session := meeting.New("s")
	session.Apply(&meeting.Convened{ScheduledAt: start, Endpoints: []meeting.Endpoint{
		{Code: "C1", Role: meeting.RoleSite}, {Code: "C2", Role: meeting.RoleSite}, {Code: "@host", Role: meeting.RoleHost},
		{Code: "@operator-2", Role: meeting.RoleOperator, Scope: "P58"}, {Code: "C9", Role: meeting.RoleSite},
	}}, start)
	session.Apply(&meeting.RemovalChanged{Endpoint: "C2", Removed: true}, start)
	var seats link.Seats
	holder := func(code string, role meeting.Role, serial int) link.Holder {
		return link.Holder{Session: "s", Endpoint: code, Role: string(role), Serial: serial}
	}
	if _, err := seats.Check(holder("C1", meeting.RoleSite, 1), start); !errors.Is(err, link.ErrUnknown) {
		t.Errorf("before anything is known: %v", err)
	}
	seats.Load(map[string]int{"C1": 3, "C2": 1, "@host": 1, "@operator-2": 1, "C8": 1})
	seats.Follow(session.Freeze())
	check := func(name string, h link.Holder, at time.Time, seat link.Seat, want error) {
		t.Helper()
		if got, err := seats.Check(h, at); got != seat || !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	site := link.Seat{Role: meeting.RoleSite}
	check("good", holder("C1", meeting.RoleSite, 3), start, site, nil)
	check("an older one", holder("C1", meeting.RoleSite, 2), start, link.Seat{}, link.ErrSuperseded)
	check("one that is not issued yet", holder("C1", meeting.RoleSite, 4), start, link.Seat{}, link.ErrSuperseded)
	check("another role", holder("C1", meeting.RoleHost, 3), start, link.Seat{}, link.ErrForeign)
	check("a seat without a link", holder("C9", meeting.RoleSite, 1), start, link.Seat{}, link.ErrForeign)
	check("a link without a seat", holder("C8", meeting.RoleSite, 1), start, link.Seat{}, link.ErrForeign)
	check("removed", holder("C2", meeting.RoleSite, 1), start, link.Seat{Role: meeting.RoleSite, Removed: true}, nil)
	check("delegated", holder("@operator-2", meeting.RoleOperator, 1), start, link.Seat{Role: meeting.RoleOperator, Scope: "P58"}, nil)
	check("host", holder("@host", meeting.RoleHost, 1), start, link.Seat{Role: meeting.RoleHost, Chairs: true}, nil)
	seats.Set("C1", 0)
	check("revoked", holder("C1", meeting.RoleSite, 3), start, link.Seat{}, link.ErrRevoked)
	seats.Set("C1", 4)
	check("reissued", holder("C1", meeting.RoleSite, 4), start, site, nil)

	// Validity follows the session.
	check("the last day", holder("C1", meeting.RoleSite, 4), start.Add(30*day), site, nil)
	check("after it", holder("C1", meeting.RoleSite, 4), start.Add(31*day), link.Seat{}, link.ErrExpired)
	session.ScheduledAt = start.Add(90 * day)
	seats.Follow(session.Freeze())
	check("moved later", holder("C1", meeting.RoleSite, 4), start.Add(100*day), site, nil)
	session.ScheduledAt, session.Phase, session.OpenedAt = start.Add(-365*day), meeting.PhaseOpen, start
	seats.Follow(session.Freeze())
	check("a start in the past, opened now", holder("C1", meeting.RoleSite, 4), start.Add(29*day), site, nil)
	session.Phase, session.StartedAt = meeting.PhaseLive, start
	seats.Follow(session.Freeze())
	check("live for long", holder("C1", meeting.RoleSite, 4), start.Add(400*day), site, nil)
	session.Phase, session.EndedAt = meeting.PhaseEnded, start.Add(400*day)
	seats.Follow(session.Freeze())
	check("over", holder("C1", meeting.RoleSite, 4), start.Add(431*day), link.Seat{}, link.ErrExpired)
}
