// Package admission bounds what unauthenticated connections can hold of a server: connections by address, and the descriptors of the
// process. One Gate stands before every listener. A connection is unauthenticated until whoever reads it vouches for a
// seat; where there are too many unauthenticated ones, the oldest of the address that holds the most has to go, so a flood from
// one address costs that address alone, and who says who he is cannot be shut out by those who do not.
package admission

import (
	"container/heap"
	"container/list"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Reason says why a connection was not kept; it is a metric label.
type Reason string

// The reasons of a Gate and its listeners.
const (
	EvictedAddress Reason = "evicted_address" // the oldest unauthenticated one of an address that has too many
	EvictedCrowd   Reason = "evicted_crowd"   // there are too many unauthenticated ones, or connections, in all
	RefusedFull    Reason = "refused_full"    // every connection is a known one's, and no descriptor is left for more
	AcceptFailed   Reason = "accept_failed"   // the operating system gave no socket
)

// Limits are the bounds of a Gate. Those that are 0 do not bound.
type Limits struct {
	Total           int // connections
	Reserved        int // of Total, those that are left to health checks and the like: see Ticket.Crowded
	Unauthenticated int // connections of nobody known
	PerAddress      int // unauthenticated connections of one Key
	PerSeat         int // known connections of one seat; those beyond stay unauthenticated
	// Spared are addresses that hold none of them, such as proxies that bound their clients themselves; may be nil.
	Spared func(netip.Addr) bool
}

// Gate counts connections. It is safe for use by many goroutines.
type Gate struct {
	limits Limits
	log    *slog.Logger
	seldom rate.Sometimes // of warnings

	mu              sync.Mutex
	born            uint64 // number of the youngest unauthenticated one
	total           int
	unauthenticated int
	holders         map[netip.Prefix]*holder // of unauthenticated connections
	most            crowd
	seats           map[string]int // known connections
	gone            map[Reason]uint64
}

// New makes a gate.
func New(limits Limits, log *slog.Logger) *Gate {
	return &Gate{
		limits: limits, log: log, seldom: rate.Sometimes{Interval: 10 * time.Second},
		holders: map[netip.Prefix]*holder{}, seats: map[string]int{}, gone: map[Reason]uint64{},
	}
}

// Ticket is one connection that was let in.
type Ticket struct {
	gate    *Gate
	key     netip.Prefix
	evict   func()
	crowded bool

	// Guarded by the gate.
	born uint64
	at   *list.Element // among the unauthenticated ones of its address; nil once known or gone
	seat string        // that vouches for it
	in   bool
}

// Enter lets a connection in. evict is called, once at most and from any goroutine, if it has to go as unauthenticated: it
// closes the connection and does not wait. It returns nil where even that makes no room.
func (g *Gate) Enter(from netip.Addr, evict func()) *Ticket {
	t := &Ticket{gate: g, key: Key(from), evict: evict, in: true}
	spared := g.limits.Spared != nil && g.limits.Spared(from)
	var out []*Ticket
	g.mu.Lock()
	if h := g.holders[t.key]; !spared && h != nil && over(h.Len()+1, g.limits.PerAddress) {
		out = append(out, g.evictOldest(h, EvictedAddress))
	}
	if len(g.most) > 0 && (!spared && over(g.unauthenticated+1, g.limits.Unauthenticated) || over(g.total+1, g.limits.Total-g.limits.Reserved)) {
		out = append(out, g.evictOldest(g.most[0], EvictedCrowd))
	}
	full := over(g.total+1, g.limits.Total)
	if full {
		g.gone[RefusedFull]++
	} else {
		g.total++
		t.crowded = over(g.total, g.limits.Total-g.limits.Reserved)
		if !spared {
			g.addUnauthenticated(t)
		}
	}
	g.mu.Unlock()
	for _, other := range out {
		other.evict()
	}
	if full || t.crowded {
		g.seldom.Do(func() {
			g.log.Error("connections are refused: all that the limit of open files allows are taken", "limit", g.limits.Total, "from", from)
		})
	} else if len(out) > 0 {
		g.seldom.Do(func() {
			g.log.Warn("unauthenticated connections are closed: there are too many", "by", out[0].key, "for", t.key)
		})
	}
	if full {
		return nil
	}
	return t
}

func over(n, limit int) bool { return limit > 0 && n > limit }

// Crowded reports that the connection is one of the last that there is room for: it is to be refused in words, unless
// it only asks whether the server is well.
func (t *Ticket) Crowded() bool { return t != nil && t.crowded }

// Touch makes an unauthenticated connection the youngest again: it has sent something whole.
func (t *Ticket) Touch() {
	if t == nil {
		return
	}
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.at != nil {
		g.removeUnauthenticated(t)
		g.addUnauthenticated(t)
	}
}

// Known vouches for a connection: it belongs to a seat, whose name the one who vouches chooses. It reports false, and
// the connection stays unauthenticated, if the seat has as many as it may.
func (t *Ticket) Known(seat string) bool {
	if t == nil {
		return true
	}
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !t.in:
		return false
	case t.at == nil:
		return true // spared, or known already
	case over(g.seats[seat]+1, g.limits.PerSeat):
		return false
	}
	g.removeUnauthenticated(t)
	g.seats[seat]++
	t.seat = seat
	return true
}

// Leave gives the place back. More calls do nothing.
func (t *Ticket) Leave() {
	if t == nil {
		return
	}
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(t)
}

func (g *Gate) leave(t *Ticket) {
	if !t.in {
		return
	}
	t.in = false
	g.total--
	if t.at != nil {
		g.removeUnauthenticated(t)
	} else if t.seat != "" {
		if g.seats[t.seat]--; g.seats[t.seat] == 0 {
			delete(g.seats, t.seat)
		}
	}
}

func (g *Gate) evictOldest(h *holder, why Reason) *Ticket {
	t := h.oldest()
	g.leave(t)
	g.gone[why]++
	return t
}

// addUnauthenticated counts a connection among the unauthenticated, as the youngest.
func (g *Gate) addUnauthenticated(t *Ticket) {
	g.born++
	t.born = g.born
	h := g.holders[t.key]
	if h == nil {
		h = &holder{key: t.key}
		g.holders[t.key] = h
		t.at = h.PushBack(t)
		heap.Push(&g.most, h)
	} else {
		t.at = h.PushBack(t)
		heap.Fix(&g.most, h.index)
	}
	g.unauthenticated++
}

// removeUnauthenticated takes a connection out of the unauthenticated.
func (g *Gate) removeUnauthenticated(t *Ticket) {
	h := g.holders[t.key]
	h.Remove(t.at)
	t.at = nil
	g.unauthenticated--
	if h.Len() == 0 {
		heap.Remove(&g.most, h.index)
		delete(g.holders, t.key)
		return
	}
	heap.Fix(&g.most, h.index)
}

// holder is an address with its unauthenticated connections, the oldest first.
type holder struct {
	list.List
	key   netip.Prefix
	index int // in the crowd
}

func (h *holder) oldest() *Ticket { return h.Front().Value.(*Ticket) } //nolint:forcetypeassert // nothing else is put in

// crowd is a heap of holders: who has the most comes first, of equals the one with the oldest.
type crowd []*holder

func (c crowd) Len() int { return len(c) }

func (c crowd) Less(i, j int) bool {
	if c[i].Len() != c[j].Len() {
		return c[i].Len() > c[j].Len()
	}
	return c[i].oldest().born < c[j].oldest().born
}

func (c crowd) Swap(i, j int) {
	c[i], c[j] = c[j], c[i]
	c[i].index, c[j].index = i, j
}

// Push implements heap.Interface.
func (c *crowd) Push(x any) {
	h := x.(*holder) //nolint:forcetypeassert // nothing else is put in
	h.index = len(*c)
	*c = append(*c, h)
}

// Pop implements heap.Interface.
func (c *crowd) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
