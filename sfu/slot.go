package sfu

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	// breakAfter is how long an old picture stays while the new one's keyframe has not come.
	breakAfter = time.Second
	// fastStartPackets bounds what a newcomer is sent at once from the cache.
	fastStartPackets = 150
)

// feed is what a slot is to show; the zero feed is nothing.
type feed struct {
	owner string
	kind  SourceKind
}

// slot is one outgoing stream: a media-switching mixer (RFC 7667 3.6.2) with up to three renditions. Packets come in
// on the source's goroutines and leave on the shards'.
type slot struct {
	node *Node
	spec SlotSpec

	legs  []atomic.Int32         // subscribed legs per shard
	gen   atomic.Uint32          // grows with each change of source
	since atomic.Uint32          // what is of a generation before this one must not be sent any more
	from  atomic.Pointer[source] // the forwarded source
	arrivals
	// demand counts the legs that are to be sent each rendition.
	demand [renditions]atomic.Int32
	merged *merging     // the merged form of sound, nil where there is none
	plain  atomic.Int32 // legs that are sent the plain form beside it

	mu      mutex[slotRank]
	want    feed
	cur     *source           // forwarded
	next    *source           // to be forwarded from its first keyframe on
	early   [renditions]early // of next
	breakAt time.Duration
	rends   [renditions]rendition
	pics    rewrite.Pictures
	base    uint32         // timestamp at the node's time 0
	shift   uint32         // how far the present source is moved to stay ahead of the one before
	started bool           // the present source has given a packet
	latest  rewrite.Latest // timestamp given out
	arrived time.Duration
	live    bool // as last reported
}

func newSlot(n *Node, spec SlotSpec) *slot {
	s := &slot{node: n, spec: spec, base: rand.Uint32(), legs: make([]atomic.Int32, len(n.shards))}
	for i := range s.rends {
		s.rends[i] = newRendition(i, len(n.shards))
	}
	return s
}

func (s *slot) video() bool { return s.spec.Kind == transport.Video }

// mergeSound makes the slot's sound also in packets of twice the length.
func (s *slot) mergeSound() { s.merged = newMerging(&s.rends[0].arena, len(s.legs)) }

// sound is the form of the slot's sound that viewers are sent as a rule.
func (s *slot) sound() int {
	if s.merged != nil {
		return mergedSound
	}
	return plainSound
}

// cache of a rendition, or of a form of sound.
func (s *slot) cache(rendition int) *packetcache.Cache {
	if s.merged != nil && rendition == mergedSound {
		return s.merged.cache
	}
	return s.rends[rendition].cache
}

// owner of the forwarded source, empty if there is none.
func (s *slot) owner() string {
	if src := s.from.Load(); src != nil {
		return src.owner
	}
	return ""
}

// timeAt is the slot's timestamp at a local time.
func (s *slot) timeAt(local time.Duration) uint32 {
	return s.base + rewrite.Ticks(int64(local), s.spec.clockRate())
}

// resolve takes what the slot is to show and the source that can show it now, nil if there is none. Sound changes at
// once; a picture stays until the new one's keyframe, at most breakAfter; nothing wanted cuts at once.
func (s *slot) resolve(want feed, src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = want
	if s.next != nil && s.next != src {
		s.dismiss()
	}
	switch {
	case want.owner == "":
		s.cut()
	case src == s.cur && src != nil:
		s.breakAt = 0
	case src == nil && s.cur != nil && s.cur.serves(want):
		s.breakAt = 0
	case !s.video() && src == nil:
		s.cut()
	case !s.video():
		s.begin(src)
	default:
		if s.cur != nil && !s.cur.serves(want) && s.breakAt == 0 {
			s.breakAt = s.node.now() + breakAfter
		}
		if src != nil && s.next != src {
			s.next = src
			src.addSink(s)
			src.requestKeyframe(0, s.spec.Top, s.node.now())
		}
	}
}

// begin makes src the forwarded source.
func (s *slot) begin(src *source) {
	if s.next == src {
		s.next = nil
	}
	if s.cur != nil {
		s.flushAll()
		s.release(&s.cur)
	}
	s.cur, s.breakAt, s.started, s.shift = src, 0, false, 0
	s.from.Store(src)
	gen := s.gen.Add(1)
	if s.video() { // of sound what is under way may end, so that a change of speaker is no gap
		s.since.Store(gen)
	}
	s.restart()
	for i := range s.rends {
		s.rends[i].early, s.early[i] = s.early[i], early{}
	}
	src.addSink(s)
}

// cut ends what is forwarded and forgets it, so that no newcomer is shown it either.
func (s *slot) cut() {
	s.breakAt, s.arrived = 0, 0
	if s.cur == nil {
		return
	}
	s.release(&s.cur)
	s.from.Store(nil)
	s.since.Store(s.gen.Add(1))
	s.restart()
	for i := range s.rends {
		s.rends[i].cache.Reset()
	}
	if s.merged != nil {
		s.node.drops.add(DropCut, s.merged.forget())
	}
}

// restart makes the renditions wait for the first packets of cur.
func (s *slot) restart() {
	s.watch(s.cur, s.spec.Top, s.node.now())
	for i := range s.rends {
		r := &s.rends[i]
		s.node.drops.add(DropCut, len(r.open))
		s.node.drops.add(DropNoKeyframe, len(r.early.packets))
		r.restart()
	}
}

// dismiss gives up the source that was to be forwarded next.
func (s *slot) dismiss() {
	s.release(&s.next)
	for i := range s.early {
		s.node.drops.add(DropNoKeyframe, len(s.early[i].packets))
		s.early[i] = early{}
	}
}

// over tells whether what is of a generation must not be sent any more, wherever it waits.
func (s *slot) over(gen uint32) bool { return int32(gen-s.since.Load()) < 0 }

// release lets go of the source in cur or next.
func (s *slot) release(at **source) {
	src := *at
	*at = nil
	if src != nil && src != s.cur && src != s.next {
		src.removeSink(s)
	}
}

// drop lets go of a source that has ended.
func (s *slot) drop(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == src {
		s.dismiss()
	}
	if s.cur == src {
		s.cut()
	}
}

// push takes a packet of a source.
func (s *slot) push(src *source, layer int, p *packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if layer > s.spec.Top {
		return
	}
	if src == s.next {
		if e := &s.early[layer]; !e.begins(p) {
			s.node.drops.add(DropNoKeyframe, e.keep(p))
			return
		}
		s.begin(src)
	}
	if src != s.cur {
		return
	}
	r := &s.rends[layer]
	s.arrivals.take(src, layer, p)
	if r.started || !s.video() {
		s.take(r, p)
		return
	}
	if !r.early.begins(p) {
		s.node.drops.add(DropNoKeyframe, r.early.keep(p))
		return
	}
	rest, dropped := r.early.rest(p.seq)
	s.node.drops.add(DropNoKeyframe, dropped)
	s.take(r, p)
	for _, p := range rest {
		s.take(r, p)
	}
}

// take forwards a packet of the source in a rendition.
func (s *slot) take(r *rendition, p *packet) {
	pkt := r.take(s, p)
	if pkt == nil {
		return
	}
	s.arrived = p.arrived
	s.latest.Take(pkt.Time, pkt.Arrived)
	if s.merged != nil {
		s.merge(r, pkt)
		return
	}
	r.collect(s, pkt)
}

// merge sends a packet of sound in its forms. Who changes from one to the other does so at a packet that he has not had.
func (s *slot) merge(r *rendition, pkt *packetcache.Packet) {
	list, what := s.merged.take(pkt)
	merged := burst{rendition: mergedSound, packets: list}
	if s.plain.Load() == 0 {
		s.offer(merged, s.merged.dropping)
		return
	}
	plain := burst{rendition: plainSound, half: what, packets: append(r.arena.List(1), pkt)}
	if what == noHalf {
		s.offer(plain, r.dropping)
		s.offer(merged, s.merged.dropping)
	} else {
		s.offer(merged, s.merged.dropping)
		s.offer(plain, r.dropping)
	}
}

// offer hands a burst of the present source to the shards that have legs of the slot.
func (s *slot) offer(b burst, dropping []bool) {
	if len(b.packets) == 0 {
		return
	}
	b.slot, b.gen, b.owner = s, s.gen.Load(), s.cur.owner
	for i, shard := range s.node.shards {
		if s.legs[i].Load() > 0 {
			shard.offer(b, &dropping[i])
		}
	}
}

func (s *slot) flushAll() {
	for i := range s.rends {
		s.rends[i].flush(s)
	}
	s.letGo(0)
}

// letGo sends the packet of sound that has waited for another for so long.
func (s *slot) letGo(atLeast time.Duration) {
	if s.merged != nil && s.cur != nil {
		s.offer(burst{rendition: mergedSound, packets: s.merged.letGo(s.node.now(), atLeast)}, s.merged.dropping)
	}
}

// tick leaves a picture that overstayed and renditions that died. It reports whether pictures or sound are flowing
// and whether that has changed since the last call.
func (s *slot) tick(now time.Duration) (live, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breakAt != 0 && now >= s.breakAt {
		s.cut()
	}
	s.letGo(patience)
	before := s.arrivals.tick(s.cur, now)
	s.follow(before, now)
	live = s.cur != nil && s.arrived != 0 && now-s.arrived < sourceTimeout
	changed = live != s.live
	s.live = live
	if s.next != nil { // the request or its keyframe may be lost
		s.next.requestKeyframe(0, s.spec.Top, now)
	}
	return live, changed
}

// follow asks for the keyframes for which those wait who watched a rendition that has died.
func (s *slot) follow(before uint32, now time.Duration) {
	alive, low, high := s.alive.Load(), renditions, none
	for target := range s.demand {
		to := best(alive, target)
		if to != none && to != best(before, target) && s.demand[target].Load() > 0 {
			low, high = min(low, to), max(high, to)
		}
	}
	if high != none {
		s.cur.requestKeyframe(low, high, now)
	}
}

// requestKeyframe asks the forwarded source for a keyframe of one rendition.
func (s *slot) requestKeyframe(rendition int) {
	s.mu.Lock()
	src := s.cur
	s.mu.Unlock()
	if src != nil {
		src.requestKeyframe(rendition, rendition, s.node.now())
	}
}

// fastStart returns the packets from which a newcomer can start at once: those since the last keyframe of the
// highest rendition up to top that has a young one. gen is the present generation, list is nil if there is none.
func (s *slot) fastStart(top int) (list []*packetcache.Packet, rendition int, gen uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur == nil || !s.video() {
		return nil, 0, 0
	}
	s.flushAll()
	notBefore := int64(s.node.now() - cacheAge)
	for i := min(top, s.spec.Top); i >= 0; i-- {
		r := &s.rends[i]
		if !r.started || s.alive.Load()&(1<<i) == 0 {
			continue
		}
		if list = r.cache.SinceKeyframe(nil, notBefore, fastStartPackets); len(list) > 0 {
			return list, i, s.gen.Load()
		}
	}
	return nil, 0, 0
}

// clockNow is what a sender report of a rendition says: the slot's timestamp at a local time.
func (s *slot) clockNow(rendition int, now time.Duration) (rtp uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.video() {
		rendition = 0 // both forms of sound are on its timeline
	}
	r := &s.rends[rendition]
	if s.cur == nil || !r.started {
		return 0, false
	}
	return s.cur.at(rendition, now) + r.offset, true
}
