package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/pace"
	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/udpio"
)

const (
	// burstQueue is how many bursts may wait for a shard: about a second of a full stage.
	burstQueue = 256
	// taskQueue is how much feedback of viewers may wait for a shard.
	taskQueue = 1024
	// shardTick is how often a shard looks after its legs.
	shardTick = 100 * time.Millisecond
	// shardFill is how many viewers a shard gets before the next one gets any: to wake a second writer for each burst
	// costs more than to send a few milliseconds later.
	shardFill = 500
)

// burst is consecutive packets of one frame of one rendition.
type burst struct {
	slot      *slot
	rendition int
	half      half // of plain sound beside merged
	gen       uint32
	from      *source
	packets   []*packetcache.Packet
	late      bool // the first is the start of a keyframe, all that follows it has gone out before
}

// shard is one writer: a goroutine that sends to the viewers assigned to it. It owns their legs.
type shard struct {
	node            *Node
	index           int
	bursts          chan burst
	tasks           chan func(now time.Duration)
	pending         pending
	posts           posts
	load            atomic.Int32 // viewers, those that are not connected yet included
	batch           *udpio.Batch
	legs            map[*slot][]*leg
	viewers         map[*Viewer]struct{}
	probing         map[*Viewer]struct{}
	schedule        pace.Schedule[held] // of the viewers' pacers
	coalescing      []*Stage            // of which pictures wait for sound
	padding         [paddingSize]byte
	packets         atomic.Uint64 // forwarded
	bytes           atomic.Uint64
	retransmissions atomic.Uint64 // sent again
	scratch         [udpio.MaxPacket]byte
	trunks          trunkLegs
	serving         served // whom it works for at this moment, nil if for no single one
}

// served is a connection that a shard works for.
type served interface {
	ID() string
	leave(s *shard) // has the shard forget it, first of all whatever would lead to it again
	onState(State)
}

func newShard(n *Node, index int, batch *udpio.Batch) *shard {
	return &shard{
		node: n, index: index, batch: batch,
		bursts: make(chan burst, burstQueue), tasks: make(chan func(time.Duration), taskQueue), posts: posts{wake: make(chan struct{}, 1)},
		legs: map[*slot][]*leg{}, viewers: map[*Viewer]struct{}{},
		trunks: newTrunkLegs(), probing: map[*Viewer]struct{}{}, padding: [paddingSize]byte{paddingSize - 1: paddingSize},
	}
}

// offer queues a burst. When the queue is full video is dropped to the end of the frame.
func (s *shard) offer(b burst, dropping *bool) {
	if *dropping && !b.packets[0].Start {
		s.node.drops.Add(DropShardQueue, len(b.packets))
		return
	}
	select {
	case s.bursts <- b:
		*dropping = false
	default:
		*dropping = true
		s.node.drops.Add(DropShardQueue, len(b.packets))
	}
}

// try queues a task, unless the queue is full.
func (s *shard) try(task func(now time.Duration)) {
	select {
	case s.tasks <- task:
	default:
		s.node.drops.Add(DropTaskQueue, 1)
	}
}

// pending is tasks that can wait for the next burst or tick, and so need not wake their shard.
type pending struct {
	mu    mutex[leafRank]
	tasks []func(now time.Duration)
	spare []func(now time.Duration)
}

// later queues a task for when the shard is awake anyway, at the latest in a shardTick.
func (s *shard) later(task func(now time.Duration)) {
	if !s.pending.add(task) {
		s.node.drops.Add(DropTaskQueue, 1)
	}
}

// add queues a task, unless the queue is full.
func (p *pending) add(task func(now time.Duration)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tasks) >= taskQueue {
		return false
	}
	p.tasks = append(p.tasks, task)
	return true
}

// run runs what is queued. What a panic leaves is run the next time.
func (p *pending) run(s *shard, now time.Duration) {
	p.mu.Lock()
	tasks := p.tasks
	p.tasks, p.spare = p.spare[:0], nil
	p.mu.Unlock()
	each(s, tasks, now, func(left []func(time.Duration)) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.tasks = append(left, p.tasks...)
	})
	clear(tasks)
	p.spare = tasks
}

// each runs tasks one after another; they say themselves whom they are for. If one panics those after it are given back.
func each(s *shard, tasks []func(now time.Duration), now time.Duration, giveBack func(left []func(now time.Duration))) {
	done := 0
	defer func() {
		if done < len(tasks) {
			giveBack(tasks[done:])
		}
	}()
	for done < len(tasks) {
		task := tasks[done]
		done++
		s.serving = nil
		task(now)
	}
	s.serving = nil
}

// posts is tasks that none may be lost of: viewers that come and go, of each one at most.
type posts struct {
	mu    mutex[leafRank]
	tasks []func(now time.Duration)
	wake  chan struct{}
}

// add has the shard run a task after those that were added before. It does not wait.
func (p *posts) add(task func(now time.Duration)) {
	p.mu.Lock()
	p.tasks = append(p.tasks, task)
	p.mu.Unlock()
	p.wakeUp()
}

func (p *posts) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run runs them. What a panic leaves is run next, before what was added meanwhile.
func (p *posts) run(s *shard, now time.Duration) {
	p.mu.Lock()
	tasks := p.tasks
	p.tasks = nil
	p.mu.Unlock()
	each(s, tasks, now, func(left []func(time.Duration)) {
		p.mu.Lock()
		p.tasks = append(left, p.tasks...)
		p.mu.Unlock()
		p.wakeUp()
	})
}

func (s *shard) run() {
	for !s.turns() { // one viewer less
	}
}

// turns runs the shard until the node ends, or until it panics while it works for a viewer: that one fails, the others
// lose what was to be sent to them at that moment, and go on.
func (s *shard) turns() (ended bool) {
	defer func() {
		if p := recover(); p != nil {
			who := "none"
			if s.serving != nil {
				who = s.serving.ID()
			}
			s.node.cfg.Panicked(p, "shard", s.index, "viewer", who)
			lose(s, s.serving)
		}
	}()
	ticker := time.NewTicker(shardTick)
	defer ticker.Stop()
	padding := time.NewTicker(paddingTick)
	defer padding.Stop()
	waiting := time.NewTimer(time.Hour)
	defer waiting.Stop()
	for {
		s.serving = nil
		if due, ok := s.due(); ok {
			waiting.Reset(max(time.Millisecond, due-s.node.now()))
		}
		select {
		case <-waiting.C:
			now := s.node.now()
			s.sendDue(now)
			s.release(now)
		case b := <-s.bursts:
			now := s.node.now()
			s.pending.run(s, now)
			s.accept(b, now)
		case task := <-s.tasks:
			task(s.node.now())
		case <-s.posts.wake:
			s.posts.run(s, s.node.now())
		case <-ticker.C:
			now := s.node.now()
			s.pending.run(s, now)
			s.tick(now)
		case <-padding.C:
			s.pad(s.node.now())
		case <-s.node.done:
			return true
		}
	}
}

// lose gives up the connection that a panic was met with, nil if that is not known.
func lose(s *shard, v served) {
	if v == nil {
		return
	}
	gently := func(f func()) {
		_ = contain.Run(s.node.cfg.Panicked, func() error { f(); return nil }, "viewer", v.ID())
	}
	gently(func() { v.leave(s) })
	gently(func() { v.onState(Failed) })
}

// over tells whether a burst is of a source that was cut meanwhile, and counts it then.
func (s *shard) over(b burst) bool {
	over := b.slot.over(b.gen)
	if over {
		s.node.drops.Add(DropCut, len(b.packets))
	}
	return over
}

// forward seals a burst for everybody who has its slot; the caller flushes.
func (s *shard) forward(b *burst, now time.Duration) {
	var t stamp
	for _, l := range s.legs[b.slot] {
		s.serving = l.viewer
		l.forward(s, b, t.next(s.node, len(b.packets)), now)
	}
}

// flush sends what is written for all; that is for no single viewer.
func (s *shard) flush() {
	s.serving = nil
	unlocked()
	if err := s.batch.Flush(); err != nil {
		s.node.log.Debug("flush", "shard", s.index, "err", err)
	}
}

func (s *shard) tick(now time.Duration) {
	for v := range s.viewers {
		s.serving = v
		v.tick(s, now)
	}
	s.trunks.tick(s, now)
	s.flush()
}

// release sends what has waited long enough in the pacers.
func (s *shard) release(now time.Duration) {
	var t stamp
	for p := s.schedule.Due(now); p != nil; p = s.schedule.Due(now) {
		for h, ok := p.Pop(now); ok; h, ok = p.Pop(now) {
			s.serving = h.leg.viewer
			if h.leg.slot.over(h.leg.gen) {
				s.node.drops.Add(DropCut, 1)
				h.leg.stop(s, DropCut)
			} else {
				h.write(s, t.next(s.node, 1), now)
			}
		}
		s.schedule.Update(p)
	}
	s.flush()
}

// pad sends the padding of those viewers whose line is being probed.
func (s *shard) pad(now time.Duration) {
	if len(s.probing) == 0 {
		return
	}
	for v := range s.probing {
		s.serving = v
		v.adapt.pad(s, now)
	}
	s.flush()
}

// add takes over a viewer whose answer has come.
func (s *shard) add(v *Viewer, now time.Duration) {
	s.serving = v
	s.viewers[v] = struct{}{}
	v.adapt.divide(s, now)
	for _, l := range v.legs {
		if l.active {
			s.legs[l.slot] = append(s.legs[l.slot], l)
			l.slot.legs[s.index].Add(1)
			l.start(s, now)
		}
	}
	s.flush()
}

func (s *shard) remove(v *Viewer) {
	s.load.Add(-1)
	s.serving = v
	v.leave(s)
	s.serving = nil
}

func (v *Viewer) leave(s *shard) {
	if _, ok := s.viewers[v]; !ok {
		return
	}
	delete(s.viewers, v)
	delete(s.probing, v)
	for _, l := range v.legs {
		if !l.active {
			continue
		}
		list := s.legs[l.slot]
		i := slices.Index(list, l)
		if i < 0 {
			continue // it was not added, for a panic
		}
		last := len(list) - 1
		list[i], list[last] = list[last], nil
		if list = list[:last]; len(list) == 0 {
			delete(s.legs, l.slot)
		} else {
			s.legs[l.slot] = list
		}
		l.slot.legs[s.index].Add(-1)
	}
	s.node.drops.Add(DropPacer, v.pacer.Clear())
	s.schedule.Update(&v.pacer)
	for _, l := range v.legs {
		if l.active {
			l.aim(s, none)
			l.wantPlain(false)
		}
	}
}

// stampPackets is for how many packets the clock is read once: to seal and send them takes less than half a millisecond,
// as long as packets wait in a batch.
const stampPackets = 128

// stamp is the abs-send-time of packets that leave one after another. The zero stamp has not read the clock yet.
type stamp struct {
	time uint32
	left int
}

// next is that of so many packets more.
func (t *stamp) next(n *Node, packets int) uint32 {
	if t.left <= 0 {
		t.time, t.left = absSendTime(n.wall(n.now())), stampPackets
	}
	t.left -= packets
	return t.time
}

// absSendTime is the 24-bit 6.18 fixed-point time of the abs-send-time header extension.
func absSendTime(t time.Time) uint32 {
	return uint32(uint64(t.UnixNano())%(64*uint64(time.Second))<<18/uint64(time.Second)) & 0xffffff
}
