package lean

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/sfu/transport"
)

// stunPeer is a socket that sends hand-made requests.
type stunPeer struct {
	*net.UDPConn
	to netip.AddrPort
}

func newSTUNPeer(tb testing.TB, f *Factory) *stunPeer {
	tb.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &stunPeer{c, f.cfg.Port.LocalAddr()}
}

func (p *stunPeer) addr() netip.AddrPort { return p.LocalAddr().(*net.UDPAddr).AddrPort() }

// request builds a binding request to a connection.
func request(tb testing.TB, c *conn, more ...stun.Setter) *stun.Message {
	tb.Helper()
	setters := append([]stun.Setter{
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.ufrag + ":peer"),
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)},
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 2, 3, 4}},
	}, more...)
	m, err := stun.Build(append(setters, stun.MessageIntegrity(c.pwd), stun.Fingerprint)...)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// exchange sends a request and returns the authenticated answer, nil if none comes before that of a second, valid
// request does.
func (p *stunPeer) exchange(tb testing.TB, c *conn, raw []byte) *stun.Message {
	tb.Helper()
	probe := request(tb, c)
	for _, b := range [][]byte{raw, probe.Raw} {
		if _, err := p.WriteToUDPAddrPort(b, p.to); err != nil {
			tb.Fatal(err)
		}
	}
	var answer *stun.Message
	buf := make([]byte, 1500)
	for {
		_ = p.SetReadDeadline(time.Now().Add(deadline))
		n, _, err := p.ReadFromUDPAddrPort(buf)
		if err != nil {
			tb.Fatal(err)
		}
		m := &stun.Message{Raw: append([]byte(nil), buf[:n]...)}
		if err := m.Decode(); err != nil {
			tb.Fatal(err)
		}
		if stun.MessageIntegrity(c.pwd).Check(m) != nil || stun.Fingerprint.Check(m) != nil {
			tb.Fatalf("the answer %v is not authentic", m)
		}
		if m.TransactionID == probe.TransactionID {
			return answer
		}
		answer = m
	}
}

func TestBindingRequests(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := newViewer(t, f).Conn.(*conn)
	c.mu.Lock()
	c.remoteUfrag = "peer"
	c.mu.Unlock()
	p := newSTUNPeer(t, f)
	valid := request(t, c).Raw
	flipped := append([]byte(nil), valid...)
	flipped[len(flipped)-12]++ // in the integrity; the fingerprint no longer matches either
	build := func(setters ...stun.Setter) []byte {
		m, err := stun.Build(setters...)
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	user := stun.NewUsername(c.ufrag + ":peer")
	for _, tt := range []struct {
		name   string
		raw    []byte
		answer stun.MessageType // zero: none
	}{
		{"valid", valid, stun.BindingSuccess},
		{"nominating", request(t, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw, stun.BindingSuccess},
		{"comprehension-required attribute", request(t, c, stun.RawAttribute{Type: 0x7ff0, Value: []byte{1, 2, 3, 4}}).Raw,
			stun.BindingError},
		{"optional attribute", request(t, c, stun.RawAttribute{Type: 0xc057, Value: []byte{1, 2, 3, 4}}).Raw,
			stun.BindingSuccess},
		{"changed on the way", flipped, stun.MessageType{}},
		{"19 bytes", valid[:19], stun.MessageType{}},
		{"cut", valid[:len(valid)-8], stun.MessageType{}},
		{"no integrity", build(stun.TransactionID, stun.BindingRequest, user, stun.Fingerprint), stun.MessageType{}},
		{"no fingerprint", build(stun.TransactionID, stun.BindingRequest, user, stun.MessageIntegrity(c.pwd)), stun.MessageType{}},
		{"wrong password", build(stun.TransactionID, stun.BindingRequest, user, stun.MessageIntegrity("x"), stun.Fingerprint),
			stun.MessageType{}},
		{"wrong peer", build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.ufrag+":else"),
			stun.MessageIntegrity(c.pwd), stun.Fingerprint), stun.MessageType{}},
		{"indication", build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication), user,
			stun.MessageIntegrity(c.pwd), stun.Fingerprint), stun.MessageType{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := p.exchange(t, c, tt.raw)
			if m == nil {
				if tt.answer != (stun.MessageType{}) {
					t.Error("no answer")
				}
				return
			}
			if m.Type != tt.answer {
				t.Fatalf("answered %v, want %v", m.Type, tt.answer)
			}
			if m.Type == stun.BindingSuccess {
				var mapped stun.XORMappedAddress
				if err := mapped.GetFrom(m); err != nil || mapped.String() != p.addr().String() {
					t.Errorf("mapped %v, want %v: %v", mapped, p.addr(), err)
				}
				return
			}
			var code stun.ErrorCodeAttribute
			if err := code.GetFrom(m); err != nil || code.Code != stun.CodeUnknownAttribute {
				t.Errorf("error %v, want 420: %v", code, err)
			}
		})
	}
}

// TestFollowsNomination: a second address alone changes nothing; nominating it does, as when a phone changes networks.
func TestFollowsNomination(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := newViewer(t, f).Conn.(*conn)
	a, b := newSTUNPeer(t, f), newSTUNPeer(t, f)
	nominate := stun.RawAttribute{Type: stun.AttrUseCandidate}
	for _, step := range []struct {
		peer *stunPeer
		attr []stun.Setter
		want *stunPeer
	}{
		{a, nil, a},
		{b, nil, a},
		{b, []stun.Setter{nominate}, b},
		{a, nil, b},
		{a, []stun.Setter{nominate}, a},
	} {
		if step.peer.exchange(t, c, request(t, c, step.attr...).Raw) == nil {
			t.Fatal("no answer")
		}
		if got := c.path.Load().udp.Remote(); got != step.want.addr() {
			t.Fatalf("path to %v, want %v", got, step.want.addr())
		}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.byAddr[a.addr()] != c || f.byAddr[b.addr()] != c {
		t.Error("both addresses belong to the connection")
	}
}

// TestLeavesADeadPath: a NAT gives the peer a new address, and the peer, which cannot know, nominates nothing.
func TestLeavesADeadPath(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := newViewer(t, f).Conn.(*conn)
	old, rebound := newSTUNPeer(t, f), newSTUNPeer(t, f)
	old.exchange(t, c, request(t, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw)
	rebound.exchange(t, c, request(t, c).Raw)
	if got := c.path.Load().udp.Remote(); got != old.addr() {
		t.Fatalf("left a path in use for %v", got)
	}
	c.mu.Lock()
	for i := range c.paths {
		c.paths[i].lastRequest = c.paths[i].lastRequest.Add(-pathStale)
	}
	c.mu.Unlock()
	rebound.exchange(t, c, request(t, c).Raw)
	if got := c.path.Load().udp.Remote(); got != rebound.addr() {
		t.Errorf("path to %v, want %v", got, rebound.addr())
	}
}

func TestPathsAreBounded(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := newViewer(t, f).Conn.(*conn)
	now := time.Now()
	from := func(addr string, port uint16) *datagram {
		return &datagram{
			remote: netip.AddrPortFrom(netip.MustParseAddr(addr), port), local: netip.MustParseAddr("127.0.0.1"),
		}
	}
	current := c.authenticated(from("192.0.2.1", 1), now)
	c.path.Store(current)
	for port := range uint16(100) {
		c.authenticated(from("192.0.2.2", port), now)
	}
	if len(c.paths) != maxPaths || len(f.byAddr) != maxPaths || f.byAddr[current.udp.Remote()] != c {
		t.Errorf("%d paths, %d addresses", len(c.paths), len(f.byAddr))
	}
	if c.authenticated(from("192.0.2.1", 1), now) != current {
		t.Error("the path in use was forgotten")
	}
}

// TestSilentPeerFails: after the answer a connection has a limited time to connect.
func TestSilentPeerFails(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	v := newViewer(t, f)
	c := v.Conn.(*conn)
	if _, err := v.Answer(answerSDP()); err != nil {
		t.Fatal(err)
	}
	c.tick(time.Now().Add(connectTimeout / 2))
	if len(v.states) != 0 {
		t.Error("failed too early")
	}
	c.tick(time.Now().Add(connectTimeout + time.Second))
	v.wait(t, transport.Failed)
}

func TestConsent(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name           string
		request, heard time.Duration // ago
		want           transport.State
	}{
		{"fresh", 3 * time.Second, 3 * time.Second, transport.Connected},
		{"reports only", 20 * time.Second, time.Second, transport.Connected},
		{"reports without consent", 31 * time.Second, time.Second, transport.Failed},
		{"silence", 13 * time.Second, 13 * time.Second, transport.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFactory(t, Config{}, "127.0.0.1")
			c := newViewer(t, f).Conn.(*conn)
			c.mu.Lock()
			c.state, c.lastRequest, c.lastHeard = transport.Connected, now.Add(-tt.request), now.Add(-tt.heard)
			c.mu.Unlock()
			c.tick(now)
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.state != tt.want {
				t.Errorf("state %v, want %v", c.state, tt.want)
			}
		})
	}
}

func FuzzRequestUfrag(f *testing.F) {
	c := &conn{ufrag: "abcdefgh", pwd: "0123456789012345678901"}
	valid := request(f, c).Raw
	f.Add(valid)
	f.Add(valid[:19])
	f.Add(valid[:20])
	f.Add(valid[:27])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		ufrag := requestUfrag(b)
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		if m.Decode() != nil || m.Type != stun.BindingRequest {
			return
		}
		name, err := m.Get(stun.AttrUsername)
		want, _, _ := strings.Cut(string(name), ":")
		// The library drops what follows the integrity, the demultiplexer may still see it.
		if err == nil && string(ufrag) != want {
			t.Errorf("ufrag %q, want %q", ufrag, want)
		}
	})
}

// FuzzHandle throws datagrams at a connection that nobody has connected to yet, and that handles its first ones: nothing
// may panic, nothing without the password may move it. FuzzFeedback is of one that is connected.
func FuzzHandle(f *testing.F) {
	fact := newFactory(f, Config{}, "127.0.0.1")
	c := newViewer(f, fact).Conn.(*conn)
	f.Add(request(f, c).Raw[:19])
	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 0, 0, 1})
	f.Add([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1500 {
			return
		}
		if !c.tryHandle(&datagram{data: b, remote: netip.MustParseAddrPort("127.0.0.1:9")}, new(scratch)) {
			t.Fatal("busy")
		}
		if c.path.Load() != nil {
			t.Error("authenticated by noise")
		}
	})
}
