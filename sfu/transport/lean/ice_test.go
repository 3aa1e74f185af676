package lean

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/sfu/transport"
)

// peerPwd is the password of the answer that stunPeers speak for.
const peerPwd = "0123456789012345678901"

// stunPeer is a socket that sends hand-made requests. It answers checks unless it is mute.
type stunPeer struct {
	*net.UDPConn
	to   netip.AddrPort
	mute bool
}

func newSTUNPeer(tb testing.TB, f *Factory) *stunPeer {
	tb.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &stunPeer{UDPConn: c, to: f.cfg.Port.LocalAddr()}
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
		if m.Type == stun.BindingRequest {
			p.answerCheck(tb, c, m)
			continue
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

// answerCheck answers a check of the server as a full agent does.
func (p *stunPeer) answerCheck(tb testing.TB, c *conn, m *stun.Message) {
	tb.Helper()
	var name stun.Username
	if err := name.GetFrom(m); err != nil || name.String() != "peer:"+c.ufrag ||
		stun.MessageIntegrity(peerPwd).Check(m) != nil || stun.Fingerprint.Check(m) != nil || !m.Contains(stun.AttrICEControlled) ||
		m.Contains(stun.AttrUseCandidate) {
		tb.Errorf("the check %v of %q is not one of a controlled agent", m, name)
	}
	if p.mute {
		return
	}
	if _, err := p.WriteToUDPAddrPort(successResponse(tb, m, peerPwd), p.to); err != nil {
		tb.Fatal(err)
	}
}

func successResponse(tb testing.TB, m *stun.Message, pwd string) []byte {
	tb.Helper()
	r, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: net.IPv4(127, 0, 0, 1), Port: 1}, stun.MessageIntegrity(pwd), stun.Fingerprint)
	if err != nil {
		tb.Fatal(err)
	}
	return r.Raw
}

// answered is a viewer whose answer has come, of a peer that stunPeers speak for.
func answered(tb testing.TB, f *Factory) *conn {
	tb.Helper()
	v := newViewer(tb, f)
	if _, err := v.Answer(answerSDP()); err != nil {
		tb.Fatal(err)
	}
	return v.Conn.(*conn)
}

// remoteAddr is where a connection sends media, the zero address for nowhere.
func (c *conn) remoteAddr() netip.AddrPort {
	if p := c.path.Load(); p != nil {
		return p.udp.Remote()
	}
	return netip.AddrPort{}
}

// provenPath is a path as of a peer that has answered a check.
func (c *conn) provenPath(d *datagram) *path {
	p := c.checks.add(d)
	p.proven.Store(true)
	return p
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
	c := answered(t, f)
	a, b := newSTUNPeer(t, f), newSTUNPeer(t, f)
	nominate := stun.RawAttribute{Type: stun.AttrUseCandidate}
	for i, step := range []struct {
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
		poll(t, "the path of step "+strconv.Itoa(i), func() bool {
			if step.peer.exchange(t, c, request(t, c, step.attr...).Raw) == nil {
				t.Fatal("no answer")
			}
			return c.remoteAddr() == step.want.addr()
		})
		if i == 0 || i == 2 { // the next step is about who is proven already
			poll(t, "proof of the other", func() bool {
				b.exchange(t, c, request(t, c).Raw)
				f.mu.RLock()
				defer f.mu.RUnlock()
				return f.byAddr[b.addr()].proven.Load()
			})
		}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.byAddr[a.addr()].conn != c || f.byAddr[b.addr()].conn != c || len(f.checks) != 0 {
		t.Error("both addresses belong to the connection")
	}
}

// inject handles a datagram as if it had come from an address.
func inject(tb testing.TB, f *Factory, raw []byte, from netip.AddrPort) {
	tb.Helper()
	d := &datagram{data: raw, remote: from, local: netip.MustParseAddr("127.0.0.1")}
	if c := f.find(raw, from); c != nil {
		c.mu.Lock()
		c.handle(d, new(scratch))
		c.mu.Unlock()
	}
}

// TestUnprovenAddress: an address that does not answer a check is sent next to nothing, whatever is nominated in its
// name, and takes no place from others.
func TestUnprovenAddress(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := answered(t, f)
	viewer, victim := newSTUNPeer(t, f), newSTUNPeer(t, f)
	victim.mute = true
	nominate := stun.RawAttribute{Type: stun.AttrUseCandidate}
	poll(t, "the viewer's path", func() bool {
		viewer.exchange(t, c, request(t, c, nominate).Raw)
		return c.remoteAddr() == viewer.addr()
	})
	other := answered(t, f)
	received := 0
	for range 20 {
		for _, raw := range [][]byte{request(t, c, nominate).Raw, request(t, other, nominate).Raw} {
			received += len(raw)
			inject(t, f, raw, victim.addr())
		}
		if _, err := newPipe(other).WriteTo(make([]byte, 1200), nil); err != nil { // a flight of its handshake
			t.Fatal(err)
		}
	}
	for range 100 {
		c.checks.tick(time.Now().Add(time.Hour))
		other.checks.tick(time.Now().Add(time.Hour))
	}
	if c.remoteAddr() != viewer.addr() || other.path.Load() != nil {
		t.Errorf("paths to %v and %v", c.remoteAddr(), other.remoteAddr())
	}
	sent, buf := 0, make([]byte, 1500)
	viewer.exchange(t, c, request(t, c).Raw) // what was sent before has arrived
	for {
		_ = victim.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, _, err := victim.ReadFromUDPAddrPort(buf)
		if err != nil {
			break
		}
		sent += n
	}
	if sent == 0 || sent > amplification*received {
		t.Errorf("sent %d bytes for %d", sent, received)
	}
	if f.Stats()[DropUnproven] == 0 {
		t.Error("what was not sent is not counted")
	}
	if len(f.byAddr) != 2 || f.byAddr[viewer.addr()].conn != c {
		t.Errorf("%d addresses", len(f.byAddr))
	}
	// The owner of an address gets it back from who used its name.
	poll(t, "the path of the owner", func() bool {
		owner := answered(t, f)
		victim.mute = false
		victim.exchange(t, owner, request(t, owner, nominate).Raw)
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.byAddr[victim.addr()].conn == owner
	})
}

// TestCheckAnswers: only the answer with the peer's password, to the check, by the path that was checked proves it.
func TestCheckAnswers(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	at, elsewhere := netip.MustParseAddrPort("127.0.0.1:9"), netip.MustParseAddrPort("127.0.0.2:9")
	for _, tt := range []struct {
		name   string
		change func(m *stun.Message) (pwd string, from netip.AddrPort)
		proven bool
	}{
		{"good", func(*stun.Message) (string, netip.AddrPort) { return peerPwd, at }, true},
		{"other password", func(*stun.Message) (string, netip.AddrPort) { return "x", at }, false},
		{"from elsewhere", func(*stun.Message) (string, netip.AddrPort) { return peerPwd, elsewhere }, false},
		{"other transaction", func(m *stun.Message) (string, netip.AddrPort) { m.TransactionID[0]++; return peerPwd, at }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := answered(t, f)
			inject(t, f, request(t, c).Raw, at)
			m := &stun.Message{TransactionID: c.checks.paths[0].check.id}
			pwd, from := tt.change(m)
			inject(t, f, successResponse(t, m, pwd), from)
			if got := c.path.Load() != nil; got != tt.proven {
				t.Errorf("proven %v", got)
			}
		})
	}
}

// TestReplay: a nomination that somebody has seen and sends again, from elsewhere, moves nothing, nor do its answers.
func TestReplay(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := answered(t, f)
	viewer, thief := newSTUNPeer(t, f), newSTUNPeer(t, f)
	thief.mute = true
	raw := request(t, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw
	poll(t, "the viewer's path", func() bool {
		viewer.exchange(t, c, raw)
		return c.remoteAddr() == viewer.addr()
	})
	c.mu.Lock()
	before := c.lastRequest
	c.mu.Unlock()
	inject(t, f, raw, thief.addr())
	if c.remoteAddr() != viewer.addr() || len(c.checks.paths) != 1 || f.Stats()[DropReplay] != 1 || !c.lastRequest.Equal(before) {
		t.Errorf("path to %v, %d paths, %d replayed", c.remoteAddr(), len(c.checks.paths), f.Stats()[DropReplay])
	}
	for range len(c.checks.seen.ids) { // long after
		inject(t, f, request(t, c).Raw, viewer.addr())
	}
	inject(t, f, raw, thief.addr())
	c.checks.tick(time.Now().Add(challengeTime))
	if c.remoteAddr() != viewer.addr() {
		t.Error("the path has moved to the thief")
	}
}

// TestLeavesADeadPath: a NAT gives the peer a new address, and the peer, which cannot know, nominates nothing. The path
// before does not answer, and what the new one takes to be used is less than a second of ticks.
func TestLeavesADeadPath(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := answered(t, f)
	old, rebound := newSTUNPeer(t, f), newSTUNPeer(t, f)
	poll(t, "the path before", func() bool {
		old.exchange(t, c, request(t, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw)
		return c.remoteAddr() == old.addr()
	})
	c.mu.Lock()
	current := c.path.Load()
	current.lastRequest = current.lastRequest.Add(-2 * challengeAfter) // as between two requests of a browser
	c.mu.Unlock()
	poll(t, "proof of the path after", func() bool {
		rebound.exchange(t, c, request(t, c).Raw)
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.byAddr[rebound.addr()].proven.Load()
	})
	c.mu.Lock()
	began := current.check.began
	c.mu.Unlock()
	if began.IsZero() {
		t.Fatal("the path before was not checked")
	}
	if challengeTime+2*checkTick >= time.Second {
		t.Error("it takes too long")
	}
	c.checks.tick(began.Add(challengeTime + checkTick))
	if got := c.remoteAddr(); got != rebound.addr() {
		t.Errorf("path to %v, want %v", got, rebound.addr())
	}
}

// TestKeepsALivePath: a peer with two interfaces checks both. The one in use answers, and stays.
func TestKeepsALivePath(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := answered(t, f)
	used, other := newSTUNPeer(t, f), newSTUNPeer(t, f)
	poll(t, "the path", func() bool {
		used.exchange(t, c, request(t, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw)
		return c.remoteAddr() == used.addr()
	})
	c.mu.Lock()
	c.path.Load().lastRequest = time.Now().Add(-2 * challengeAfter)
	c.mu.Unlock()
	other.exchange(t, c, request(t, c).Raw)
	poll(t, "its answer", func() bool {
		used.exchange(t, c, request(t, c).Raw)
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.path.Load().check.tries == 0
	})
	c.checks.tick(time.Now().Add(challengeTime + checkTick))
	if got := c.remoteAddr(); got != used.addr() {
		t.Errorf("path to %v, want %v", got, used.addr())
	}
}

func TestPathsAreBounded(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c := answered(t, f)
	from := func(addr string, port uint16) *datagram {
		return &datagram{
			remote: netip.AddrPortFrom(netip.MustParseAddr(addr), port), local: netip.MustParseAddr("127.0.0.1"),
		}
	}
	current, spare := c.provenPath(from("192.0.2.1", 1)), c.provenPath(from("192.0.2.1", 2))
	c.checks.use(current)
	for port := range uint16(100) {
		d := from("192.0.2.2", port)
		d.data = request(t, c).Raw
		if !c.tryHandle(d, new(scratch)) {
			t.Fatal("busy")
		}
	}
	if len(c.checks.paths) != maxPaths || len(f.byAddr) != maxPaths || len(f.checks) != maxPaths-1 { // one of the path in use
		t.Errorf("%d paths, %d addresses, %d checks", len(c.checks.paths), len(f.byAddr), len(f.checks))
	}
	if c.checks.of(from("192.0.2.1", 1)) != current || c.checks.of(from("192.0.2.1", 2)) != spare {
		t.Error("a proven path has made room for one that is not")
	}
	_ = c.Close()
	if len(f.byAddr)+len(f.checks)+len(c.worker.checking) != 0 {
		t.Errorf("%d addresses and %d checks after Close", len(f.byAddr), len(f.checks))
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

// FuzzAnswered throws datagrams at a connection whose answer has come, from an address that is being checked: nothing
// proves it but the answer to the check, and what is kept is bounded.
func FuzzAnswered(f *testing.F) {
	fact := newFactory(f, Config{}, "127.0.0.1")
	c := answered(f, fact)
	at := netip.MustParseAddrPort("127.0.0.1:9")
	inject(f, fact, request(f, c).Raw, at)
	f.Add(successResponse(f, &stun.Message{TransactionID: c.checks.paths[0].check.id}, "x"), uint16(9))
	f.Add(request(f, c, stun.RawAttribute{Type: stun.AttrUseCandidate}).Raw, uint16(10))
	f.Add([]byte{1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint16(9))
	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 0, 0, 1}, uint16(9))
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		if len(b) > 1500 || len(b) > 0 && b[0] >= 20 && b[0] < 64 { // DTLS is another's decoder
			return
		}
		inject(t, fact, b, netip.AddrPortFrom(at.Addr(), port))
		c.checks.tick(time.Now())
		if c.path.Load() != nil {
			t.Error("proven by noise")
		}
		if len(c.checks.paths) > maxPaths || len(fact.checks) > maxPaths || len(fact.byAddr) > maxPaths {
			t.Error("more is kept than there is a bound for")
		}
	})
}
