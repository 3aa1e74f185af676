package sfu

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnnounced(t *testing.T) {
	interfaces := []string{"fe80::1/64", "127.0.0.1/8", "2001:db8::1/64", "10.0.0.5/24", "::1/128"}
	for _, tt := range []struct {
		name, bound string
		cfg         Config
		want        string
	}{
		{"all interfaces", "::", Config{}, "10.0.0.5 2001:db8::1"},
		{"loopback too", "::", Config{Loopback: true}, "10.0.0.5 2001:db8::1 127.0.0.1 ::1"},
		{"IPv4 only", "0.0.0.0", Config{}, "10.0.0.5"},
		{"one address", "10.0.0.5", Config{}, "10.0.0.5"},
		{"behind NAT", "::", Config{PublicIPs: []string{"203.0.113.7"}}, "203.0.113.7 10.0.0.5 2001:db8::1"},
		{"behind NAT, one address", "10.0.0.5", Config{PublicIPs: []string{"203.0.113.7"}}, "203.0.113.7 10.0.0.5"},
		{"an own one is preferred", "::", Config{PublicIPs: []string{"2001:db8::1"}}, "2001:db8::1 10.0.0.5"},
		{"public only", "::", Config{PublicIPs: []string{"203.0.113.7", "2001:db8::7"}, PublicIPsOnly: true}, "203.0.113.7 2001:db8::7"},
		{"public only, but none", "::", Config{PublicIPsOnly: true}, "10.0.0.5 2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := newAddresses(netip.MustParseAddr(tt.bound), tt.cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			a.list = func() ([]net.Addr, error) { return prefixes(t, interfaces...), nil }
			if got := join(a.announced()); got != tt.want {
				t.Errorf("announced %s, want %s", got, tt.want)
			}
		})
	}
	if _, err := newAddresses(netip.Addr{}, Config{PublicIPs: []string{"example.vn"}}, nil); err == nil {
		t.Error("a name was taken for an address")
	}
}

// TestLaterAddresses: what the machine is given after the start is announced, what it loses is not; where it cannot
// tell, what it had stays.
func TestLaterAddresses(t *testing.T) {
	a, err := newAddresses(netip.IPv6Unspecified(), Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		has, want string
		err       error
	}{
		{"", "", nil},
		{"10.0.0.5/24", "10.0.0.5", nil},
		{"10.0.0.5/24 192.0.2.9/24", "10.0.0.5 192.0.2.9", nil},
		{"", "10.0.0.5 192.0.2.9", errors.New("no netlink")},
		{"192.0.2.9/24", "192.0.2.9", nil},
	} {
		a.list = func() ([]net.Addr, error) { return prefixes(t, strings.Fields(step.has)...), step.err }
		a.listed = a.listed.Add(-2 * addressesAge)
		if got := join(a.announced()); got != step.want {
			t.Errorf("with %q: announced %q, want %q", step.has, got, step.want)
		}
	}
	a.list = func() ([]net.Addr, error) { t.Error("listed again at once"); return nil, nil }
	a.listed = time.Now()
	a.announced()
}

// TestOffersNameEveryAddress: viewers and publishers are told public and own addresses, over UDP and TCP.
func TestOffersNameEveryAddress(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, func(c *Config) { c.PublicIPs, c.TCP = []string{"203.0.113.7"}, tcp })
	v, err := n.Stage("s").OpenViewer(ViewerParams{Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Stage("s").OpenPublisher(PublisherParams{})
	if err != nil {
		t.Fatal(err)
	}
	for name, offer := range map[string]string{"viewer": v.Offer(), "publisher": p.Offer()} {
		var got []string
		for line := range strings.Lines(offer) {
			if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") {
				got = append(got, f[2]+" "+f[4])
			}
		}
		want := []string{"udp 203.0.113.7", "udp 127.0.0.1", "tcp 203.0.113.7", "tcp 127.0.0.1"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: announced %q, want %q", name, got, want)
		}
	}
	v.Close()
	p.Close()
}

func prefixes(t *testing.T, list ...string) []net.Addr {
	t.Helper()
	var addrs []net.Addr
	for _, text := range list {
		ip, prefix, err := net.ParseCIDR(text)
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, &net.IPNet{IP: ip, Mask: prefix.Mask})
	}
	return addrs
}

func join(addrs []netip.Addr) string {
	list := make([]string, len(addrs))
	for i, a := range addrs {
		list[i] = a.String()
	}
	return strings.Join(list, " ")
}
