package sfu

import (
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
	owner  string
	number uint32 // of the owner among a session's endpoints, for trunks; 0 for unknown
	kind   SourceKind
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
	demand demand
	plain  atomic.Int32 // legs that are sent the plain form of sound beside the merged one

	mu      mutex[slotRank]
	want    feed
	cur     *source           // forwarded
	next    *source           // to be forwarded from its first keyframe on
	early   [renditions]early // of next
	breakAt time.Duration
	rends   [renditions]rendition
	outputs outputs
	due     []burst // given and not yet offered
	// dropping tells per output and shard that it is dropped to the end of a frame.
	dropping [renditions][]bool
	pictures rewrite.Pictures
	line     timeline
	arrived  time.Duration
	live     bool // as last reported
}

func newSlot(n *Node, spec SlotSpec) *slot {
	s := &slot{node: n, spec: spec, line: newTimeline(spec.Kind), legs: make([]atomic.Int32, len(n.shards))}
	for i := range s.rends {
		s.rends[i] = newRendition(i, s)
		s.dropping[i] = make([]bool, len(n.shards))
	}
	s.outputs = outputs{list: []output{&s.rends[plainSound]}}
	if s.video() {
		s.outputs = outputs{list: []output{&s.rends[0], &s.rends[1], &s.rends[2]}, layers: true}
	}
	return s
}

func (s *slot) video() bool { return s.spec.Kind == transport.Video }

// mergeSound makes the slot's sound also in packets of twice the length.
func (s *slot) mergeSound() {
	s.outputs.list = append(s.outputs.list, newMerging(&s.rends[plainSound], &s.plain))
}

// owner of the forwarded source, empty if there is none.
func (s *slot) owner() string {
	if src := s.from.Load(); src != nil {
		return src.owner
	}
	return ""
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
		for i := range s.rends {
			s.rends[i].number = want.number
		}
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
		s.flush()
		s.release(&s.cur)
	}
	s.cur, s.breakAt = src, 0
	s.line.change()
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
	s.node.drops.Add(DropCut, s.outputs.forget())
}

// restart makes the renditions wait for the first packets of cur.
func (s *slot) restart() {
	s.watch(s.cur, s.spec.Top, s.node.now())
	for i := range s.rends {
		s.rends[i].restart(s.cur, s.want.number, uint8(s.gen.Load()))
	}
}

// dismiss gives up the source that was to be forwarded next.
func (s *slot) dismiss() {
	s.release(&s.next)
	for i := range s.early {
		s.node.drops.Add(DropNoKeyframe, len(s.early[i].packets))
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
			s.node.drops.Add(DropNoKeyframe, e.keep(p))
			return
		}
		s.begin(src)
	}
	if src != s.cur {
		return
	}
	r := &s.rends[layer]
	s.accept(src, layer, p)
	if r.started || !s.video() {
		s.forward(r, p)
		return
	}
	if !r.early.begins(p) {
		s.node.drops.Add(DropNoKeyframe, r.early.keep(p))
		return
	}
	rest, dropped := r.early.rest(p.seq)
	s.node.drops.Add(DropNoKeyframe, dropped)
	s.forward(r, p)
	for _, p := range rest {
		s.forward(r, p)
	}
}

// forward sends a packet of the source in a rendition.
func (s *slot) forward(r *rendition, p *packet) {
	pkt := r.rewrite(p)
	if pkt == nil {
		return
	}
	s.arrived = p.arrived
	s.line.latest.Take(pkt.Time, pkt.Arrived)
	s.due = s.outputs.of(r.index).collect(pkt, s.due)
	s.offer()
}

// offer hands the bursts that are due to the shards that have legs of the slot.
func (s *slot) offer() {
	for _, b := range s.due {
		b.slot, b.gen, b.from = s, s.gen.Load(), s.cur
		for i, shard := range s.node.shards {
			if s.legs[i].Load() > 0 {
				shard.offer(b, &s.dropping[b.rendition][i])
			}
		}
	}
	clear(s.due)
	s.due = s.due[:0]
}

// flush sends what waits in the outputs.
func (s *slot) flush() {
	s.due = s.outputs.flush(s.due)
	s.offer()
}

// tick leaves a picture that overstayed and renditions that died. It reports whether pictures or sound are flowing
// and whether that has changed since the last call.
func (s *slot) tick(now time.Duration) (live, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breakAt != 0 && now >= s.breakAt {
		s.cut()
	}
	s.due = s.outputs.expire(now-patience, s.due)
	s.offer()
	before := s.arrivals.tick(s.cur, now)
	if low, high := s.demand.left(before, s.alive.Load()); high != none {
		s.cur.requestKeyframe(low, high, now)
	}
	live = s.cur != nil && s.arrived != 0 && now-s.arrived < sourceTimeout
	changed = live != s.live
	s.live = live
	if s.next != nil { // the request or its keyframe may be lost
		s.next.requestKeyframe(0, s.spec.Top, now)
	}
	return live, changed
}

// demand counts the legs that are to be sent each rendition.
type demand [renditions]atomic.Int32

// add counts n legs more for a rendition; none is not counted.
func (d *demand) add(rendition int, n int32) {
	if rendition != none {
		d[rendition].Add(n)
	}
}

// left returns from the lowest to the highest rendition for whose keyframes those wait who watched one that was alive before
// and is not now; high is none where nobody does.
func (d *demand) left(before, alive uint32) (low, high int) {
	low, high = renditions, none
	for target := range d {
		to := best(alive, target)
		if to != none && to != best(before, target) && d[target].Load() > 0 {
			low, high = min(low, to), max(high, to)
		}
	}
	return low, high
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
	s.flush()
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
		rendition = plainSound // both forms of sound are on its timeline
	}
	return s.rends[rendition].clockNow(now)
}
