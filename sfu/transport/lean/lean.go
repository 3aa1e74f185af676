// Package lean is a viewer's transport without a PeerConnection: an ICE-lite agent (RFC 8445 2.5) on pion/stun,
// pion/dtls for the handshake, and AES-GCM sealing of RTP (RFC 7714) into the memory of a udpio.Batch. A viewer that
// is connected costs a few kilobytes and no goroutine.
//
// Datagrams that arrive are told apart by their first byte (RFC 7983). A STUN request belongs to the connection that
// its USERNAME names, an answer to the one whose check it answers, everything else to the connection that has
// authenticated its source address by such a request; what belongs to none is left unclaimed, for the mux of the
// publishers. The port's reader handles what arrives; a few workers, among which the connections are divided, handle the
// rest.
//
// A request says nothing about who sent it from where: it may be spoofed, or replayed. So an address is proven by a
// check of the server's own, which only a peer can answer that is there and knows its password; media goes to proven
// addresses alone, and until then an address is sent at most three times what came from it (as RFC 9000 8.1).
package lean

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/drop"
	"github.com/diemcau/diemcau/sfu/pionlog"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// Config of a Factory.
type Config struct {
	// Port that the connections share; the factory claims what arrives for them.
	Port *udpio.Port
	// Addrs gives the addresses to announce as host candidates with the port's number, the preferred first. It is asked
	// for each offer, since addresses come and go.
	Addrs func() []netip.Addr
	// TCP, if there is one, is announced as a passive candidate of the same addresses for networks without UDP
	// (RFC 6544). The factory closes it.
	TCP net.Listener
	// UnclaimedTCP, if there is one, is offered the TCP connections whose first STUN request names a ufrag that is none
	// of the factory's; what was read of them is read again. It takes one by returning true, and then closes it.
	UnclaimedTCP func(c net.Conn, ufrag string) bool
	// Certificate is shown to every viewer in the DTLS handshake.
	Certificate tls.Certificate
	// Workers handle what arrives, at least 1.
	Workers int
	// Silence after which a connection fails: no authenticated STUN request nor RTCP. By default 12 s.
	Silence time.Duration
	// Logger defaults to one that discards.
	Logger *slog.Logger
	// Panicked is told what a connection's goroutines panicked with; by default it is logged. That connection ends.
	Panicked contain.Report
}

const (
	defaultSilence = 12 * time.Second
	// consentExpiry is the longest time that sending goes on without a STUN request (RFC 7675 5.1).
	consentExpiry = 30 * time.Second
	// connectTimeout is how long after the answer a connection may take until it can send.
	connectTimeout = 20 * time.Second
)

// ErrClosed is the error of a factory or a connection that is closed.
var ErrClosed = errors.New("lean: closed")

// Factory opens viewer connections on one port.
type Factory struct {
	cfg         Config
	log         *slog.Logger
	fingerprint string // of the certificate, SHA-256 in upper case: Firefox takes no other (RFC 8122 5)
	dtls        []dtls.ServerOption
	workers     []*worker
	scratch     scratch // of the port's reader
	next        atomic.Uint32
	drops       drop.Counts[DropReason]
	gate        *admission.Gate // of TCP connections
	done        chan struct{}
	running     sync.WaitGroup // workers
	handshakes  sync.WaitGroup // and TCP connections

	mu      sync.RWMutex
	closed  bool
	byUfrag map[string]*conn
	byAddr  map[netip.AddrPort]*path // by source address
	checks  map[transaction]*conn    // whose check is under way
	tcp     map[*tcpPeer]struct{}
	ssrcs   []uint32 // of the connection before
}

var _ transport.Factory = (*Factory)(nil)

// New returns a factory and claims the port for it.
func New(cfg Config) (*Factory, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Panicked == nil {
		cfg.Panicked = contain.Log(cfg.Logger)
	}
	if cfg.Silence == 0 {
		cfg.Silence = defaultSilence
	}
	leaf, err := x509.ParseCertificate(cfg.Certificate.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	print256, err := fingerprint.Fingerprint(leaf, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	f := &Factory{
		cfg: cfg, log: cfg.Logger, fingerprint: strings.ToUpper(print256),
		dtls: []dtls.ServerOption{
			dtls.WithCertificates(cfg.Certificate),
			dtls.WithClientAuth(dtls.RequireAnyClientCert),
			dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
			dtls.WithSRTPProtectionProfiles(profiles()...),
			dtls.WithInsecureSkipVerifyHello(true), // ICE has verified the address already
			dtls.WithLoggerFactory(pionlog.Factory{Logger: cfg.Logger}),
		},
		done: make(chan struct{}), gate: admission.New(tcpLimits(), cfg.Logger),
		byUfrag: map[string]*conn{}, byAddr: map[netip.AddrPort]*path{}, checks: map[transaction]*conn{}, tcp: map[*tcpPeer]struct{}{},
	}
	for range max(1, cfg.Workers) {
		w := newWorker(f)
		f.workers = append(f.workers, w)
		f.running.Go(w.run)
	}
	if cfg.TCP != nil {
		f.handshakes.Go(func() { f.serveTCP(cfg.TCP) })
	}
	cfg.Port.Claim(f.receive)
	return f, nil
}

// New opens a connection; it is answered by anybody who knows its credentials once its Answer has come.
func (f *Factory) New(p transport.Params) (transport.Conn, error) {
	c := newConn(f, f.workers[int(f.next.Add(1))%len(f.workers)], p)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	f.byUfrag[c.ufrag] = c
	c.worker.add(c)
	return c, nil
}

// Stats counts what was dropped, by reason.
func (f *Factory) Stats() map[DropReason]uint64 { return snapshot(&f.drops) }

// Close closes every connection and waits for the workers.
func (f *Factory) Close() error {
	f.mu.Lock()
	f.closed = true
	conns := make([]*conn, 0, len(f.byUfrag))
	for _, c := range f.byUfrag {
		conns = append(conns, c)
	}
	tcp := slices.Collect(maps.Keys(f.tcp))
	f.mu.Unlock()
	f.cfg.Port.Claim(nil)
	for _, c := range conns {
		_ = c.Close()
	}
	var err error
	if f.cfg.TCP != nil {
		err = f.cfg.TCP.Close()
	}
	for _, t := range tcp {
		t.close()
	}
	close(f.done)
	f.handshakes.Wait()
	f.running.Wait()
	return err
}

// receive is the port's handler: it finds the connection of a datagram and handles it, as a rule at once: to wake a
// worker costs more than a report. Only the port's reader calls it.
func (f *Factory) receive(b []byte, remote netip.AddrPort, local netip.Addr) (claimed bool) {
	defer func() {
		if p := recover(); p != nil { // before it was known whose it is
			f.cfg.Panicked(p, "from", remote)
			claimed = true
		}
	}()
	c := f.find(b, remote)
	if c == nil {
		return false
	}
	d := datagram{data: b, remote: remote, local: local}
	if !c.tryHandle(&d, &f.scratch) {
		c.worker.push(c, &d)
	}
	return true
}

func (f *Factory) find(b []byte, remote netip.AddrPort) *conn {
	ufrag := requestUfrag(b)
	id, answers := answeredTransaction(b)
	f.mu.RLock()
	defer f.mu.RUnlock()
	switch {
	case ufrag != nil:
		return f.byUfrag[string(ufrag)]
	case answers:
		return f.checks[id]
	}
	if p := f.byAddr[remote]; p != nil {
		return p.conn
	}
	return nil
}

// sharedSSRCs returns the SSRCs of media, as a rule in the memory of the connection before: it is read for each packet
// and stays in a core's cache if it is the same for all.
func (f *Factory) sharedSSRCs(media []transport.Media) []uint32 {
	ssrcs := make([]uint32, 0, 2*len(media))
	for _, m := range media {
		ssrcs = append(ssrcs, m.SSRC)
		if m.RTXSSRC != 0 {
			ssrcs = append(ssrcs, m.RTXSSRC)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.ssrcs, ssrcs) {
		f.ssrcs = ssrcs
	}
	return f.ssrcs
}

// bind directs what comes from an address to the connection of a path. An address that is not proven is directed there
// only as long as it is nobody else's.
func (f *Factory) bind(p *path, proven bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byUfrag[p.conn.ufrag] != p.conn {
		return
	}
	if _, taken := f.byAddr[p.udp.Remote()]; proven || !taken {
		f.byAddr[p.udp.Remote()] = p
	}
}

// unbind forgets the address of a path, unless another has taken it over.
func (f *Factory) unbind(p *path) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unbindLocked(p)
}

func (f *Factory) unbindLocked(p *path) {
	delete(f.checks, p.check.id)
	if p.udp != nil && f.byAddr[p.udp.Remote()] == p {
		delete(f.byAddr, p.udp.Remote())
	}
}

// expect notes that the answer to a check is for a connection.
func (f *Factory) expect(c *conn, id transaction) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byUfrag[c.ufrag] == c {
		f.checks[id] = c
	}
}

// forget notes that no answer is expected any more.
func (f *Factory) forget(id transaction) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.checks, id)
}

// remove forgets a connection, whose lock is held.
func (f *Factory) remove(c *conn) {
	f.mu.Lock()
	delete(f.byUfrag, c.ufrag)
	for _, p := range c.checks.paths {
		f.unbindLocked(p)
	}
	f.mu.Unlock()
	c.worker.remove(c)
}
