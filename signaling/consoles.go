package signaling

import (
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// How presence goes to a console. Whatever the machine does, four messages within a second are the most: the next one
// goes when presenceGap has passed since the last one was written, and until then its rows wait.
const (
	presenceEvery = 300 * time.Millisecond
	presenceGap   = 250 * time.Millisecond
	maxRows       = 1500 // in one message; more would keep the page's only thread too long
)

// console is a connection that watches the list of sites.
type console struct {
	scope  string              // empty = all sites
	behind map[string]struct{} // rows that changed and did not go to it yet

	written atomic.Pointer[time.Time] // when the last presence was written; nil while it waits for the socket
}

func newConsole(scope string) *console {
	k := &console{scope: scope, behind: map[string]struct{}{}}
	k.written.Store(&time.Time{})
	return k
}

func (k *console) wrote() {
	now := time.Now()
	k.written.Store(&now)
}

// ready reports whether the next presence may go.
func (k *console) ready() bool {
	at := k.written.Load()
	return at != nil && time.Since(*at) >= presenceGap
}

// seatConsole makes an endpoint's connection a console, with the list of sites, or takes that back: consoles
// are those of the host, operators and secretaries, the screens of the central room, and whoever chairs.
func (a *audience) seatConsole(code string) {
	ep, m := a.session.Endpoint(code), a.members[code]
	if m == nil || m.conn == nil {
		return
	}
	_, is := a.consoles[m.conn]
	switch should := ep.Role != meeting.RoleSite || a.session.Chair == code; {
	case should && !is:
		a.consoles[m.conn] = newConsole(ep.Scope)
		for row := range a.rows { // it is told of them now, the others are not: what was told last is no measure any more
			a.members[row].told = protocol.SiteState{}
		}
		m.conn.send(a.sites(ep.Scope, code))
		if a.record != (protocol.Recording{}) {
			m.conn.send(a.record)
		}
	case !should && is:
		delete(a.consoles, m.conn)
		for slot := range maps.Clone(m.conn.watching) {
			a.watch(m.conn, slot, "")
		}
	}
}

// shows reports whether a console of a scope shows a unit or endpoint of a session.
func shows(s *meeting.View, scope, console, code string) bool {
	return scope == "" || s.Steers(meeting.Actor{Endpoint: console, Role: meeting.RoleOperator}, code)
}

// sites is the whole list for a console that has just come.
func (a *audience) sites(scope, console string) protocol.Sites {
	v := protocol.Sites{Units: a.units, Endpoints: make([]protocol.SiteInfo, 0, a.convened)}
	if scope != "" {
		v.Units = slices.DeleteFunc(slices.Clone(a.units), func(u protocol.UnitInfo) bool { return !shows(a.session, scope, console, u.Code) })
	}
	for _, code := range a.session.Order {
		if ep := a.session.Endpoint(code); ep.Convened() && shows(a.session, scope, console, code) {
			site := protocol.SiteInfo{SiteState: siteView(a.session, ep, a.members[code]), Unit: ep.Unit, Name: ep.Name, Phone: ep.Phone}
			if a.session.Endpoint(console).Role == meeting.RoleRoom { // a number is not for everyone in the room
				site.Phone = ""
			}
			v.Endpoints = append(v.Endpoints, site)
		}
	}
	return v
}

// flush tells everyone the State if that had to wait and who speaks, and the consoles which rows changed since the last time,
// encoded once for all of the same scope that are equally far. It returns when it is to be called again.
func (a *audience) flush() time.Duration {
	a.announce(true)
	a.speakers.announce(a)
	changed := a.changedRows()
	again := presenceEvery
	together := map[string][]*conn{}
	for c, k := range a.consoles {
		switch {
		case len(k.behind) == 0 && len(changed) <= maxRows && k.ready():
			together[k.scope] = append(together[k.scope], c)
		default:
			for _, code := range changed {
				k.behind[code] = struct{}{}
			}
			if len(k.behind) == 0 {
				continue
			}
			if !k.ready() {
				again = presenceEvery / 6
				continue
			}
			some := slices.Sorted(maps.Keys(k.behind))
			some = some[:min(len(some), maxRows)]
			for _, code := range some {
				delete(k.behind, code)
			}
			a.sendRows(some, k.scope, c)
		}
	}
	for scope, consoles := range together {
		a.sendRows(changed, scope, consoles...)
	}
	return again
}

// changedRows returns the sites whose row is another than consoles were told last, and takes them as told.
func (a *audience) changedRows() []string {
	var changed []string
	for code := range a.rows {
		m := a.members[code]
		if row := siteView(a.session, a.session.Endpoint(code), m); !reflect.DeepEqual(row, m.told) {
			m.told = row
			changed = append(changed, code)
		}
	}
	a.rows = emptied(a.rows)
	slices.Sort(changed)
	return changed
}

// sendRows sends these rows as they are now to consoles of one scope.
func (a *audience) sendRows(codes []string, scope string, to ...*conn) {
	v := protocol.Presence{Changes: make([]protocol.SiteState, 0, len(codes))}
	for _, code := range codes {
		if shows(a.session, scope, to[0].who.Endpoint, code) {
			v.Changes = append(v.Changes, siteView(a.session, a.session.Endpoint(code), a.members[code]))
		}
	}
	if len(v.Changes) == 0 {
		return
	}
	prepared, err := encodeOnce(v)
	if err != nil {
		return
	}
	for _, c := range to {
		k := a.consoles[c]
		k.written.Store(nil)
		c.sendThen(prepared, k.wrote)
	}
}
