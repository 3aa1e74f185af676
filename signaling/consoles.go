package signaling

import (
	"maps"
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// keptMessages is how many written messages a session keeps at hand for who comes later; all are in the ledger.
const keptMessages = 500

// written is a message with its time.
type written struct {
	*meeting.MessageSent
	at time.Time
}

func keep(list []written, m written) []written {
	if list = append(list, m); len(list) > keptMessages {
		list = slices.Delete(list, 0, 1)
	}
	return list
}

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

// deliver hands a written message to those who may read it and are there, and keeps it for those who come.
func (a *audience) deliver(m *meeting.MessageSent, at time.Time) {
	a.written = keep(a.written, written{m, at})
	readers := maps.Keys(a.conns)
	if m.To == meeting.ToSecretariat {
		readers = maps.Keys(a.consoles)
		if from := a.members[m.From]; from != nil && from.conn != nil && a.session.Endpoints[m.From].Role == meeting.Site {
			from.conn.send(a.writtenView(written{m, at})) // not among the consoles unless it chairs
		}
	}
	a.tell(a.writtenView(written{m, at}), func(yield func(*conn) bool) {
		for c := range readers {
			site := a.session.Endpoints[c.who.Endpoint].Role == meeting.Site
			if m.To == meeting.ToSecretariat && site || !a.session.Addressed(m, c.who.Endpoint) {
				continue
			}
			if !yield(c) {
				return
			}
		}
	})
}

// recall sends a connection that has just come what was written to it before.
func (a *audience) recall(c *conn) {
	var list []protocol.Written
	for _, w := range a.written {
		if a.session.Addressed(w.MessageSent, c.who.Endpoint) {
			list = append(list, a.writtenView(w))
		}
	}
	if len(list) == 0 {
		return
	}
	c.enqueue(func() error { // one place in the queue for all of them
		for _, v := range list {
			if err := c.write(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *audience) writtenView(w written) protocol.Written {
	v := protocol.Written{From: w.From, To: w.To, Text: w.Text, AtMs: ms(w.at)}
	if from := a.session.Endpoints[w.From]; from != nil {
		v.FromName = from.Name
	}
	return v
}
