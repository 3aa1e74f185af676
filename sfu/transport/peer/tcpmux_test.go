package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// port is a TCP port whose connections are offered to a mux.
type port struct {
	*TCPMux
	t *testing.T
	l net.Listener
}

func newPort(t *testing.T) *port {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &port{NewTCPMux(l.Addr(), slog.New(slog.DiscardHandler)), t, l}
	t.Cleanup(func() {
		if err := errors.Join(p.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// offer connects and offers the connection, which begins with a request to ufrag.
func (p *port) offer(ufrag string) (net.Conn, []byte, bool) {
	p.t.Helper()
	ours, err := net.Dial("tcp4", p.l.Addr().String())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = ours.Close() })
	theirs, err := p.l.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(ufrag+":client"))
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := ours.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw))), m.Raw...)); err != nil {
		p.t.Fatal(err)
	}
	taken := p.Take(theirs, ufrag)
	if !taken {
		_ = theirs.Close()
	}
	return ours, m.Raw, taken
}

func (p *port) candidate(ufrag, local string) net.PacketConn {
	p.t.Helper()
	c, err := p.GetConnByUfrag(ufrag, false, net.ParseIP(local))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

func read(t *testing.T, c net.PacketConn) ([]byte, net.Addr) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, from, err := c.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n], from
}

// TestTCPMuxSurvivesItsConnections: a client whose TCP connection ends opens another and is heard again.
func TestTCPMuxSurvivesItsConnections(t *testing.T) {
	p := newPort(t)
	c := p.candidate("known", "127.0.0.1")
	for range 3 {
		client, want, taken := p.offer("known")
		if !taken {
			t.Fatal("not taken")
		}
		got, from := read(t, c)
		if !bytes.Equal(got, want) {
			t.Fatalf("read %x, want %x", got, want)
		}
		if _, err := c.WriteTo([]byte("answer"), from); err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, 8)
		if _, err := io.ReadFull(client, frame); err != nil || !bytes.Equal(frame, append([]byte{0, 6}, "answer"...)) {
			t.Fatalf("answer %x: %v", frame, err)
		}
		_ = client.Close()
	}
	if p.Dropped() != 0 {
		t.Error("something was dropped")
	}
	if _, err := c.WriteTo([]byte("x"), &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}); err == nil || p.Dropped() != 1 {
		t.Errorf("to nobody: %v, %d dropped", err, p.Dropped())
	}
}

// TestTCPMuxTakes: connections are taken for those who wait only.
func TestTCPMuxTakes(t *testing.T) {
	p := newPort(t)
	elsewhere := p.candidate("elsewhere", "192.0.2.7") // announced first for another address of this host
	gone := p.candidate("gone", "127.0.0.1")
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	removed := p.candidate("removed", "127.0.0.1")
	p.RemoveConnByUfrag("removed")
	_ = removed.Close()
	v6, err := p.GetConnByUfrag("v6", true, net.ParseIP("::1"))
	if err != nil {
		t.Fatal(err)
	}
	defer v6.Close()
	for ufrag, want := range map[string]bool{
		"elsewhere": true, "unknown": false, "gone": false, "removed": false, "v6": false, "": false,
	} {
		if _, _, taken := p.offer(ufrag); taken != want {
			t.Errorf("%q: taken %v", ufrag, taken)
		}
	}
	if b, _ := read(t, elsewhere); len(b) == 0 {
		t.Error("nothing came")
	}
}

// TestTCPMuxIsBounded: a PeerConnection has so many connections and no more, until one ends.
func TestTCPMuxIsBounded(t *testing.T) {
	p := newPort(t)
	p.candidate("greedy", "127.0.0.1")
	p.candidate("modest", "127.0.0.1")
	var first net.Conn
	for i := range maxTCPPerPeer {
		c, _, taken := p.offer("greedy")
		if !taken {
			t.Fatalf("connection %d not taken", i)
		}
		if i == 0 {
			first = c
		}
	}
	if _, _, taken := p.offer("greedy"); taken {
		t.Error("one too many was taken")
	}
	if _, _, taken := p.offer("modest"); !taken {
		t.Error("another pays for it")
	}
	c := p.candidate("greedy", "127.0.0.1")
	go func() { // its reader
		for b := make([]byte, 1500); ; {
			if _, _, err := c.ReadFrom(b); err != nil {
				return
			}
		}
	}()
	_ = first.Close()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, _, taken := p.offer("greedy"); taken {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("none is taken after one has ended")
		}
	}
}
