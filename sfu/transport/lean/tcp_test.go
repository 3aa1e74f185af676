package lean

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
)

func newTCPFactory(t *testing.T) (*Factory, string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newFactory(t, Config{TCP: l}, "127.0.0.1"), l.Addr().String()
}

// TestStockClientOverTCP: a client that has only TCP connects and receives.
func TestStockClientOverTCP(t *testing.T) {
	f, _ := newTCPFactory(t)
	v := newViewer(t, f)
	if strings.Count(v.Offer(), " typ host tcptype passive\r\n") != 1 {
		t.Fatalf("no TCP candidate in\n%s", v.Offer())
	}
	var settings webrtc.SettingEngine
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	c := newClient(t, settings)
	connect(t, v, c)
	if p := v.Conn.(*conn).path.Load(); p.tcp == nil {
		t.Fatal("the path is not TCP")
	}
	batch, payload := f.cfg.Port.NewBatch(0), vp8Payload(1000)
	seq := uint16(0)
	poll(t, "packets and reports", func() bool {
		seq++
		if err := v.WriteRTP(batch, header(1000, codec.PayloadVP8, seq), payload); err != nil {
			t.Fatal(err)
		}
		return len(c.packets) > 100 && len(v.rtcp) > 0
	})
	if s := f.cfg.Port.Stats(); s.Packets != 0 {
		t.Errorf("%d packets went by UDP", s.Packets)
	}
}

// TestTCPUnauthenticated: who does not begin with a request to a known connection is shown the door.
func TestTCPUnauthenticated(t *testing.T) {
	f, addr := newTCPFactory(t)
	c := newViewer(t, f).Conn.(*conn)
	stranger := &conn{ufrag: "stranger", pwd: c.pwd}
	for name, first := range map[string][]byte{
		"HTTP":               []byte("GET / HTTP/1.1\r\n\r\n"),
		"empty frame":        {0, 0},
		"DTLS":               frame([]byte{22, 254, 253, 0}),
		"unknown connection": frame(request(t, stranger).Raw),
	} {
		t.Run(name, func(t *testing.T) {
			tcp, err := net.Dial("tcp4", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			if _, err := tcp.Write(first); err != nil {
				t.Fatal(err)
			}
			_ = tcp.SetReadDeadline(time.Now().Add(deadline))
			if n, err := tcp.Read(make([]byte, 1)); n != 0 || isTimeout(err) {
				t.Errorf("read %d: %v", n, err)
			}
		})
	}
	poll(t, "an empty table", func() bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return len(f.tcp) == 0 && snapshot(&f.drops)[DropTCPUnauthenticated] == 4
	})
}

// TestSilentTCPFlood: 700 connections of one address that say nothing are bounded, the oldest are closed, and a client
// of the very same address that has only TCP connects meanwhile and gets its pictures.
func TestSilentTCPFlood(t *testing.T) {
	f, addr := newTCPFactory(t)
	first, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	for range 700 {
		tcp, err := net.Dial("tcp4", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close()
	}
	v := newViewer(t, f)
	var settings webrtc.SettingEngine
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	c := newClient(t, settings)
	connect(t, v, c)
	batch, payload := f.cfg.Port.NewBatch(0), vp8Payload(1000)
	seq := uint16(0)
	poll(t, "pictures", func() bool {
		seq++
		return v.WriteRTP(batch, header(1000, codec.PayloadVP8, seq), payload) == nil && len(c.packets) > 100
	})
	_ = first.SetReadDeadline(time.Now().Add(deadline))
	if n, err := first.Read(make([]byte, 1)); n != 0 || isTimeout(err) {
		t.Errorf("the oldest is still there: read %d: %v", n, err)
	}
	poll(t, "the bound", func() bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return len(f.tcp) <= tcpLimits().PerAddress+2 // and the client's
	})
	if f.Stats()[DropTCPFull] < 500 {
		t.Errorf("%d counted", f.Stats()[DropTCPFull])
	}
}

// TestTCPIsHandedOverWhole: who takes a connection that is for none of the factory's reads it from its first byte.
func TestTCPIsHandedOverWhole(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan net.Conn, 1)
	f := newFactory(t, Config{TCP: l, UnclaimedTCP: func(c net.Conn, ufrag string) bool {
		if ufrag != "somebody" {
			return false
		}
		taken <- c
		return true
	}}, "127.0.0.1")
	tcp, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	want := append(frame(request(t, &conn{ufrag: "somebody", pwd: "x"}).Raw), frame([]byte("what follows"))...)
	if _, err := tcp.Write(want); err != nil {
		t.Fatal(err)
	}
	c := <-taken
	defer c.Close()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %x, want %x: %v", got, want, err)
	}
	poll(t, "an empty table", func() bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return len(f.tcp) == 0
	})
}

// watched is a TCP listener that tells of each time its connections are given.
type watched struct {
	net.Listener
	given chan time.Time
}

type watchedConn struct {
	net.Conn
	given chan time.Time
}

func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	return &watchedConn{c, w.given}, err
}

func (c *watchedConn) SetReadDeadline(at time.Time) error {
	c.given <- at
	return c.Conn.SetReadDeadline(at)
}

// TestTCPNeedsAuthentication: naming a connection is not enough to speak to it, nor to stay.
func TestTCPNeedsAuthentication(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	given := make(chan time.Time, 10)
	f := newFactory(t, Config{TCP: &watched{l, given}}, "127.0.0.1")
	unproven := func() int {
		f.mu.RLock()
		defer f.mu.RUnlock()
		n := 0
		for t := range f.tcp {
			if !t.proven.Load() {
				n++
			}
		}
		return n
	}
	c := newViewer(t, f).Conn.(*conn)
	tcp, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	liar := &conn{ufrag: c.ufrag, pwd: "not the password at all"}
	for _, b := range [][]byte{request(t, liar).Raw, {22, 254, 253, 0}} {
		if _, err := tcp.Write(frame(b)); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, "both refused", func() bool {
		s := f.Stats()
		return s[DropBadSTUN] == 1 && s[DropUnknown] == 1
	})
	c.mu.Lock()
	if c.pipe != nil || c.path.Load() != nil {
		t.Error("a liar was let in")
	}
	c.mu.Unlock()
	if n, m := unproven(), len(given); n != 1 || m != 1 {
		t.Errorf("%d connections count as unproven, time was given %d times", n, m)
	}
	if _, err := tcp.Write(frame(request(t, c).Raw)); err != nil {
		t.Fatal(err)
	}
	poll(t, "it has proved itself", func() bool { return unproven() == 0 })
	first := <-given
	if second := <-given; !second.After(first) {
		t.Error("no more time was given")
	}
}

// TestSlowTCPPeerLosesItsOwn: what a peer does not take is dropped and counted, and nobody waits.
func TestSlowTCPPeerLosesItsOwn(t *testing.T) {
	f, _ := newTCPFactory(t)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	peer := &tcpPeer{factory: f, conn: ours, remote: netip.MustParseAddrPort("192.0.2.1:1"), wake: make(chan struct{}, 1)}
	p := &path{tcp: peer}
	p.proven.Store(true)
	const size, n = 1000, 400
	for range n {
		if err := p.send(f, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	want := uint64(n - tcpQueue/(size+2))
	if got := f.Stats()[DropTCP]; got != want {
		t.Errorf("%d dropped, want %d", got, want)
	}
	peer.close()
	if err := p.send(f, make([]byte, size)); err != nil || f.Stats()[DropTCP] != want+1 {
		t.Errorf("after close: %v, %d dropped", err, f.Stats()[DropTCP])
	}
}

func frame(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func FuzzReadFrame(f *testing.F) {
	f.Add(append(frame([]byte("abc")), frame([]byte("de"))...))
	f.Add([]byte{255, 255, 0})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, buf := bytes.NewReader(b), make([]byte, 1600)
		var again []byte
		for {
			got, err := readFrame(r, buf)
			if err != nil {
				break
			}
			again = append(again, frame(got)...)
		}
		if !bytes.HasPrefix(b, again) {
			t.Errorf("read %x from %x", again, b)
		}
		if len(again) == len(b) {
			if _, err := readFrame(r, buf); err == nil || !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %v", err)
			}
		}
	})
}
