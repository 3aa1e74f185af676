package turn

import (
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"golang.org/x/time/rate"

	"github.com/diemcau/diemcau/internal/admission"
)

const (
	// unauthenticatedRate and unauthenticatedBurst bound the datagrams of clients without an allocation, of one address together: four
	// requests and their repetitions for each of the relays of the hundred sites that stand behind one NAT. So an answer to
	// a forged source is no flood either.
	unauthenticatedRate  = rate.Limit(100)
	unauthenticatedBurst = 1000
	// addressShare is the part of all allocations that the clients of one address may have: one in so many.
	addressShare = 2
	sweepBuckets = 1024
)

// unauthenticatedConn is a UDP socket on which clients without an allocation are slowed down, each address for itself. What is
// too much is dropped unread; clients ask again (RFC 8489 6.2.1).
type unauthenticatedConn struct {
	net.PacketConn
	server *Server
	decode func(b []byte, m *stun.Message) error

	mu      sync.Mutex
	buckets map[netip.Prefix]*rate.Limiter // of addresses that sent something lately
	sweepAt int                            // buckets
}

func newUnauthenticatedConn(c net.PacketConn, s *Server) *unauthenticatedConn {
	return &unauthenticatedConn{
		PacketConn: c, server: s, decode: stun.Decode, buckets: map[netip.Prefix]*rate.Limiter{}, sweepAt: sweepBuckets,
	}
}

// ReadFrom waits for a datagram that is let through.
func (c *unauthenticatedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		if c.server.clientOf(from) == nil && !c.admits(admission.Key(admission.AddrOf(from)), time.Now()) {
			c.server.refused.add(refusedRate)
			continue
		}
		if c.readable(b[:n]) {
			return n, from, nil
		}
	}
}

// readable reads a message as pion is about to, on a goroutine where a panic would end the process.
func (c *unauthenticatedConn) readable(b []byte) bool {
	if !stun.IsMessage(b) {
		return true
	}
	return contained(c.server, func() bool {
		_ = c.decode(b, new(stun.Message)) // pion refuses what is wrong
		return true
	})
}

func (c *unauthenticatedConn) admits(key netip.Prefix, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.buckets[key]
	if b == nil {
		if len(c.buckets) >= c.sweepAt { // one that is full again is the same as a new one
			maps.DeleteFunc(c.buckets, func(_ netip.Prefix, b *rate.Limiter) bool { return b.TokensAt(now) >= unauthenticatedBurst })
			c.sweepAt = max(sweepBuckets, 2*len(c.buckets))
		}
		b = rate.NewLimiter(unauthenticatedRate, unauthenticatedBurst)
		c.buckets[key] = b
	}
	return b.AllowN(now, 1)
}
