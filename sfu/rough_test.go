package sfu

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/transport/lean"
)

// relay is a line between one client and the node's own port: it loses a tenth of the media towards the client,
// repeats a twentieth and lets the next packet overtake another twentieth. The virtual network of vnet_test.go cannot
// carry what the kernel segments, nor the transport that asks it to.
type relay struct {
	in, out *net.UDPConn // towards the client, towards the node
	running sync.WaitGroup

	mu                        sync.Mutex
	client                    netip.AddrPort
	lost, repeated, overtaken int
}

func newRelay(t *testing.T, n *Node) *relay {
	t.Helper()
	r := &relay{}
	var err error
	if r.in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	if r.out, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(n.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	r.running.Go(r.up)
	r.running.Go(r.down)
	t.Cleanup(func() {
		_, _ = r.in.Close(), r.out.Close()
		r.running.Wait()
	})
	return r
}

// offer moves the candidate of an offer to the relay.
func (r *relay) offer(offer string) string {
	port := func(c net.Addr) string { return " " + strconv.Itoa(c.(*net.UDPAddr).Port) + " typ host" }
	return strings.ReplaceAll(offer, port(r.out.RemoteAddr()), port(r.in.LocalAddr()))
}

func (r *relay) up() {
	buf := make([]byte, 1600)
	for {
		n, from, err := r.in.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.client = from
		r.mu.Unlock()
		_, _ = r.out.Write(buf[:n])
	}
}

func (r *relay) down() {
	rnd := rand.New(rand.NewPCG(7, 8))
	buf := make([]byte, 1600)
	var held []byte
	media := 0
	for {
		n, err := r.out.Read(buf)
		if err != nil {
			return
		}
		what := 20
		if isMedia(buf[:n]) {
			if media++; media > 10 { // the first ones come, so that the client knows where the stream begins
				what = rnd.IntN(20)
			}
		}
		r.mu.Lock()
		client := r.client
		switch {
		case what < 2:
			r.lost++
			r.mu.Unlock()
			continue
		case what == 2:
			r.repeated++
			_, _ = r.in.WriteToUDPAddrPort(buf[:n], client)
		case what == 3 && held == nil:
			r.overtaken++
			held = bytes.Clone(buf[:n])
			r.mu.Unlock()
			continue
		}
		r.mu.Unlock()
		_, _ = r.in.WriteToUDPAddrPort(buf[:n], client)
		if held != nil {
			_, _ = r.in.WriteToUDPAddrPort(held, client)
			held = nil
		}
	}
}

// repairing is a client that asks again for what is missing of one stream, until it comes.
type repairing struct {
	*listener
	media uint32

	mu       sync.Mutex
	packets  map[uint16]*rtp.Packet // by their first number, repaired ones included
	repaired int
	first    uint16
	last     uint16
	wrong    []string
}

func (c *repairing) took(_ *net.UDPConn, p *rtp.Packet, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.wrong = append(c.wrong, err.Error())
		return
	case p.SSRC == c.media+1: // RFC 4588 4
		if len(p.Payload) < 2 || p.Padding {
			return // of a probe
		}
		p.SequenceNumber, p.Payload = original(p)
		c.repaired++
	case p.SSRC != c.media:
		return
	}
	if len(c.packets) == 0 {
		c.first, c.last = p.SequenceNumber, p.SequenceNumber
	}
	if int16(p.SequenceNumber-c.last) > 0 {
		c.last = p.SequenceNumber
	}
	c.packets[p.SequenceNumber] = p
}

// ask sends a NACK for what is missing, and returns how much that is.
func (c *repairing) ask() (missing int, err error) {
	c.mu.Lock()
	var list []uint16
	for seq := c.first; seq != c.last && len(c.packets) > 0; seq++ {
		if c.packets[seq] == nil {
			list = append(list, seq)
		}
	}
	c.mu.Unlock()
	if len(list) == 0 {
		return 0, nil
	}
	return len(list), c.report(&rtcp.TransportLayerNack{MediaSSRC: c.media, Nacks: rtcp.NackPairsFromSequenceNumbers(list)})
}

// A viewer of production, over a line that loses, repeats and reorders, gets every packet of the picture and can decode
// it.
func TestRoughLine(t *testing.T) {
	n := newNode(t, nil)
	line := newRelay(t, n)
	r := &rig{t: t, node: n, stage: n.Stage("s")}
	r.feed(main, alice, SourceCamera)
	l, err := listen(r.stage, newIdentity(t), ViewerParams{ID: "w", Owner: bob, Slots: StageSlots}, line.offer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.leave(); err != nil {
			t.Error(err)
		}
	})
	c := &repairing{listener: l, packets: map[uint16]*rtp.Packet{}}
	for _, leg := range l.legs {
		if leg.slot.spec.ID == main {
			c.media = leg.media.SSRC
		}
	}
	l.receive(c.took)
	a := r.site(alice, markA)
	received := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.packets)
	}
	for frame := 0; received() < 1000; frame++ {
		if frame > 5000 {
			t.Fatalf("%d packets of %d frames", received(), frame)
		}
		a.tick()
		a.video(0, 4, frame%50 == 0)
		r.settle()
		if _, err := c.ask(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the site's pace
	}
	eventually(t, "nothing is missing", func() bool {
		missing, err := c.ask()
		return err == nil && missing == 0
	})
	line.mu.Lock()
	if line.lost == 0 || line.repeated == 0 || line.overtaken == 0 {
		t.Errorf("%d packets were lost, %d came twice, %d late", line.lost, line.repeated, line.overtaken)
	}
	line.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) > 0 || c.repaired == 0 {
		t.Errorf("%d packets came by repair; %q", c.repaired, c.wrong)
	}
	var whole []*rtp.Packet
	for seq := c.first; seq != c.last+1; seq++ {
		whole = append(whole, c.packets[seq])
	}
	decodable(t, whole)
	for reason, n := range n.viewers.(*lean.Factory).Stats() {
		if n > 0 && reason != lean.DropHandshake { // which repeats its flights
			t.Errorf("%d datagrams of the viewer dropped: %s", n, reason)
		}
	}
}
