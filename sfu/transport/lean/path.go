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
		f.drops.Add(DropUnproven, 1)
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

// checklist is the paths of a connection (RFC 8445 6.1.2), whose lock guards it.
type checklist struct {
	conn     *conn
	paths    []*path      // from which there was an authentic request
	nominee  *path        // nominated last, to be used once it is proven; nil for none
	seen     transactions // of the peer's requests
	checking bool         // a check of ours waits for its answer
}

// of is the path that a datagram came by, nil if there is none.
func (l *checklist) of(d *datagram) *path {
	if i := slices.IndexFunc(l.paths, func(p *path) bool { return p.is(d) }); i >= 0 {
		return l.paths[i]
	}
	return nil
}

// add makes the path of a datagram, in place of another where there are too many.
func (l *checklist) add(d *datagram) *path {
	if len(l.paths) == maxPaths {
		l.forget()
	}
	p := &path{conn: l.conn, tcp: d.tcp}
	if d.tcp != nil {
		d.tcp.prove(l.conn.ufrag)
	} else {
		p.udp = l.conn.factory.cfg.Port.Path(d.remote, d.local)
		l.conn.factory.bind(p, false)
	}
	l.paths = append(l.paths, p)
	return p
}

// forget makes room: it forgets the oldest path that is not proven, or else the oldest that is not in use.
func (l *checklist) forget() {
	i := slices.IndexFunc(l.paths, func(p *path) bool { return !p.proven.Load() })
	if i < 0 {
		current := l.conn.path.Load()
		i = slices.IndexFunc(l.paths, func(p *path) bool { return p != current })
	}
	gone := l.paths[i]
	l.paths = slices.Delete(l.paths, i, i+1)
	l.conn.factory.unbind(gone)
	l.conn.early.CompareAndSwap(gone, nil)
	if l.nominee == gone {
		l.nominee = nil
	}
	if gone.tcp != nil {
		gone.tcp.close()
		return
	}
	for _, p := range l.paths {
		if p.udp != nil && p.udp.Remote() == gone.udp.Remote() {
			l.conn.factory.bind(p, p.proven.Load())
		}
	}
}

// follow takes note of a request by a path. A nomination moves the connection there as soon as the path is proven.
// Without one the path in use is asked whether it is still alive: an address that a NAT has changed is not nominated
// again by every peer.
func (l *checklist) follow(p *path, nominated bool, now time.Time) {
	current := l.conn.path.Load()
	proven := p.proven.Load()
	if proven {
		l.conn.lastRequest, l.conn.lastHeard = now, now
	} else {
		if nominated {
			l.nominee = p
		}
		if current == nil && (nominated || l.conn.early.Load() == nil) {
			l.conn.early.Store(p)
		}
		l.sendCheck(p, now)
	}
	switch {
	case proven && nominated:
		l.use(p)
	case !nominated && current != nil && current != p && now.Sub(current.lastRequest) > challengeAfter:
		l.sendCheck(current, now)
	}
}

// use makes a proven path the one in use.
func (l *checklist) use(p *path) {
	l.nominee = nil
	l.conn.path.Store(p)
	l.conn.early.Store(nil)
	l.conn.connect()
}

// sendCheck begins a check of a path unless one is under way. Before the peer's answer there is nothing to check with.
func (l *checklist) sendCheck(p *path, now time.Time) {
	if l.conn.answered.IsZero() || p.check.tries > 0 {
		return
	}
	p.check = check{began: now}
	_, _ = rand.Read(p.check.id[:]) // never fails
	l.conn.factory.expect(l.conn, p.check.id)
	l.tryCheck(p, now)
	if !l.checking {
		l.checking = true
		l.conn.worker.watch(l.conn, true)
	}
}

// tryCheck sends a check, once more or for the first time.
func (l *checklist) tryCheck(p *path, now time.Time) {
	p.check.again = now.Add(checkFirst << p.check.tries)
	p.check.tries++
	m, err := buildCheck(p.check.id, l.conn.remoteUfrag+":"+l.conn.ufrag, l.conn.remotePwd)
	if err == nil {
		err = p.send(l.conn.factory, m.Raw)
	}
	if err != nil {
		l.conn.factory.log.Debug("STUN check", "err", err)
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
func (l *checklist) handleAnswer(d *datagram, m *stun.Message) {
	p := l.of(d)
	if p == nil || p.check.tries == 0 || p.check.id != m.TransactionID || stun.MessageIntegrity(l.conn.remotePwd).Check(m) != nil {
		l.conn.factory.drops.Add(DropBadSTUN, 1)
		return
	}
	l.conn.factory.forget(p.check.id)
	p.check = check{}
	now := time.Now()
	p.lastRequest = now
	if p.proven.Load() {
		return
	}
	p.proven.Store(true)
	l.conn.lastRequest, l.conn.lastHeard = now, now
	if p.udp != nil {
		l.conn.factory.bind(p, true)
	}
	switch {
	case l.nominee == p:
		l.use(p)
	case l.conn.path.Load() == nil: // whichever answers first, until the one that was nominated does
		nominee := l.nominee
		l.use(p)
		l.nominee = nominee
	}
}

// tick sends checks again, gives up those without an answer, and leaves a path that gives none for another.
func (l *checklist) tick(now time.Time) {
	l.conn.mu.Lock()
	defer l.conn.mu.Unlock()
	defer l.conn.contained()
	if !l.checking {
		return
	}
	if p := l.conn.path.Load(); p != nil && p.check.tries > 0 && now.Sub(p.check.began) >= challengeTime {
		l.leave(p)
	}
	l.checking = false
	for _, p := range l.paths {
		switch {
		case p.check.tries == 0:
			continue
		case p.check.tries >= checkTries && now.After(p.check.again):
			l.conn.factory.forget(p.check.id)
			p.check = check{}
			continue
		case now.After(p.check.again):
			l.tryCheck(p, now)
		}
		l.checking = true
	}
	if !l.checking {
		l.conn.worker.watch(l.conn, false)
	}
}

// leave goes to the proven path with the latest request, if that is later than any sign of life of the one in use.
func (l *checklist) leave(current *path) {
	best := current
	for _, p := range l.paths {
		if p.proven.Load() && p.lastRequest.After(best.lastRequest) {
			best = p
		}
	}
	if best != current {
		l.use(best)
	}
}
