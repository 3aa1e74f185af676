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

// handleSTUN takes a binding request of the peer, which is its connectivity check, its nomination and its consent, or
// the answer to a check of our own.
func (l *checklist) handleSTUN(d *datagram, s *scratch) {
	m := &s.stun
	m.Raw = append(m.Raw[:0], d.data...)
	switch {
	case m.Decode() != nil:
		l.conn.factory.drops.Add(DropBadSTUN, 1)
	case m.Type == stun.BindingRequest && l.authentic(m):
		l.handleRequest(d, s)
	case m.Type == stun.BindingSuccess:
		l.handleAnswer(d, m)
	default:
		l.conn.factory.drops.Add(DropBadSTUN, 1)
	}
}

// handleRequest answers an authentic request, in s.stun. One that was seen before changes nothing: on the path that it
// came by first it is sent again because its answer was lost, from anywhere else it is replayed.
func (l *checklist) handleRequest(d *datagram, s *scratch) {
	m, now := &s.stun, time.Now()
	again := l.seen.add(m.TransactionID)
	p := l.of(d)
	switch {
	case p == nil && again:
		l.conn.factory.drops.Add(DropReplay, 1)
		return
	case p == nil:
		p = l.add(d)
	}
	p.received(len(d.data))
	if !again {
		p.lastRequest = now
		l.follow(p, m.Contains(stun.AttrUseCandidate), now)
	}
	if err := buildReply(&s.reply, m, d.remote, l.conn.pwd); err != nil {
		l.conn.factory.log.Debug("STUN reply", "err", err)
		return
	}
	if err := p.send(l.conn.factory, s.reply.Raw); err != nil {
		l.conn.factory.log.Debug("STUN reply", "err", err)
	}
}

// authentic checks the credentials of a request (RFC 8445 7.3). One that fails gets no answer: it may come from
// anywhere.
func (l *checklist) authentic(m *stun.Message) bool {
	username, err := m.Get(stun.AttrUsername)
	if err != nil || stun.Fingerprint.Check(m) != nil {
		return false
	}
	_, remote, ok := bytes.Cut(username, []byte{':'})
	if !ok || (l.conn.remoteUfrag != "" && string(remote) != l.conn.remoteUfrag) {
		return false
	}
	return stun.MessageIntegrity(l.conn.pwd).Check(m) == nil
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

// randomString returns n characters of RFC 8445's ice-char, 6 bits of randomness each.
func randomString(n int, random []byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s := make([]byte, n)
	for i := range s {
		s[i] = alphabet[random[i]&63]
	}
	return string(s)
}
