package lean

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/transport"
)

// relay is a line between a client and a server that loses the datagrams it is told to lose.
type relay struct {
	in, out *net.UDPConn // towards the client, towards the server
	lose    func(toServer bool, b []byte) bool
	mu      sync.Mutex
	client  netip.AddrPort
	done    sync.WaitGroup
}

func newRelay(t *testing.T, server netip.AddrPort, lose func(toServer bool, b []byte) bool) *relay {
	t.Helper()
	r := &relay{lose: lose}
	var err error
	if r.in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	if r.out, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(server)); err != nil {
		t.Fatal(err)
	}
	r.done.Go(func() {
		r.copy(r.in, true, func(b []byte, from netip.AddrPort) {
			r.mu.Lock()
			r.client = from
			r.mu.Unlock()
			_, _ = r.out.Write(b)
		})
	})
	r.done.Go(func() {
		r.copy(r.out, false, func(b []byte, _ netip.AddrPort) {
			r.mu.Lock()
			client := r.client
			r.mu.Unlock()
			_, _ = r.in.WriteToUDPAddrPort(b, client)
		})
	})
	t.Cleanup(func() {
		_, _ = r.in.Close(), r.out.Close()
		r.done.Wait()
	})
	return r
}

func (r *relay) copy(from *net.UDPConn, toServer bool, send func([]byte, netip.AddrPort)) {
	buf := make([]byte, 1600)
	for {
		n, addr, err := from.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if !r.lose(toServer, buf[:n]) {
			send(buf[:n], addr)
		}
	}
}

// offerThrough moves the offer's candidates to the relay.
func (r *relay) offerThrough(offer string, server netip.AddrPort) string {
	port := func(p uint16) string { return " " + strconv.Itoa(int(p)) + " typ host" }
	return strings.ReplaceAll(offer, port(server.Port()), port(uint16(r.in.LocalAddr().(*net.UDPAddr).Port)))
}

func isDTLS(b []byte) bool { return b[0] >= 20 && b[0] < 64 }

// TestHandshakeSurvivesLoss: whichever datagram of the handshake is lost, it is sent again. The server's last flight
// matters most: when it is lost the server is connected and the client is not, so the server must not have let go.
func TestHandshakeSurvivesLoss(t *testing.T) {
	for _, tt := range []struct {
		name     string
		toServer bool
		nth      int
	}{
		{"ClientHello", true, 0},
		{"the client's Finished", true, 1},
		{"ServerHello", false, 0},
		{"the server's Finished", false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFactory(t, Config{}, "127.0.0.1")
			seen, lost := 0, 0
			var mu sync.Mutex
			r := newRelay(t, f.cfg.Port.LocalAddr(), func(toServer bool, b []byte) bool {
				mu.Lock()
				defer mu.Unlock()
				if toServer != tt.toServer || !isDTLS(b) {
					return false
				}
				seen++
				if seen-1 == tt.nth {
					lost++
					return true
				}
				return false
			})
			v, c := newViewer(t, f), newClient(t, webrtc.SettingEngine{})
			sdp := c.answer(t, r.offerThrough(v.Offer(), f.cfg.Port.LocalAddr()))
			if _, err := v.Answer(sdp); err != nil {
				t.Fatal(err)
			}
			v.wait(t, transport.Connected)
			poll(t, "the client", func() bool { return c.ConnectionState() == webrtc.PeerConnectionStateConnected })
			mu.Lock()
			defer mu.Unlock()
			if lost != 1 {
				t.Errorf("%d datagrams lost, want 1", lost)
			}
		})
	}
}
