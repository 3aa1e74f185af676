package loadtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/packetio"
)

const (
	// consentInterval is Chromium's on a path that stands, consentTimeout that of RFC 7675 5.1.
	consentInterval = 2500 * time.Millisecond
	consentTimeout  = 30 * time.Second
	// maxDTLS bounds the handshake bytes that wait to be read.
	maxDTLS = 1 << 16
	// maxDatagram is the largest UDP datagram, and the largest that the kernel merges datagrams into.
	maxDatagram = 1 << 16
	// keyPatience is how long media may wait for the end of the handshake.
	keyPatience = 50 * time.Millisecond
)

var errConsent = errors.New("the server stopped answering")

// credentials are the certificate of this client. All its connections share one: only a server could tell.
type credentials struct {
	certificate tls.Certificate
	fingerprint []byte
	logging     logging.LoggerFactory
}

func newCredentials() (*credentials, error) {
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(cert.Certificate[0])
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel, quiet.Writer = logging.LogLevelDisabled, io.Discard
	return &credentials{certificate: cert, fingerprint: sum[:], logging: quiet}, nil
}

// receiver takes what arrives on a peer. The calls come from the peer's reader, one at a time; the bytes are valid
// during the call.
type receiver interface {
	onRTP(p *peer, sealed []byte, at time.Time)
	onRTCP(p *peer, packets []rtcp.Packet, at time.Time)
}

// peer is the client's end of one WebRTC connection on parts of Pion: ICE on a socket of its own, a DTLS client, SRTP
// in both directions (RFC 8834, RFC 5764). It costs little enough for a thousand of them in a process.
type peer struct {
	me     *credentials
	offer  *offer
	agent  *agent
	to     receiver
	conn   *net.UDPConn
	remote netip.AddrPort
	dtls   *dtls.Conn
	pipe   *pipe
	in     *srtp.Context // the reader's

	mu        sync.Mutex
	out       *srtp.Context
	sealed    []byte
	check     *stun.Message // the consent check that was sent last
	checked   time.Time     // when
	consented time.Time     // when the server last answered one
	err       error         // why it ended
	ended     bool

	ready chan struct{} // closed when in is set
	done  chan struct{} // closed when the reader has returned
}

// newPeer prepares a connection; connect makes it.
func newPeer(o *offer, me *credentials, to receiver) *peer {
	return &peer{me: me, offer: o, agent: newAgent(o), to: to, ready: make(chan struct{}), done: make(chan struct{})}
}

// answer is the SDP for the server, to be sent before connect.
func (p *peer) answer(send map[string]outgoing) (string, error) {
	return p.offer.answer(identity{p.agent.ufrag, p.agent.pwd, p.me.fingerprint}, send)
}

// connect finds a path, shakes hands and derives the SRTP keys. It is called once. After an error nothing is left.
func (p *peer) connect(ctx context.Context, prefer netip.Addr) error {
	conn, err := p.agent.connect(ctx, p.offer.candidates, prefer)
	if err != nil {
		return err
	}
	p.conn = conn
	p.remote = conn.RemoteAddr().(*net.UDPAddr).AddrPort() //nolint:forcetypeassert // a UDP socket
	p.consented = time.Now()
	p.pipe = &pipe{Buffer: packetio.NewBuffer(), conn: conn}
	p.pipe.SetLimitSize(maxDTLS)
	go p.read()
	if err := p.handshake(ctx); err != nil {
		p.end(err)
		<-p.done
		return fmt.Errorf("DTLS: %w", err)
	}
	return nil
}

func (p *peer) handshake(ctx context.Context) error {
	conn, err := dtls.ClientWithOptions(p.pipe, net.UDPAddrFromAddrPort(p.remote),
		dtls.WithCertificates(p.me.certificate),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what counts
		dtls.WithVerifyPeerCertificate(p.verify),
		dtls.WithSRTPProtectionProfiles(
			dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithFlightInterval(100*time.Millisecond),
		dtls.WithLoggerFactory(p.me.logging),
	)
	if err != nil {
		return err
	}
	p.dtls = conn
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return errors.New("no connection state")
	}
	profile, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return errors.New("no SRTP profile agreed")
	}
	keys := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := keys.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	out, err := srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile)
	if err != nil {
		return err
	}
	in, err := srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.out = out
	p.mu.Unlock()
	p.in = in
	close(p.ready)
	return nil
}

func (p *peer) verify(raw [][]byte, _ [][]*x509.Certificate) error {
	if len(raw) == 0 {
		return errors.New("no certificate")
	}
	if sum := sha256.Sum256(raw[0]); !bytes.Equal(sum[:], p.offer.fingerprint) {
		return errors.New("the certificate is not the one in the offer")
	}
	return nil
}

// read demultiplexes what arrives (RFC 7983) until the socket closes.
func (p *peer) read() {
	defer close(p.done)
	defer p.pipe.Close()
	merged := mergeDatagrams(p.conn)
	size := 1600
	if merged {
		size = maxDatagram
	}
	buf, oob := make([]byte, size), make([]byte, 64)
	open := false
	for {
		n, oobn, _, _, err := p.conn.ReadMsgUDPAddrPort(buf, oob)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // a refused port, reported once for each packet sent; consent decides
		}
		at := time.Now()
		if !open {
			open = p.isReady(buf[0])
		}
		segment := n
		if merged {
			segment = segmentSize(oob[:oobn], n)
		}
		for rest := buf[:n]; len(rest) > 0; {
			packet := rest[:min(segment, len(rest))]
			rest = rest[len(packet):]
			p.demux(packet, at, open)
		}
	}
}

// isReady reports whether SRTP can be opened. Media right behind the end of the handshake waits for that to be worked
// off: a browser does both in the order of arrival.
func (p *peer) isReady(first byte) bool {
	patience := time.Duration(0)
	if first >= 128 && first < 192 {
		patience = keyPatience
	}
	select {
	case <-p.ready:
		return true
	case <-time.After(patience):
		return false
	}
}

func (p *peer) demux(packet []byte, at time.Time, open bool) {
	switch first := packet[0]; {
	case first < 4:
		p.onSTUN(packet, at)
	case first >= 20 && first < 64:
		_, _ = p.pipe.Write(packet, nil) // full: the handshake repeats
	case first < 128 || first >= 192 || len(packet) < 12 || !open:
	case packet[1] >= 192 && packet[1] < 224: // RTCP (RFC 5761 4)
		plain, err := p.in.DecryptRTCP(nil, packet, nil)
		if err != nil {
			return
		}
		if packets, err := rtcp.Unmarshal(plain); err == nil {
			p.to.onRTCP(p, packets, at)
		}
	default:
		p.to.onRTP(p, packet, at)
	}
}

func (p *peer) onSTUN(packet []byte, at time.Time) {
	m := &stun.Message{Raw: bytes.Clone(packet)}
	if m.Decode() != nil {
		return
	}
	if m.Type == stun.BindingRequest {
		if response, _ := p.agent.respond(m, p.remote); response != nil {
			_, _ = p.conn.Write(response)
		}
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.check != nil && p.agent.accepts(m, p.check) {
		p.consented = at
	}
}

// keepConsent sends a consent check when it is time and ends the connection when the server no longer answers.
func (p *peer) keepConsent(now time.Time) {
	p.mu.Lock()
	var check *stun.Message
	if now.Sub(p.checked) >= consentInterval {
		p.checked = now
		if m, err := p.agent.request(false); err == nil {
			p.check, check = m, m
		}
	}
	expired := now.Sub(p.consented) > consentTimeout
	p.mu.Unlock()
	if check != nil {
		_, _ = p.conn.Write(check.Raw)
	}
	if expired {
		p.end(errConsent)
	}
}

// open decrypts an RTP packet into dst and returns its payload without padding. Only the reader may call it.
func (p *peer) open(dst, sealed []byte, header *rtp.Header) (payload []byte, err error) {
	plain, err := p.in.DecryptRTP(dst, sealed, header)
	if err != nil {
		return nil, err
	}
	payload = plain[header.MarshalSize():]
	if header.Padding && len(payload) > 0 {
		pad := int(payload[len(payload)-1])
		if pad == 0 || pad > len(payload) {
			return nil, errors.New("bad padding")
		}
		payload = payload[:len(payload)-pad]
	}
	return payload, nil
}

// sendRTP seals and sends a packet.
func (p *peer) sendRTP(header *rtp.Header, payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	plain, err := (&rtp.Packet{Header: *header, Payload: payload}).Marshal()
	if err != nil {
		return err
	}
	if p.sealed, err = p.out.EncryptRTP(p.sealed[:0], plain, nil); err != nil {
		return err
	}
	_, err = p.conn.Write(p.sealed)
	return err
}

// sendRTCP seals and sends a compound packet.
func (p *peer) sendRTCP(packets []rtcp.Packet) error {
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed, err = p.out.EncryptRTCP(p.sealed[:0], plain, nil); err != nil {
		return err
	}
	_, err = p.conn.Write(p.sealed)
	return err
}

// end stops the connection without waiting; the first reason stays.
func (p *peer) end(reason error) {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return
	}
	p.ended, p.err = true, reason
	p.mu.Unlock()
	if p.dtls != nil {
		_ = p.dtls.Close() // tells the server
	}
	p.conn.Close()
}

// Close ends a connected peer and waits for its reader.
func (p *peer) Close() error {
	p.end(net.ErrClosed)
	<-p.done
	return nil
}

// pipe is the net.PacketConn that DTLS reads its own packets from.
type pipe struct {
	*packetio.Buffer
	conn *net.UDPConn
}

func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.Read(b, nil)
	return n, p.conn.RemoteAddr(), err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.conn.Write(b) }
func (p *pipe) LocalAddr() net.Addr                       { return p.conn.LocalAddr() }
func (p *pipe) SetDeadline(t time.Time) error             { return p.SetReadDeadline(t) }
func (p *pipe) SetWriteDeadline(time.Time) error          { return nil }
