package lean

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"github.com/diemcau/diemcau/sfu/drop"
	"github.com/diemcau/diemcau/sfu/udpio"
)

// DropReason names why a datagram was dropped; it is a metric label.
type DropReason uint8

// The reasons, in the order they are counted.
const (
	DropQueue     DropReason = iota // a worker was too slow, or a peer too fast
	DropBadSTUN                     // no well-formed binding request or answer, or without valid integrity
	DropReplay                      // a binding request that was seen before, from elsewhere
	DropUnproven                    // not sent: too much for an address that has not answered a check yet
	DropBadRTCP                     // SRTCP that did not authenticate or was seen before
	DropEarly                       // SRTCP before the handshake was done
	DropHandshake                   // DTLS beyond what is queued, or after the handshake was let go
	DropUnknown                     // any other protocol; viewers send no RTP
	DropTCP                         // not sent: a TCP peer takes what it is sent too slowly
	// Whole TCP connections, not datagrams.
	DropTCPFull            // closed, the oldest first: there are too many of an address or in all
	DropTCPUnauthenticated // named no connection in time
	dropReasons            // how many there are
)

// String is the label of a reason in metrics.
func (r DropReason) String() string {
	return [dropReasons]string{
		DropQueue:              "queue",
		DropBadSTUN:            "bad_stun",
		DropReplay:             "replay",
		DropUnproven:           "unproven",
		DropBadRTCP:            "bad_rtcp",
		DropEarly:              "early",
		DropHandshake:          "handshake",
		DropUnknown:            "unexpected",
		DropTCP:                "tcp_queue",
		DropTCPFull:            "tcp_full",
		DropTCPUnauthenticated: "tcp_unauthenticated",
	}[r]
}

// snapshot is what was dropped so far.
func snapshot(d *drop.Counts[DropReason]) map[DropReason]uint64 {
	m := make(map[DropReason]uint64, dropReasons)
	for r := range dropReasons {
		m[r] = d.Of(r)
	}
	return m
}

// workerQueue bounds the datagrams waiting for a worker: about a third of a second of the reports of 500 viewers.
const workerQueue = 1024

// connQueue is how many of them may be of one connection, so that a peer that floods loses its own only.
const connQueue = 64

// datagram is what arrived for a connection. data is valid while it is handled.
type datagram struct {
	data   []byte
	remote netip.AddrPort
	local  netip.Addr
	tcp    *tcpPeer // nil over UDP
}

// queued is a datagram that waits for a worker.
type queued struct {
	datagram

	conn *conn
	buf  [udpio.MaxPacket]byte
}

// scratch is memory that is reused from one datagram to the next.
type scratch struct {
	stun, reply stun.Message
	rtcp        []byte
}

// worker looks after the time limits of its connections, tells what their handshakes have come to, and handles what
// the port's reader left: datagrams of a connection that was busy, and those that came over TCP.
type worker struct {
	factory *Factory
	queue   chan *queued
	free    sync.Pool
	events  chan func() // what the handshakes of its connections have to tell
	scratch scratch

	mu       sync.Mutex
	conns    map[*conn]struct{}
	checking map[*conn]struct{} // those with a check of their own under way
}

func newWorker(f *Factory) *worker {
	return &worker{
		factory: f,
		queue:   make(chan *queued, workerQueue),
		free:    sync.Pool{New: func() any { return new(queued) }},
		events:  make(chan func(), 64),
		conns:   map[*conn]struct{}{}, checking: map[*conn]struct{}{},
	}
}

func (w *worker) push(c *conn, d *datagram) {
	if c.queued.Add(1) > connQueue {
		c.queued.Add(-1)
		w.factory.drops.Add(DropQueue, 1)
		return
	}
	q := w.free.Get().(*queued)
	q.conn, q.datagram = c, *d
	q.data = q.buf[:copy(q.buf[:], d.data)]
	select {
	case w.queue <- q:
	default:
		w.factory.drops.Add(DropQueue, 1)
		w.done(q)
	}
}

// done gives back the memory of a datagram that has been queued.
func (w *worker) done(q *queued) {
	q.conn.queued.Add(-1)
	q.conn, q.tcp = nil, nil
	w.free.Put(q)
}

func (w *worker) run() {
	ticker := time.NewTicker(min(time.Second, w.factory.cfg.Silence/4))
	defer ticker.Stop()
	checks := time.NewTicker(checkTick)
	defer checks.Stop()
	for {
		select {
		case now := <-checks.C:
			for _, c := range w.list(w.checking) {
				c.checks.tick(now)
			}
		case q := <-w.queue:
			handleDatagram(q.conn, &q.datagram, &w.scratch)
			w.done(q)
		case event := <-w.events:
			event()
		case now := <-ticker.C:
			for _, c := range w.list(w.conns) {
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
	delete(w.checking, c)
}

// watch looks after the checks of a connection, or no longer.
func (w *worker) watch(c *conn, checking bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if checking {
		w.checking[c] = struct{}{}
	} else {
		delete(w.checking, c)
	}
}

func (w *worker) list(set map[*conn]struct{}) []*conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(set))
}
