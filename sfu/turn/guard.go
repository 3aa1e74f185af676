package turn

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
)

const (
	// firstWithin is how long a connection may take to begin an allocation.
	firstWithin = 30 * time.Second
	// idleAfter is longer than an allocation lives without being refreshed (RFC 8656 3.2: 10 minutes).
	idleAfter = 11 * time.Minute
	// writeWithin is how long a client may take nothing of what it is sent.
	writeWithin = 30 * time.Second
	// acceptPause follows a failure to accept: out of descriptors, most likely.
	acceptPause = time.Second
)

// maxUnauthenticated bounds the connections without an allocation, maxUnauthenticatedOf those of one address: as many as the sites behind
// one NAT open at the same moment.
const (
	maxUnauthenticated   = 512
	maxUnauthenticatedOf = 128
)

// guard is a listener whose connections are bounded in number and in the time that they may be silent. Where there are
// too many without an allocation, the oldest of the address that has the most is closed.
type guard struct {
	net.Listener
	tls    *tls.Config // nil for plain TCP
	gate   *admission.Gate
	first  time.Duration
	refuse func()

	done chan struct{}
	open sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[string]*guardedConn // by the client's address
}

func newGuard(l net.Listener, conf *tls.Config, most int, first time.Duration, log *slog.Logger, refuse func()) *guard {
	limits := admission.Limits{Total: most, Unauthenticated: min(maxUnauthenticated, most), PerAddress: min(maxUnauthenticatedOf, most), PerSeat: perUser}
	return &guard{
		Listener: l, tls: conf, gate: admission.New(limits, log), first: first, refuse: refuse, done: make(chan struct{}), conns: map[string]*guardedConn{},
	}
}

// Accept waits for a connection; those beyond the bound are closed. The TLS handshake is made with the first read, so
// that nobody waits for it here.
func (g *guard) Accept() (net.Conn, error) {
	for {
		raw, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			select {
			case <-time.After(acceptPause):
				continue
			case <-g.done:
				return nil, net.ErrClosed
			}
		}
		c := &guardedConn{Conn: raw, raw: raw, guard: g}
		if g.tls != nil {
			c.Conn = tls.Server(raw, g.tls)
		}
		_ = raw.SetDeadline(time.Now().Add(g.first))
		c.ticket = g.gate.Enter(admission.AddrOf(raw.RemoteAddr()), func() {
			g.refuse()
			_ = raw.Close() // who reads it closes it for good
		})
		if c.ticket != nil && g.add(c) {
			return c, nil
		}
		c.ticket.Leave()
		g.refuse()
		_ = raw.Close()
	}
}

func (g *guard) add(c *guardedConn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.conns[c.RemoteAddr().String()] = c
	g.open.Add(1)
	return true
}

// keep lets a client's connection live on: it has an allocation of a user.
func (g *guard) keep(client net.Addr, user string) {
	g.mu.Lock()
	c := g.conns[client.String()]
	g.mu.Unlock()
	if c != nil {
		c.ticket.Known(user)
		admission.TicketOf(c.raw).Known("turn " + user)
		c.kept.Store(true)
	}
}

// drop closes a client's connection; who reads it closes it for good.
func (g *guard) drop(client net.Addr) {
	g.mu.Lock()
	c := g.conns[client.String()]
	g.mu.Unlock()
	if c != nil {
		_ = c.raw.Close()
	}
}

// Close ends the listener and its connections.
func (g *guard) Close() error {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.done)
	}
	for _, c := range g.conns {
		_ = c.raw.Close() // who reads it closes it for good
	}
	g.mu.Unlock()
	return g.Listener.Close()
}

// wait waits until every connection is closed.
func (g *guard) wait() { g.open.Wait() }

// count is the number of connections.
func (g *guard) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}

// guardedConn is a client's connection.
type guardedConn struct {
	net.Conn
	raw    net.Conn
	guard  *guard
	ticket *admission.Ticket
	kept   atomic.Bool
	once   sync.Once
}

func (c *guardedConn) Read(b []byte) (int, error) {
	if c.kept.Load() {
		_ = c.raw.SetReadDeadline(time.Now().Add(idleAfter))
	}
	return c.Conn.Read(b)
}

func (c *guardedConn) Write(b []byte) (int, error) {
	_ = c.raw.SetWriteDeadline(time.Now().Add(writeWithin))
	return c.Conn.Write(b)
}

func (c *guardedConn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		c.guard.mu.Lock()
		delete(c.guard.conns, c.RemoteAddr().String())
		c.guard.mu.Unlock()
		c.guard.open.Done()
		c.ticket.Leave()
		err = c.raw.Close()
	})
	return err
}
