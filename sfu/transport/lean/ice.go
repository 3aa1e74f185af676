package lean

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

const (
	stunHeader = 20
	stunCookie = 0x2112a442
	// maxPaths bounds the address pairs that a peer may have authenticated at once: a handful of interfaces and
	// relays, each with IPv4 and IPv6.
	maxPaths = 16
	// pathStale is longer than a browser's pause between two requests on the path it uses: 2.5 s in Chromium, at most
	// 6 s where RFC 7675 5.1 is followed.
	pathStale = 7 * time.Second
)

// requestUfrag returns the first half of the USERNAME of a STUN binding request, the ufrag that the server chose
// (RFC 8445 7.2.2), nil if b is anything else.
func requestUfrag(b []byte) []byte {
	if len(b) < stunHeader || binary.BigEndian.Uint16(b) != 0x0001 || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return nil
	}
	for b = b[stunHeader:]; len(b) >= 4; {
		typ, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
		if n > len(b) {
			return nil
		}
		if stun.AttrType(typ) == stun.AttrUsername {
			ufrag, _, _ := bytes.Cut(b[:n], []byte{':'})
			return ufrag
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return nil
}

// handleSTUN answers a binding request of the peer. An agent that is lite sends none of its own: the requests of the
// peer are the connectivity checks, the nominations and the consent.
func (c *conn) handleSTUN(d *datagram, s *scratch) {
	m := &s.stun
	m.Raw = append(m.Raw[:0], d.data...)
	if m.Decode() != nil || m.Type != stun.BindingRequest || !c.authentic(m) {
		c.factory.drops.add(DropBadSTUN)
		return
	}
	c.lastRequest = time.Now()
	c.lastHeard = c.lastRequest
	path := c.authenticated(d, c.lastRequest)
	if m.Contains(stun.AttrUseCandidate) || c.stale(c.lastRequest) {
		c.path.Store(path)
	}
	if err := buildReply(&s.reply, m, d.remote, c.pwd); err != nil {
		c.factory.log.Debug("STUN reply", "err", err)
		return
	}
	if err := path.send(c.factory.cfg.Port, s.reply.Raw); err != nil {
		c.factory.log.Debug("STUN reply", "err", err)
	}
}

// authentic checks the credentials of a request (RFC 8445 7.3). One that fails gets no answer: it may come from
// anywhere.
func (c *conn) authentic(m *stun.Message) bool {
	username, err := m.Get(stun.AttrUsername)
	if err != nil || stun.Fingerprint.Check(m) != nil {
		return false
	}
	_, remote, ok := bytes.Cut(username, []byte{':'})
	if !ok || (c.remoteUfrag != "" && string(remote) != c.remoteUfrag) {
		return false
	}
	return stun.MessageIntegrity(c.pwd).Check(m) == nil
}

// buildReply makes the answer to a request in r.
func buildReply(r, m *stun.Message, remote netip.AddrPort, pwd string) error {
	setters := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess}
	if unknown := unknownRequired(m); len(unknown) > 0 {
		setters[1] = stun.BindingError
		setters = append(setters, stun.CodeUnknownAttribute, unknown)
	} else {
		addr := remote.Addr().As16()
		setters = append(setters, &stun.XORMappedAddress{IP: addr[:], Port: int(remote.Port())})
	}
	return r.Build(append(setters, stun.MessageIntegrity(pwd), stun.Fingerprint)...)
}

// unknownRequired lists the attributes that a receiver must understand (RFC 8489 14) and this one does not.
func unknownRequired(m *stun.Message) stun.UnknownAttributes {
	var unknown stun.UnknownAttributes
	for _, a := range m.Attributes {
		known := slices.Contains([]stun.AttrType{
			stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrMessageIntegritySHA256, stun.AttrPriority,
			stun.AttrUseCandidate,
		}, a.Type)
		if a.Type.Required() && !known {
			unknown = append(unknown, a.Type)
		}
	}
	return unknown
}

// authenticated returns the path of a datagram that has passed a check at time now, a new one or the one there is.
func (c *conn) authenticated(d *datagram, now time.Time) *path {
	p := c.pathOf(d)
	if p == nil {
		if len(c.paths) == maxPaths {
			c.forgetPath()
		}
		p = &path{tcp: d.tcp}
		if d.tcp != nil {
			d.tcp.prove()
		} else {
			p.udp = c.factory.cfg.Port.Path(d.remote, d.local)
			c.factory.bind(d.remote, c)
		}
		c.paths = append(c.paths, p)
	}
	p.lastRequest = now
	return p
}

// pathOf is the authenticated path that a datagram came by, nil if there is none.
func (c *conn) pathOf(d *datagram) *path {
	if i := slices.IndexFunc(c.paths, func(p *path) bool { return p.is(d) }); i >= 0 {
		return c.paths[i]
	}
	return nil
}

// stale reports whether the path in use, the one that was nominated last, has been without a request for so long that
// any other with one is better. An address that a NAT has changed is not nominated again by every peer.
func (c *conn) stale(now time.Time) bool {
	current := c.path.Load()
	return current == nil || now.Sub(current.lastRequest) > pathStale
}

// forgetPath makes room: it forgets the oldest path that is not in use.
func (c *conn) forgetPath() {
	current := c.path.Load()
	i := slices.IndexFunc(c.paths, func(p *path) bool { return p != current })
	gone := c.paths[i]
	c.paths = slices.Delete(c.paths, i, i+1)
	if gone.tcp != nil {
		gone.tcp.close()
		return
	}
	remote := gone.udp.Remote()
	if !slices.ContainsFunc(c.paths, func(p *path) bool { return p.udp != nil && p.udp.Remote() == remote }) {
		c.factory.unbind(remote, c)
	}
}

// randomString returns n characters of RFC 8445's ice-char, 6 bits of randomness each.
func randomString(n int, random []byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s := make([]byte, n)
	for i := range s {
		s[i] = alphabet[random[i]&63]
	}
	return string(s)
}
