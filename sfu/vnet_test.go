package sfu

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/diemcau/diemcau/sfu/transport/peertest"

	"github.com/pion/logging"
	"github.com/pion/rtp"
	piontransport "github.com/pion/transport/v5"
	"github.com/pion/transport/v5/vnet"
	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/codec"
)

// virtualNetwork is one with a node and two clients.
func virtualNetwork(t *testing.T, filter vnet.ChunkFilter, change func(*Config)) (n *Node, site, viewer *vnet.Net) {
	t.Helper()
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.0.0.0/24", LoggerFactory: logging.NewDefaultLoggerFactory()})
	if err != nil {
		t.Fatal(err)
	}
	router.AddChunkFilter(filter)
	var nets []*vnet.Net
	for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
		host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
		if err != nil {
			t.Fatal(err)
		}
		if err := router.AddNet(host); err != nil {
			t.Fatal(err)
		}
		nets = append(nets, host)
	}
	if err := router.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := router.Stop(); err != nil {
			t.Error(err)
		}
	})
	n = newNode(t, func(c *Config) {
		c.net, c.UDP, c.peers = nets[0], netip.AddrPort{}, peertest.New
		if change != nil {
			change(c)
		}
	})
	return n, nets[1], nets[2]
}

// isMedia tells RTP from STUN, DTLS and RTCP (RFC 5761 4, RFC 7983).
func isMedia(b []byte) bool {
	return len(b) > 1 && b[0]>>6 == 2 && (b[1]&0x7f < 64 || b[1]&0x7f > 95)
}

// Every tenth packet of the last hop is lost; the viewer still gets every packet of the picture.
func TestLossIsRepaired(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	var lost atomic.Int32
	n, siteNet, viewerNet := virtualNetwork(t, func(c vnet.Chunk) bool {
		if c.DestinationAddr().String()[:8] != "10.0.0.3" || !isMedia(c.UserData()) || rnd.IntN(10) != 0 {
			return true
		}
		lost.Add(1)
		return false
	}, nil)
	s := n.Stage("s")
	if err := s.Feed(main, alice, SourceCamera); err != nil {
		t.Fatal(err)
	}
	w := watch(t, s, ViewerParams{ID: "w", Owner: bob}, &line{net: viewerNet})
	eventually(t, "the viewer is connected", func() bool { return w.pc.ConnectionState() == webrtc.PeerConnectionStateConnected })
	publish(t, s, alice, markA, &line{net: siteNet})
	eventually(t, "enough packets", func() bool { return len(w.got(main)) > 500 })
	eventually(t, "no gaps but in the last second", func() bool { return whole(w.got(main)) })
	if lost.Load() == 0 {
		t.Fatal("nothing was lost")
	}
	if st := w.Stats(); st.RTT < 0 {
		t.Errorf("statistics %+v", st)
	}
}

// whole tells whether the packets, sorted, have no gap before the last 200.
func whole(packets []*rtp.Packet) bool {
	seen := map[uint16]bool{}
	first, last := packets[0].SequenceNumber, packets[0].SequenceNumber
	for _, p := range packets {
		seen[p.SequenceNumber] = true
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
		if int16(p.SequenceNumber-first) < 0 {
			first = p.SequenceNumber
		}
	}
	for seq := first; int16(last-seq) > 200; seq++ {
		if !seen[seq] {
			return false
		}
	}
	return true
}

// rough is a network card that sends some packets of media twice, and some only after the next one.
type rough struct {
	*vnet.Net
	repeated, overtaken atomic.Int32
}

func (r *rough) ListenUDP(network string, addr *net.UDPAddr) (piontransport.UDPConn, error) {
	conn, err := r.Net.ListenUDP(network, addr)
	return &roughConn{UDPConn: conn, card: r, rnd: rand.New(rand.NewPCG(11, 12))}, err
}

type roughConn struct {
	piontransport.UDPConn
	card *rough

	mu   sync.Mutex
	rnd  *rand.Rand
	held []byte
}

func (c *roughConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if !isMedia(b) {
		return c.UDPConn.WriteTo(b, to)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	what := c.rnd.IntN(20)
	if c.held == nil && what == 0 {
		c.held = bytes.Clone(b)
		c.card.overtaken.Add(1)
		return len(b), nil
	}
	n, err := c.UDPConn.WriteTo(b, to)
	if err == nil && what == 1 {
		c.card.repeated.Add(1)
		n, err = c.UDPConn.WriteTo(b, to)
	}
	if err == nil && c.held != nil {
		_, err = c.UDPConn.WriteTo(c.held, to)
		c.held = nil
	}
	return n, err
}

// The publisher's uplink loses, repeats and reorders; what the node forwards is still decodable but for what did not
// come in time.
func TestBadUplink(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	n, siteNet, viewerNet := virtualNetwork(t, func(c vnet.Chunk) bool {
		return c.DestinationAddr().String()[:8] != "10.0.0.1" || !isMedia(c.UserData()) || rnd.IntN(20) != 0
	}, nil)
	s := n.Stage("s")
	if err := s.Feed(main, alice, SourceCamera); err != nil {
		t.Fatal(err)
	}
	card := &rough{Net: siteNet}
	publish(t, s, alice, markA, &line{net: card})
	w := watch(t, s, ViewerParams{ID: "w", Owner: bob}, &line{net: viewerNet})
	eventually(t, "enough packets", func() bool { return len(w.got(main)) > 500 })
	eventually(t, "no gaps but in the last second", func() bool { return whole(w.got(main)) })
	if card.repeated.Load() == 0 || card.overtaken.Load() == 0 {
		t.Fatalf("%d packets came twice, %d late", card.repeated.Load(), card.overtaken.Load())
	}
	ids := map[uint32]uint16{}
	for _, p := range w.got(main) {
		v, err := codec.ParseVP8(p.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := ids[p.Timestamp]; ok && id != v.PictureID {
			t.Fatalf("a frame with picture ids %d and %d", id, v.PictureID)
		}
		ids[p.Timestamp] = v.PictureID
	}
}
