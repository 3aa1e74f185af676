package sfu

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	// cacheAge is how long packets are kept to be sent again, and the greatest age of a keyframe to start from.
	cacheAge = 1200 * time.Millisecond
	// opusFrame is the length of a packet of sound as browsers send it, maxJoin how far a speaker's sound may be moved
	// to go on right after the one before; both in timestamp units.
	opusFrame = codec.OpusClock / 50
	maxJoin   = codec.OpusClock / 10
	// What comes later than this many numbers is of no use any more; and one more than 450 (pictures) or 50 (sound)
	// behind makes libwebrtc begin to count anew, so that its losses are wrong from there on.
	latePicture = 256
	lateSound   = 32
	// maxBurst bounds the packets handed to the writers together.
	maxBurst = 24
)

// rendition is one quality of a slot: a stream with numbering of its own, the same for all viewers. Its slot's lock
// guards it.
type rendition struct {
	index int
	cache *packetcache.Cache
	arena packetcache.Arena

	seq     rewrite.SeqMap
	out     uint16 // highest number given out
	in      uint16 // highest number taken in from the present source
	started bool   // a packet of the present source was forwarded

	pics    rewrite.PictureMap
	offset  uint32         // added to the source's timestamps
	aligned bool           // offset comes from a sender report
	latest  rewrite.Latest // timestamp given out

	before *packetcache.Packet // of sound, for the next one's redundancy
	early  early               // before a picture's first keyframe

	open     []*packetcache.Packet // of the frame that is being collected
	dropping []bool                // per shard: drop to the end of the frame
}

func newRendition(index, shards int) rendition {
	return rendition{
		index: index, cache: packetcache.New(cacheAge), out: uint16(rand.Uint32()), dropping: make([]bool, shards),
	}
}

// nominalRate is what a rendition counts for until it has been measured, in bit/s.
func nominalRate(kind transport.Kind, rendition int) float64 {
	if kind == transport.Audio {
		return 40_000
	}
	return [renditions]float64{150_000, 500_000, 1_700_000}[rendition]
}

// restart waits for another source's first packet.
func (r *rendition) restart() {
	r.started, r.aligned, r.open, r.before, r.early = false, false, nil, nil, early{}
	r.pics.Restart()
}

// take rewrites one packet of the slot's source; nil if it is not to be forwarded. The first one of a picture is to be
// the start of a keyframe.
func (r *rendition) take(s *slot, p *packet) *packetcache.Packet {
	stream := uint8(s.gen.Load())
	ahead := int16(p.seq - r.in)
	if len(p.payload) == 0 {
		if r.started && ahead > 0 { // padding would leave a gap
			r.in = p.seq
			r.seq.Skip(p.seq)
		}
		return nil
	}
	var v codec.VP8
	video, late := s.video(), int16(lateSound)
	if video {
		late = latePicture
		var err error
		if v, err = codec.ParseVP8(p.payload); err != nil {
			s.node.drops.add(DropMalformed, 1)
			return nil
		}
	}
	if r.started && ahead < -late {
		s.node.drops.add(DropLate, 1)
		return nil
	}
	inOrder := !r.started || ahead > 0
	jump := v.Keyframe && inOrder
	if !r.started {
		r.seq.Switch(stream, p.seq, r.out+1, rewrite.Shift{})
		r.align(s, p)
		r.started, r.in = true, p.seq
	} else if jump && !r.aligned {
		r.align(s, p)
	}
	out, _, ok := r.seq.Out(stream, p.seq)
	if !ok {
		s.node.drops.add(DropLate, 1)
		return nil
	}
	if !inOrder && r.cache.Get(out) != nil { // browsers probe for bandwidth by sending old packets again
		s.node.drops.add(DropDuplicate, 1)
		return nil
	}
	pkt := r.arena.Packet(p.payload)
	pkt.Seq, pkt.Time, pkt.Marker, pkt.Arrived = out, p.time+r.offset, p.marker, int64(p.arrived)
	pkt.Start = !video || v.FrameStart
	pkt.Keyframe = jump || v.Keyframe && r.cache.Whole(out)
	if v.HasPictureID && !r.patch(s, &v, pkt, jump) {
		s.node.drops.add(DropLate, 1)
		return nil
	}
	if !video {
		r.addRED(pkt, inOrder)
	}
	if inOrder {
		r.in = p.seq
	}
	if int16(out-r.out) > 0 {
		r.out = out
	}
	r.latest.Take(pkt.Time, pkt.Arrived)
	r.cache.Put(pkt)
	return pkt
}

// addRED makes the packet's second rendition, with the one before it as redundancy.
func (r *rendition) addRED(pkt *packetcache.Packet, inOrder bool) {
	var redundant []byte
	var time uint32
	if r.before != nil {
		redundant, time = r.before.Payload, r.before.Time
	}
	room := r.arena.Bytes(5 + len(redundant) + len(pkt.Payload))
	pkt.RED = codec.AppendRED(room[:0], redundant, time, pkt.Payload, pkt.Time)
	if inOrder {
		r.before = pkt
	}
}

// patch gives a packet its picture ids. At a keyframe they jump ahead, unless some of that frame has gone out already.
func (r *rendition) patch(s *slot, v *codec.VP8, pkt *packetcache.Packet, jump bool) bool {
	bits := uint(7)
	if v.LongPictureID {
		bits = 15
	}
	if jump {
		r.pics.Keyframe(&s.pics, v.PictureID, bits, v.TL0PICIDX)
	}
	id, tl0, ok := r.pics.Map(&s.pics, v.PictureID, bits, v.TL0PICIDX)
	if ok {
		v.Patch(pkt.Payload, id, tl0)
		pkt.Pictures, pkt.ID, pkt.TL0 = true, id, tl0
	}
	return ok
}

// align fixes the offset to the slot's timeline, where a sample stands at the local time it was taken. The
// rendition's output never runs backwards, nor does the slot's across a change of source.
func (r *rendition) align(s *slot, p *packet) {
	local, reported := s.cur.local(r.index, p.time)
	want := s.timeAt(local) + s.shift
	if !s.started {
		last, ever := s.latest.Get(int64(p.arrived))
		after := last + 1
		if !s.video() {
			after = last + opusFrame
		}
		// Sound goes on where it was, so that a change of speaker is no gap; the sender reports tell the difference.
		joined := !s.video() && uint32(int32(want-after)+maxJoin) <= 2*maxJoin
		if ever && (joined || int32(want-after) < 0) {
			s.shift += after - want
			want = after
		}
		s.started = true
	}
	if last, ever := r.latest.Get(int64(p.arrived)); ever && int32(want-last) <= 0 {
		want = last + 1
	}
	r.offset, r.aligned = want-p.time, reported
}

// collect gathers the packets of a frame, which leave together and in order: Pion may hand out a packet that was sent
// again before one that it overtook.
func (r *rendition) collect(s *slot, pkt *packetcache.Packet) {
	if pkt.Keyframe && pkt.Seq != r.out && (len(r.open) == 0 || r.open[0].Seq != pkt.Seq+1) {
		r.complete(s, pkt)
		return
	}
	if n := len(r.open); n > 0 && r.open[n-1].Time != pkt.Time {
		r.flush(s)
	}
	if r.open == nil {
		r.open = r.arena.List(maxBurst)
	}
	at := len(r.open)
	for at > 0 && int16(pkt.Seq-r.open[at-1].Seq) < 0 {
		at--
	}
	r.open = slices.Insert(r.open, at, pkt)
	late := len(r.open) == 1 && pkt.Seq != r.out
	if pkt.Marker || late || !s.video() || len(r.open) == maxBurst {
		r.flush(s)
	}
}

// complete takes the start of a keyframe of which some has gone out already: those who have had it get the start, those
// who wait for a keyframe all of it.
func (r *rendition) complete(s *slot, start *packetcache.Packet) {
	r.flush(s)
	whole := r.cache.From([]*packetcache.Packet{start}, start.Seq+1)
	s.offer(burst{rendition: r.index, packets: whole, late: true}, r.dropping)
}

func (r *rendition) flush(s *slot) {
	if len(r.open) == 0 {
		return
	}
	if s.video() {
		equalise(r.open)
	}
	b := burst{rendition: r.index, packets: r.open}
	r.open = nil
	s.offer(b, r.dropping)
}
