package sfu

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// candidates are the addresses to announce: the public ones if there are any, that of the socket if it is bound to
// one, otherwise those of all interfaces, IPv4 and global ones first.
func candidates(bound netip.Addr, public []string, loopback bool) ([]netip.Addr, error) {
	var list []netip.Addr
	for _, text := range public {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("public address: %w", err)
		}
		list = append(list, addr)
	}
	if len(list) > 0 {
		return list, nil
	}
	if bound.IsValid() && !bound.IsUnspecified() {
		return []netip.Addr{bound}, nil
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		prefix, ok := i.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(prefix.IP)
		addr = addr.Unmap()
		if !ok || addr.IsLinkLocalUnicast() || addr.IsLoopback() && !loopback || addr.Is6() && bound.Is4() {
			continue
		}
		list = append(list, addr)
	}
	slices.SortStableFunc(list, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
	return list, nil
}

func rank(a netip.Addr) (r int) {
	if a.IsLoopback() {
		r += 2
	}
	if a.Is6() {
		r++
	}
	return r
}
