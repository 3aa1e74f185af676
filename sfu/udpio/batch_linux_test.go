package udpio

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRefusedMessages injects the kernel's refusals and looks at what still arrives and how the rest is counted.
func TestRefusedMessages(t *testing.T) {
	isGSO := func(m *mmsghdr) bool { return m.hdr.Iov.Len > 101 }
	for _, tt := range []struct {
		name     string
		refuse   func(call int, first *mmsghdr) syscall.Errno
		arrive   []byte
		gsoAfter bool
		fallback uint64
		drops    map[DropReason]uint64
	}{
		{"nothing", func(int, *mmsghdr) syscall.Errno { return 0 }, []byte{0, 1, 2, 3, 4}, true, 0, nil},
		{"device without checksum offload", func(_ int, m *mmsghdr) syscall.Errno {
			if isGSO(m) {
				return unix.EIO
			}
			return 0
		}, []byte{0, 1, 2, 3, 4}, false, 2, nil},
		{"path with a small MTU", func(_ int, m *mmsghdr) syscall.Errno {
			if isGSO(m) {
				return unix.EINVAL
			}
			return 0
		}, []byte{0, 1, 2, 3, 4}, true, 2, nil},
		{"firewall refuses the first", func(call int, _ *mmsghdr) syscall.Errno {
			if call == 0 {
				return unix.EPERM
			}
			return 0
		}, []byte{2, 3, 4}, true, 0, map[DropReason]uint64{DropRefused: 2}},
		{"no route for anything", func(int, *mmsghdr) syscall.Errno { return unix.ENETUNREACH }, nil, true, 0,
			map[DropReason]uint64{DropUnreachable: 5}},
		{"one segment refused too", func(_ int, m *mmsghdr) syscall.Errno {
			if isGSO(m) {
				return unix.EINVAL
			}
			if *m.hdr.Iov.Base == 1 {
				return unix.ENOBUFS
			}
			return 0
		}, []byte{0, 2, 3, 4}, true, 2, map[DropReason]uint64{DropNoBuffer: 1}},
		{"interrupted", func(call int, _ *mmsghdr) syscall.Errno {
			if call == 0 {
				return unix.EINTR
			}
			return 0
		}, []byte{0, 1, 2, 3, 4}, true, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, to := receiver(t, "127.0.0.1:0")
			p := listen(t, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
			if !p.GSO() {
				t.Skip("this kernel has no UDP segmentation offload")
			}
			b, path := p.NewBatch(0), p.Path(to, netip.Addr{})
			call := 0
			b.sys.sendmsg = func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
				errno := tt.refuse(call, &msgs[0])
				call++
				if errno != 0 {
					return 0, errno
				}
				return sendmmsg(fd, msgs[:1]) // as when the second message fails: a short count
			}
			for i, size := range []int{100, 100, 101, 101, 90} { // a longer packet starts the second message
				fill(b, path, byte(i), size)
			}
			if err := b.Flush(); err != nil {
				t.Fatal(err)
			}
			if err := p.Send(path, []byte{255}); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for {
				pkt, _ := recv(t, c)
				if pkt[0] == 255 {
					break
				}
				got = append(got, pkt[0])
			}
			if !slices.Equal(got, tt.arrive) {
				t.Errorf("arrived %v, want %v", got, tt.arrive)
			}
			s := p.Stats()
			if p.GSO() != tt.gsoAfter || s.Fallbacks != tt.fallback {
				t.Errorf("GSO %v after %d fallbacks, want %v after %d", p.GSO(), s.Fallbacks, tt.gsoAfter, tt.fallback)
			}
			for r := range dropReasons {
				if s.Drops[r] != tt.drops[r] {
					t.Errorf("%d drops for %s, want %d", s.Drops[r], r, tt.drops[r])
				}
			}
		})
	}
}

// TestFullSocketWaits: without room nothing is dropped, unless there is none for too long.
func TestFullSocketWaits(t *testing.T) {
	for name, room := range map[string]bool{"room comes": true, "none comes": false} {
		t.Run(name, func(t *testing.T) {
			p := listen(t, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
			c, to := receiver(t, "127.0.0.1:0")
			b := p.NewBatch(0)
			full := true
			b.sys.sendmsg = func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
				if full {
					return 0, unix.EAGAIN
				}
				return sendmmsg(fd, msgs)
			}
			b.sys.wait = func(uintptr) bool { full = !room; return room }
			fill(b, p.Path(to, netip.Addr{}), 7, 100)
			if err := b.Flush(); err != nil {
				t.Fatal(err)
			}
			dropped := uint64(1)
			if room {
				dropped = 0
				if data, _ := recv(t, c); data[0] != 7 {
					t.Errorf("received %v", data)
				}
			}
			if s := p.Stats(); s.Waits != 1 || s.Drops[DropNoBuffer] != dropped {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// What comes faster than the reader takes it is dropped by the kernel, and counted all the same.
func TestUnreadIsCounted(t *testing.T) {
	p := listen(t, Config{})
	if _, ok := unread(p.conn); !ok {
		t.Skip("this kernel does not tell")
	}
	hold := make(chan struct{})
	p.Claim(func([]byte, netip.AddrPort, netip.Addr) bool { <-hold; return true })
	defer close(hold)
	conn, err := net.Dial("udp", p.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	unread := func() uint64 { return p.Stats().Drops[DropUnread] }
	if unread() != 0 {
		t.Fatalf("%d before anything came", unread())
	}
	datagram := make([]byte, 1400)
	for sent := 0; unread() == 0; sent++ {
		if sent*len(datagram) > 100*socketBuffer {
			t.Fatalf("none of %d datagrams counts as unread", sent)
		}
		if _, err := conn.Write(datagram); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSegmentsOverVeth sends segmented messages over a link that takes one segment at a time: the kernel must cut
// them, and every packet must arrive.
func TestSegmentsOverVeth(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root for a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs iproute2")
	}
	// This goroutine's thread keeps the namespace; never unlocked, it ends with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", "name", "va", "type", "veth", "peer", "name", "vb"},
		{"link", "set", "va", "gso_max_segs", "1"},
		{"addr", "add", "10.9.0.1/24", "dev", "va"},
		{"link", "set", "va", "up"},
		{"link", "set", "vb", "up"},
		{"neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "va"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Skipf("ip %v: %v %s", args, err, out)
		}
	}
	// What vb receives is seen by a packet socket: nothing in this namespace has the address 10.9.0.2.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000})
	ifb, err := ifIndex("vb")
	if err != nil {
		t.Skip(err)
	}
	const ipv4 = 0x0008 // ETH_P_IP in network order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: ifb}); err != nil {
		t.Skip(err)
	}
	p := listen(t, Config{Addr: netip.MustParseAddrPort("10.9.0.1:0")})
	b, path := p.NewBatch(0), p.Path(netip.MustParseAddrPort("10.9.0.2:5000"), netip.Addr{})
	// A link that was just set up drops what is sent before its carrier is noticed: probes go first.
	const probe = 255
	next := func() []byte {
		buf := make([]byte, 65535)
		for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err == nil {
				return buf[:n]
			}
			_ = p.Send(path, []byte{probe})
		}
		t.Fatal("nothing arrived")
		return nil
	}
	next()
	for i := range 20 {
		fill(b, path, byte(i), 1000)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Segmented != 1 || s.Fallbacks != 0 {
		t.Errorf("stats %+v, want one segmented message", s)
	}
	for i := range 20 {
		got := next()
		for got[28] == probe {
			got = next()
		}
		if len(got) != 20+8+1000 || got[28] != byte(i) {
			t.Fatalf("packet %d: %d bytes with payload %d", i, len(got), got[28])
		}
	}
}

func ifIndex(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	return int(ifr.Uint32()), err
}

// BenchmarkSend sends the packets of one frame, 6 × 1,000 bytes, to each of 100 receivers on loopback.
func BenchmarkSend(b *testing.B) {
	const viewers, frame, size = 100, 6, 1000
	for _, bb := range []struct {
		name  string
		noGSO bool
	}{{"sendmmsg", true}, {"gso", false}} {
		b.Run(bb.name, func(b *testing.B) {
			p := listen(b, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), DisableGSO: bb.noGSO})
			batch := p.NewBatch(0)
			paths := sinks(b, p, viewers)
			b.ReportAllocs()
			for b.Loop() {
				for _, path := range paths {
					for range frame {
						batch.Append(path, size)
					}
				}
				_ = batch.Flush()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*viewers*frame), "ns/packet")
		})
	}
	b.Run("plain", func(b *testing.B) {
		p := listen(b, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
		paths := sinks(b, p, viewers)
		data := make([]byte, size)
		b.ReportAllocs()
		for b.Loop() {
			for _, path := range paths {
				for range frame {
					_ = p.Send(path, data)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*viewers*frame), "ns/packet")
	})
}

// BenchmarkTwoWriters sends from one and from two goroutines, each on its own descriptor. With a second core to itself
// the second writer doubles packets/s; "one descriptor" shows what sharing costs.
func BenchmarkTwoWriters(b *testing.B) {
	const frame, size = 6, 1000
	for _, bb := range []struct {
		name                 string
		goroutines, descript int
	}{{"one", 1, 1}, {"two", 2, 2}, {"two on one descriptor", 2, 1}} {
		b.Run(bb.name, func(b *testing.B) {
			p := listen(b, Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), Writers: bb.descript})
			const receivers = 50
			// Of each its own: the receiving half of loopback, in the sender's time, must not be what they wait for.
			paths := [][]*Path{sinks(b, p, receivers), sinks(b, p, receivers)}
			done := make(chan struct{})
			start := time.Now()
			for g := range bb.goroutines {
				go func() {
					batch := p.NewBatch(g)
					for range b.N {
						for _, path := range paths[g] {
							for range frame {
								batch.Append(path, size)
							}
						}
						_ = batch.Flush()
					}
					done <- struct{}{}
				}()
			}
			for range bb.goroutines {
				<-done
			}
			packets := b.N * bb.goroutines * receivers * frame
			b.ReportMetric(float64(packets)/time.Since(start).Seconds()/1000, "kpackets/s")
			b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}

// sinks are n sockets that nobody reads, with small buffers: what overflows costs the kernel the same.
func sinks(b *testing.B, p *Port, n int) []*Path {
	b.Helper()
	paths := make([]*Path, n)
	for i := range paths {
		c, to := receiver(b, "127.0.0.1:0")
		_ = c.SetReadBuffer(4096)
		paths[i] = p.Path(to, netip.MustParseAddr("127.0.0.1"))
	}
	return paths
}
