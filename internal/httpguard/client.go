package httpguard

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/diemcau/diemcau/internal/admission"
)

// maxHops bounds how many proxies are believed to stand before the server.
const maxHops = 16

// Proxies are the addresses whose word about their clients counts.
type Proxies struct{ trusted []netip.Prefix }

// ParseProxies reads networks (192.0.2.0/24) or addresses.
func ParseProxies(list []string) (*Proxies, error) {
	p := &Proxies{}
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8 and no address", text)
			}
			prefix = netip.PrefixFrom(a, a.BitLen())
		}
		if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
		}
		p.trusted = append(p.trusted, prefix.Masked())
	}
	return p, nil
}

// Trusts reports whether an address is a proxy's.
func (p *Proxies) Trusts(a netip.Addr) bool {
	if p == nil {
		return false
	}
	a = a.Unmap().WithZone("")
	for _, one := range p.trusted {
		if one.Contains(a) {
			return true
		}
	}
	return false
}

// Client is the address that a request comes from: that of the connection or, if that is a proxy's, the last one in
// Forwarded (RFC 7239) or X-Forwarded-For that is not a proxy's. Where the two disagree, one of them is the client's own
// invention: then, and where what a proxy says cannot be read, it is the proxy's address.
func (p *Proxies) Client(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	peer := from.Addr().Unmap().WithZone("")
	if !p.Trusts(peer) {
		return peer
	}
	standard, hasStandard := p.behind(peer, forwarded(r.Header.Values("Forwarded")))
	common, hasCommon := p.behind(peer, commas(r.Header.Values("X-Forwarded-For")))
	switch {
	case hasStandard && hasCommon && standard != common:
		return peer
	case hasStandard:
		return standard
	default:
		return common
	}
}

// behind walks a chain of addresses, the nearest last, to the first that is no proxy's.
func (p *Proxies) behind(peer netip.Addr, chain []string) (client netip.Addr, said bool) {
	client = peer
	for i := len(chain) - 1; i >= 0 && i >= len(chain)-maxHops; i-- {
		a, ok := node(chain[i])
		if !ok {
			break
		}
		if client = a; !p.Trusts(a) {
			break
		}
	}
	return client, len(chain) > 0
}

// node reads an address as headers write it: with a port or without, IPv6 in brackets or bare.
func node(text string) (netip.Addr, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return a.Unmap().WithZone(""), err == nil
}

func commas(values []string) []string {
	var list []string
	for _, v := range values {
		list = append(list, strings.Split(v, ",")...)
	}
	return list
}

// forwarded returns the for-parameter of each element (RFC 7239 4); one without is unknown.
func forwarded(values []string) []string {
	elements := commas(values)
	for i, element := range elements {
		elements[i] = "unknown"
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				elements[i] = value
			}
		}
	}
	return elements
}

type clientKey struct{}

// Client is the address that a guarded request comes from.
func Client(r *http.Request) netip.Addr {
	if a, ok := r.Context().Value(clientKey{}).(netip.Addr); ok {
		return a
	}
	return (*Proxies)(nil).Client(r)
}

// Source names the part of the address space that a request comes from, for counting: see admission.Key.
func Source(r *http.Request) string { return admission.Key(Client(r)).String() }

func withClient(ctx context.Context, a netip.Addr) context.Context {
	return context.WithValue(ctx, clientKey{}, a)
}
