package lean

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/sfu/udpio"
)

const (
	// maxPaths bounds the address pairs that a peer may have at once: a handful of interfaces and relays, each with IPv4
	// and IPv6.
	maxPaths = 16
	// amplification bounds what an address is sent before it is proven, by what came from it (RFC 9000 8.1).
	amplification = 3
	// checkTick is how often checks are looked after.
	checkTick = 100 * time.Millisecond
	// checkFirst is how long a check waits for its answer until it is sent again; the pause doubles each time.
	checkFirst = 100 * time.Millisecond
	// checkTries is how often a check is sent: the last time after six seconds.
	checkTries = 7
	// challengeAfter is how fresh the evidence is that needs no check of the path in use.
	challengeAfter = time.Second
	// challengeTime is how long the path in use may take to answer a check when requests come by another.
	challengeTime = 600 * time.Millisecond
)

// path is an address pair from which there was an authentic request, over UDP or on a TCP connection.
type path struct {
	conn   *conn
	udp    *udpio.Path // nil over TCP
	tcp    *tcpPeer    // nil over UDP
	proven atomic.Bool // it has answered a check
	credit atomic.Int64

	// The connection's lock guards these.
	lastRequest time.Time // or answer
	check       check
}

// check is a binding request of our own. The zero check is none.
type check struct {
	id    transaction
	began time.Time
	tries int
	again time.Time // when it is sent again
}

// transaction is the id of a STUN request.
type transaction [stun.TransactionIDSize]byte

// transactions remembers the latest ones; a browser's requests of a minute.
type transactions struct {
	ids  [32]transaction
	next int
}

// add reports whether it knows an id, and remembers it.
func (t *transactions) add(id transaction) (known bool) {
	if slices.Contains(t.ids[:], id) {
		return true
	}
	t.ids[t.next%len(t.ids)] = id
	t.next++
	return false
}

// answeredTransaction returns the transaction of a STUN success response to a binding request.
func answeredTransaction(b []byte) (id transaction, ok bool) {
	if len(b) < stunHeader || binary.BigEndian.Uint16(b) != 0x0101 || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return id, false
	}
	copy(id[:], b[8:])
	return id, true
}

// is reports whether a datagram came by this path.
func (p *path) is(d *datagram) bool {
	if p.tcp != nil || d.tcp != nil {
		return p.tcp == d.tcp
	}
	return p.udp.Remote() == d.remote && p.udp.Local() == d.local
}

// received counts what came from an address that is not proven.
func (p *path) received(n int) {
	if !p.proven.Load() {
		p.credit.Add(amplification * int64(n))
	}
}

// send sends one datagram at once, unless that were too much for an address that is not proven.
func (p *path) send(f *Factory, b []byte) error {
	if n := int64(len(b)); !p.proven.Load() && p.credit.Add(-n) < 0 {
		p.credit.Add(n)
		f.drops.add(DropUnproven)
		return nil
	}
	if p.tcp == nil {
		return f.cfg.Port.Send(p.udp, b)
	}
	if frame := p.tcp.begin(len(b)); frame != nil {
		copy(frame, b)
		p.tcp.end()
	}
	return nil
}

// pathOf is the path that a datagram came by, nil if there is none.
func (c *conn) pathOf(d *datagram) *path {
	if i := slices.IndexFunc(c.paths, func(p *path) bool { return p.is(d) }); i >= 0 {
		return c.paths[i]
	}
	return nil
}

// addPath makes the path of a datagram, in place of another where there are too many.
func (c *conn) addPath(d *datagram) *path {
	if len(c.paths) == maxPaths {
		c.forgetPath()
	}
	p := &path{conn: c, tcp: d.tcp}
	if d.tcp != nil {
		d.tcp.prove()
	} else {
		p.udp = c.factory.cfg.Port.Path(d.remote, d.local)
		c.factory.bind(p, false)
	}
	c.paths = append(c.paths, p)
	return p
}

// forgetPath makes room: it forgets the oldest path that is not proven, or else the oldest that is not in use.
func (c *conn) forgetPath() {
	i := slices.IndexFunc(c.paths, func(p *path) bool { return !p.proven.Load() })
	if i < 0 {
		current := c.path.Load()
		i = slices.IndexFunc(c.paths, func(p *path) bool { return p != current })
	}
	gone := c.paths[i]
	c.paths = slices.Delete(c.paths, i, i+1)
	c.factory.unbind(gone)
	c.early.CompareAndSwap(gone, nil)
	if c.nominee == gone {
		c.nominee = nil
	}
	if gone.tcp != nil {
		gone.tcp.close()
		return
	}
	for _, p := range c.paths {
		if p.udp != nil && p.udp.Remote() == gone.udp.Remote() {
			c.factory.bind(p, p.proven.Load())
		}
	}
}

// follow takes note of a request by a path. A nomination moves the connection there as soon as the path is proven.
// Without one the path in use is asked whether it is still alive: an address that a NAT has changed is not nominated
// again by every peer.
func (c *conn) follow(p *path, nominated bool, now time.Time) {
	current := c.path.Load()
	proven := p.proven.Load()
	if proven {
		c.lastRequest, c.lastHeard = now, now
	} else {
		if nominated {
			c.nominee = p
		}
		if current == nil && (nominated || c.early.Load() == nil) {
			c.early.Store(p)
		}
		c.sendCheck(p, now)
	}
	switch {
	case proven && nominated:
		c.use(p)
	case !nominated && current != nil && current != p && now.Sub(current.lastRequest) > challengeAfter:
		c.sendCheck(current, now)
	}
}

// use makes a proven path the one in use.
func (c *conn) use(p *path) {
	c.nominee = nil
	c.path.Store(p)
	c.early.Store(nil)
	c.connect()
}

// sendCheck begins a check of a path unless one is under way. Before the peer's answer there is nothing to check with.
func (c *conn) sendCheck(p *path, now time.Time) {
	if c.answered.IsZero() || p.check.tries > 0 {
		return
	}
	p.check = check{began: now}
	_, _ = rand.Read(p.check.id[:]) // never fails
	c.factory.expect(c, p.check.id)
	c.tryCheck(p, now)
	if !c.checking {
		c.checking = true
		c.worker.watch(c, true)
	}
}

// tryCheck sends a check, once more or for the first time.
func (c *conn) tryCheck(p *path, now time.Time) {
	p.check.again = now.Add(checkFirst << p.check.tries)
	p.check.tries++
	m, err := buildCheck(p.check.id, c.remoteUfrag+":"+c.ufrag, c.remotePwd)
	if err == nil {
		err = p.send(c.factory, m.Raw)
	}
	if err != nil {
		c.factory.log.Debug("STUN check", "err", err)
	}
}

// buildCheck makes a connectivity check of a controlled agent (RFC 8445 7.2.2).
func buildCheck(id transaction, username, pwd string) (*stun.Message, error) {
	const priority = 110<<24 | 65535<<8 | 255 // of a peer-reflexive candidate
	return stun.Build(
		stun.NewTransactionIDSetter(id), stun.BindingRequest, stun.NewUsername(username),
		stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, priority)},
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: id[:8]},
		stun.MessageIntegrity(pwd), stun.Fingerprint,
	)
}

// handleAnswer takes the answer to a check: the path that was checked is proven if it comes by that one and whoever
// gives it knows the peer's password.
func (c *conn) handleAnswer(d *datagram, m *stun.Message) {
	p := c.pathOf(d)
	if p == nil || p.check.tries == 0 || p.check.id != m.TransactionID || stun.MessageIntegrity(c.remotePwd).Check(m) != nil {
		c.factory.drops.add(DropBadSTUN)
		return
	}
	c.factory.forget(p.check.id)
	p.check = check{}
	now := time.Now()
	p.lastRequest = now
	if p.proven.Load() {
		return
	}
	p.proven.Store(true)
	c.lastRequest, c.lastHeard = now, now
	if p.udp != nil {
		c.factory.bind(p, true)
	}
	switch {
	case c.nominee == p:
		c.use(p)
	case c.path.Load() == nil: // whichever answers first, until the one that was nominated does
		nominee := c.nominee
		c.use(p)
		c.nominee = nominee
	}
}

// tickChecks sends checks again, gives up those without an answer, and leaves a path that gives none for another.
func (c *conn) tickChecks(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.checking {
		return
	}
	if p := c.path.Load(); p != nil && p.check.tries > 0 && now.Sub(p.check.began) >= challengeTime {
		c.leavePath(p)
	}
	c.checking = false
	for _, p := range c.paths {
		switch {
		case p.check.tries == 0:
			continue
		case p.check.tries >= checkTries && now.After(p.check.again):
			c.factory.forget(p.check.id)
			p.check = check{}
			continue
		case now.After(p.check.again):
			c.tryCheck(p, now)
		}
		c.checking = true
	}
	if !c.checking {
		c.worker.watch(c, false)
	}
}

// leavePath goes to the proven path with the latest request, if that is later than any sign of life of the one in use.
func (c *conn) leavePath(current *path) {
	best := current
	for _, p := range c.paths {
		if p.proven.Load() && p.lastRequest.After(best.lastRequest) {
			best = p
		}
	}
	if best != current {
		c.use(best)
	}
}
