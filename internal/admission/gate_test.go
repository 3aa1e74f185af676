package admission_test

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/diemcau/diemcau/internal/admission"
)

func TestKey(t *testing.T) {
	for _, c := range []struct{ a, want string }{
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	} {
		if got := admission.Key(netip.MustParseAddr(c.a)).String(); got != c.want {
			t.Errorf("Key(%s) = %s, want %s", c.a, got, c.want)
		}
	}
	if got := admission.Key(netip.Addr{}); got.IsValid() {
		t.Errorf("the key of no address is %v", got)
	}
}

// crowd enters connections by name and notes who is closed.
type crowd struct {
	gate   *admission.Gate
	closed []string
}

func newCrowd(l admission.Limits) *crowd {
	return &crowd{gate: admission.New(l, slog.New(slog.DiscardHandler))}
}

func (c *crowd) enter(name, from string) *admission.Ticket {
	return c.gate.Enter(netip.MustParseAddr(from), func() { c.closed = append(c.closed, name) })
}

func (c *crowd) want(t *testing.T, names ...string) {
	t.Helper()
	if !slices.Equal(c.closed, names) {
		t.Errorf("closed %v, want %v", c.closed, names)
	}
	c.closed = nil
}

const (
	bad  = "198.51.100.1"
	good = "192.0.2.1"
)

func TestOldestUnauthenticatedOfAnAddressGoesFirst(t *testing.T) {
	c := newCrowd(admission.Limits{PerAddress: 2})
	a, b := c.enter("a", bad), c.enter("b", bad)
	c.enter("c", bad)
	c.want(t, "a")
	b.Touch() // it has asked for something since c came
	c.enter("d", bad)
	c.want(t, "c")
	if !b.Known("seat") {
		t.Fatal("b is not known")
	}
	c.enter("e", bad)
	c.enter("f", good)
	c.want(t)
	c.enter("g", bad)
	c.want(t, "d")
	if a.Known("seat") {
		t.Error("who was closed is known")
	}
	a.Leave() // once more does nothing
}

func TestSixtyFourBitsOfIPv6AreOneAddress(t *testing.T) {
	c := newCrowd(admission.Limits{PerAddress: 2})
	c.enter("a", "2001:db8::1")
	c.enter("b", "2001:db8::2")
	c.enter("c", "2001:db8:0:1::1")
	c.enter("d", "2001:db8::3")
	c.want(t, "a")
}

func TestCrowdTakesFromWhoHasMost(t *testing.T) {
	c := newCrowd(admission.Limits{Unauthenticated: 4})
	c.enter("good", good)
	for i := range 3 {
		c.enter(fmt.Sprint("bad", i), bad)
	}
	c.enter("other", "203.0.113.5")
	c.want(t, "bad0")
	c.enter("another", "203.0.113.6")
	c.want(t, "bad1")
	c.enter("yet another", "203.0.113.7") // all have one: the oldest
	c.want(t, "good")
}

func TestKnownAreNeverClosedForUnauthenticated(t *testing.T) {
	c := newCrowd(admission.Limits{Total: 5, Reserved: 1})
	for i := range 3 {
		if !c.enter("known", good).Known(fmt.Sprint(i)) {
			t.Fatal("not known")
		}
	}
	c.enter("unauthenticated", bad)
	fifth := c.enter("fifth", bad)
	c.want(t, "unauthenticated")
	if fifth.Crowded() || !fifth.Known("3") {
		t.Error("there was room for a fourth")
	}
	sixth := c.enter("sixth", bad)
	if !sixth.Crowded() {
		t.Error("the place kept back is not marked")
	}
	if seventh := c.enter("seventh", good); seventh == nil || !seventh.Crowded() { // in the place of the sixth
		t.Error("the place kept back was not given to the next")
	}
	c.want(t, "sixth")
	for _, s := range []string{"4", "5"} {
		if e := c.enter("e", good); e != nil {
			e.Known(s)
		}
	}
	c.closed = nil
	if c.enter("last", good) != nil {
		t.Error("more than the limit were let in")
	}
	c.want(t)
	if c.gate.Gone(admission.RefusedFull) == 0 {
		t.Error("a refusal was not counted")
	}
}

func TestSeatsHoldOnlySoMany(t *testing.T) {
	c := newCrowd(admission.Limits{PerSeat: 2})
	a, b, d := c.enter("a", bad), c.enter("b", bad), c.enter("d", bad)
	once := a.Known("s")
	again := a.Known("s") // it counts once
	if !once || !again || !b.Known("s") || d.Known("s") {
		t.Error("a seat of two holds two")
	}
	a.Leave()
	if !d.Known("s") {
		t.Error("a place of the seat was not given back")
	}
}

func TestSparedAddressesHoldNoUnauthenticated(t *testing.T) {
	proxy := netip.MustParseAddr("10.0.0.1")
	c := newCrowd(admission.Limits{PerAddress: 1, Unauthenticated: 1, Total: 4, Spared: func(a netip.Addr) bool { return a == proxy }})
	for range 3 {
		c.enter("proxied", proxy.String())
	}
	c.enter("a", bad)
	c.want(t)
	if c.enter("b", proxy.String()) == nil {
		t.Fatal("the proxy is shut out by an unauthenticated peer")
	}
	c.want(t, "a")
	if c.enter("c", proxy.String()) != nil {
		t.Error("the proxy gets more than all")
	}
}

// TestCountsAgree plays at random and compares the counts with what is really there.
func TestCountsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	limits := admission.Limits{Total: 40, Reserved: 4, Unauthenticated: 20, PerAddress: 6, PerSeat: 3}
	gate := admission.New(limits, slog.New(slog.DiscardHandler))
	type entry struct {
		t     *admission.Ticket
		known bool
	}
	open := map[int]*entry{}
	for i := range 20_000 {
		switch n := r.IntN(10); {
		case n < 6:
			if ticket := gate.Enter(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(12))}), func() {
				if open[i].known {
					t.Fatal("somebody known was closed")
				}
				delete(open, i)
			}); ticket != nil {
				open[i] = &entry{t: ticket}
			}
		default:
			for key, e := range open {
				switch n {
				case 6:
					e.known = e.t.Known(fmt.Sprint(r.IntN(8))) || e.known
				case 7:
					e.t.Touch()
				default:
					e.t.Leave()
					delete(open, key)
				}
				break
			}
		}
		known := 0
		for _, e := range open {
			if e.known {
				known++
			}
		}
		if len(open) > limits.Total || len(open)-known > limits.Unauthenticated {
			t.Fatalf("%d are open, %d of them known", len(open), known)
		}
		want := fmt.Sprintf("# HELP diemcau_sockets_open Connections that are open, by whether they have said who they are.\n"+
			"# TYPE diemcau_sockets_open gauge\ndiemcau_sockets_open{who=\"known\"} %d\n"+
			"diemcau_sockets_open{who=\"unauthenticated\"} %d\n", known, len(open)-known)
		if i%500 == 0 {
			reg := prometheus.NewRegistry()
			reg.MustRegister(gate)
			if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "diemcau_sockets_open"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestListenerClosesWhoHasToGo(t *testing.T) {
	var lc net.ListenConfig
	raw, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gate := admission.New(admission.Limits{PerAddress: 1}, slog.New(slog.DiscardHandler))
	l := gate.Listen(raw)
	defer l.Close()
	dial := func() (client net.Conn, server net.Conn) {
		t.Helper()
		var d net.Dialer
		client, err := d.DialContext(t.Context(), "tcp", raw.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		if server, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		return client, server
	}
	first, _ := dial()
	_, second := dial()
	if _, err := first.Read(make([]byte, 1)); err == nil {
		t.Error("the first connection is still open")
	}
	if !admission.TicketOf(second).Known("seat") {
		t.Error("the second is not known")
	}
	third, _ := dial()
	if admission.TicketOf(third) != nil {
		t.Error("a client's side has a ticket")
	}
	l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
	_, _ = io.WriteString(third, "x")
}

func TestLimitsLeaveRoom(t *testing.T) {
	for _, descriptors := range []int{64, 256, 1024, 1500, 20_000, 1 << 20} {
		l := admission.LimitsFor(descriptors)
		if l.Total >= descriptors || l.Reserved >= l.Total || l.PerAddress >= l.Total || l.Unauthenticated >= l.Total || l.PerAddress < 1 {
			t.Errorf("%d descriptors: %+v", descriptors, l)
		}
	}
}
