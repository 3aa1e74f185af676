package turn

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	pionturn "github.com/pion/turn/v5"

	"github.com/diemcau/diemcau/internal/contain"
)

// relay is how the media port is reached over one address family.
type relay struct {
	peer  netip.AddrPort // what pages know it by
	local netip.AddrPort // what it is reached by on this machine
}

// chooseRelays finds for each family an announced address that this machine has itself. Where it has none, because a
// NAT stands before it, the port is reached over loopback in the name of the first that is announced.
func chooseRelays(media netip.AddrPort, announced []netip.Addr) map[string]relay {
	relays := map[string]relay{}
	bound := media.Addr().Unmap()
	for network, loopback := range map[string]netip.Addr{"udp4": netip.AddrFrom4([4]byte{127, 0, 0, 1}), "udp6": netip.IPv6Loopback()} {
		family := slices.DeleteFunc(slices.Clone(announced), func(a netip.Addr) bool { return a.Is4() != loopback.Is4() })
		if len(family) == 0 {
			continue
		}
		peer := family[0]
		local := loopback
		if i := slices.IndexFunc(family, func(a netip.Addr) bool { return a == bound || bound.IsUnspecified() && isOwn(a) }); i >= 0 {
			peer, local = family[i], family[i]
		} else if !bound.IsUnspecified() {
			if bound.Is4() != loopback.Is4() {
				continue
			}
			local = bound
		}
		relays[network] = relay{netip.AddrPortFrom(peer, media.Port()), netip.AddrPortFrom(local, media.Port())}
	}
	return relays
}

// choice is what relays reach while these addresses are announced.
type choice struct {
	announced []netip.Addr
	relays    map[string]relay // by network, udp4 or udp6
}

// relays are what new allocations reach, by network.
func (s *Server) relays() map[string]relay {
	announced := s.cfg.Announced()
	if c := s.chosen.Load(); c != nil && slices.Equal(c.announced, announced) {
		return c.relays
	}
	c := &choice{slices.Clone(announced), chooseRelays(s.cfg.Media, announced)}
	s.chosen.Store(c)
	return c.relays
}

// isOwn reports whether an address is one of this machine.
func isOwn(a netip.Addr) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// generator is a Server as pion's RelayAddressGenerator. It makes relays of UDP only.
type generator Server

// Validate has nothing to check.
func (g *generator) Validate() error { return nil }

// AllocatePacketConn makes the socket of an allocation, unless its user has too many or was ended meanwhile. Who asks for
// one in nobody's name wants to reserve an even port (RFC 8656 7.2), for which there is no use here.
func (g *generator) AllocatePacketConn(c pionturn.AllocateListenerConfig) (conn net.PacketConn, at net.Addr, err error) {
	s := (*Server)(g)
	err = contain.Run(s.cfg.Panicked, func() (err error) { conn, at, err = relayFor(s, c); return err }, "part", "turn")
	if err != nil {
		return nil, nil, err
	}
	return conn, at, nil
}

func relayFor(s *Server, c pionturn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	r, ok := s.relays()[c.Network]
	h, named := parseHolder(c.UserID)
	if !ok || !named {
		return nil, nil, errRefused
	}
	conn := &relayConn{server: s, holder: h, peer: r.peer, from: net.UDPAddrFromAddrPort(r.peer)}
	if !s.acquire(conn) {
		return nil, nil, errRefused
	}
	from := net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.local.Addr(), uint16(c.RequestedPort)))
	udp, err := net.DialUDP(c.Network, from, net.UDPAddrFromAddrPort(r.local))
	if err != nil {
		s.release(conn)
		return nil, nil, err
	}
	if !s.opened(conn, udp) {
		s.release(conn)
		return nil, nil, errors.Join(errRefused, udp.Close())
	}
	return conn, udp.LocalAddr(), nil
}

// AllocateListener refuses: no TCP is relayed (RFC 6062).
func (g *generator) AllocateListener(pionturn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRefused
}

// AllocateConn refuses.
func (g *generator) AllocateConn(pionturn.AllocateConnConfig) (net.Conn, error) {
	return nil, errRefused
}

// relayConn is the socket of an allocation. It is connected to the media port, so the kernel lets nothing else in or
// out.
type relayConn struct {
	*net.UDPConn // nil until it is opened
	server       *Server
	holder       holder
	client       net.Addr // nil until the allocation is made; guarded by the server
	peer         netip.AddrPort
	from         *net.UDPAddr // peer, for pion
	once         sync.Once
}

// ReadFrom waits for a packet of the media port.
func (c *relayConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, err := c.Read(b)
		if errors.Is(err, syscall.ECONNREFUSED) { // of a packet before; the port will be there again
			continue
		}
		c.server.down.Add(uint64(n))
		return n, c.from, err
	}
}

// WriteTo sends to the media port. What is meant for another port of the same address is dropped.
func (c *relayConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if addr, ok := to.(*net.UDPAddr); !ok || netip.AddrPortFrom(addr.AddrPort().Addr().Unmap(), addr.AddrPort().Port()) != c.peer {
		c.server.refused.add(refusedPort)
		return len(b), nil
	}
	c.server.up.Add(uint64(len(b)))
	n, err := c.Write(b)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return len(b), nil
	}
	return n, err
}

// Close ends the allocation.
func (c *relayConn) Close() error {
	c.once.Do(func() { c.server.release(c) })
	if err := c.UDPConn.Close(); !errors.Is(err, net.ErrClosed) { // End may have been first
		return err
	}
	return nil
}
