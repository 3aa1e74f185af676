package signaling

import (
	"maps"
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

// board is the list of sites as consoles have it. It belongs to the coordinator's goroutine.
type board struct {
	session  *meeting.View
	members  map[string]*member // of the audience
	consoles map[*conn]*console
	units    []protocol.UnitInfo
	rows     map[string]struct{} // that may be others than consoles were told
}

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
			a.members[row].told = siteRow{}
		}
		m.conn.send(a.sites(ep.Scope, code))
		if a.recording.told != (protocol.Recording{}) {
			m.conn.send(a.recording.told)
		}
	case !should && is:
		delete(a.consoles, m.conn)
		for slot := range maps.Clone(m.conn.watching) {
			a.watch(m.conn, slot, "")
		}
	}
}

// relist tells consoles the list of sites anew, after some came or went.
func (b *board) relist() {
	for code := range b.rows {
		b.members[code].told = siteRow{} // as in seatConsole
	}
	b.units, b.rows = unitsView(b.session), emptied(b.rows)
	for c, k := range b.consoles {
		clear(k.behind)
		c.send(b.sites(k.scope, c.who.Endpoint))
	}
}

// shows reports whether a console of a scope shows a unit or endpoint of a session.
func shows(s *meeting.View, scope, console, code string) bool {
	return scope == "" || s.Steers(meeting.Actor{Endpoint: console, Role: meeting.RoleOperator}, code)
}

// sites is the whole list for a console that has just come.
func (b *board) sites(scope, console string) protocol.Sites {
	v := protocol.Sites{Units: b.units, Endpoints: make([]protocol.SiteInfo, 0, len(b.session.Order))}
	if scope != "" {
		v.Units = slices.DeleteFunc(slices.Clone(b.units), func(u protocol.UnitInfo) bool { return !shows(b.session, scope, console, u.Code) })
	}
	for _, code := range b.session.Order {
		if ep := b.session.Endpoint(code); ep.Convened() && shows(b.session, scope, console, code) {
			site := protocol.SiteInfo{SiteState: rowOf(b.session, ep, b.members[code]).message(), Unit: ep.Unit, Name: ep.Name, Phone: ep.Phone}
			if b.session.Endpoint(console).Role == meeting.RoleRoom { // a number is not for everyone in the room
				site.Phone = ""
			}
			v.Endpoints = append(v.Endpoints, site)
		}
	}
	return v
}

// flush tells everyone the State if that had to wait and who speaks, and the consoles which rows changed since the last time.
// It returns when it is to be called again.
func (a *audience) flush() time.Duration {
	a.announce(true)
	a.speakers.announce(a)
	return a.board.flush()
}

// flush tells the consoles which rows changed since the last time, encoded once for all of the same scope that are equally
// far. It returns when it is to be called again.
func (b *board) flush() time.Duration {
	changed := b.changedRows()
	again := presenceEvery
	together := map[string][]*conn{}
	for c, k := range b.consoles {
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
			b.sendRows(some, k.scope, c)
		}
	}
	for scope, consoles := range together {
		b.sendRows(changed, scope, consoles...)
	}
	return again
}

// changedRows returns the sites whose row is another than consoles were told last, and takes them as told.
func (b *board) changedRows() []string {
	var changed []string
	for code := range b.rows {
		m := b.members[code]
		if row := rowOf(b.session, b.session.Endpoint(code), m); row != m.told {
			m.told = row
			changed = append(changed, code)
		}
	}
	b.rows = emptied(b.rows)
	slices.Sort(changed)
	return changed
}

// sendRows sends these rows as they are now to consoles of one scope.
func (b *board) sendRows(codes []string, scope string, to ...*conn) {
	v := protocol.Presence{Changes: make([]protocol.SiteState, 0, len(codes))}
	for _, code := range codes {
		if shows(b.session, scope, to[0].who.Endpoint, code) {
			v.Changes = append(v.Changes, rowOf(b.session, b.session.Endpoint(code), b.members[code]).message())
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
		k := b.consoles[c]
		k.written.Store(nil)
		c.sendThen(prepared, k.wrote)
	}
}
