package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

// SourceKind is one track of a publisher connection; it is also the mid of its m-line.
type SourceKind string

// The tracks of a publisher connection.
const (
	SourceCamera      SourceKind = "camera"
	SourceMicrophone  SourceKind = "microphone"
	SourceScreen      SourceKind = "screen"
	SourceScreenAudio SourceKind = "screen-audio"
)

func sourceKinds() [4]SourceKind {
	return [4]SourceKind{SourceMicrophone, SourceCamera, SourceScreenAudio, SourceScreen}
}

func (k SourceKind) media() transport.Kind {
	if k == SourceMicrophone || k == SourceScreenAudio {
		return transport.Audio
	}
	return transport.Video
}

func clockRate(kind transport.Kind) uint32 {
	if kind == transport.Audio {
		return codec.OpusClock
	}
	return codec.VideoClock
}

// renditions is the number of simulcast layers, lowest first.
const renditions = 3

// layerOf returns the rendition of a simulcast RID, 0 for a track without one, -1 for one that was not offered.
func layerOf(rid string) int {
	if rid == "" {
		return 0
	}
	rids := rids()
	return slices.Index(rids[:], rid)
}

// rids are the names of the layers.
func rids() [renditions]string { return [renditions]string{"l", "m", "h"} }

const (
	// keyframeInterval is the least time between two keyframe requests to one source: at most two a second.
	keyframeInterval = 500 * time.Millisecond
	// sourceTimeout makes a silent source inactive. It outlasts the pauses of Opus DTX and of a still screen.
	sourceTimeout = 3 * time.Second
	// demandDelay is how long a layer may be unwanted before its sender is told.
	demandDelay = 5 * time.Second
)

// source is one track of a publisher with its one to three simulcast layers.
type source struct {
	kind  SourceKind
	owner string
	own   *standIn // on a relay: who it stands for; nil for a publisher's
	from  *origin
	pli   func(ssrcs []uint32) // sends keyframe requests
	sinks atomic.Pointer[[]*slot]

	mu        mutex[sourceRank]
	layers    [renditions]layer
	active    bool
	wanted    uint8 // layers whose keyframe was asked for and not yet requested
	requested time.Duration
	asked     bool
	due       []uint32 // SSRCs whose keyframe is to be requested now

	top     int // highest layer that the sender was told to send, -1 for none
	topLess time.Duration
}

// layer is one encoding of a source.
type layer struct {
	ssrc  uint32 // 0 until its track has come
	clock rewrite.Clock
	last  time.Duration // of the last packet
}

// packet is what arrived: one RTP packet of a layer. payload is valid during the call only.
type packet struct {
	seq     uint16
	time    uint32
	marker  bool
	payload []byte
	arrived time.Duration
}

// origin is what the sources that come on one connection have in common.
type origin struct {
	stage *Stage
	clock senderClock
	wake  chan struct{} // keyframe requests are due
}

func newOrigin(s *Stage) origin { return origin{stage: s, wake: make(chan struct{}, 1)} }

// wakeUp lets the connection know that there is something to send.
func (o *origin) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func newSource(from *origin, owner string, kind SourceKind, pli func(ssrcs []uint32)) *source {
	s := &source{kind: kind, owner: owner, from: from, pli: pli, top: renditions - 1}
	for i := range s.layers {
		s.layers[i].clock.Rate = clockRate(kind.media())
	}
	s.sinks.Store(new([]*slot))
	return s
}

// push hands a packet to every slot that the source feeds or is about to.
func (s *source) push(layer int, p *packet) {
	ntp, reported, woke := s.arrived(layer, p)
	if reported {
		s.from.clock.bound(ntp, p.arrived)
	}
	if woke {
		s.from.stage.refresh(s.owner)
	}
	for _, slot := range *s.sinks.Load() {
		slot.push(s, layer, p)
	}
}

// arrived takes note of a packet: when it was made, if sender reports tell, and whether it is the first in a while.
func (s *source) arrived(layer int, p *packet) (ntp int64, reported, woke bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.layers[layer]
	l.clock.Arrived(p.time, int64(p.arrived))
	l.last = p.arrived
	woke, s.active = !s.active, true
	ntp, reported = l.clock.Remote(p.time)
	return ntp, reported, woke
}

// belongsTo tells whether the source is one of an owner's, who is not sent it.
func (s *source) belongsTo(owner string) bool {
	switch {
	case s == nil || owner == "":
		return false
	case s.own != nil:
		return s.own.belongsTo(owner)
	}
	return s.owner == owner
}

func (s *source) serves(want feed) bool { return s.owner == want.owner && s.kind == want.kind }

func (s *source) addSink(sink *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sinks := *s.sinks.Load(); !slices.Contains(sinks, sink) {
		sinks = append(slices.Clone(sinks), sink)
		s.sinks.Store(&sinks)
	}
}

func (s *source) removeSink(sink *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sinks := slices.DeleteFunc(slices.Clone(*s.sinks.Load()), func(other *slot) bool { return other == sink })
	s.sinks.Store(&sinks)
}

// report takes a sender report of a layer.
func (s *source) report(layer int, rtp uint32, ntp uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers[layer].clock.Report(rtp, rewrite.NTP(ntp))
}

// local returns when a sample of a layer was taken, by the node's clock, and whether sender reports say so.
func (s *source) local(layer int, rtp uint32) (at time.Duration, reported bool) {
	skew := s.from.clock.skew()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.layers[layer].clock
	return time.Duration(c.Local(rtp, skew)), c.Reported()
}

// at is the inverse of local.
func (s *source) at(layer int, local time.Duration) uint32 {
	skew := s.from.clock.skew()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.layers[layer].clock.At(int64(local), skew)
}

// requestKeyframe asks the sender for a keyframe of layers from low to high: at once, or together with others when the
// last request is younger than keyframeInterval.
func (s *source) requestKeyframe(low, high int, now time.Duration) {
	s.mu.Lock()
	for layer := low; layer <= high; layer++ {
		s.wanted |= 1 << layer
	}
	s.mu.Unlock()
	s.markKeyframes(now)
}

// markKeyframes has the publisher's goroutine send what is wanted, if it is time.
func (s *source) markKeyframes(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted == 0 || s.asked && now-s.requested < keyframeInterval {
		return
	}
	for i, l := range s.layers {
		if s.wanted&(1<<i) != 0 && l.ssrc != 0 {
			s.due = append(s.due, l.ssrc)
		}
	}
	s.wanted = 0
	if len(s.due) > 0 {
		s.requested, s.asked = now, true
		s.from.stage.node.keyframeRequests.Add(1)
		s.from.wakeUp()
	}
}

// gotKeyframe says that a keyframe of a layer has come: it is not asked for any more.
func (s *source) gotKeyframe(layer int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted &^= 1 << layer
}

// joined says on what SSRC a layer comes, 0 if that is not known yet.
func (s *source) joined(layer int, ssrc uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers[layer].ssrc = ssrc
}

// sendKeyframeRequests sends what was marked.
func (s *source) sendKeyframeRequests() {
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.mu.Unlock()
	if len(due) > 0 {
		unlocked()
		s.pli(due)
	}
}

// tick marks the requests that waited and notices silence; it reports whether the source is active.
func (s *source) tick(now time.Duration) (active bool) {
	s.markKeyframes(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	var last time.Duration
	for i := range s.layers {
		last = max(last, s.layers[i].last)
	}
	if now-last > sourceTimeout {
		s.active = false
	}
	return s.active
}

// pausedByDemand tells whether a layer is missing because nobody wanted it.
func (s *source) pausedByDemand(layer int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return layer > s.top && s.layers[layer].ssrc != 0
}

// demand finds the highest layer that anybody is to be sent, -1 for none, and whether the sender should be told: of
// more at once, of less when it has been so for demandDelay. Where it is not shown at all yet, as on stand-by, the
// lowest layer goes on, so that there is a picture at once when it is.
func (s *source) demand(now time.Duration) (top int, tell bool) {
	top = none
	sinks := *s.sinks.Load()
	if len(sinks) == 0 {
		top = 0
	}
	for _, slot := range sinks {
		for i := top + 1; i < renditions; i++ {
			if slot.demand[i].Load() > 0 {
				top = i
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !slices.ContainsFunc(s.layers[:], func(l layer) bool { return l.ssrc != 0 }): // nothing has come yet
	case top >= s.top:
		s.topLess = 0
		tell = top > s.top
	case s.topLess == 0:
		s.topLess = now
	default:
		tell = now-s.topLess >= demandDelay
	}
	if tell {
		s.top, s.topLess = top, 0
	}
	return top, tell
}

// arrivals are when the last packet of each layer came, 0 for none yet.
func (s *source) arrivals() (at [renditions]time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.layers {
		at[i] = s.layers[i].last
	}
	return at
}

// retire makes the source inactive until another packet comes.
func (s *source) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = false
}

func (s *source) isActive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active
}
