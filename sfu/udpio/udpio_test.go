package udpio

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen opens a port for the test.
func listen(tb testing.TB, cfg Config) *Port {
	tb.Helper()
	p, err := Listen(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

// receiver opens a plain socket that must get what a port sends.
func receiver(tb testing.TB, addr string) (*net.UDPConn, netip.AddrPort) {
	tb.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
	if err != nil {
		tb.Skipf("no socket on %s: %v", addr, err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadBuffer(4 << 20)
	return c, unmap(c.LocalAddr().(*net.UDPAddr).AddrPort())
}

func recv(tb testing.TB, c *net.UDPConn) ([]byte, netip.AddrPort) {
	tb.Helper()
	buf := make([]byte, 65535)
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, from, err := c.ReadFromUDPAddrPort(buf)
	if err != nil {
		tb.Fatalf("nothing arrived: %v", err)
	}
	return buf[:n], unmap(from)
}

func fill(b *Batch, path *Path, id byte, size int) {
	p := b.Append(path, size)
	for i := range p {
		p[i] = id
	}
}

func TestBatchGroupsEqualPackets(t *testing.T) {
	p := listen(t, Config{})
	if !p.GSO() {
		t.Skip("this kernel has no UDP segmentation offload")
	}
	a, z := p.Path(netip.MustParseAddrPort("192.0.2.1:9"), netip.Addr{}), p.Path(netip.MustParseAddrPort("192.0.2.2:9"), netip.Addr{})
	for _, tt := range []struct {
		name  string
		add   func(*Batch)
		count []int // packets of each message
	}{
		{"equal", func(b *Batch) { fill(b, a, 0, 100); fill(b, a, 1, 100); fill(b, a, 2, 100) }, []int{3}},
		{"shorter last ends it", func(b *Batch) { fill(b, a, 0, 100); fill(b, a, 1, 99); fill(b, a, 2, 99) }, []int{2, 1}},
		{"longer starts anew", func(b *Batch) { fill(b, a, 0, 99); fill(b, a, 1, 100); fill(b, a, 2, 100) }, []int{1, 2}},
		{"by destination", func(b *Batch) { fill(b, a, 0, 100); fill(b, z, 1, 100); fill(b, z, 2, 100) }, []int{1, 2}},
		{"at most 64", func(b *Batch) {
			for i := range 70 {
				fill(b, a, byte(i), 10)
			}
		}, []int{64, 6}},
		{"at most 64 KiB", func(b *Batch) {
			for i := range 45 {
				fill(b, a, byte(i), 1500)
			}
		}, []int{43, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := p.NewBatch(0)
			tt.add(b)
			if len(b.runs) != len(tt.count) {
				t.Fatalf("%d messages, want %d", len(b.runs), len(tt.count))
			}
			for i, r := range b.runs {
				if r.count != tt.count[i] {
					t.Errorf("message %d has %d packets, want %d", i, r.count, tt.count[i])
				}
			}
		})
	}
}

func TestBatchRefusesSizes(t *testing.T) {
	p := listen(t, Config{})
	b, path := p.NewBatch(0), p.Path(netip.MustParseAddrPort("127.0.0.1:9"), netip.Addr{})
	for _, size := range []int{-1, 0, MaxPacket + 1} {
		if b.Append(path, size) != nil {
			t.Errorf("a packet of %d bytes was taken", size)
		}
	}
	var zero Batch
	if err := zero.Flush(); err != nil || zero.Append(path, 10) != nil {
		t.Errorf("the zero batch did something: %v", err)
	}
}

// TestBatchDelivers sends a mixture through every kind of socket and looks at each packet that comes out.
func TestBatchDelivers(t *testing.T) {
	sizes := []int{1000, 1000, 1000, 400, 90, 1200, 1200, 5}
	for _, tt := range []struct{ name, bind, to string }{
		{"IPv4", "127.0.0.1:0", "127.0.0.1:0"},
		{"IPv6", "[::1]:0", "[::1]:0"},
		{"dual stack to IPv4", "[::]:0", "127.0.0.1:0"},
		{"dual stack to IPv6", "[::]:0", "[::1]:0"},
	} {
		for _, noGSO := range []bool{false, true} {
			name := tt.name
			if noGSO {
				name += " without GSO"
			}
			t.Run(name, func(t *testing.T) {
				c, to := receiver(t, tt.to)
				p := listen(t, Config{Addr: netip.MustParseAddrPort(tt.bind), DisableGSO: noGSO})
				b := p.NewBatch(0)
				path := p.Path(to, netip.Addr{})
				for round := range 3 {
					for i, n := range sizes {
						fill(b, path, byte(round*len(sizes)+i), n)
					}
					if err := b.Flush(); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 3 * len(sizes) {
					got, _ := recv(t, c)
					if want := bytes.Repeat([]byte{byte(i)}, sizes[i%len(sizes)]); !bytes.Equal(got, want) {
						t.Fatalf("packet %d is %d × %d, want %d × %d", i, len(got), got[0], len(want), want[0])
					}
				}
				s := p.Stats()
				if s.Packets != uint64(3*len(sizes)) || s.Bytes != 3*(3400+90+2405) {
					t.Errorf("stats %+v", s)
				}
				if noGSO == (s.Segmented > 0) && p.GSO() {
					t.Errorf("%d segmented messages with DisableGSO %v", s.Segmented, noGSO)
				}
			})
		}
	}
}

// TestAnswerLeavesFromTheAddressAsked: on a host with several addresses the peer must see the one it sent to.
func TestAnswerLeavesFromTheAddressAsked(t *testing.T) {
	for _, tt := range []struct{ name, bind, from, to string }{
		{"IPv4 socket", "0.0.0.0:0", "127.0.0.1:0", "127.0.0.2"},
		{"dual-stack socket", "[::]:0", "127.0.0.1:0", "127.0.0.3"},
		{"IPv6", "[::]:0", "[::1]:0", "::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := listen(t, Config{Addr: netip.MustParseAddrPort(tt.bind)})
			if runtime.GOOS != "linux" {
				t.Skip("this system does not tell the local address of a packet")
			}
			got := make(chan *Path, 1)
			p.Claim(func(_ []byte, remote netip.AddrPort, local netip.Addr) bool {
				got <- p.Path(remote, local)
				return false
			})
			c, client := receiver(t, tt.from)
			local := netip.AddrPortFrom(netip.MustParseAddr(tt.to), p.LocalAddr().Port())
			if _, err := c.WriteToUDPAddrPort([]byte("?"), local); err != nil {
				t.Skip(err)
			}
			path := <-got
			if path.Remote() != client || path.Local() != local.Addr() {
				t.Fatalf("path %v to %v, want %v to %v", path.Remote(), path.Local(), client, local.Addr())
			}
			b := p.NewBatch(0)
			fill(b, path, 1, 50)
			fill(b, path, 2, 50)
			if err := errors.Join(b.Flush(), p.Send(path, []byte("!"))); err != nil {
				t.Fatal(err)
			}
			_, asker, err := p.Unclaimed().ReadFrom(make([]byte, 10))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Unclaimed().WriteTo([]byte("."), asker); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				if _, from := recv(t, c); from != local {
					t.Fatalf("answered from %v, want %v", from, local)
				}
			}
		})
	}
}

func TestUnclaimedSharesThePort(t *testing.T) {
	p := listen(t, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	claimed := make(chan string, 1)
	p.Claim(func(b []byte, _ netip.AddrPort, _ netip.Addr) bool {
		if b[0] != 'c' {
			return false
		}
		claimed <- string(b)
		return true
	})
	c, client := receiver(t, "127.0.0.1:0")
	for _, m := range []string{"claimed", "other"} {
		if _, err := c.WriteToUDPAddrPort([]byte(m), p.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if m := <-claimed; m != "claimed" {
		t.Errorf("claimed %q", m)
	}
	view := p.Unclaimed()
	buf := make([]byte, 100)
	n, from, err := view.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "other" || from.(*net.UDPAddr).AddrPort() != client {
		t.Fatalf("view got %q from %v: %v", buf[:n], from, err)
	}
	// The mux that uses the view aborts writes by a deadline in the past: the port itself must not feel it.
	_ = view.SetWriteDeadline(time.Now().Add(-time.Second))
	if _, err := view.WriteTo([]byte("late"), from); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write after the view's deadline: %v", err)
	}
	if err := p.Send(p.Path(client, netip.Addr{}), []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if got, addr := recv(t, c); string(got) != "answer" || addr != p.LocalAddr() {
		t.Errorf("got %q from %v", got, addr)
	}
}

func TestUnclaimedQueueIsBounded(t *testing.T) {
	p := listen(t, Config{})
	from := netip.MustParseAddrPort("192.0.2.1:1")
	for range unclaimedQueue + 3 {
		p.deliver([]byte("x"), from, netip.Addr{})
	}
	for port := range uint16(3 * maxPeers) {
		p.unclaimed.learn(netip.AddrPortFrom(from.Addr(), port), netip.Addr{})
	}
	if n := len(p.unclaimed.peers); n > maxPeers {
		t.Errorf("%d peers remembered", n)
	}
	if n := p.Stats().Drops[DropUnclaimed]; n != 3 {
		t.Errorf("%d drops counted, want 3", n)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	p := listen(t, Config{Writers: 2})
	b := p.NewBatch(1)
	fill(b, p.Path(netip.MustParseAddrPort("127.0.0.1:9"), netip.Addr{}), 0, 10)
	done := make(chan error, 1)
	go func() {
		_, _, err := p.Unclaimed().ReadFrom(make([]byte, 1))
		done <- err
	}()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("view: %v", err)
	}
	if err := b.Flush(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("flush: %v", err)
	}
	if n := p.Stats().Drops[DropClosed]; n != 1 {
		t.Errorf("%d drops counted, want 1", n)
	}
}

// TestWritersInParallel lets two writers and the view send at once; the race detector looks on.
func TestWritersInParallel(t *testing.T) {
	const writers, packets = 2, 2000
	p := listen(t, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), Writers: writers})
	c, to := receiver(t, "127.0.0.1:0")
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			b, path := p.NewBatch(w), p.Path(to, netip.Addr{})
			for range packets / 10 {
				for range 10 {
					fill(b, path, byte(w), 200)
				}
				if err := b.Flush(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	go func() { // keeps the receive buffer from overflowing
		buf := make([]byte, 300)
		for {
			if _, _, err := c.ReadFromUDPAddrPort(buf); err != nil {
				return
			}
		}
	}()
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := p.Stats().Packets; n != writers*packets {
		t.Errorf("%d packets counted, want %d", n, writers*packets)
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	p := listen(t, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	_, to := receiver(t, "127.0.0.1:0")
	b, path := p.NewBatch(0), p.Path(to, netip.Addr{})
	if n := testing.AllocsPerRun(100, func() {
		for i := range 12 {
			fill(b, path, byte(i), 200+10*(i%5))
		}
		_ = b.Flush()
	}); n != 0 {
		t.Errorf("%v allocations per flush", n)
	}
}
