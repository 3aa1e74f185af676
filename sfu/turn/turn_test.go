package turn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pionturn "github.com/pion/turn/v5"
	"go.uber.org/goleak"

	"github.com/diemcau/diemcau/sfu/pionlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wait = 20 * time.Second

var loopback = netip.MustParseAddr("127.0.0.1")

// eventually polls until ok, or fails the test.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("did not happen: %s", what)
}

// newMedia opens a port that sends back what it gets, as the media port of the tests.
func newMedia(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 1500); ; {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func newCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// newServer opens a server with all three listeners that relays to an echoing port.
func newServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	pair := newCertificate(t)
	cfg := Config{
		Host: "127.0.0.1", Media: newMedia(t), Announced: func() []netip.Addr { return []netip.Addr{loopback} },
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil },
	}
	var err error
	if cfg.UDP, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*net.Listener{&cfg.TCP, &cfg.TLS} {
		if *l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial connects to the listener of a kind: udp, tcp or tls.
func (s *Server) dial(t *testing.T, kind string) net.PacketConn {
	t.Helper()
	var c net.PacketConn
	var err error
	switch kind {
	case "udp":
		c, err = net.ListenPacket("udp4", "127.0.0.1:0")
	case "tcp":
		var tcp net.Conn
		if tcp, err = net.Dial("tcp4", s.cfg.TCP.Addr().String()); err == nil {
			c = pionturn.NewSTUNConn(tcp)
		}
	case "tls":
		var tcp net.Conn
		if tcp, err = tls.Dial("tcp4", s.cfg.TLS.Addr().String(), &tls.Config{InsecureSkipVerify: true}); err == nil {
			c = pionturn.NewSTUNConn(tcp)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// client logs in with credentials.
func (s *Server) client(t *testing.T, kind, name, password string) *pionturn.Client {
	t.Helper()
	at := s.cfg.UDP.LocalAddr().String()
	switch kind {
	case "tcp":
		at = s.cfg.TCP.Addr().String()
	case "tls":
		at = s.cfg.TLS.Addr().String()
	}
	c, err := pionturn.NewClient(&pionturn.ClientConfig{
		STUNServerAddr: at, TURNServerAddr: at, Conn: s.dial(t, kind), Username: name, Password: password,
		LoggerFactory: pionlog.Factory{Logger: slog.New(slog.DiscardHandler)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	return c
}

// allocate opens a relay for a user.
func (s *Server) allocate(t *testing.T, kind, user string) (net.PacketConn, error) {
	t.Helper()
	ice := s.ICEServers(user)[0]
	c, err := s.client(t, kind, ice.Username, ice.Credential).Allocate()
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func TestRelays(t *testing.T) {
	for _, kind := range []string{"udp", "tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			s := newServer(t, nil)
			c, err := s.allocate(t, kind, "site")
			if err != nil {
				t.Fatal(err)
			}
			media := net.UDPAddrFromAddrPort(s.cfg.Media)
			for _, want := range [][]byte{[]byte("hello"), bytes.Repeat([]byte{7}, 1200)} {
				if _, err := c.WriteTo(want, media); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 1500)
				_ = c.SetReadDeadline(time.Now().Add(wait))
				n, from, err := c.ReadFrom(got)
				if err != nil || !bytes.Equal(got[:n], want) || from.String() != media.String() {
					t.Fatalf("%d bytes from %v: %v", n, from, err)
				}
			}
			if up, down := s.up.Load(), s.down.Load(); up != 1205 || down != 1205 {
				t.Errorf("%d bytes up, %d down", up, down)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			eventually(t, "the relay is gone", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.open.n == 0 && len(s.open.by) == 0 && len(s.open.at) == 0
			})
		})
	}
}

// TestRelaysNowhereElse: neither another address nor another port of ours is reached.
func TestRelaysNowhereElse(t *testing.T) {
	s := newServer(t, nil)
	other := newMedia(t) // answers whoever reaches it
	c, err := s.allocate(t, "tcp", "site")
	if err != nil {
		t.Fatal(err)
	}
	for _, ip := range []string{"127.0.0.2", "10.0.0.1", "169.254.169.254", "0.0.0.0", "192.0.2.1"} {
		to := &net.UDPAddr{IP: net.ParseIP(ip), Port: int(s.cfg.Media.Port())}
		if _, err := c.WriteTo([]byte("x"), to); err == nil {
			t.Errorf("%s was permitted", ip)
		}
	}
	if s.refused.of(refusedPeer) < 5 {
		t.Errorf("%d peers refused", s.refused.of(refusedPeer))
	}
	if _, err := c.WriteTo([]byte("to another port"), net.UDPAddrFromAddrPort(other)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other port is refused", func() bool { return s.refused.of(refusedPort) == 1 })
	if _, err := c.WriteTo([]byte("the last packet"), net.UDPAddrFromAddrPort(s.cfg.Media)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	_ = c.SetReadDeadline(time.Now().Add(wait))
	if n, _, err := c.ReadFrom(got); err != nil || string(got[:n]) != "the last packet" {
		t.Fatalf("%q: %v; %d up, %d down, %d to other ports", got[:n], err, s.up.Load(), s.down.Load(), s.refused.of(refusedPort))
	}
	relayed, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(relayed))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	eventually(t, "a stranger is told that nobody listens", func() bool {
		_, err := stranger.Write([]byte("in"))
		return err != nil
	})
	if s.down.Load() != uint64(len("the last packet")) {
		t.Errorf("%d bytes down", s.down.Load())
	}
}

func TestCredentials(t *testing.T) {
	s := newServer(t, nil)
	ice := s.ICEServers("a/C1")[0]
	if strings.Contains(ice.Username, "C1") {
		t.Errorf("the name %q tells who it is", ice.Username)
	}
	if len(ice.URLs) != 3 || !strings.HasPrefix(ice.URLs[2], "turns:127.0.0.1:") {
		t.Errorf("URLs %q", ice.URLs)
	}
	past := username(time.Now().Add(-time.Second), holder{1, "someone"})
	for what, pair := range map[string][2]string{
		"expired":        {past, s.password(past)},
		"wrong password": {ice.Username, "x"},
		"prolonged":      {username(time.Now().Add(24*time.Hour), holder{1, s.opaque("a/C1")}), ice.Credential},
		"no time":        {"site", s.password("site")},
	} {
		if _, err := s.client(t, "udp", pair[0], pair[1]).Allocate(); err == nil {
			t.Errorf("%s: allowed", what)
		}
	}
	if s.refused.of(refusedAuth) == 0 {
		t.Error("nothing was counted")
	}
	// What has begun goes on: an expired name signs everything but a new allocation.
	for method, want := range map[stun.Method]bool{
		stun.MethodAllocate: false, stun.MethodRefresh: true, stun.MethodCreatePermission: true, stun.MethodChannelBind: true,
	} {
		user, key, ok := s.authenticate(&pionturn.RequestAttributes{Username: past, Realm: realm, Method: method})
		if ok != want || want && (user != "1:someone" || len(key) == 0) {
			t.Errorf("%s: %q, %v", method, user, ok)
		}
	}
}

func TestQuota(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Max, c.ofAddress = perUser+1, perUser+1 })
	for i := range perUser {
		if _, err := s.allocate(t, "udp", "greedy"); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if _, err := s.allocate(t, "udp", "greedy"); err == nil {
		t.Error("one too many of a user")
	}
	modest, err := s.allocate(t, "tcp", "modest")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.allocate(t, "tcp", "third"); err == nil {
		t.Error("one too many of all")
	}
	if got := s.refused.of(refusedQuota); got != 2 {
		t.Errorf("%d refused", got)
	}
	if err := modest.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "there is room again", func() bool {
		_, err := s.allocate(t, "tcp", "third")
		return err == nil
	})
}

// TestSilentConnections: who begins no allocation is let go, who has one is not.
func TestSilentConnections(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Max, c.first = 1, 3*time.Second })
	kept, err := s.allocate(t, "tls", "site")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []net.Listener{s.cfg.TCP, s.cfg.TLS} {
		silent, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = silent.SetReadDeadline(time.Now().Add(wait))
		if _, err := io.Copy(io.Discard, silent); errors.Is(err, net.ErrClosed) || isTimeout(err) {
			t.Errorf("not let go: %v", err)
		}
		_ = silent.Close()
	}
	if _, err := kept.WriteTo([]byte("still here"), net.UDPAddrFromAddrPort(s.cfg.Media)); err != nil {
		t.Error(err)
	}
	var open []net.Conn
	eventually(t, "one connection too many is refused", func() bool {
		c, err := net.Dial("tcp4", s.cfg.TCP.Addr().String())
		if err == nil {
			open = append(open, c)
		}
		return s.refused.of(refusedConnection) > 0
	})
	for _, c := range open {
		_ = c.Close()
	}
}

// TestSilentFlood: many connections of one address that say nothing do not keep a client of the same address out.
func TestSilentFlood(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Max = 100 })
	for range 700 {
		c, err := net.Dial("tcp4", s.cfg.TCP.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	relayed, err := s.allocate(t, "tcp", "site")
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		c, err := net.Dial("tcp4", s.cfg.TCP.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	eventually(t, "the bound", func() bool { return s.guards[0].count() <= maxUnauthenticatedOf+1 })
	if _, err := relayed.WriteTo([]byte("still here"), net.UDPAddrFromAddrPort(s.cfg.Media)); err != nil {
		t.Error(err)
	}
	// The last of them may still wait in the listener's backlog.
	eventually(t, "each one refused is counted", func() bool { return s.refused.of(refusedConnection) >= 700 })
}

// TestPermits: the state of a client's allocation is bounded.
func TestPermits(t *testing.T) {
	s := newServer(t, nil)
	name := username(time.Now().Add(time.Hour), holder{1, "site"})
	c := s.client(t, "udp", name, s.password(name))
	relayed, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	peer := net.UDPAddrFromAddrPort(s.cfg.Media)
	n := 0
	for c.CreatePermission(peer) == nil {
		if n++; n > 2*permitBurst {
			t.Fatal("no bound")
		}
	}
	if n < permitBurst/2 || s.refused.of(refusedPermits) == 0 {
		t.Errorf("refused after %d, %d counted", n, s.refused.of(refusedPermits))
	}
	if err := relayed.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "it is forgotten", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.open.clients) == 0
	})
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestChooseRelays(t *testing.T) {
	nat, far6 := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")
	any6, port := netip.IPv6Unspecified(), uint16(7882)
	at := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, port) }
	for name, tt := range map[string]struct {
		bound     netip.Addr
		announced []netip.Addr
		want      map[string]relay
	}{
		"an address of this machine": {any6, []netip.Addr{nat, loopback}, map[string]relay{"udp4": {at(loopback), at(loopback)}}},
		"behind a NAT":               {any6, []netip.Addr{nat}, map[string]relay{"udp4": {at(nat), at(loopback)}}},
		"bound to one":               {loopback, []netip.Addr{nat}, map[string]relay{"udp4": {at(nat), at(loopback)}}},
		"both families": {any6, []netip.Addr{nat, far6}, map[string]relay{
			"udp4": {at(nat), at(loopback)}, "udp6": {at(far6), at(netip.IPv6Loopback())},
		}},
		"the family is not bound": {loopback, []netip.Addr{far6}, map[string]relay{}},
		"none":                    {any6, nil, map[string]relay{}},
	} {
		got := chooseRelays(at(tt.bound), tt.announced)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v", name, got)
		}
		for network, want := range tt.want {
			if got[network] != want {
				t.Errorf("%s: %s %v, want %v", name, network, got[network], want)
			}
		}
	}
}

func FuzzParseUsername(f *testing.F) {
	for _, seed := range []string{"1764080000:7:abc", "1:1:", ":1:x", "-5:1:x", "01:1:x", "9223372036854775807:1:x:y", "+1:1:x", "1:01:x", "1::x", "1:-1:x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		expires, h, ok := parseUsername(name)
		if ok && (username(expires, h) != name || h.user == "") {
			t.Errorf("%q became %v %v", name, expires, h)
		}
	})
}

// A request over which the server's own part stumbles is refused and told; others go on.
func TestPanicOfARequest(t *testing.T) {
	var faults atomic.Int32
	var upset atomic.Bool
	s := newServer(t, func(c *Config) {
		announced := c.Announced
		c.Panicked = func(any, ...any) { faults.Add(1) }
		c.Announced = func() []netip.Addr {
			if upset.Load() {
				panic("of a test")
			}
			return announced()
		}
	})
	upset.Store(true)
	if _, err := s.allocate(t, "udp", "site"); err == nil {
		t.Error("it has a relay")
	}
	upset.Store(false)
	if _, err := s.allocate(t, "udp", "site"); err != nil {
		t.Error(err)
	}
	if faults.Load() == 0 {
		t.Error("the fault is not told")
	}
}
