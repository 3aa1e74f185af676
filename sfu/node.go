// Package sfu is the media plane: it takes what a few sites send and forwards it to very many. It knows tracks,
// slots and legs, not meetings or people.
//
// A Node has Stages. Publishers (simulcast sources) feed the slots of a stage, Viewers get them; a Trunk
// brings all of them to the Intake of another node. A slot is a
// media-switching mixer (RFC 7667 3.6.2): one outgoing stream that goes on while the source behind it changes. A leg,
// one slot towards one viewer, is a selective forwarding middlebox (RFC 7667 3.7).
//
// Packets go from a publisher's reading goroutine through its slots, which rewrite and cache them once, to the shards:
// a few goroutines among which the viewers are divided. No lock is held while a packet is sent, and a join or leave
// is a task in the queue of one shard.
package sfu

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	piontransport "github.com/pion/transport/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/transport"
	"github.com/diemcau/diemcau/sfu/transport/peer"
	"github.com/diemcau/diemcau/sfu/udpio"
)

const (
	// nodeTick is how often stages are looked after.
	nodeTick = 50 * time.Millisecond
	// stageIdle is how long a stage that holds nothing is kept.
	stageIdle = time.Minute
)

// Config of a Node.
type Config struct {
	// UDP is the address of the one port; the zero value is every interface and a port of the kernel's choice.
	UDP netip.AddrPort
	// TCP, if there is one, takes viewers and publishers on networks without UDP; the node closes it.
	TCP net.Listener
	// PublicIPs are announced before the addresses of this machine, PublicIPsOnly without them.
	PublicIPs     []string
	PublicIPsOnly bool
	// Loopback announces loopback addresses too.
	Loopback bool
	// CertificatePEM is what NewCertificate returned; empty makes a new one for this run.
	CertificatePEM string
	// Writers is the number of sending goroutines, by default one for each CPU.
	Writers int
	// SoundPacket is how much sound one packet to a viewer of a stage holds: 20 ms, the default, as browsers send it, or
	// 40 ms, which makes half as many packets of it.
	SoundPacket time.Duration
	// OnSlot is told when pictures or sound of a stage's slot begin to flow, and when they cease to. It comes from a
	// goroutine of the node and must not block.
	OnSlot func(stage string, slot SlotID, live bool)

	// Panicked is told what a goroutine of a connection panicked with; by default it is logged. That connection fails, and
	// nothing else does.
	Panicked contain.Report

	net     piontransport.Net // a virtual network in place of the port, for tests
	viewers transport.Factory // in place of the network, for tests
	dial    piontransport.Net // over which trunks are dialled in place of the machine's network, for tests
	// peers opens the viewers' transport in place of the lean one, for tests.
	peers func(peer.Config) (transport.Factory, error)
}

// ErrConfig is the error of a Config that makes no sense.
var ErrConfig = errors.New("sfu: bad configuration")

// Node is the media plane of one machine.
type Node struct {
	network
	began  time.Time
	shards []*shard

	drops            drops
	badRTCP          atomic.Uint64
	keyframeRequests atomic.Uint64

	mu     mutex[nodeRank]
	stages map[string]*Stage
	closed bool

	done    chan struct{}
	running sync.WaitGroup // shards and ticker
	endings sync.WaitGroup // of viewers and publishers that were closed
}

// New starts a node. Its metrics are registered with reg, which may be nil.
func New(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Node, error) {
	if cfg.Writers == 0 {
		cfg.Writers = runtime.GOMAXPROCS(0)
	}
	if cfg.Panicked == nil {
		cfg.Panicked = contain.Log(log)
	}
	if cfg.SoundPacket == 0 {
		cfg.SoundPacket = opusTime
	}
	if cfg.SoundPacket != opusTime && cfg.SoundPacket != 2*opusTime {
		return nil, fmt.Errorf("%w: %v of sound in a packet; it is %v or %v", ErrConfig, cfg.SoundPacket, opusTime, 2*opusTime)
	}
	n := &Node{
		network: network{cfg: cfg, log: log}, began: time.Now(), stages: map[string]*Stage{}, done: make(chan struct{}),
	}
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.close())
	}
	for i := range cfg.Writers {
		batch := new(udpio.Batch)
		if n.port != nil {
			batch = n.port.NewBatch(i)
		}
		n.shards = append(n.shards, newShard(n, i, batch))
	}
	if reg != nil {
		if err := reg.Register(&collector{n}); err != nil {
			return nil, errors.Join(err, n.close())
		}
	}
	for _, s := range n.shards {
		n.running.Go(s.run)
	}
	n.running.Go(n.run)
	return n, nil
}

// Close ends everything and waits for it.
func (n *Node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	var stages []*Stage
	for _, s := range n.stages {
		stages = append(stages, s)
	}
	clear(n.stages)
	n.mu.Unlock()
	for _, s := range stages {
		s.close()
	}
	n.endings.Wait()
	close(n.done)
	n.running.Wait()
	return n.close()
}

// Stage returns the stage of that id, to be used at once, and makes it if it is new. One that holds nothing, no
// connection, no feed and no budget, is forgotten after stageIdle. On a closed node it takes nobody.
func (n *Node) Stage(id string) *Stage {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.stages[id]
	if s == nil {
		s = newStage(n, id)
		s.closed = n.closed
		if !n.closed {
			n.stages[id] = s
		}
	}
	s.asked = n.now()
	return s
}

// CloseStage ends a stage with all its viewers and publishers. It waits for nothing.
func (n *Node) CloseStage(id string) {
	n.mu.Lock()
	s := n.stages[id]
	delete(n.stages, id)
	n.mu.Unlock()
	if s != nil {
		s.close()
	}
}

func (n *Node) run() {
	ticker := time.NewTicker(nodeTick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-n.done:
			return
		}
		n.tick(n.now())
	}
}

// tick looks after the stages.
func (n *Node) tick(now time.Duration) {
	for _, s := range n.list() {
		if s.empty() {
			n.forgetIdle(s, now)
		}
		_ = contain.Run(n.cfg.Panicked, func() error { s.tick(now); return nil }, "stage", s.id)
	}
}

// forgetIdle forgets a stage that is empty, unless it was asked for a short while ago.
func (n *Node) forgetIdle(s *Stage, now time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now-s.asked > stageIdle && n.stages[s.id] == s {
		delete(n.stages, s.id)
	}
}

// list is the stages that there are now.
func (n *Node) list() []*Stage {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Values(n.stages))
}

// now is the time since the node began, the node's clock.
func (n *Node) now() time.Duration { return time.Since(n.began) }

// wall is the wall-clock time of a time of the node's clock.
func (n *Node) wall(now time.Duration) time.Time { return n.began.Add(now) }

// nextShard counts a viewer in: on the first shard that is not full, or else on the one with the fewest.
func (n *Node) nextShard() *shard {
	n.mu.Lock()
	defer n.mu.Unlock()
	least := n.shards[0]
	for _, s := range n.shards {
		load := s.load.Load()
		if load < shardFill {
			least = s
			break
		}
		if load < least.load.Load() {
			least = s
		}
	}
	least.load.Add(1)
	return least
}

func (n *Node) logClose(what, id string, err error) {
	if err != nil {
		n.log.Debug("close", what, id, "err", err)
	}
}
