package sfu

import (
	"encoding/binary"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// wire is a transport without a network: it keeps what is written.
type wire struct {
	params transport.Params
	accept transport.Accepted // of each m-line

	mu    sync.Mutex
	rtp   []*rtp.Packet
	rtcp  []rtcp.Packet
	hold  chan struct{} // not nil: WriteRTP waits for it
	ends  chan struct{} // not nil: Close waits for it
	upset bool          // WriteRTP panics
}

type wires struct {
	mu     sync.Mutex
	accept transport.Accepted
	all    []*wire
}

func (f *wires) New(p transport.Params) (transport.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &wire{params: p, accept: f.accept}
	f.all = append(f.all, w)
	return w, nil
}

func (f *wires) Close() error { return nil }

func (f *wires) last() *wire {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[len(f.all)-1]
}

func (w *wire) Offer() string { return "" }

func (w *wire) Answer(string) ([]transport.Accepted, error) {
	return slices.Repeat([]transport.Accepted{w.accept}, len(w.params.Media)), nil
}

func (w *wire) WriteRTP(_ *udpio.Batch, header, payload []byte) error {
	if w.hold != nil {
		<-w.hold
	}
	p := new(rtp.Packet)
	if err := p.Unmarshal(slices.Concat(header, payload)); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.upset {
		panic("of a test")
	}
	w.rtp = append(w.rtp, p)
	return nil
}

func (w *wire) WriteRTCP(compound []byte) error {
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rtcp = append(w.rtcp, packets...)
	return nil
}

func (w *wire) Close() error {
	if w.ends != nil {
		<-w.ends
	}
	return nil
}

// rig is a node without a network, with one stage.
type rig struct {
	t     testing.TB
	node  *Node
	stage *Stage
	wires *wires
}

// accepted is an answer to every m-line as a browser gives it.
func accepted() transport.Accepted { return transport.Accepted{Active: true, RTX: true} }

func newRig(tb testing.TB) *rig {
	tb.Helper()
	f := &wires{accept: accepted()}
	n := newNode(tb, func(c *Config) { c.viewers = f })
	return &rig{tb, n, n.Stage("s"), f}
}

func (r *rig) feed(slot SlotID, owner string, kind SourceKind) {
	r.t.Helper()
	if err := r.stage.Feed(slot, owner, kind); err != nil {
		r.t.Fatal(err)
	}
}

// view opens a connected viewer on a good line.
func (r *rig) view(owner string, set SlotSet) (*Viewer, *wire) {
	r.t.Helper()
	v, w := r.enter(owner, set)
	w.estimate(20e6)
	eventually(r.t, "the good line is used", func() bool { return v.Stats().Budget == 20e6 })
	return v, w
}

// enter opens a connected viewer on a line of which nothing is known.
func (r *rig) enter(owner string, set SlotSet) (*Viewer, *wire) {
	r.t.Helper()
	v, err := r.stage.OpenViewer(ViewerParams{ID: owner, Owner: owner, Slots: set})
	if err != nil {
		r.t.Fatal(err)
	}
	w := r.wires.last()
	if err := v.Answer(""); err != nil {
		r.t.Fatal(err)
	}
	w.params.OnState(transport.Connected)
	v.shard.do(func(time.Duration) {}) // it is there
	return v, w
}

// do runs a task on the shard, after those that were posted before, and waits for it.
func (s *shard) do(task func(now time.Duration)) {
	done := make(chan struct{})
	s.posts.add(func(now time.Duration) { task(now); close(done) })
	select {
	case <-done:
	case <-s.node.done:
	}
}

// settle waits until the shards have sent everything that was pushed.
func (r *rig) settle() {
	for _, s := range r.node.shards {
		for len(s.bursts) > 0 {
			time.Sleep(time.Millisecond)
		}
		s.do(func(time.Duration) {})
	}
}

// got returns what a viewer was sent on a slot.
func (r *rig) got(w *wire, slot SlotID) []*rtp.Packet {
	r.settle()
	return r.gotOn(w, ssrcOf(w, slot))
}

func (r *rig) gotOn(w *wire, ssrc uint32) (list []*rtp.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.rtp {
		if p.SSRC == ssrc {
			list = append(list, p)
		}
	}
	return list
}

func ssrcOf(w *wire, slot SlotID) uint32 {
	for _, m := range w.params.Media {
		if m.MID == string(slot) {
			return m.SSRC
		}
	}
	return 0
}

// site is a publisher without a network; a test says when which packet comes.
type site struct {
	r     *rig
	pub   *Publisher
	mark  byte
	seq   [renditions]uint16
	frame [renditions]uint16
	time  uint32
	sound uint16
	clock time.Duration // when packets of pictures arrive, 0 for now

	mu   sync.Mutex
	plis []uint32
}

// site adds a publisher whose payloads end with mark.
func (r *rig) site(owner string, mark byte) *site {
	r.t.Helper()
	c := &site{r: r, mark: mark, time: uint32(mark) << 24, seq: [renditions]uint16{100, 65530, 30000}}
	c.pub = &Publisher{origin: newOrigin(r.stage), params: PublisherParams{Owner: owner}, sources: map[SourceKind]*source{}, told: map[SourceKind]bool{}}
	for _, kind := range sourceKinds() {
		src := newSource(&c.pub.origin, owner, kind, nil)
		src.pli = func(ssrcs []uint32) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.plis = append(c.plis, ssrcs...)
		}
		for i := range src.layers {
			src.layers[i].ssrc = uint32(i + 1)
		}
		c.pub.sources[kind] = src
	}
	if err := r.stage.addPublisher(c.pub); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.stage.removePublisher(c.pub) })
	return c
}

func (c *site) asked() []uint32 {
	c.pub.sendKeyframeRequests()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.plis)
}

// tick moves the site's capture clock on by a frame of 30 per second.
func (c *site) tick() { c.time += 3000 }

// video sends one frame of n packets on a layer.
func (c *site) video(layer, n int, key bool) {
	c.frame[layer]++
	for i := range n {
		c.push(SourceCamera, layer, c.seq[layer]+uint16(i), i == n-1, vp8(i == 0, key, c.frame[layer], c.mark))
	}
	c.seq[layer] += uint16(n)
}

func (c *site) push(kind SourceKind, layer int, seq uint16, marker bool, payload []byte) {
	arrived := c.clock
	if arrived == 0 {
		arrived = c.r.node.now()
	}
	c.pub.sources[kind].push(layer, &packet{
		seq: seq, time: c.time + uint32(layer)*1_000_000, marker: marker, payload: payload, arrived: arrived,
	})
}

func (c *site) audio() {
	c.sound++
	c.pub.sources[SourceMicrophone].push(0, &packet{
		seq: c.sound, time: uint32(c.sound) * 960, payload: []byte{0xf8, 0xff, c.mark}, arrived: c.r.node.now(),
	})
}

// nack asks a viewer's leg for packets again.
func (w *wire) nack(slot SlotID, seqs ...uint16) {
	n := rtcp.TransportLayerNack{MediaSSRC: ssrcOf(w, slot), Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}
	w.feedback(&n)
}

// estimate tells what the viewer believes its line to carry.
func (w *wire) estimate(bitrate float32) {
	w.feedback(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bitrate, SSRCs: []uint32{ssrcOf(w, main)}})
}

func (w *wire) feedback(packets ...rtcp.Packet) {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		panic(err)
	}
	w.params.OnRTCP(b)
}

// original takes the packet out of an RTX packet (RFC 4588 4).
func original(p *rtp.Packet) (seq uint16, payload []byte) {
	return binary.BigEndian.Uint16(p.Payload), p.Payload[2:]
}

// parseRED takes the primary packet, and the redundant one if there is one, out of an audio/red payload with at most
// one generation of redundancy (RFC 2198 3). offset is how much older the redundant packet is.
func parseRED(payload []byte) (primary, redundant []byte, offset uint32, err error) {
	if len(payload) < 1 {
		return nil, nil, 0, codec.ErrShort
	}
	if payload[0]&0x80 == 0 {
		return payload[1:], nil, 0, nil
	}
	if len(payload) < 5 || payload[4]&0x80 != 0 {
		return nil, nil, 0, codec.ErrShort
	}
	fields := binary.BigEndian.Uint32(payload) & 0xffffff
	length := int(fields & 0x3ff)
	if len(payload) < 5+length {
		return nil, nil, 0, codec.ErrShort
	}
	return payload[5+length:], payload[5 : 5+length], fields >> 10, nil
}

// mainLeg is the leg of the picture of main.
func mainLeg(v *Viewer) *leg {
	return v.legs[slices.IndexFunc(v.legs, func(l *leg) bool { return l.slot.spec.ID == main })]
}

// mainSSRC is that of the picture of main, towards every viewer of a stage.
const mainSSRC = firstSSRC + 2
