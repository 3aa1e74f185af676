package lean

import (
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/srtp/v3"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// ErrAnswered is the error of a second Answer.
var ErrAnswered = errors.New("lean: already answered")

const (
	ufragSize = 8  // 48 bits of randomness; RFC 8445 5.3 asks for 24
	pwdSize   = 24 // 144 bits; RFC 8445 5.3 asks for 128
)

// conn is one viewer's connection.
type conn struct {
	factory    *Factory
	worker     *worker
	params     transport.Params
	ufrag, pwd string

	// What the media path uses, without a lock.
	path atomic.Pointer[path]   // nominated last, of those that are proven
	out  atomic.Pointer[sender] // nil unless connected

	early  atomic.Pointer[path] // what the handshake has to do with until there is a proven path
	queued atomic.Int32         // datagrams waiting for the worker

	mu          sync.Mutex // held while something is handled, callbacks included
	state       transport.State
	closed      bool
	answered    time.Time // zero until Answer
	remoteUfrag string
	remotePwd   string
	prints      []peerFingerprint
	checks      checklist
	lastRequest time.Time     // authentic STUN request by a proven path
	lastHeard   time.Time     // the same, or authentic SRTCP
	pipe        *pipe         // of the handshake, nil before it and once it was let go
	released    chan struct{} // closed when the handshake that was let go has ended; nil before
	in          *srtp.Context
	ready       *sender // of a handshake that is done before any path is proven
}

func newConn(f *Factory, w *worker, p transport.Params) *conn {
	random := make([]byte, ufragSize+pwdSize)
	_, _ = rand.Read(random) // never fails
	c := &conn{
		factory: f, worker: w, params: p,
		ufrag: randomString(ufragSize, random), pwd: randomString(pwdSize, random[ufragSize:]),
	}
	c.checks.conn = c
	return c
}

// Offer is rendered at each call: it is asked for once, and a kilobyte for each m-line is not worth keeping.
func (c *conn) Offer() string { return c.factory.renderOffer(c) }

func (c *conn) Answer(sdp string) ([]transport.Accepted, error) {
	a, err := parseAnswer(sdp, c.params.Media)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case !c.answered.IsZero():
		return nil, ErrAnswered
	}
	c.answered, c.remoteUfrag, c.remotePwd, c.prints = time.Now(), a.ufrag, a.pwd, a.fingerprints
	for _, p := range c.checks.paths { // the peer was faster than its answer
		c.checks.sendCheck(p, c.answered)
	}
	if c.pipe != nil {
		c.startHandshake()
	}
	return a.accepted, nil
}

func (c *conn) WriteRTP(batch *udpio.Batch, header, payload []byte) error {
	out, path := c.out.Load(), c.path.Load()
	if out == nil || path == nil {
		return ErrNotConnected
	}
	return out.writeRTP(batch, path, header, payload)
}

func (c *conn) WriteRTCP(compound []byte) error {
	out, path := c.out.Load(), c.path.Load()
	if out == nil || path == nil {
		return ErrNotConnected
	}
	return out.writeRTCP(c.factory, path, compound)
}

// Close waits for a callback that is running. If the DTLS association is still held it says goodbye to the peer.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	ended := c.released
	if c.pipe != nil {
		_ = c.pipe.Close()
		ended = c.pipe.done
	}
	c.leave()
	paths := c.checks.paths
	c.mu.Unlock()
	if ended != nil {
		<-ended
	}
	for _, p := range paths {
		if p.tcp != nil {
			p.tcp.close()
		}
	}
	return nil
}

// leave makes the connection unknown to the factory; nothing is sent any more.
func (c *conn) leave() {
	c.out.Store(nil)
	c.checks.checking = false
	c.factory.remove(c)
}

// tryHandle takes one datagram unless that would have to wait or would overtake another.
func (c *conn) tryHandle(d *datagram, s *scratch) bool {
	if c.queued.Load() > 0 || !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	defer c.contained()
	c.handle(d, s)
	return true
}

// handleDatagram takes one datagram that was queued.
func handleDatagram(c *conn, d *datagram, s *scratch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.contained()
	c.handle(d, s)
}

// contained is deferred by what works for one connection, whose lock is held: a panic ends that connection alone.
func (c *conn) contained() {
	p := recover()
	if p == nil {
		return
	}
	c.factory.cfg.Panicked(p, "viewer", c.ufrag)
	broke(c)
}

// broke ends a connection over which the program has stumbled. What it has in memory may be half written.
func broke(c *conn) {
	if contain.Run(c.factory.cfg.Panicked, func() error { c.failed("handling", contain.ErrPanic); return nil }, "viewer", c.ufrag) != nil {
		c.leave()
	}
}

// handle takes one datagram; the caller holds the lock.
func (c *conn) handle(d *datagram, s *scratch) {
	if c.closed || c.state == transport.Failed || c.state == transport.Closed || len(d.data) == 0 {
		return
	}
	switch first := d.data[0]; { // RFC 7983 7
	case first < 4:
		c.checks.handleSTUN(d, s)
	case d.tcp != nil && c.checks.of(d) == nil: // over UDP the address would not have led here
		c.factory.drops.Add(DropUnknown, 1)
	case first >= 20 && first < 64:
		if p := c.checks.of(d); p != nil {
			p.received(len(d.data))
		}
		c.handleDTLS(d.data)
	case first >= 128 && first < 192 && len(d.data) > 1 && d.data[1] >= 192 && d.data[1] < 224: // RFC 5761 4
		c.handleRTCP(d.data, s)
	default:
		c.factory.drops.Add(DropUnknown, 1)
	}
}

func (c *conn) handleDTLS(b []byte) {
	if c.released != nil {
		c.factory.drops.Add(DropHandshake, 1)
		return
	}
	if c.pipe == nil {
		c.pipe = newPipe(c)
	}
	if _, err := c.pipe.in.Write(b, nil); err != nil {
		c.factory.drops.Add(DropHandshake, 1)
	}
	if c.pipe.done == nil && !c.answered.IsZero() {
		c.startHandshake()
	}
}

func (c *conn) startHandshake() {
	c.pipe.done = make(chan struct{})
	p, prints := c.pipe, c.prints
	c.prints = nil
	c.factory.handshakes.Go(func() {
		if contain.Run(c.factory.cfg.Panicked, func() error { p.secure(prints); return nil }, "viewer", c.ufrag) != nil {
			c.post(func() { broke(c) })
		}
	})
}

func (c *conn) handleRTCP(b []byte, s *scratch) {
	if c.in == nil {
		c.factory.drops.Add(DropEarly, 1)
		return
	}
	plain, err := c.in.DecryptRTCP(s.rtcp[:0], b, nil)
	if err != nil {
		c.factory.drops.Add(DropBadRTCP, 1)
		return
	}
	s.rtcp = plain
	c.lastHeard = time.Now()
	c.release()
	if c.params.OnRTCP != nil {
		c.params.OnRTCP(plain)
	}
}

// release ends the server's side of the DTLS association. A peer that sends SRTCP has finished its handshake and will
// not ask for the last flight again; nothing but memory and goroutines is lost.
func (c *conn) release() {
	if c.pipe == nil {
		return
	}
	c.pipe.mute.Store(true)
	_ = c.pipe.Close()
	c.released, c.pipe = c.pipe.done, nil
}

// post hands what a handshake has to tell to the worker.
func (c *conn) post(event func()) {
	select {
	case c.worker.events <- func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		defer c.contained()
		if !c.closed {
			event()
		}
	}:
	case <-c.factory.done:
	}
}

// secured begins to send: the keys are there and the peer is the one that answered.
func (c *conn) secured(keys *srtp.Config) {
	if c.state != transport.New || c.ready != nil {
		return
	}
	in, err := srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile,
		srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		c.failed("SRTP", err)
		return
	}
	out, err := newSender(keys, c.factory.sharedSSRCs(c.params.Media))
	if err != nil {
		c.failed("SRTP", err)
		return
	}
	c.in, c.ready = in, out
	c.connect()
}

// connect begins to send when the keys are there and a path is proven.
func (c *conn) connect() {
	if c.ready == nil || c.path.Load() == nil || c.state != transport.New {
		return
	}
	c.out.Store(c.ready)
	c.ready = nil
	c.lastRequest = time.Now()
	c.lastHeard = c.lastRequest
	c.enter(transport.Connected)
}

// hungUp ends the connection that its peer has ended.
func (c *conn) hungUp() {
	if c.pipe == nil || c.state != transport.Connected { // let go by ourselves, or over already
		return
	}
	c.enter(transport.Closed)
}

func (c *conn) failed(what string, err error) {
	if c.state == transport.Failed || c.state == transport.Closed {
		return
	}
	c.factory.log.Debug("viewer connection failed", "ufrag", c.ufrag, "what", what, "err", err)
	c.enter(transport.Failed)
}

// tick enforces the time limits.
func (c *conn) tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.contained()
	if c.closed {
		return
	}
	switch c.state {
	case transport.New:
		if !c.answered.IsZero() && now.Sub(c.answered) > connectTimeout {
			c.failed("connecting", errTimeout)
		}
	case transport.Connected:
		if now.Sub(c.lastHeard) > c.factory.cfg.Silence || now.Sub(c.lastRequest) > consentExpiry {
			c.failed("consent", errTimeout)
		}
	case transport.Failed, transport.Closed:
	}
}

var errTimeout = errors.New("lean: timed out")

// enter goes to a new state and says so. What has failed or ended sends nothing more and is no longer found.
func (c *conn) enter(s transport.State) {
	c.state = s
	if s != transport.Connected {
		c.leave()
		if c.pipe != nil {
			_ = c.pipe.Close()
		}
	}
	if c.params.OnState != nil {
		c.params.OnState(s)
	}
}
