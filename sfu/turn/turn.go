// Package turn is a TURN server (RFC 8656) on pion/turn for networks that let nothing through but TCP or TLS to a known
// port. It relays to the media port of this server and to nothing else, so it is no way into the network behind it.
//
// Credentials are made per site and last for a while, as in draft-uberti-behave-turn-rest: the user name is the time at
// which it expires, a number and the user, the password a MAC of the user name. An expired one begins no allocation; one
// that has begun goes on, until the user is ended.
package turn

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	pionturn "github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/pionlog"
)

const (
	realm = "diemcau"
	// credentialLife is how long after it was made a credential can begin an allocation. Pages allocate at once.
	credentialLife = 15 * time.Minute
	// perUser bounds the allocations of one user: each of a site's three connections makes one for each transport and
	// each of its network interfaces, and those of a connection that broke stay for a while.
	perUser = 32
	// permitRate and permitBurst bound the permissions and channels that a client asks for: one of each for each address
	// that the server announces, renewed every few minutes, is what there is use for.
	permitRate  = rate.Limit(0.5)
	permitBurst = 64
	// DefaultMax is the bound of all allocations unless Config says otherwise.
	DefaultMax = 2000
)

// Errors of a Server.
var (
	ErrNoListener = errors.New("turn: nothing to listen on")
	errRefused    = errors.New("turn: refused")
)

// Config of a Server. It closes the listeners.
type Config struct {
	UDP net.PacketConn // turn:
	TCP net.Listener   // turn: over TCP
	TLS net.Listener   // turns:, of plain TCP connections on which Certificate is shown

	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error) // needed with TLS
	Host        string                                               // name or address by which pages reach the listeners
	// Media is the address that the media port is bound to, Announced what it is known by to the pages now: relays reach
	// one of them, each family's first that this machine has itself. It is asked for each allocation, as addresses come
	// and go.
	Media     netip.AddrPort
	Announced func() []netip.Addr
	// Max bounds the allocations of all users; 0 is DefaultMax.
	Max    int
	Logger *slog.Logger
	// Panicked is told what a request made the server's own part panic with, which is refused; by default it is logged.
	Panicked contain.Report

	first     time.Duration // in place of firstWithin, for tests
	ofAddress int           // in place of its share of Max, for tests
}

// ICEServer is what a page needs to use the server (RTCIceServer of W3C WebRTC).
type ICEServer struct {
	URLs       []string
	Username   string
	Credential string
}

// Server is a running TURN server.
type Server struct {
	cfg    Config
	urls   []string
	secret []byte
	chosen atomic.Pointer[choice]
	turn   *pionturn.Server
	guards []*guard

	refused      refusals
	up, down     atomic.Uint64 // bytes relayed to the media port and from it
	allocations  atomic.Uint64 // so far
	closedRelays sync.WaitGroup

	mu     sync.Mutex
	closed bool
	issued uint64 // credentials so far
	open   allocations
}

// New starts a server. Its metrics are registered with reg, which may be nil.
func New(cfg Config, reg prometheus.Registerer) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Panicked == nil {
		cfg.Panicked = contain.Log(cfg.Logger)
	}
	if cfg.Max == 0 {
		cfg.Max = DefaultMax
	}
	if cfg.first == 0 {
		cfg.first = firstWithin
	}
	if cfg.ofAddress == 0 {
		cfg.ofAddress = max(cfg.Max/addressShare, perUser)
	}
	s := &Server{cfg: cfg, secret: make([]byte, 32), open: newAllocations()}
	_, _ = rand.Read(s.secret) // never fails
	now := s.relays()
	if len(now) == 0 {
		cfg.Logger.Warn("the TURN server relays nothing until the media port has an address that it can reach")
	}
	_, v4 := now["udp4"]
	config := pionturn.ServerConfig{
		Realm: realm, LoggerFactory: pionlog.Factory{Logger: cfg.Logger}, AuthHandler: s.authenticate,
		QuotaHandler: func(userID, _ string, src net.Addr) bool {
			return contained(s, func() bool { return s.room(userID, src) })
		},
		StrictAddressFamily: v4 || len(now) == 0, // whose transport does not say otherwise gets IPv4, however it came
		EventHandler:        pionturn.EventHandler{OnAuth: s.onAuth, OnAllocationCreated: s.onAllocation, OnAllocationDeleted: s.onDeallocation},
	}
	s.listen(&config)
	if len(s.urls) == 0 {
		return nil, errors.Join(ErrNoListener, s.closeListeners())
	}
	if reg != nil {
		if err := reg.Register(&collector{s}); err != nil {
			return nil, errors.Join(err, s.closeListeners())
		}
	}
	var err error
	if s.turn, err = pionturn.NewServer(config); err != nil {
		return nil, errors.Join(fmt.Errorf("turn: %w", err), s.closeListeners())
	}
	return s, nil
}

// listen fills in the listeners, and notes the URL of each, in the order of preference.
func (s *Server) listen(config *pionturn.ServerConfig) {
	url := func(scheme string, addr net.Addr, transport string) {
		_, port, _ := net.SplitHostPort(addr.String()) // it is a listener's
		s.urls = append(s.urls, fmt.Sprintf("%s:%s?transport=%s", scheme, net.JoinHostPort(s.cfg.Host, port), transport))
	}
	if s.cfg.UDP != nil {
		url("turn", s.cfg.UDP.LocalAddr(), "udp")
		config.PacketConnConfigs = append(config.PacketConnConfigs, pionturn.PacketConnConfig{
			PacketConn: newUnauthenticatedConn(s.cfg.UDP, s), RelayAddressGenerator: (*generator)(s), PermissionHandler: s.permit,
		})
	}
	stream := func(l net.Listener, conf *tls.Config) {
		g := newGuard(l, conf, 2*s.cfg.Max, s.cfg.first, s.cfg.Logger, func() { s.refused.add(refusedConnection) })
		s.guards = append(s.guards, g)
		config.ListenerConfigs = append(config.ListenerConfigs, pionturn.ListenerConfig{
			Listener: g, RelayAddressGenerator: (*generator)(s), PermissionHandler: s.permit,
		})
	}
	if s.cfg.TCP != nil {
		url("turn", s.cfg.TCP.Addr(), "tcp")
		stream(s.cfg.TCP, nil)
	}
	if s.cfg.TLS != nil && s.cfg.Certificate != nil {
		url("turns", s.cfg.TLS.Addr(), "tcp")
		stream(s.cfg.TLS, &tls.Config{GetCertificate: s.cfg.Certificate, MinVersion: tls.VersionTLS12})
	}
}

// ICEServers makes the credentials of a user: who has them may open so many relays as one user may, until End.
func (s *Server) ICEServers(user string) []ICEServer {
	s.mu.Lock()
	s.issued++
	h := holder{s.issued, s.opaque(user)}
	s.mu.Unlock()
	name := username(time.Now().Add(credentialLife), h)
	return []ICEServer{{URLs: s.urls, Username: name, Credential: s.password(name)}}
}

// Close ends all relays and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.turn.Close()
	for _, g := range s.guards {
		g.wait()
	}
	s.closedRelays.Wait()
	return err
}

func (s *Server) closeListeners() error {
	var errs []error
	if s.cfg.UDP != nil {
		errs = append(errs, s.cfg.UDP.Close())
	}
	for _, l := range []net.Listener{s.cfg.TCP, s.cfg.TLS} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// permit reports whether a peer's address may be relayed to; the port is looked at in each packet. It is asked for each
// permission and each channel of a client, which are state for minutes: so many are there at most.
func (s *Server) permit(from net.Addr, peer net.IP) bool {
	return contained(s, func() bool { return permits(s, from, peer) })
}

// contained asks what a request may, on a goroutine of pion's. If that panics it may not.
func contained(s *Server, ask func() bool) (may bool) {
	err := contain.Run(s.cfg.Panicked, func() error { may = ask(); return nil }, "part", "turn")
	return err == nil && may
}

func permits(s *Server, from net.Addr, peer net.IP) bool {
	c := s.clientOf(from)
	if c != nil && !c.permits.Allow() {
		s.refused.add(refusedPermits)
		return false
	}
	addr, ok := netip.AddrFromSlice(peer)
	if c != nil && ok && c.relay.peer.Addr() == addr.Unmap() {
		return true
	}
	s.refused.add(refusedPeer)
	return false
}

func (s *Server) onAuth(_, _ net.Addr, _, _, _, _ string, ok bool) {
	if !ok {
		s.refused.add(refusedAuth)
	}
}

// authenticate is pion's AuthHandler: it returns the holder and the key that the request must be signed with.
func (s *Server) authenticate(r *pionturn.RequestAttributes) (userID string, key []byte, ok bool) {
	ok = contained(s, func() (ok bool) { userID, key, ok = secretOf(s, r); return ok })
	return userID, key, ok
}

func secretOf(s *Server, r *pionturn.RequestAttributes) (userID string, key []byte, ok bool) {
	expires, h, ok := parseUsername(r.Username)
	if !ok || r.Method == stun.MethodAllocate && time.Now().After(expires) {
		s.refused.add(refusedAuth)
		return "", nil, false
	}
	s.mu.Lock()
	void := s.open.void(h)
	s.mu.Unlock()
	if void {
		s.refused.add(refusedEnded)
		return "", nil, false
	}
	return h.String(), pionturn.GenerateAuthKey(r.Username, r.Realm, s.password(r.Username)), true
}
