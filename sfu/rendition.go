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
	// What comes later than this many numbers is of no use any more; and one more than 450 (pictures) or 50 (sound)
	// behind makes libwebrtc begin to count anew, so that its losses are wrong from there on.
	latePicture = 256
	lateSound   = 32
	// maxBurst bounds the packets handed to the writers together.
	maxBurst = 24
)

// rendition is the output of one layer of a slot's source, as it came but for its numbers and times.
type rendition struct {
	index    int
	video    bool
	line     *timeline         // the slot's
	pictures *rewrite.Pictures // the slot's
	drops    *drops
	cache    *packetcache.Cache
	arena    packetcache.Arena

	src    *source // the present one
	number uint32  // of its endpoint
	stream uint8   // changes with it

	seq     rewrite.SeqMap
	out     uint16 // highest number given out
	in      uint16 // highest number taken in from the present source
	started bool   // a packet of the present source was forwarded

	pics    rewrite.PictureMap
	offset  uint32         // added to the source's timestamps
	aligned bool           // offset comes from a sender report
	latest  rewrite.Latest // timestamp given out

	before [2]codec.REDBlock // of sound, the two packets before the next one, for its redundancy
	early  early             // before a picture's first keyframe

	open []*packetcache.Packet // of the frame that is being collected
}

func newRendition(index int, s *slot) rendition {
	return rendition{
		index: index, video: s.video(), line: &s.line, pictures: &s.pictures, drops: &s.node.drops,
		cache: packetcache.New(cacheAge), out: uint16(rand.Uint32()),
	}
}

// nominalRate is what a rendition counts for until it has been measured, in bit/s.
func nominalRate(kind transport.Kind, rendition int) float64 {
	if kind == transport.Audio {
		return 40_000
	}
	return [renditions]float64{150_000, 500_000, 1_700_000}[rendition]
}

// restart waits for the first packet of another source, nil if there is none.
func (r *rendition) restart(src *source, number uint32, stream uint8) {
	r.drops.Add(DropCut, len(r.open))
	r.drops.Add(DropNoKeyframe, len(r.early.packets))
	r.src, r.number, r.stream = src, number, stream
	r.started, r.aligned, r.open, r.before, r.early = false, false, nil, [2]codec.REDBlock{}, early{}
	r.pics.Restart()
}

// rewrite gives one packet of the source its number and time in the output; nil if it is not to be forwarded. The first
// one of a picture is to be the start of a keyframe.
func (r *rendition) rewrite(p *packet) *packetcache.Packet {
	ahead := int16(p.seq - r.in)
	if len(p.payload) == 0 {
		if r.started && ahead > 0 { // padding would leave a gap
			r.in = p.seq
			r.seq.Skip(p.seq)
		}
		return nil
	}
	var v codec.VP8
	late := int16(lateSound)
	if r.video {
		late = latePicture
		var err error
		if v, err = codec.ParseVP8(p.payload); err != nil {
			r.drops.Add(DropMalformed, 1)
			return nil
		}
	}
	if r.started && ahead < -late {
		r.drops.Add(DropLate, 1)
		return nil
	}
	inOrder := !r.started || ahead > 0
	jump := v.Keyframe && inOrder
	if !r.started {
		r.seq.Switch(r.stream, p.seq, r.out+1, rewrite.Shift{})
		r.align(p)
		r.started, r.in = true, p.seq
	} else if jump && !r.aligned {
		r.align(p)
	}
	out, _, ok := r.seq.Out(r.stream, p.seq)
	if !ok {
		r.drops.Add(DropLate, 1)
		return nil
	}
	if !inOrder && r.cache.Get(out) != nil { // browsers probe for bandwidth by sending old packets again
		r.drops.Add(DropDuplicate, 1)
		return nil
	}
	pkt := r.arena.Packet(p.payload)
	pkt.Seq, pkt.Time, pkt.Marker, pkt.Arrived = out, p.time+r.offset, p.marker, int64(p.arrived)
	pkt.Source = r.number
	pkt.Start = !r.video || v.FrameStart
	pkt.Keyframe = jump || v.Keyframe && r.cache.Whole(out)
	if v.HasPictureID && !r.patch(&v, pkt, jump) {
		r.drops.Add(DropLate, 1)
		return nil
	}
	if !r.video {
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

// addRED makes the packet's forms with redundancy: the packet before it, and the two before it.
func (r *rendition) addRED(pkt *packetcache.Packet, inOrder bool) {
	primary := codec.REDBlock{Time: pkt.Time, Payload: pkt.Payload}
	form := func(redundant ...codec.REDBlock) []byte {
		return codec.AppendRED(r.arena.Bytes(codec.REDSize(primary, redundant...))[:0], primary, redundant...)
	}
	pkt.RED, pkt.DeepRED = form(r.before[1:]...), form(r.before[:]...)
	if inOrder {
		r.before = [2]codec.REDBlock{r.before[1], primary}
	}
}

// patch gives a packet its picture ids. At a keyframe they jump ahead, unless some of that frame has gone out already.
func (r *rendition) patch(v *codec.VP8, pkt *packetcache.Packet, jump bool) bool {
	bits := uint(7)
	if v.LongPictureID {
		bits = 15
	}
	if jump {
		r.pics.Keyframe(r.pictures, v.PictureID, bits, v.TL0PICIDX)
	}
	id, tl0, ok := r.pics.Map(r.pictures, v.PictureID, bits, v.TL0PICIDX)
	if ok {
		v.Patch(pkt.Payload, id, tl0)
		pkt.Pictures, pkt.ID, pkt.TL0 = true, id, tl0
	}
	return ok
}

// align fixes the offset to the slot's timeline. The rendition's own output never runs backwards either.
func (r *rendition) align(p *packet) {
	local, reported := r.src.local(r.index, p.time)
	want := r.line.place(local, int64(p.arrived))
	if last, ever := r.latest.Get(int64(p.arrived)); ever && int32(want-last) <= 0 {
		want = last + 1
	}
	r.offset, r.aligned = want-p.time, reported
}

// clockNow is the output's timestamp at a local time, for sender reports.
func (r *rendition) clockNow(now time.Duration) (rtp uint32, ok bool) {
	if r.src == nil || !r.started {
		return 0, false
	}
	return r.src.at(r.index, now) + r.offset, true
}

func (r *rendition) buffer() *packetcache.Cache { return r.cache }

// collect gathers the packets of a frame, which leave together and in order: Pion may hand out a packet that was sent
// again before one that it overtook.
func (r *rendition) collect(pkt *packetcache.Packet, due []burst) []burst {
	if pkt.Keyframe && pkt.Seq != r.out && (len(r.open) == 0 || r.open[0].Seq != pkt.Seq+1) {
		return r.complete(pkt, r.flush(due))
	}
	if n := len(r.open); n > 0 && r.open[n-1].Time != pkt.Time {
		due = r.flush(due)
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
	if pkt.Marker || late || !r.video || len(r.open) == maxBurst {
		due = r.flush(due)
	}
	return due
}

// complete takes the start of a keyframe of which some has gone out already: those who have had it get the start, those
// who wait for a keyframe all of it.
func (r *rendition) complete(start *packetcache.Packet, due []burst) []burst {
	whole := r.cache.From([]*packetcache.Packet{start}, start.Seq+1)
	return append(due, burst{rendition: r.index, packets: whole, late: true})
}

func (r *rendition) flush(due []burst) []burst {
	if len(r.open) == 0 {
		return due
	}
	if r.video {
		equalise(r.open)
	}
	due = append(due, burst{rendition: r.index, packets: r.open})
	r.open = nil
	return due
}

// expire gives nothing: the next frame ends one whose last packet was lost.
func (r *rendition) expire(_ time.Duration, due []burst) []burst { return due }

func (r *rendition) forget() (dropped int) {
	r.cache.Reset()
	return 0
}
