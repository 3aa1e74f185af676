package turn

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pionturn "github.com/pion/turn/v5"
)

// TestEnd: when a user is ended his relays are closed before that returns, over each transport, and what he was given
// before opens none; what he is given after it does, and other users keep theirs.
func TestEnd(t *testing.T) {
	for _, kind := range []string{"udp", "tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			s := newServer(t, nil)
			before := s.ICEServers("site")[0]
			mine, err := s.client(t, kind, before.Username, before.Credential).Allocate()
			if err != nil {
				t.Fatal(err)
			}
			defer mine.Close()
			other, err := s.allocate(t, kind, "other")
			if err != nil {
				t.Fatal(err)
			}
			s.End("site")
			if n := s.relaysOf("site"); n != 0 {
				t.Errorf("%d relays are left", n)
			}
			if _, err := s.client(t, kind, before.Username, before.Credential).Allocate(); err == nil {
				t.Error("credentials from before open a relay")
			}
			if s.refused.of(refusedEnded) == 0 {
				t.Error("nothing was counted")
			}
			if _, err := s.allocate(t, kind, "site"); err != nil {
				t.Errorf("credentials from after it: %v", err)
			}
			echo(t, other, s.cfg.Media)
			s.mu.Lock()
			clients := len(s.open.clients)
			s.mu.Unlock()
			if clients > 3 {
				t.Errorf("%d clients", clients)
			}
		})
	}
}

func (s *Server) relaysOf(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open.by[s.opaque(user)])
}

// echo sees that a relay relays.
func echo(t *testing.T, c net.PacketConn, media netip.AddrPort) {
	t.Helper()
	if _, err := c.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(media)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	_ = c.SetReadDeadline(time.Now().Add(wait))
	if n, _, err := c.ReadFrom(got); err != nil || string(got[:n]) != "hello" {
		t.Fatalf("%q, %v", got[:n], err)
	}
}

// TestEndWhileOpening: credentials that were shown before the user was ended open nothing after it.
func TestEndWhileOpening(t *testing.T) {
	s := newServer(t, nil)
	s.ICEServers("site")
	c := &relayConn{server: s, holder: holder{1, s.opaque("site")}}
	if !s.acquire(c) {
		t.Fatal("no room")
	}
	s.End("site")
	if s.opened(c, nil) {
		t.Error("it was opened")
	}
	s.release(c)
}

func TestEndedAreForgotten(t *testing.T) {
	a, now := newAllocations(), time.Now()
	for i := range uint64(sweepEnded) {
		a.end(holder{i, "u"}.String(), i, now)
	}
	a.end("last", 1, now.Add(credentialLife/2))
	a.end("later", 1, now.Add(credentialLife+time.Second))
	if len(a.ended) > sweepEnded+2 || !a.void(holder{1, "last"}) || a.void(holder{2, "last"}) {
		t.Errorf("%d are kept", len(a.ended))
	}
	a.sweepAt = 0
	a.end("later", 1, now.Add(credentialLife+time.Second))
	if len(a.ended) != 2 {
		t.Errorf("%d are kept after their credentials have expired", len(a.ended))
	}
}

// from opens a socket of another address of this machine.
func from(t *testing.T, address string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp4", address+":0")
	if err != nil {
		t.Skipf("needs %s: %v", address, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestFloodOverUDP: one address gets a bounded number of answers, whatever it asks and from however many ports, and a
// client of another one and one that has its relay already see nothing of it.
func TestFloodOverUDP(t *testing.T) {
	s := newServer(t, nil)
	has, err := s.allocate(t, "udp", "has")
	if err != nil {
		t.Fatal(err)
	}
	flood := []net.PacketConn{from(t, "127.0.0.2"), from(t, "127.0.0.2")}
	request, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	if err != nil {
		t.Fatal(err)
	}
	var answers atomic.Int64
	read := make(chan struct{}, len(flood))
	for _, c := range flood {
		go func() {
			defer func() { read <- struct{}{} }()
			for b := make([]byte, 1500); ; answers.Add(1) {
				if _, _, err := c.ReadFrom(b); err != nil {
					return
				}
			}
		}()
	}
	sent := 0
	for begun := time.Now(); s.refused.of(refusedRate) < unauthenticatedBurst; sent++ {
		if sent > 20*unauthenticatedBurst || time.Since(begun) > wait {
			t.Fatalf("no bound: %d requests, %d answers", sent, answers.Load())
		}
		if _, err := flood[sent%2].WriteTo(request.Raw, s.cfg.UDP.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.allocate(t, "udp", "site"); err != nil {
		t.Errorf("another address is shut out: %v", err)
	}
	echo(t, has, s.cfg.Media)
	for _, c := range flood {
		_ = c.Close()
		<-read
	}
	if n := answers.Load(); n > int64(sent)-unauthenticatedBurst {
		t.Errorf("%d answers to %d requests, of which %d were refused", n, sent, s.refused.of(refusedRate))
	}
}

// TestAllocationsOfAnAddress: however many users an address has, it leaves room for another one.
func TestAllocationsOfAnAddress(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Max = addressShare * perUser })
	open := func(address, user string) error {
		ice := s.ICEServers(user)[0]
		at := s.cfg.UDP.LocalAddr().String()
		c, err := pionturn.NewClient(&pionturn.ClientConfig{
			STUNServerAddr: at, TURNServerAddr: at, Conn: from(t, address), Username: ice.Username, Password: ice.Credential,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		if err := c.Listen(); err != nil {
			t.Fatal(err)
		}
		relayed, err := c.Allocate()
		if err == nil {
			t.Cleanup(func() { _ = relayed.Close() })
		}
		return err
	}
	for i := range perUser {
		if err := open("127.0.0.2", string(rune('a'+i%7))); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := open("127.0.0.2", "z"); err == nil {
		t.Error("one too many of an address")
	}
	if err := open("127.0.0.3", "z"); err != nil {
		t.Errorf("another address: %v", err)
	}
}

// TestBucketsAreForgotten: forged sources leave nothing behind.
func TestBucketsAreForgotten(t *testing.T) {
	c, now := newUnauthenticatedConn(nil, nil), time.Now()
	for i := range 10 * sweepBuckets {
		key := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if !c.admits(key, now.Add(time.Duration(i)*time.Millisecond)) {
			t.Fatal("an unauthenticated client's first was refused")
		}
	}
	if len(c.buckets) > sweepBuckets {
		t.Errorf("%d buckets", len(c.buckets))
	}
	six := netip.MustParsePrefix("2001:db8::/64")
	for range unauthenticatedBurst {
		c.admits(six, now)
	}
	if c.admits(six, now) || !c.admits(six, now.Add(time.Second)) {
		t.Error("the bucket does not fill as it is said")
	}
}

// TestLaterAddresses: relays reach the address that the media port is known by now. One that was opened before goes on,
// and may renew what it is permitted.
func TestLaterAddresses(t *testing.T) {
	second := netip.MustParseAddr("127.0.0.2")
	var now atomic.Pointer[[]netip.Addr]
	now.Store(&[]netip.Addr{})
	s := newServer(t, func(c *Config) { c.Announced = func() []netip.Addr { return *now.Load() } })
	if _, err := s.allocate(t, "udp", "early"); err == nil {
		t.Error("a relay to nowhere")
	}
	now.Store(&[]netip.Addr{loopback})
	first, err := s.allocate(t, "udp", "first")
	if err != nil {
		t.Fatalf("an address that came later: %v", err)
	}
	echo(t, first, s.cfg.Media)
	now.Store(&[]netip.Addr{second})
	if got := s.relays()["udp4"].peer.Addr(); got != second {
		t.Errorf("relays reach %v", got)
	}
	third, err := s.allocate(t, "tcp", "third")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := third.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(second, s.cfg.Media.Port()))); err != nil {
		t.Errorf("the new address: %v", err)
	}
	if _, err := third.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(s.cfg.Media)); err == nil {
		t.Error("the former address is permitted to a new relay")
	}
	s.mu.Lock()
	var client net.Addr
	for c := range s.open.by[s.opaque("first")] {
		client = c.client
	}
	s.mu.Unlock()
	if !s.permit(client, loopback.AsSlice()) {
		t.Error("a relay that was opened before may not go on")
	}
	echo(t, first, s.cfg.Media)
}

// datagrams is a socket that has so many of one datagram, all from one address.
type datagrams struct {
	net.PacketConn
	b    []byte
	left int
}

func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	if d.left == 0 {
		return 0, nil, net.ErrClosed
	}
	d.left--
	return copy(b, d.b), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4000}, nil
}

// TestFloodIsNotRead: datagrams beyond the bound are dropped before anything decodes them; one over which the decoder
// stumbles is dropped alone.
func TestFloodIsNotRead(t *testing.T) {
	var faults int
	s := newServer(t, func(c *Config) { c.Panicked = func(any, ...any) { faults++ } })
	request, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	if err != nil {
		t.Fatal(err)
	}
	const flood = 100 * unauthenticatedBurst
	c := newUnauthenticatedConn(&datagrams{b: request.Raw, left: flood}, s)
	decoded := 0
	c.decode = func(b []byte, m *stun.Message) error {
		if decoded++; decoded == 1 {
			panic("of a test")
		}
		return stun.Decode(b, m)
	}
	given := 0
	for b := make([]byte, 1500); ; given++ {
		if _, _, err := c.ReadFrom(b); err != nil {
			break
		}
	}
	refused := int(s.refused.of(refusedRate))
	if refused == 0 || decoded != flood-refused || given != decoded-1 || faults != 1 {
		t.Errorf("of %d datagrams %d were refused, %d decoded, %d given, with %d faults", flood, refused, decoded, given, faults)
	}
}
