package sfu

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"
)

// identity is the certificate that listeners share.
type identity struct {
	certificate tls.Certificate
	print       string
}

func newIdentity(tb testing.TB) *identity {
	tb.Helper()
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		tb.Fatal(err)
	}
	text, err := fingerprint.Fingerprint(leaf, crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	return &identity{certificate, text}
}

// listener is a viewer over the transport of production, on parts of Pion: sockets with the STUN, DTLS and SRTP that
// it takes, and nothing that runs but what reads them. A test can afford a thousand.
type listener struct {
	*Viewer
	me         *identity
	server     netip.AddrPort
	ufrag, pwd string // the server's
	apply      func(answer string) error
	end        func()
	connected  chan struct{}

	mu      sync.Mutex
	conns   []*net.UDPConn // the last one is in use
	in, out *srtp.Context
	took    func(from *net.UDPConn, p *rtp.Packet, err error) // what is read comes here, one packet at a time
	readers sync.WaitGroup
}

// listen opens a viewer and connects it. Each of via may lead the offer elsewhere.
func listen(s *Stage, me *identity, params ViewerParams, via ...func(offer string) string) (*listener, error) {
	l := &listener{me: me, connected: make(chan struct{})}
	params.OnState = func(state State) {
		if state == Connected {
			close(l.connected)
		}
	}
	var err error
	if l.Viewer, err = s.OpenViewer(params); err != nil {
		return nil, err
	}
	l.apply, l.end = l.Answer, func() { l.Close(); l.Wait() }
	offer := l.Offer()
	for _, lead := range via {
		offer = lead(offer)
	}
	if err := l.connect(offer); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

var (
	candidateLine = regexp.MustCompile(`a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host`)
	ufragLine     = regexp.MustCompile(`a=ice-ufrag:(\S+)`)
	pwdLine       = regexp.MustCompile(`a=ice-pwd:(\S+)`)
	mediaLine     = regexp.MustCompile(`(?s)(m=\w+) 9( .*?)\r\n.*?(a=mid:\S+)\r\n`)
)

const listenerPwd = "0123456789012345678901"

// readOffer takes what is needed of an offer and returns the answer.
func (l *listener) readOffer(offer string) (answer string, err error) {
	at := candidateLine.FindStringSubmatch(offer)
	if at == nil {
		return "", fmt.Errorf("no candidate in\n%s", offer)
	}
	if l.server, err = netip.ParseAddrPort(at[1] + ":" + at[2]); err != nil {
		return "", err
	}
	l.ufrag, l.pwd = ufragLine.FindStringSubmatch(offer)[1], pwdLine.FindStringSubmatch(offer)[1]
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 " + l.me.print + "\r\n")
	b.WriteString("a=ice-ufrag:listener\r\na=ice-pwd:" + listenerPwd + "\r\n")
	for _, m := range mediaLine.FindAllStringSubmatch(offer, -1) {
		b.WriteString(m[1] + " 9" + m[2] + "\r\nc=IN IP4 0.0.0.0\r\n" + m[3] + "\r\na=recvonly\r\na=rtcp-mux\r\n")
	}
	return b.String(), nil
}

func (l *listener) connect(offer string) error {
	answer, err := l.readOffer(offer)
	if err != nil {
		return err
	}
	if err := l.apply(answer); err != nil {
		return err
	}
	conn, err := l.path()
	if err != nil {
		return err
	}
	assoc, err := dtls.ClientWithOptions(&dtlsOnly{UDPConn: conn}, conn.RemoteAddr(),
		dtls.WithCertificates(l.me.certificate),
		dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithFlightInterval(100*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer assoc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := assoc.HandshakeContext(ctx); err != nil {
		return err
	}
	if err := l.useKeys(assoc); err != nil {
		return err
	}
	select {
	case <-l.connected:
	case <-ctx.Done():
		return fmt.Errorf("the server: %w", ctx.Err())
	}
	// From the first report on the server does without the association, and so can we.
	return l.report(&rtcp.ReceiverReport{SSRC: 1})
}

func (l *listener) useKeys(assoc *dtls.Conn) error {
	state, ok := assoc.ConnectionState()
	if !ok {
		return errors.New("no DTLS state")
	}
	keys := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}
	if err := keys.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	var err error
	if l.in, err = srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile); err != nil {
		return err
	}
	l.out, err = srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile)
	return err
}

// path opens a socket, proves that the server answers on it and makes it the one in use (RFC 8445 7.2.5, 8.1.1).
func (l *listener) path() (*net.UDPConn, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(l.server))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conns = append(l.conns, conn)
	l.mu.Unlock()
	buf := make([]byte, 1600)
	for range 100 {
		if err := l.check(conn); err != nil {
			return nil, err
		}
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return nil, err
		}
		for {
			n, err := conn.Read(buf)
			if err != nil {
				break
			}
			l.answerCheck(conn, buf[:n])
			m := &stun.Message{Raw: append([]byte(nil), buf[:n]...)}
			if m.Decode() == nil && m.Type == stun.BindingSuccess && stun.NewShortTermIntegrity(l.pwd).Check(m) == nil {
				return conn, conn.SetReadDeadline(time.Time{})
			}
		}
	}
	return nil, errors.New("no answer to a check")
}

// check sends a request that nominates the path, which is also the consent.
func (l *listener) check(conn *net.UDPConn) error {
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(l.ufrag+":listener"),
		ice.PriorityAttr(1), ice.AttrControlling(1), ice.UseCandidate(), stun.NewShortTermIntegrity(l.pwd), stun.Fingerprint)
	if err != nil {
		return err
	}
	_, err = conn.Write(m.Raw)
	return err
}

// answerCheck answers a check of the server.
func (l *listener) answerCheck(conn *net.UDPConn, b []byte) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return
	}
	r, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: net.IPv4(127, 0, 0, 1), Port: 1}, stun.NewShortTermIntegrity(listenerPwd), stun.Fingerprint)
	if err == nil {
		_, _ = conn.Write(r.Raw)
	}
}

// move goes on on another path, as a client does whose address changes, and closes the one before.
func (l *listener) move() error {
	conn, err := l.path()
	if err != nil {
		return err
	}
	l.mu.Lock()
	before := l.conns[0]
	l.conns = l.conns[1:]
	if l.took != nil {
		l.readers.Go(func() { l.read(conn) })
	}
	l.mu.Unlock()
	return before.Close()
}

// report seals and sends feedback, a datagram.
func (l *listener) report(packets ...rtcp.Packet) error {
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sealed, err := l.out.EncryptRTCP(nil, plain, nil)
	if err != nil {
		return err
	}
	_, err = l.conns[len(l.conns)-1].Write(sealed)
	return err
}

// goodLine reports a good line and waits until it is used.
func (l *listener) goodLine(tb testing.TB) {
	tb.Helper()
	if err := l.report(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 20e6, SSRCs: []uint32{mainSSRC}}); err != nil {
		tb.Fatal(err)
	}
	eventually(tb, "the good line is used", func() bool { return l.Stats().Budget == 20e6 })
}

// receive begins to read, and hands on each packet of media or what is wrong with it.
func (l *listener) receive(took func(from *net.UDPConn, p *rtp.Packet, err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = took
	conn := l.conns[len(l.conns)-1]
	l.readers.Go(func() { l.read(conn) })
}

func (l *listener) read(conn *net.UDPConn) {
	buf := make([]byte, 1600)
	_ = conn.SetReadDeadline(time.Time{}) // of the handshake
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if isMedia(buf[:n]) {
			l.decrypt(conn, buf[:n])
		} else {
			l.answerCheck(conn, buf[:n])
		}
	}
}

func (l *listener) decrypt(conn *net.UDPConn, sealed []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	plain, err := l.in.DecryptRTP(nil, sealed, nil)
	p := new(rtp.Packet)
	if err == nil {
		err = p.Unmarshal(plain)
	}
	l.took(conn, p, err)
}

// leave ends the connection and waits for what reads.
func (l *listener) leave() error {
	l.end()
	var err error
	l.mu.Lock()
	for _, conn := range l.conns {
		err = errors.Join(err, conn.Close())
	}
	l.mu.Unlock()
	l.readers.Wait()
	return err
}

// dtlsOnly is a socket of which only the handshake's datagrams are read (RFC 7983); closing it leaves it open.
type dtlsOnly struct {
	*net.UDPConn
	closed atomic.Bool
}

func (c *dtlsOnly) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, err := c.Read(b)
		if c.closed.Load() {
			return 0, nil, net.ErrClosed
		}
		if err != nil || n > 0 && b[0] >= 20 && b[0] < 64 {
			return n, c.RemoteAddr(), err
		}
	}
}

func (c *dtlsOnly) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

func (c *dtlsOnly) Close() error {
	c.closed.Store(true)
	return c.SetReadDeadline(time.Now())
}
