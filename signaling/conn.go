package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

const (
	pingEvery   = 2 * time.Second
	missedPings = 3 // silence for as many ends a connection
	helloWithin = 10 * time.Second
	maxHello    = 64 << 10 // bytes of a message before it is known whose it is
	maxRefused  = 200      // cost of messages over the seat's rate before the socket is closed
	maxDevice   = 200      // runes
)

// conn is one WebSocket. One goroutine reads, one writes.
type conn struct {
	*outbox
	srv     *Server
	ws      *websocket.Conn
	log     *slog.Logger
	id      string // the meeting's Connection.ID
	who     access.Identity
	coord   *coordinator
	peers   *peers
	page    pageWord
	freezes freezes
	tcp     *admission.Ticket // of the TCP connection
	place   *admission.Ticket // among the unauthenticated
	limiter *rate.Limiter     // of the seat; set once it is known
	refused int               // cost of messages over the rate: a large one has been read and decoded all the same

	watching map[string]string // monitor slot -> endpoint; belongs to the coordinator
	lastSeen atomic.Int64      // microseconds since 1970
	left     bool              // the page said leave; reader only
	size     int               // bytes of the message read last; reader only
	written  chan struct{}     // closed when the writer has sent its last
}

func newConn(srv *Server, ws *websocket.Conn) *conn {
	c := &conn{
		outbox: newOutbox(ws, srv.metrics), srv: srv, ws: ws, log: srv.log, id: uuid.NewString(),
		watching: map[string]string{}, written: make(chan struct{}),
	}
	c.peers = newPeers(srv.media, &srv.peerIDs, c.outbox)
	c.peers.relays = srv.relays
	return c
}

// serve runs the connection until it is over. token is that of the upgrade request, if it had one.
func (c *conn) serve(ctx context.Context, token string) {
	go func() {
		defer close(c.written)
		err := contain.Run(c.srv.panicked, func() error { c.run(c.srv.pingEvery, c.peers.closeAll); return nil }, "conn", c.id)
		if err != nil {
			c.close(fault.Of(err))
			c.ws.Close()
		}
	}()
	defer c.place.Leave()
	c.ws.SetReadLimit(maxHello)
	err := c.hello(ctx, token)
	if err == nil {
		err = c.reader(ctx)
		c.close(c.disconnect(ctx, err))
	}
	c.close(fault.Of(err))
	<-c.written
	c.peers.closeAll()
	c.drainSocket()
	c.ws.Close()
}

// read returns the next message from the page.
func (c *conn) read(within time.Duration) (int64, protocol.Message, error) {
	if err := c.ws.SetReadDeadline(time.Now().Add(within)); err != nil {
		return 0, nil, err
	}
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		return 0, nil, err
	}
	c.size = len(data)
	c.lastSeen.Store(c.srv.clock.Now().UnixMicro())
	if kind != websocket.TextMessage {
		return 0, nil, &protocol.DecodeError{Err: errors.New("not a text frame")}
	}
	return c.srv.codec.Decode(data)
}

// hello authenticates the page and attaches it to its endpoint. A refusal is told before the socket closes.
func (c *conn) hello(ctx context.Context, token string) error {
	id, m, err := c.read(helloWithin)
	var malformed *protocol.DecodeError
	switch {
	case err == nil:
		err = c.guarded(func() error { return c.enter(ctx, m, token) })
	case isTimeout(err):
		err = refusal(protocol.CodeTimeout, "no hello in time")
	case !errors.As(err, &malformed):
		return errGone
	}
	if err != nil {
		c.refuse(id, err)
	}
	return err
}

func (c *conn) enter(ctx context.Context, m protocol.Message, token string) error {
	hello, ok := m.(protocol.Hello)
	switch {
	case !ok:
		return &protocol.DecodeError{Type: m.MessageType(), Err: errors.New("hello comes first")}
	case hello.Version != protocol.Version:
		return refusal(protocol.CodeBadVersion, "this server speaks another version of the protocol")
	}
	if hello.Token != "" {
		token = hello.Token
	}
	who, err := c.srv.Links().Identify(ctx, token)
	if err != nil {
		return err
	}
	if who.Admin() {
		return refusal(protocol.CodeBadToken, "an admin token enters no session")
	}
	if c.limiter = c.srv.seats.Of(who); !c.limiter.AllowN(time.Now(), costHello) {
		c.srv.metrics.dropped(dropSeat)
		return refusal(protocol.CodeTooMany, "this link enters too often")
	}
	c.place.Leave()
	c.tcp.Known(who.SeatKey())
	c.ws.SetReadLimit(protocol.MaxMessage)
	coord, err := c.srv.coordinator(ctx, who.Session)
	if err != nil {
		return err
	}
	c.who, c.coord = who, coord
	if hello.Reports {
		c.page.promise()
	}
	c.log = c.log.With("session", who.Session, "endpoint", who.Endpoint, "conn", c.id[:8])
	c.peers.owner = Peer{Session: who.Session, Endpoint: who.Endpoint, Conn: c.id}
	return c.attach(ctx, hello)
}

// attach gives the connection its endpoint; the coordinator welcomes the page.
func (c *conn) attach(ctx context.Context, hello protocol.Hello) error {
	co := c.coord
	return co.call(ctx, request{
		admit: func() (err error) { // again: it may have been revoked meanwhile
			if err := c.srv.Links().stands(c.who.Holder); err != nil {
				return err
			}
			c.who.Seat, err = co.seats.Check(c.who.Holder, co.clock.Now())
			return linkFault(err)
		},
		by: c.actor(),
		prepare: func() meeting.Command {
			cmd := meeting.Connect{Conn: c.id, Device: shorten(hello.Device, maxDevice), Resume: hello.Resume, TakeOver: hello.TakeOver}
			if m := co.audience.members[c.who.Endpoint]; m != nil && m.conn != nil {
				cmd.LastSeen = m.conn.seen() // the page may be the same, its old socket not yet given up
			}
			return cmd
		},
		work: func() error { return co.audience.attach(c, co.clock.Now()) },
	})
}

// reader takes messages until the socket ends, and returns why it did.
func (c *conn) reader(ctx context.Context) error {
	for {
		select {
		case <-c.closing:
			return nil
		default:
		}
		id, m, err := c.read(missedPings * c.srv.pingEvery)
		var malformed *protocol.DecodeError
		if errors.As(err, &malformed) {
			c.refuse(id, err)
			return err
		}
		if err != nil {
			return err
		}
		if _, leave := m.(protocol.Leave); leave {
			c.left = true
			return nil
		}
		if err := c.guarded(func() error { return c.dispatch(ctx, id, m) }); err != nil {
			return err
		}
	}
}

// guarded makes an error of a panic: one page's message must not end the server.
func (c *conn) guarded(f func() error) error {
	return contain.Run(c.srv.panicked, f, "session", c.who.Session, "endpoint", c.who.Endpoint)
}

// drainSocket waits for the page to answer the close frame; the writer has set a deadline. A socket that is
// closed with something unread is reset, and the page might not see why it was closed.
func (c *conn) drainSocket() {
	for {
		if _, _, err := c.ws.NextReader(); err != nil {
			return
		}
	}
}

// dispatch carries out one request. An error ends the connection.
func (c *conn) dispatch(ctx context.Context, id int64, m protocol.Message) error {
	_, pong := m.(protocol.Pong)
	if cost := costOfMessage(c.size); !c.limiter.AllowN(time.Now(), cost) {
		c.refused += cost
		c.srv.metrics.dropped(dropSeat)
		err := refusal(protocol.CodeTooMany, "too many requests")
		if !pong {
			c.reply(id, err)
		}
		if c.refused > maxRefused {
			c.srv.metrics.dropped(dropFlood)
			return err
		}
		return nil
	}
	if pong {
		return nil
	}
	handle, ok := c.srv.handlers[m.MessageType()]
	if !ok {
		err := &protocol.DecodeError{Type: m.MessageType(), Err: errors.New("out of order")}
		c.refuse(id, err)
		return err
	}
	if err := handle(ctx, c, id, m); err != nil {
		c.reply(id, err)
	}
	return nil
}

// disconnect tells the coordinator how the connection ended, and returns how to close what is left of it.
func (c *conn) disconnect(ctx context.Context, err error) fault.Fault {
	cmd, f := meeting.Disconnect{Endpoint: c.who.Endpoint, Conn: c.id, LastSeen: c.seen(), Why: meeting.EndClosed}, fault.Of(err)
	switch {
	case c.left || websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway):
		cmd.Clean, cmd.Why = true, meeting.EndPageClosed
		f = ending(cmd.Why)
	case isTimeout(err):
		cmd.Why = meeting.EndTimeout
		f = ending(cmd.Why)
	}
	// A connection that the meeting ended itself is refused here, which is no news.
	_ = c.coord.do(ctx, request{cmd: cmd})
	sum := c.quality()
	_ = c.coord.do(ctx, request{kept: true, prepare: func() meeting.Command {
		if isOver(&c.coord.session.View) {
			return nil // its end summed everyone up
		}
		return meeting.MeasureQuality{Connections: []meeting.Quality{sum}}
	}})
	return f
}

// reply answers a request.
func (c *conn) reply(id int64, err error) {
	switch {
	case err != nil:
		c.send(fault.Of(err).Message(id))
	case id > 0:
		c.send(protocol.Ok{ID: id})
	}
}

// refuse answers with an error that closes the connection.
func (c *conn) refuse(id int64, err error) {
	f := fault.Of(err)
	if f.Code == string(protocol.CodeInternal) {
		c.log.Error("connection refused by a fault", "err", err)
	} else {
		c.log.Info("connection refused", "code", f.Code, "detail", f.Detail)
	}
	c.srv.metrics.refusals.WithLabelValues(f.Code).Inc()
	c.send(f.Message(id))
	c.close(f)
}

func (c *conn) actor() meeting.Actor { return c.who.Actor() }

// seen is the last evidence of life.
func (c *conn) seen() time.Time { return time.UnixMicro(c.lastSeen.Load()).UTC() }

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func shorten(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes])
	}
	return s
}
