package turn

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/diemcau/diemcau/internal/admission"
)

// allocations are the relays that are open, and whose credentials are void. They are guarded by the server's mutex.
type allocations struct {
	n       int
	by      map[string]map[*relayConn]struct{} // user
	at      map[netip.Prefix]int               // address of clients, by admission.Key
	clients map[clientKey]*client
	ended   map[string]ended // by user; forgotten when the last credentials that it concerns have expired
	sweepAt int              // users in ended
}

// client is who has an allocation.
type client struct {
	relay   *relayConn
	permits *rate.Limiter
}

// clientKey tells clients from each other.
type clientKey struct {
	network string
	at      netip.AddrPort
}

func keyOf(a net.Addr) clientKey {
	switch a := a.(type) {
	case *net.UDPAddr:
		return clientKey{"udp", a.AddrPort()}
	case *net.TCPAddr:
		return clientKey{"tcp", a.AddrPort()}
	}
	return clientKey{network: a.String()}
}

// ended says which issues of a user's credentials are void.
type ended struct {
	last  uint64
	until time.Time // the last of them expires
}

const sweepEnded = 1024

func newAllocations() allocations {
	return allocations{
		by: map[string]map[*relayConn]struct{}{}, at: map[netip.Prefix]int{}, clients: map[clientKey]*client{}, ended: map[string]ended{}, sweepAt: sweepEnded,
	}
}

// void reports whether the credentials of a holder were ended.
func (a *allocations) void(h holder) bool {
	e, ok := a.ended[h.user]
	return ok && h.issue <= e.last
}

// end makes a user's credentials void, up to an issue, and returns the relays to close.
func (a *allocations) end(user string, last uint64, now time.Time) []*relayConn {
	if len(a.ended) >= a.sweepAt {
		maps.DeleteFunc(a.ended, func(_ string, e ended) bool { return now.After(e.until) })
		a.sweepAt = max(sweepEnded, 2*len(a.ended))
	}
	a.ended[user] = ended{last, now.Add(credentialLife)}
	return slices.DeleteFunc(slices.Collect(maps.Keys(a.by[user])), func(c *relayConn) bool { return c.UDPConn == nil }) // see opened
}

// End closes the relays of a user and makes all credentials void that he was given before. Those that he is given after
// it are good. It does not wait for the network.
func (s *Server) End(user string) {
	var clients []net.Addr
	s.mu.Lock()
	relays := s.open.end(s.opaque(user), s.issued, time.Now())
	for _, c := range relays {
		if c.client != nil {
			clients = append(clients, c.client)
		}
	}
	s.mu.Unlock()
	for _, c := range relays {
		_ = c.Close() // who reads it deletes the allocation
	}
	for _, g := range s.guards {
		for _, client := range clients {
			g.drop(client)
		}
	}
}

// onAllocation lets a client's TCP connection live on.
func (s *Server) onAllocation(src, _ net.Addr, _, userID, _ string, relayed net.Addr, _ int) {
	s.allocations.Add(1)
	h, _ := parseHolder(userID) // as authenticate made it
	s.mu.Lock()
	for c := range s.open.by[h.user] {
		if c.UDPConn != nil && c.LocalAddr().String() == relayed.String() {
			c.client = src
			s.open.clients[keyOf(src)] = &client{relay: c, permits: rate.NewLimiter(permitRate, permitBurst)}
		}
	}
	s.open.at[admission.Key(admission.AddrOf(src))]++
	s.mu.Unlock()
	for _, g := range s.guards {
		g.keep(src, h.user)
	}
}

// onDeallocation forgets the client of an allocation.
func (s *Server) onDeallocation(src, _ net.Addr, _, _, _ string) {
	key := admission.Key(admission.AddrOf(src))
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open.clients, keyOf(src))
	if s.open.at[key]--; s.open.at[key] <= 0 {
		delete(s.open.at, key)
	}
}

// clientOf returns the client of an address, nil if it has no allocation.
func (s *Server) clientOf(a net.Addr) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open.clients[keyOf(a)]
}

// room reports whether a user may have one allocation more, and his address too: if not, the client is told so.
func (s *Server) room(userID string, src net.Addr) bool {
	h, _ := parseHolder(userID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open.at[admission.Key(admission.AddrOf(src))] >= s.cfg.ofAddress {
		s.refused.add(refusedQuota)
		return false
	}
	return s.hasRoom(h.user)
}

// hasRoom is called locked.
func (s *Server) hasRoom(user string) bool {
	ok := !s.closed && s.open.n < s.cfg.Max && len(s.open.by[user]) < perUser
	if !ok {
		s.refused.add(refusedQuota)
	}
	return ok
}

// acquire counts an allocation that is to be opened, unless others took the room meanwhile.
func (s *Server) acquire(c *relayConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := c.holder.user
	if !s.hasRoom(user) {
		return false
	}
	s.open.n++
	if s.open.by[user] == nil {
		s.open.by[user] = map[*relayConn]struct{}{}
	}
	s.open.by[user][c] = struct{}{}
	s.closedRelays.Add(1)
	return true
}

// opened gives an allocation its socket, unless its credentials were ended since they were shown.
func (s *Server) opened(c *relayConn, udp *net.UDPConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open.void(c.holder) {
		s.refused.add(refusedEnded)
		return false
	}
	c.UDPConn = udp
	return true
}

func (s *Server) release(c *relayConn) {
	user := c.holder.user
	s.mu.Lock()
	s.open.n--
	if delete(s.open.by[user], c); len(s.open.by[user]) == 0 {
		delete(s.open.by, user)
	}
	s.mu.Unlock()
	s.closedRelays.Done()
}
