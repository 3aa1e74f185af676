package udpio

import (
	"net"
	"net/netip"
	"strconv"
)

// Path is where packets go and, where the system allows it, the address they come from: an answer must leave from the
// address the request was sent to, or the peer's ICE does not accept it (RFC 8445 7.2.5.2.1). It does not change.
type Path struct {
	remote netip.AddrPort
	local  netip.Addr
	sys    pathSys
}

// Path returns a path to remote from local; an invalid local leaves the choice to the kernel.
func (p *Port) Path(remote netip.AddrPort, local netip.Addr) *Path {
	path := &Path{remote: unmap(remote), local: local.Unmap()}
	path.init(p.inet6)
	return path
}

// Remote is the peer's address, IPv4 never in its IPv6-mapped form.
func (p *Path) Remote() netip.AddrPort { return p.remote }

// Local is the address of this host that the peer uses; invalid if unknown.
func (p *Path) Local() netip.Addr { return p.local }

// zoneIndex is the interface index of an IPv6 zone, 0 if there is none.
func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(i)
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	return 0
}
