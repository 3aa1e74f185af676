package sfu

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/transport"
)

// standIn is who a source of a relay stands for: the endpoint that feeds a slot at the centre.
type standIn struct {
	number  uint32
	since   uint32 // timestamp of the first packet
	source  *source
	seat    atomic.Pointer[string] // of the owner, "" for one elsewhere; nil while the number says nothing
	granted func(owner string) bool
}

// belongsTo tells whether a viewer's owner is who it stands for, or may be.
func (x *standIn) belongsTo(owner string) bool {
	if seat := x.seat.Load(); seat != nil {
		return *seat == owner
	}
	return x.granted != nil && x.granted(owner)
}

// look asks whose the number is, unless that is known.
func (x *standIn) look(params *IntakeParams) {
	if x.seat.Load() == nil {
		x.seat.Store(params.seat(x.number))
	}
}

// seat is whose a number is: nil for one that says nothing.
func (p *IntakeParams) seat(number uint32) *string {
	if number == 0 || p.Seat == nil {
		return nil
	}
	unlocked()
	if owner, known := p.Seat(number); known {
		return &owner
	}
	return nil
}

// inSlot is a slot that a trunk feeds.
type inSlot struct {
	intake  *Intake
	slot    *slot
	streams []*inStream // by rendition

	mu        mutex[inSlotRank]
	cur, prev *standIn // nil for none
	closed    bool
}

// kind of the stand-ins: what they are at the centre makes no difference here.
func (s *inSlot) kind() SourceKind {
	if s.slot.spec.Kind == transport.Audio {
		return SourceMicrophone
	}
	return SourceCamera
}

// sourceOf finds the source that stands for the endpoint that a packet comes from, nil if that is past. A new one is known
// by its number at the head of a stream, and by a timestamp after the start of the present one: the streams of a slot
// change one after another, and the centre's timestamps never run back.
func (s *inSlot) sourceOf(from *inStream, a *arrival) *source {
	changed := a.ahead && (!from.ever || from.number != a.number)
	var seat *string
	if changed {
		from.number, from.ever = a.number, true
		seat = s.intake.params.seat(a.number)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(a.number)
	fresh := changed && (s.cur == nil || x != s.cur && int32(a.time-s.cur.since) > 0)
	if fresh && !s.closed {
		x = s.begin(a)
		x.seat.Store(seat)
	}
	if x == nil || s.closed {
		return nil
	}
	if cut := a.ahead && x == s.cur && len(*x.source.sinks.Load()) == 0; fresh || cut {
		s.slot.resolve(feed{owner: x.source.owner, number: a.number, kind: x.source.kind}, x.source)
	}
	if changed {
		x.source.joined(from.rendition, from.ssrc.Load())
	}
	if a.ahead && a.key {
		x.source.gotKeyframe(from.rendition)
	}
	return x.source
}

func (s *inSlot) find(number uint32) *standIn {
	for _, x := range []*standIn{s.cur, s.prev} {
		if x != nil && x.number == number {
			return x
		}
	}
	return nil
}

// begin makes a stand-in, which the slot is to show from its first keyframe on.
func (s *inSlot) begin(a *arrival) *standIn {
	in := s.intake
	x := &standIn{number: a.number, since: a.time, granted: in.params.Granted}
	x.source = newSource(&in.origin, "#"+strconv.FormatUint(uint64(a.number), 10), s.kind(), intakeFeedback{in}.sendPLI)
	x.source.own = x
	for i, stream := range s.streams {
		x.source.joined(i, stream.ssrc.Load())
		if sr := stream.lastReport(); sr != nil { // the slot's timeline goes on
			x.source.report(i, sr.RTPTime, sr.NTPTime)
		}
	}
	if s.cur != nil {
		follow(x.source, s.cur.source)
	}
	if a.key { // the centre has asked for the others
		x.source.mu.Lock()
		x.source.requested, x.source.asked = a.arrived, true
		x.source.mu.Unlock()
	}
	s.prev, s.cur = s.cur, x
	return x
}

// follow has a source send what the one before it was told to.
func follow(src, before *source) {
	before.mu.Lock()
	top, since := before.top, before.topLess
	before.mu.Unlock()
	src.mu.Lock()
	defer src.mu.Unlock()
	src.top, src.topLess = top, since
}

// report takes a sender report of a stream.
func (s *inSlot) report(from *inStream, sr *rtcp.SenderReport) {
	if x := s.present(); x != nil {
		x.source.report(from.rendition, sr.RTPTime, sr.NTPTime)
	}
}

// present is who feeds the slot, nil for nobody.
func (s *inSlot) present() *standIn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cur
}

func (s *inSlot) sendKeyframeRequests() {
	if x := s.present(); x != nil {
		x.source.sendKeyframeRequests()
	}
}

// tick looks after the stand-in, and what is wanted of the slot: all up to the highest rendition that anybody is to be
// sent, the lowest in any case, so that there is a picture at once.
func (s *inSlot) tick(now time.Duration) {
	x := s.present()
	if x == nil {
		return
	}
	x.look(&s.intake.params)
	x.source.tick(now)
	if !s.slot.video() {
		return
	}
	if top, tell := x.source.demand(now); tell {
		for _, stream := range s.streams {
			stream.want(stream.rendition <= max(top, 0), now)
		}
	}
}

// forget ends what the slot shows of the trunk.
func (s *inSlot) forget() {
	s.mu.Lock()
	list := []*standIn{s.cur, s.prev}
	s.cur, s.prev, s.closed = nil, nil, true
	s.mu.Unlock()
	for _, x := range list {
		if x != nil {
			s.slot.drop(x.source)
		}
	}
}
