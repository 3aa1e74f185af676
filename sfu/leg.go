package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/pace"
	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

// headerSize is the RTP header with the abs-send-time extension (RFC 8285 4.2).
const headerSize = 20

// wireOverhead is what a packet costs beside its payload: headers of RTP, UDP and IPv4, and the SRTP tag.
const wireOverhead = headerSize + 16 + 28

// paddingBit of the first byte of an RTP header says that padding follows the payload (RFC 3550 5.1).
const paddingBit = 0x20

const none = -1

// leg is one slot towards one viewer: a selective forwarding middlebox (RFC 7667 3.7). Its viewer's shard owns it,
// but for the counters.
type leg struct {
	viewer *Viewer
	slot   *slot
	media  transport.Media
	index  uint8 // in its viewer
	active bool  // the viewer answered with recvonly
	rtx    bool
	red    bool // the viewer takes RED
	plain  bool // it is counted in its slot's plain
	target int  // highest rendition to send, none for none; of sound the form
	top    atomic.Int32

	cur         int // rendition, none before the first packet and while paused
	gen         uint32
	own         bool // the viewer was itself the source
	stale       int  // ticks for which another rendition or source was due
	seq         rewrite.SeqMap
	out         uint16 // highest sequence number given out
	written     uint16 // highest sent
	rtxSeq      uint16
	last        uint32 // highest timestamp sent
	lastID      uint16 // and the picture ids of that frame
	lastTL0     uint8
	ever        bool
	payloadType byte
	header      header

	fresh     bool   // the present run began with cached packets:
	freshFrom uint16 // those up to this one must not be sent twice

	sent      sent
	rendition atomic.Int32 // cur, for statistics
	runs      atomic.Uint32
	report    reception
}

// sent counts what a leg has sent. Its viewer's shard counts, statistics read.
type sent struct {
	packets, bytes, retransmissions, nacks, plis atomic.Uint64
	octets                                       atomic.Uint32 // payload octets, as sender reports count them

	counted uint64       // bytes when rate was measured
	rate    atomic.Int64 // bit/s of payload
}

// add counts packets and the bytes of their payloads.
func (c *sent) add(packets, bytes int) {
	c.packets.Add(uint64(packets))
	c.bytes.Add(uint64(bytes))
	c.octets.Add(uint32(bytes))
}

// measure takes the rate of what was sent since the last time.
func (c *sent) measure(elapsed time.Duration) {
	bytes := c.bytes.Load()
	c.rate.Store(int64(float64(bytes-c.counted) * 8 / elapsed.Seconds()))
	c.counted = bytes
}

func newLeg(v *Viewer, s *slot, m transport.Media) *leg {
	l := &leg{
		viewer: v, slot: s, media: m, cur: none, target: none, payloadType: codec.PayloadVP8,
		// A low first number keeps the roll-over counters of both sides equal even if the first packets are lost
		// (RFC 3711 3.3.1).
		out: uint16(rand.Uint32N(1 << 13)), rtxSeq: uint16(rand.Uint32N(1 << 13)),
	}
	l.written = l.out
	l.rendition.Store(none)
	l.top.Store(int32(s.spec.Top))
	if m.Kind == transport.Audio {
		l.payloadType, l.target = codec.PayloadOpus, s.outputs.form()
	}
	l.header.prepare()
	return l
}

// start sends what is cached since the last keyframe, if it is young.
func (l *leg) start(s *shard, now time.Duration) {
	want := l.desired()
	if l.media.Kind == transport.Audio || want == none {
		return
	}
	list, rendition, gen := l.slot.fastStart(want)
	if len(list) == 0 {
		l.slot.requestKeyframe(want)
		return
	}
	l.switchTo(rendition, gen, list[0])
	l.send(s, rendition, list, absSendTime(s.node.wall(now)), now)
	l.fresh, l.freshFrom = true, list[len(list)-1].Seq
}

// ownSource tells whether the leg would carry a viewer's own sound or picture back to it: it never hears itself, and
// sees itself without the way through the server.
func (l *leg) ownSource(src *source) bool { return src.belongsTo(l.viewer.params.Owner) }

// desired is the rendition to be on: the highest that arrives up to the target, or else the lowest that does; none if
// no picture is to be sent.
func (l *leg) desired() int {
	if l.target == none {
		return none
	}
	if r := best(l.slot.alive.Load(), l.target); r != none {
		return r
	}
	return min(l.target, l.slot.spec.Top)
}

// forward sends a burst on, if it is of the leg's rendition or one to change to.
func (l *leg) forward(s *shard, b *burst, sendTime uint32, now time.Duration) {
	if l.ownSource(b.from) {
		l.pause()
		l.own = true
		return
	}
	if l.own { // who spoke last is to see the next one from the first keyframe on, not from the next tick
		l.own = false
		l.viewer.adapt.divide(s, now)
	}
	packets := b.packets
	if l.cur != b.rendition || l.gen != b.gen {
		if int32(b.gen-l.gen) < 0 || !l.shouldSwitch(b) {
			return
		}
		if l.gen != b.gen { // the new picture does not queue behind the old one
			l.stop(s, DropCut)
		}
		l.switchTo(b.rendition, b.gen, b.packets[0])
	} else if b.late {
		packets = packets[:1]
	}
	if l.leaves(b) {
		l.pause()
		return
	}
	if l.fresh {
		for len(packets) > 0 && int16(packets[0].Seq-l.freshFrom) <= 0 {
			packets = packets[1:]
		}
		l.fresh = len(packets) == 0
	}
	l.send(s, b.rendition, packets, sendTime, now)
}

// shouldSwitch tells whether a burst of another rendition, or of another source, is one to go on with.
func (l *leg) shouldSwitch(b *burst) bool {
	if l.media.Kind == transport.Audio {
		return l.continuesWith(b)
	}
	if !b.packets[0].Keyframe {
		return false
	}
	want := l.desired()
	if want == none || l.cur == none || l.gen != b.gen {
		return b.rendition <= want
	}
	return abs(want-b.rendition) < abs(want-l.cur)
}

func (l *leg) switchTo(rendition int, gen uint32, first *packetcache.Packet) {
	var shift rewrite.Shift
	if l.ever {
		if int32(first.Time-l.last) <= 0 {
			shift.Time = l.last + 1 - first.Time
		}
		// After a long pause, or where renditions drifted apart, the numbers may seem to have gone back.
		if step := (first.ID - l.lastID) & 0x7fff; first.Pictures && (step == 0 || step >= 1<<14) {
			shift.ID = (l.lastID + 1 - first.ID) & 0x7fff
		}
		if step := first.TL0 - l.lastTL0; first.Pictures && (step == 0 || step >= 1<<7) {
			shift.TL0 = l.lastTL0 + 1 - first.TL0
		}
	}
	if l.cur == none {
		l.runs.Add(1)
	}
	l.seq.Switch(uint8(rendition), first.Seq, l.out+1, shift)
	l.cur, l.gen, l.fresh = rendition, gen, false
	l.rendition.Store(int32(rendition))
}

// pause ends the run: the next packet, whenever it comes, has the next number.
func (l *leg) pause() {
	l.cur, l.fresh = none, false
	l.rendition.Store(none)
}

// held is a packet that waits in a viewer's pacer.
type held struct {
	leg            *leg
	packet         *packetcache.Packet
	out            uint16
	retransmission bool // it was sent before
	shift          rewrite.Shift
}

// write sends it.
func (h *held) write(s *shard, sendTime uint32, now time.Duration) {
	if h.retransmission {
		h.leg.resend(s, h.packet, h.out, h.shift, sendTime)
	} else if n := h.leg.write(s, h.packet, h.out, h.shift, sendTime, now); n >= 0 {
		h.leg.account(s, 1, n)
	}
}

// send gives packets of the present run their numbers and sends them, pictures as fast as the line takes them.
func (l *leg) send(s *shard, rendition int, packets []*packetcache.Packet, sendTime uint32, now time.Duration) {
	pacer := &l.viewer.pacer
	var sent, bytes int
	write := func(p *packetcache.Packet, out uint16, shift rewrite.Shift) {
		if n := l.write(s, p, out, shift, sendTime, now); n >= 0 {
			sent, bytes = sent+1, bytes+n
		}
	}
	for _, p := range packets {
		out, shift, ok := l.seq.Out(uint8(rendition), p.Seq)
		if !ok {
			continue
		}
		if int16(out-l.out) > 0 {
			l.out = out
		}
		if t := p.Time + shift.Time; !l.ever || int32(t-l.last) > 0 {
			l.last, l.lastID, l.lastTL0, l.ever = t, (p.ID+shift.ID)&0x7fff, p.TL0+shift.TL0, true
		}
		size := wireOverhead + len(p.Payload)
		if l.media.Kind == transport.Audio {
			pacer.Charge(now, size)
			write(p, out, shift)
			continue
		}
		switch pacer.Offer(now, l.index, p.Start, size, held{leg: l, packet: p, out: out, shift: shift}) {
		case pace.Send:
			write(p, out, shift)
		case pace.Queued:
			s.schedule.Update(pacer)
		case pace.Dropped:
			s.node.drops.Add(DropPacer, 1)
		}
	}
	l.account(s, sent, bytes)
}

// write sends one packet now and returns the bytes of its payload, which the caller accounts for; -1 if it could not.
func (l *leg) write(
	s *shard, p *packetcache.Packet, out uint16, shift rewrite.Shift, sendTime uint32, now time.Duration,
) int {
	payload, payloadType := p.Payload, l.payloadType
	padding := 0
	if p.Padded != nil {
		payload, padding = p.Padded, len(p.Padded)-len(p.Payload)
	}
	payload = shifted(s.scratch[:], p, payload, shift)
	if p.RED != nil {
		switch l.redundant(now) {
		case 1:
			payload, payloadType = p.RED, codec.PayloadRED
		case 2:
			payload, payloadType = p.DeepRED, codec.PayloadRED
		}
	}
	l.header.patch(l.media.SSRC, payloadType, p.Marker, out, p.Time+shift.Time, sendTime)
	if padding > 0 {
		l.header[0] |= paddingBit
	}
	err := l.viewer.conn.WriteRTP(s.batch, l.header[:], payload)
	l.header[0] &^= paddingBit
	if err != nil {
		s.node.drops.Add(DropWrite, 1)
		return -1
	}
	if int16(out-l.written) > 0 {
		l.written = out
	}
	return len(payload) - padding
}

// stop ends the run and forgets what still waits of this leg, for a reason. The numbers of what was not sent are free.
// Nothing of it is sent again either.
func (l *leg) stop(s *shard, reason DropReason) {
	l.pause()
	s.node.drops.Add(reason, l.viewer.pacer.Forget(l.index))
	s.schedule.Update(&l.viewer.pacer)
	l.out, l.seq = l.written, rewrite.SeqMap{}
}

// account counts what was sent, once for several packets: an atomic addition costs as much as a good part of one.
func (l *leg) account(s *shard, packets, bytes int) {
	if packets == 0 {
		return
	}
	l.sent.add(packets, bytes)
	s.packets.Add(uint64(packets))
	s.bytes.Add(uint64(bytes))
}

// header is an RTP header with the abs-send-time extension.
type header [headerSize]byte

// prepare writes what is the same in all packets.
func (h *header) prepare() {
	h[0] = 0x90 // version 2, an extension
	binary.BigEndian.PutUint32(h[12:], 0xbede0001)
	h[16] = codec.ExtAbsSendTime<<4 | 2
}

// patch writes what differs from viewer to viewer and packet to packet.
func (h *header) patch(ssrc uint32, payloadType byte, marker bool, seq uint16, time, sendTime uint32) {
	h[1] = payloadType
	if marker {
		h[1] |= 0x80
	}
	binary.BigEndian.PutUint16(h[2:], seq)
	binary.BigEndian.PutUint32(h[4:], time)
	binary.BigEndian.PutUint32(h[8:], ssrc)
	h[17], h[18], h[19] = byte(sendTime>>16), byte(sendTime>>8), byte(sendTime)
}

// shifted is the payload of a packet in a run: as a rule the shared one, otherwise a copy with other picture ids.
func shifted(scratch []byte, p *packetcache.Packet, payload []byte, shift rewrite.Shift) []byte {
	if shift.ID == 0 && shift.TL0 == 0 || !p.Pictures || len(payload) > len(scratch) {
		return payload
	}
	v, err := codec.ParseVP8(p.Payload)
	if err != nil {
		return payload
	}
	payload = scratch[:copy(scratch, payload)]
	v.Patch(payload, (p.ID+shift.ID)&0x7fff, p.TL0+shift.TL0)
	return payload
}

// retransmit sends a packet again, as fast as the line takes it. A viewer that did not take RTX gets nothing again: to seal
// another packet with a number that was used would give the keys of AES-GCM away (RFC 7714 8.4).
func (l *leg) retransmit(s *shard, seq uint16, now time.Duration) {
	stream, in, shift, ok := l.seq.In(seq)
	if !ok || int16(seq-l.written) > 0 {
		return
	}
	p := l.slot.outputs.cache(int(stream)).Get(in)
	if p == nil {
		return
	}
	if !l.rtx || len(p.Payload)+2 > len(s.scratch) {
		s.node.drops.Add(DropNoRTX, 1)
		return
	}
	retransmissions, pacer := &l.viewer.retransmissions, &l.viewer.pacer
	size, copies := wireOverhead+2+len(p.Payload), 1
	if !retransmissions.asked(l, seq, now) {
		l.viewer.redundancy.asked(l.viewer.packetsSent(), now)
	}
	if c := l.viewer.adapt.control; c.Lossy() && !c.Limited() { // a repair that is lost costs a round trip more
		copies = 2
	}
	if !retransmissions.allow(l, seq, copies*size, now) {
		s.node.drops.Add(DropRetransmission, 1)
		return
	}
	for range copies {
		leaves, verdict := pacer.Repeat(now, l.index, size, held{leg: l, packet: p, out: seq, retransmission: true, shift: shift})
		switch verdict {
		case pace.Send:
			l.resend(s, p, seq, shift, absSendTime(s.node.wall(now)))
		case pace.Queued:
			s.schedule.Update(pacer)
		case pace.Dropped:
			s.node.drops.Add(DropPacer, 1)
			return
		}
		retransmissions.note(l, seq, leaves)
	}
}

// resend sends one packet again now, as RTX (RFC 4588).
func (l *leg) resend(s *shard, p *packetcache.Packet, out uint16, shift rewrite.Shift, sendTime uint32) {
	binary.BigEndian.PutUint16(s.scratch[:], out)
	payload := s.scratch[:2+copy(s.scratch[2:], shifted(s.scratch[2:], p, p.Payload, shift))]
	l.rtxSeq++
	l.header.patch(l.media.RTXSSRC, codec.PayloadRTX, p.Marker, l.rtxSeq, p.Time+shift.Time, sendTime)
	if err := l.viewer.conn.WriteRTP(s.batch, l.header[:], payload); err != nil {
		s.node.drops.Add(DropWrite, 1)
		return
	}
	l.sent.retransmissions.Add(1)
	s.retransmissions.Add(1)
}

// tick asks for the keyframe that the leg has waited for since the tick before, and chooses the form of sound.
func (l *leg) tick(now time.Duration) {
	if l.slot.outputs.merges() {
		l.chooseSound(now)
	}
	if l.media.Kind != transport.Video || l.slot.alive.Load() == 0 {
		return
	}
	want := l.desired()
	if want == none || l.cur == want && l.gen == l.slot.gen.Load() {
		l.stale = 0
		return
	}
	if l.stale++; l.stale > 1 {
		l.slot.requestKeyframe(want)
	}
}

func abs(n int) int { return max(n, -n) }
