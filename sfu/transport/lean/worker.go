package lean

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/sfu/udpio"
)

// DropReason names why a datagram was dropped; it is a metric label.
type DropReason string

// The reasons, in the order they are counted.
const (
	DropQueue     DropReason = "queue"      // a worker was too slow, or a peer too fast
	DropBadSTUN   DropReason = "bad_stun"   // not a well-formed binding request, or without valid integrity
	DropBadRTCP   DropReason = "bad_rtcp"   // SRTCP that did not authenticate or was seen before
	DropEarly     DropReason = "early"      // SRTCP before the handshake was done
	DropHandshake DropReason = "handshake"  // DTLS beyond what is queued, or after the handshake was let go
	DropUnknown   DropReason = "unexpected" // any other protocol; viewers send no RTP
	DropTCP       DropReason = "tcp_queue"  // not sent: a TCP peer takes what it is sent too slowly
)

func dropReasons() [7]DropReason {
	return [...]DropReason{DropQueue, DropBadSTUN, DropBadRTCP, DropEarly, DropHandshake, DropUnknown, DropTCP}
}

type drops [7]atomic.Uint64

func (d *drops) add(reason DropReason) {
	for i, r := range dropReasons() {
		if r == reason {
			d[i].Add(1)
			return
		}
	}
}

func (d *drops) snapshot() map[DropReason]uint64 {
	m := make(map[DropReason]uint64, len(d))
	for i, r := range dropReasons() {
		m[r] = d[i].Load()
	}
	return m
}

// workerQueue bounds the datagrams waiting for a worker: about one second of the reports of 500 viewers.
const workerQueue = 1024

// connQueue is how many of them may be of one connection, so that a peer that floods loses its own only.
const connQueue = 64

// datagram waits for a worker.
type datagram struct {
	conn   *conn
	buf    [udpio.MaxPacket]byte
	n      int
	remote netip.AddrPort
	local  netip.Addr
	tcp    *tcpPeer // nil over UDP
}

// worker handles what arrives for its connections, one datagram after the other, and looks after their time limits.
// All callbacks of a connection come from its worker's goroutine.
type worker struct {
	factory *Factory
	queue   chan *datagram
	free    sync.Pool
	events  chan func() // what the handshakes of its connections have to tell

	stun  stun.Message // reused
	reply stun.Message
	rtcp  []byte

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func newWorker(f *Factory) *worker {
	return &worker{
		factory: f,
		queue:   make(chan *datagram, workerQueue),
		free:    sync.Pool{New: func() any { return new(datagram) }},
		events:  make(chan func(), 64),
		conns:   map[*conn]struct{}{},
	}
}

func (w *worker) push(c *conn, b []byte, remote netip.AddrPort, local netip.Addr, tcp *tcpPeer) {
	if c.queued.Add(1) > connQueue {
		c.queued.Add(-1)
		w.factory.drops.add(DropQueue)
		return
	}
	d := w.free.Get().(*datagram)
	d.conn, d.n, d.remote, d.local, d.tcp = c, copy(d.buf[:], b), remote, local, tcp
	select {
	case w.queue <- d:
	default:
		w.factory.drops.add(DropQueue)
		w.done(d)
	}
}

// done gives back the memory of a datagram that has been queued.
func (w *worker) done(d *datagram) {
	d.conn.queued.Add(-1)
	d.conn, d.tcp = nil, nil
	w.free.Put(d)
}

func (w *worker) run() {
	ticker := time.NewTicker(min(time.Second, w.factory.cfg.Silence/4))
	defer ticker.Stop()
	for {
		select {
		case d := <-w.queue:
			d.conn.handle(d)
			w.done(d)
		case event := <-w.events:
			event()
		case now := <-ticker.C:
			for _, c := range w.list() {
				c.tick(now)
			}
		case <-w.factory.done:
			return
		}
	}
}

func (w *worker) add(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = struct{}{}
}

func (w *worker) remove(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

func (w *worker) list() []*conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]*conn, 0, len(w.conns))
	for c := range w.conns {
		list = append(list, c)
	}
	return list
}
