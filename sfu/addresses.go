package sfu

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"
)

// addressesAge is how long a list of the interfaces' addresses is good.
const addressesAge = 2 * time.Second

// addresses finds out what to announce: the public addresses and those of this machine, which come and go.
type addresses struct {
	bound    netip.Addr   // of the socket
	public   []netip.Addr // as sites see this machine from outside
	only     bool         // announce no others than these
	loopback bool
	log      *slog.Logger
	list     func() ([]net.Addr, error) // net.InterfaceAddrs

	mu     mutex[leafRank]
	known  []netip.Addr
	listed time.Time
}

func newAddresses(bound netip.Addr, cfg Config, log *slog.Logger) (*addresses, error) {
	a := &addresses{
		bound: bound.Unmap(), only: cfg.PublicIPsOnly, loopback: cfg.Loopback, log: log, list: net.InterfaceAddrs,
	}
	for _, text := range cfg.PublicIPs {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("public address: %w", err)
		}
		a.public = append(a.public, addr.Unmap())
	}
	return a, nil
}

// announced are the addresses that viewers are told now, the preferred first: the public ones, then that of the socket
// if it is bound to one, otherwise those of all interfaces, IPv4 and global ones first. Sites behind the same NAT as the
// server reach it by the latter, where the NAT does not send back what comes from inside.
func (a *addresses) announced() []netip.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.listed.IsZero() || now.Sub(a.listed) > addressesAge {
		a.listed = now
		a.refresh()
	}
	return a.known
}

func (a *addresses) refresh() {
	own, err := a.own()
	if err != nil { // those that were known may still be there
		a.log.Warn("the addresses of this machine cannot be listed", "err", err)
		return
	}
	list := slices.Clone(a.public)
	for _, addr := range own {
		if !slices.Contains(list, addr) {
			list = append(list, addr)
		}
	}
	if !slices.Equal(list, a.known) {
		a.log.Info("addresses of the media port", "announced", list)
		a.known = list
	}
}

// own lists the addresses of this machine.
func (a *addresses) own() ([]netip.Addr, error) {
	if a.only && len(a.public) > 0 {
		return nil, nil
	}
	if a.bound.IsValid() && !a.bound.IsUnspecified() {
		return []netip.Addr{a.bound}, nil
	}
	interfaces, err := a.list()
	if err != nil {
		return nil, err
	}
	var list []netip.Addr
	for _, i := range interfaces {
		prefix, ok := i.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(prefix.IP)
		addr = addr.Unmap()
		if !ok || addr.IsLinkLocalUnicast() || addr.IsLoopback() && !a.loopback || addr.Is6() && a.bound.Is4() {
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
