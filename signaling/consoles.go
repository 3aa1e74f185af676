package signaling

import (
	"maps"
	"slices"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// seatConsole makes an endpoint's connection a console, with the list of sites, or takes that back: consoles
// are those of the host, operators and secretaries, and whoever chairs.
func (a *audience) seatConsole(code string) {
	ep, m := a.session.Endpoints[code], a.members[code]
	if m == nil || m.conn == nil {
		return
	}
	_, is := a.consoles[m.conn]
	switch should := ep.Role != meeting.Site || a.session.Chair == code; {
	case should && !is:
		a.consoles[m.conn] = ep.Scope
		m.conn.send(a.sites(ep.Scope, code))
	case !should && is:
		delete(a.consoles, m.conn)
		for slot := range maps.Clone(m.conn.watching) {
			a.watch(m.conn, slot, "")
		}
	}
}

// shows reports whether a console of a scope shows a unit or endpoint.
func (a *audience) shows(scope, console, code string) bool {
	return scope == "" || a.session.Steers(meeting.Actor{Endpoint: console, Role: meeting.Operator}, code)
}

// sites is the whole list for a console that has just come.
func (a *audience) sites(scope, console string) protocol.Sites {
	v := protocol.Sites{Units: a.units, Endpoints: make([]protocol.SiteInfo, 0, a.convened)}
	if scope != "" {
		v.Units = slices.DeleteFunc(slices.Clone(a.units), func(u protocol.UnitInfo) bool { return !a.shows(scope, console, u.Code) })
	}
	for _, code := range a.session.Order {
		if ep := a.session.Endpoints[code]; ep.Role == meeting.Site && a.shows(scope, console, code) {
			v.Endpoints = append(v.Endpoints, protocol.SiteInfo{
				SiteState: siteView(a.session, ep, a.members[code]), Unit: ep.Unit, Name: ep.Name, Phone: ep.Phone,
			})
		}
	}
	return v
}

// flush tells everyone the State if that had to wait, and the consoles which rows changed since the last time,
// encoded once for all of the same scope.
func (a *audience) flush() {
	a.announce(true)
	if len(a.rows) == 0 {
		return
	}
	changes := make([]protocol.SiteState, 0, len(a.rows))
	for _, code := range slices.Sorted(maps.Keys(a.rows)) {
		changes = append(changes, siteView(a.session, a.session.Endpoints[code], a.members[code]))
	}
	clear(a.rows)
	byScope := map[string][]*conn{}
	for c, scope := range a.consoles {
		byScope[scope] = append(byScope[scope], c)
	}
	for scope, consoles := range byScope {
		v := protocol.Presence{Changes: changes}
		if scope != "" {
			v.Changes = slices.DeleteFunc(slices.Clone(changes), func(s protocol.SiteState) bool {
				return !a.shows(scope, consoles[0].who.Endpoint, s.Code)
			})
		}
		if len(v.Changes) > 0 {
			a.tell(v, slices.Values(consoles))
		}
	}
}
