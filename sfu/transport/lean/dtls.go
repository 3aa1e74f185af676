package lean

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"
)

const (
	// A peer's flight is at most four datagrams of one MTU.
	pipePackets = 16
	pipeBytes   = 16 << 10
)

// Errors of a handshake.
var (
	ErrFingerprint = errors.New("lean: the certificate does not have the fingerprint of the answer")
	ErrNoProfile   = errors.New("lean: no SRTP profile in common")
)

// pipe is the net.PacketConn of one handshake: what the demultiplexer finds for it in, the connection's path out.
type pipe struct {
	conn *conn
	in   *packetio.Buffer
	mute atomic.Bool   // nothing goes out any more
	done chan struct{} // the handshake's goroutine has ended; nil until it has begun
}

func newPipe(c *conn) *pipe {
	p := &pipe{conn: c, in: packetio.NewBuffer()}
	p.in.SetLimitCount(pipePackets)
	p.in.SetLimitSize(pipeBytes)
	return p
}

func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.in.Read(b, nil)
	return n, p.remote(), err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	path := p.conn.path.Load()
	if path == nil {
		path = p.conn.early.Load()
	}
	if path != nil && !p.mute.Load() {
		// An error is a loss like any other: the handshake sends again.
		_ = path.send(p.conn.factory, b)
	}
	return len(b), nil
}

// remote satisfies package dtls, which does not tell peers apart by it.
func (p *pipe) remote() net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPort{}) }

func (p *pipe) LocalAddr() net.Addr                { return p.remote() }
func (p *pipe) Close() error                       { return p.in.Close() }
func (p *pipe) SetDeadline(t time.Time) error      { return p.in.SetReadDeadline(t) }
func (p *pipe) SetReadDeadline(t time.Time) error  { return p.in.SetReadDeadline(t) }
func (p *pipe) SetWriteDeadline(_ time.Time) error { return nil }

// secure is the goroutine of a handshake. It ends with the DTLS association: when that fails, when the peer or Close
// ends it, or when it is let go because the peer is known to be done with it.
func (p *pipe) secure(want []peerFingerprint) {
	defer close(p.done)
	c := p.conn
	assoc, err := dtls.ServerWithOptions(p, p.remote(), append(c.factory.dtls[:len(c.factory.dtls):len(c.factory.dtls)],
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error { return verify(raw, want) }))...)
	if err != nil {
		c.post(func() { c.failed("DTLS", err) })
		return
	}
	defer assoc.Close() // says so to the peer
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if err := assoc.HandshakeContext(ctx); err != nil {
		c.post(func() { c.failed("DTLS handshake", err) })
		return
	}
	keys, err := exportKeys(assoc)
	if err != nil {
		c.post(func() { c.failed("SRTP keys", err) })
		return
	}
	c.post(func() { c.secured(keys) })
	// No application data is expected; the error is the end of the association.
	for buf := make([]byte, 64); err == nil; {
		_, err = assoc.Read(buf)
	}
	c.post(c.hungUp)
}

// verify looks for the certificate among the fingerprints of the answer (RFC 8122 5).
func verify(raw [][]byte, want []peerFingerprint) error {
	if len(raw) == 0 {
		return ErrFingerprint
	}
	cert, err := x509.ParseCertificate(raw[0])
	if err != nil {
		return err
	}
	for _, w := range want {
		got, err := fingerprint.Fingerprint(cert, w.hash)
		if err == nil && strings.EqualFold(got, w.value) {
			return nil
		}
	}
	return ErrFingerprint
}

// exportKeys derives the SRTP master keys of the association (RFC 5764 4.2).
func exportKeys(assoc *dtls.Conn) (*srtp.Config, error) {
	profile, ok := assoc.SelectedSRTPProtectionProfile()
	if !ok {
		return nil, ErrNoProfile
	}
	state, ok := assoc.ConnectionState()
	if !ok {
		return nil, ErrNoProfile
	}
	keys := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	return keys, keys.ExtractSessionKeysFromDTLS(&state, false)
}
