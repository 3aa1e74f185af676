package sfu

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	piontransport "github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
)

// lossy is the machine's network, on which UDP loses and delays what comes in and what goes out.
type lossy struct {
	piontransport.Net
	share   float64
	delay   time.Duration // one way
	media   bool          // nothing but media and reports is lost
	blocked atomic.Bool   // everything is lost
	lost    atomic.Int64

	mu   sync.Mutex
	rnd  *rand.Rand
	late sync.WaitGroup
}

func newLossy(t *testing.T, share float64) *lossy {
	t.Helper()
	n, err := stdnet.NewNet()
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{Net: n, share: share, rnd: rand.New(rand.NewPCG(3, 4))}
	t.Cleanup(l.late.Wait)
	return l
}

// loses decides about one datagram.
func (l *lossy) loses(b []byte) bool {
	if l.blocked.Load() {
		return true
	}
	if l.media && (len(b) < 2 || b[0]>>6 != 2) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rnd.Float64() >= l.share {
		return false
	}
	l.lost.Add(1)
	return true
}

func (l *lossy) ListenUDP(network string, addr *net.UDPAddr) (piontransport.UDPConn, error) {
	c, err := l.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &lossyConn{UDPConn: c, line: l}, nil
}

func (l *lossy) ListenPacket(network, address string) (net.PacketConn, error) {
	c, err := l.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	u, ok := c.(piontransport.UDPConn)
	if !ok {
		return c, nil
	}
	return &lossyConn{UDPConn: u, line: l}, nil
}

type lossyConn struct {
	piontransport.UDPConn
	line *lossy
}

func (c *lossyConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil || !c.line.loses(b[:n]) {
			return n, from, err
		}
	}
}

func (c *lossyConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	u, ok := c.UDPConn.(interface {
		ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	})
	if !ok {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	for {
		n, from, err := u.ReadFromUDPAddrPort(b)
		if err != nil || !c.line.loses(b[:n]) {
			return n, from, err
		}
	}
}

func (c *lossyConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.line.loses(b) {
		return len(b), nil
	}
	if c.line.delay == 0 {
		return c.UDPConn.WriteTo(b, to)
	}
	kept := append([]byte(nil), b...)
	c.line.late.Add(1)
	time.AfterFunc(2*c.line.delay, func() { // both ways at once: what goes out asks for what comes in
		defer c.line.late.Done()
		_, _ = c.UDPConn.WriteTo(kept, to)
	})
	return len(b), nil
}
