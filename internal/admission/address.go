package admission

import (
	"net"
	"net/netip"
)

// Key is the part of the address space that one unauthenticated peer is taken to hold: an IPv4 address, or the /64 that a line of
// IPv6 is given (RFC 6177), in which he can choose addresses as he likes.
func Key(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // all that have no address share one
	}
	return p
}

// AddrOf returns the IP address of a socket's peer, the zero Addr if it has none.
func AddrOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
