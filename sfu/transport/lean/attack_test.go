package lean

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
)

// streamed connects a stock client, sends it pictures until the test ends, and records what it nominated.
func streamed(t *testing.T, f *Factory) (*client, *conn, func() []byte) {
	t.Helper()
	var mu sync.Mutex
	var nomination []byte
	f.cfg.Port.Claim(func(b []byte, remote netip.AddrPort, local netip.Addr) bool {
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		if m.Decode() == nil && m.Type == stun.BindingRequest && m.Contains(stun.AttrUseCandidate) {
			mu.Lock()
			nomination = m.Raw
			mu.Unlock()
		}
		return f.receive(b, remote, local)
	})
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	connect(t, v, c)
	done := make(chan struct{})
	var sending sync.WaitGroup
	t.Cleanup(func() { close(done); sending.Wait() })
	sending.Go(func() {
		batch, payload := f.cfg.Port.NewBatch(0), vp8Payload(1000)
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for seq := uint16(1); ; seq++ {
			select {
			case <-ticker.C:
			case <-done:
				return
			}
			_ = v.WriteRTP(batch, header(1000, codec.PayloadVP8, seq), payload)
			_ = batch.Flush()
		}
	})
	return c, v.Conn.(*conn), func() []byte {
		mu.Lock()
		defer mu.Unlock()
		return nomination
	}
}

// arrives waits for so many packets from now on.
func (c *client) arrives(t *testing.T, n int) {
	t.Helper()
	for len(c.packets) > 0 {
		<-c.packets
	}
	for range n {
		select {
		case <-c.packets:
		case <-time.After(deadline):
			t.Fatal("pictures have ceased")
		}
	}
}

// TestAmplification: who has a link nominates in the name of a victim, which is sent at most three times what was said
// in its name, while the viewer's pictures go on.
func TestAmplification(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c, inner, _ := streamed(t, f)
	victim := newSTUNPeer(t, f)
	var got atomic.Int64
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, _, err := victim.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			got.Add(int64(n))
		}
	})
	said := 0
	for range 20 {
		raw := nominateAs(t, inner)
		said += len(raw)
		sayAs(inner, raw, victim.addr())
		c.arrives(t, 20)
	}
	_ = victim.Close()
	reading.Wait()
	if n := got.Load(); n > int64(3*said) {
		t.Errorf("the victim was sent %d bytes for %d said in its name", n, said)
	}
}

// sayAs hands a connection a datagram as if it had come from an address.
func sayAs(c *conn, raw []byte, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handle(&datagram{data: raw, remote: from, local: netip.MustParseAddr("127.0.0.1")}, new(scratch))
}

// nominateAs is a nomination by the peer of a connection.
func nominateAs(t *testing.T, c *conn) []byte {
	t.Helper()
	c.mu.Lock()
	name := c.ufrag + ":" + c.remoteUfrag
	c.mu.Unlock()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(name),
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)},
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 2, 3, 4}},
		stun.RawAttribute{Type: stun.AttrUseCandidate}, stun.MessageIntegrity(c.pwd), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// TestReplayedNomination: who has seen a nomination on the way, but has no link, sends it again from an address of his
// own. The viewer's pictures go on.
func TestReplayedNomination(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	c, inner, nomination := streamed(t, f)
	c.arrives(t, 20)
	raw := nomination()
	if raw == nil {
		t.Fatal("no nomination was seen")
	}
	thief := newSTUNPeer(t, f)
	for range 5 {
		sayAs(inner, raw, thief.addr())
		if got := inner.path.Load().udp.Remote(); got == thief.addr() {
			t.Fatal("the path leads to the thief")
		}
		c.arrives(t, 20)
	}
}

// TestRebinding: a NAT between a stock client and the server changes its mapping. Pictures come by the new one.
func TestRebinding(t *testing.T) {
	f := newFactory(t, Config{}, "127.0.0.1")
	nat := newNAT(t, f.cfg.Port.LocalAddr())
	v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
	inside := nat.inside.LocalAddr().(*net.UDPAddr).Port
	offer := strings.ReplaceAll(v.Offer(), fmt.Sprintf(" %d typ host", f.cfg.Port.LocalAddr().Port()), fmt.Sprintf(" %d typ host", inside))
	if _, err := v.Answer(c.answer(t, offer)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-v.states:
	case <-time.After(deadline):
		t.Fatal("not connected")
	}
	inner := v.Conn.(*conn)
	before := inner.path.Load().udp.Remote()
	nat.rebind(t)
	batch, payload, seq := f.cfg.Port.NewBatch(0), vp8Payload(1000), uint16(0)
	poll(t, "pictures by the new mapping", func() bool {
		seq++
		_ = v.WriteRTP(batch, header(1000, codec.PayloadVP8, seq), payload)
		_ = batch.Flush()
		return len(c.packets) > 100 && inner.path.Load().udp.Remote() != before
	})
}

// nat forwards between one client, which sees it as the server, and the server.
type nat struct {
	inside  *net.UDPConn
	server  netip.AddrPort
	client  atomic.Pointer[netip.AddrPort]
	outside atomic.Pointer[net.UDPConn]
	running sync.WaitGroup
}

func newNAT(t *testing.T, server netip.AddrPort) *nat {
	t.Helper()
	inside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	n := &nat{inside: inside, server: server}
	n.rebind(t)
	n.running.Go(func() {
		buf := make([]byte, 1600)
		for {
			size, from, err := inside.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			n.client.Store(&from)
			_, _ = n.outside.Load().WriteToUDPAddrPort(buf[:size], server)
		}
	})
	t.Cleanup(func() {
		_ = inside.Close()
		_ = n.outside.Load().Close()
		n.running.Wait()
	})
	return n
}

// rebind gives the client a new port at the server's side; nothing comes by the old one any more.
func (n *nat) rebind(t *testing.T) {
	t.Helper()
	outside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if old := n.outside.Swap(outside); old != nil {
		_ = old.Close()
	}
	n.running.Go(func() {
		buf := make([]byte, 1600)
		for {
			size, err := outside.Read(buf)
			if err != nil {
				return
			}
			if client := n.client.Load(); client != nil {
				_, _ = n.inside.WriteToUDPAddrPort(buf[:size], *client)
			}
		}
	})
}
