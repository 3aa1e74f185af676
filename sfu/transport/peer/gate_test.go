package peer

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

const (
	gateOffer  = "v=0\r\na=ice-ufrag:server\r\na=ice-pwd:serverpassword0123456789\r\n"
	gateAnswer = "v=0\r\na=ice-ufrag:client\r\na=ice-pwd:clientpassword0123456789\r\n"
)

var (
	here      = netip.MustParseAddrPort("192.0.2.1:1000")
	elsewhere = netip.MustParseAddrPort("192.0.2.2:1000")
)

// wire is the port below a gate: what is written is kept, by address.
type wire struct {
	net.PacketConn
	sent map[netip.AddrPort][]*stun.Message
}

func (w *wire) ReadFromAddrPort([]byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (w *wire) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if err := m.Decode(); err != nil {
		return 0, err
	}
	w.sent[to] = append(w.sent[to], m)
	return len(b), nil
}

func newGate() (*Gate, *wire) {
	w := &wire{sent: map[netip.AddrPort][]*stun.Message{}}
	return NewGate(w, slog.New(slog.DiscardHandler)), w
}

func nominate(tb testing.TB, pwd string) []byte {
	tb.Helper()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("server:client"),
		stun.RawAttribute{Type: stun.AttrUseCandidate}, stun.MessageIntegrity(pwd), stun.Fingerprint)
	if err != nil {
		tb.Fatal(err)
	}
	return m.Raw
}

func respond(tb testing.TB, m *stun.Message, pwd string) []byte {
	tb.Helper()
	r, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess, stun.MessageIntegrity(pwd), stun.Fingerprint)
	if err != nil {
		tb.Fatal(err)
	}
	return r.Raw
}

// TestGate: a request waits until its address has answered a check.
func TestGate(t *testing.T) {
	const serverPwd, clientPwd = "serverpassword0123456789", "clientpassword0123456789"
	g, w := newGate()
	now := time.Now()
	pass := func(b []byte, from netip.AddrPort) bool {
		now = now.Add(checkEvery)
		return g.filter(b, from, now) != nil
	}
	ufrag := g.Offered(gateOffer)
	request := nominate(t, serverPwd)
	if pass(request, here) || len(w.sent) != 0 {
		t.Error("a request before the answer is not held")
	}
	g.Answered(ufrag, gateAnswer)
	if len(w.sent[here]) != 1 {
		t.Fatalf("%d checks after the answer", len(w.sent[here]))
	}
	check := w.sent[here][0]
	var name stun.Username
	if err := name.GetFrom(check); err != nil || name.String() != "client:server" || check.Contains(stun.AttrUseCandidate) ||
		!check.Contains(stun.AttrICEControlled) || stun.MessageIntegrity(clientPwd).Check(check) != nil {
		t.Errorf("the check %v is not one of a controlled agent", check)
	}
	if pass(nominate(t, "not the password at all"), here) {
		t.Error("a request without the password is let through")
	}
	if pass(respond(t, check, clientPwd), elsewhere) || pass(respond(t, check, "x"), here) || pass(request, here) {
		t.Error("let through by a bad answer")
	}
	if got := g.filter(respond(t, check, clientPwd), here, now); string(got) != string(request) {
		t.Errorf("the proof lets %x through", got)
	}
	if !pass(nominate(t, serverPwd), here) || !pass([]byte{22, 254, 253}, elsewhere) {
		t.Error("not let through")
	}
	if pass(request, elsewhere) {
		t.Error("a replayed nomination is let through")
	}
	said := 0
	for range 200 { // and so many in the name of a victim
		b := nominate(t, serverPwd)
		said += len(b)
		if pass(b, elsewhere) {
			t.Fatal("a spoofed nomination is let through")
		}
	}
	sent := 0
	for _, m := range w.sent[elsewhere] {
		sent += len(m.Raw)
	}
	if sent == 0 || sent > gateAmplification*said {
		t.Errorf("%d bytes sent for %d", sent, said)
	}
	for port := range uint16(1000) {
		pass(nominate(t, serverPwd), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), port))
	}
	if n := len(g.peers[ufrag].paths); n != gatePaths || len(g.checks) != gatePaths-1 {
		t.Errorf("%d paths, %d checks", n, len(g.checks))
	}
	if !pass(nominate(t, serverPwd), here) {
		t.Error("the proven address had to give way")
	}
	g.Forget(ufrag)
	if len(g.peers)+len(g.checks) != 0 {
		t.Error("not forgotten")
	}
}

// TestGateOfStreams: over TCP, too, the other end has to answer a check.
func TestGateOfStreams(t *testing.T) {
	const serverPwd, clientPwd = "serverpassword0123456789", "clientpassword0123456789"
	for _, pwd := range []string{clientPwd, "x"} {
		g, _ := newGate()
		g.Answered(g.Offered(gateOffer), gateAnswer)
		ours, theirs := net.Pipe()
		request := nominate(t, serverPwd)
		peer := make(chan error, 1)
		go func() {
			peer <- func() error {
				if _, err := ours.Write(frame(request)); err != nil {
					return err
				}
				b, err := readFrame(ours, make([]byte, maxFrame))
				if err != nil {
					return err
				}
				m := &stun.Message{Raw: b}
				if err := m.Decode(); err != nil {
					return err
				}
				_, err = ours.Write(frame(respond(t, m, pwd)))
				return err
			}()
		}()
		c, err := g.Prove(theirs, "server")
		if sent := <-peer; sent != nil {
			t.Fatal(sent)
		}
		switch {
		case pwd != clientPwd:
			if !errors.Is(err, errUnproven) {
				t.Errorf("a bad answer: %v", err)
			}
		case err != nil:
			t.Fatal(err)
		default:
			b, err := readFrame(c, make([]byte, maxFrame))
			if err != nil || string(b) != string(request) {
				t.Errorf("what is read on is %x: %v", b, err)
			}
		}
		_, _ = ours.Close(), theirs.Close()
	}
}

func FuzzGate(f *testing.F) {
	f.Add(nominate(f, "serverpassword0123456789"), uint8(0))
	f.Add(nominate(f, "x"), uint8(1))
	f.Add([]byte{1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint8(2))
	f.Add([]byte{0x80, 96, 0, 1}, uint8(3))
	g, w := newGate()
	g.Answered(g.Offered(gateOffer), gateAnswer)
	now := time.Now()
	f.Fuzz(func(t *testing.T, b []byte, port uint8) {
		from := netip.MustParseAddrPort(fmt.Sprintf("192.0.2.1:%d", port))
		now = now.Add(checkEvery)
		g.filter(b, from, now)
		clear(w.sent)
		for _, p := range g.peers["server"].paths {
			if p.proven {
				t.Fatal("proven by noise")
			}
		}
		if len(g.checks) > gatePaths {
			t.Fatal("too many checks")
		}
	})
}
