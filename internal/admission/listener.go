package admission

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// acceptPause follows a failure to accept a connection: the process or the machine is out of descriptors, most likely.
const acceptPause = 200 * time.Millisecond

// Listen puts the gate before a listener: each connection that it accepts is a *Conn.
func (g *Gate) Listen(l net.Listener) net.Listener {
	return &listener{Listener: l, gate: g, done: make(chan struct{})}
}

type listener struct {
	net.Listener
	gate *Gate
	once sync.Once
	done chan struct{}
}

// Accept waits for a connection that is let in. It survives a lack of descriptors, which it logs and counts.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			l.gate.failed(err)
			select {
			case <-time.After(acceptPause):
				continue
			case <-l.done:
				return nil, net.ErrClosed
			}
		}
		if t := l.gate.Enter(AddrOf(raw.RemoteAddr()), func() { _ = raw.Close() }); t != nil {
			return &Conn{Conn: raw, Ticket: t}, nil
		}
		_ = raw.Close()
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

func (g *Gate) failed(err error) {
	g.mu.Lock()
	g.gone[AcceptFailed]++
	g.mu.Unlock()
	g.seldom.Do(func() { g.log.Error("a connection could not be accepted", "err", err) })
}

// Conn is a connection that was let in; its place is given back when it is closed.
type Conn struct {
	net.Conn
	Ticket *Ticket
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.Ticket.Leave()
	return c.Conn.Close()
}

// TicketOf returns the ticket of a connection, also below TLS; nil without one, which every method takes.
func TicketOf(c net.Conn) *Ticket {
	for {
		if known, ok := c.(*Conn); ok {
			return known.Ticket
		}
		wrapped, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		c = wrapped.NetConn()
	}
}

type ticketKey struct{}

// WithTicket keeps a connection's ticket for the requests that come over it (http.Server.ConnContext).
func WithTicket(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, ticketKey{}, TicketOf(c))
}

// FromContext returns the ticket that WithTicket kept, or nil.
func FromContext(ctx context.Context) *Ticket {
	t, _ := ctx.Value(ticketKey{}).(*Ticket)
	return t
}
