package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/transport"
)

const (
	rtpHeader = 12
	csrcSize  = 4
)

// trunkLeg is one rendition of a slot towards one relay. It never changes to another, so its numbers are those of the
// rendition but for a constant. Its trunk's shard owns it, but for the counters.
type trunkLeg struct {
	trunk     *Trunk
	slot      *slot
	rendition int
	media     transport.Media
	active    bool // the relay answered with recvonly
	rtx       bool

	running bool   // a packet of the present run was sent
	paused  bool   // the relay does not want it
	pauseID uint16 // of the request that counts next
	behind  uint16 // what the rendition's numbers are ahead by, in the present run
	first   uint16 // number of the run, or one after it from which on it is looked at
	out     uint16 // highest number given out
	rtxSeq  uint16
	octets  uint32
	header  [rtpHeader + csrcSize]byte

	packets, repairs atomic.Uint64
	lost             atomic.Uint32 // by the relay's last report
}

func newTrunkLeg(t *Trunk, s *slot, rendition int, m transport.Media) *trunkLeg {
	l := &trunkLeg{
		trunk: t, slot: s, rendition: rendition, media: m,
		// Low, so that both sides count roll-overs alike even if the first packets are lost (RFC 3711 3.3.1).
		out: uint16(rand.Uint32N(1 << 13)), rtxSeq: uint16(rand.Uint32N(1 << 13)),
	}
	return l
}

// forward sends a burst on, if it is of the leg's rendition.
func (l *trunkLeg) forward(s *shard, b *burst) {
	if b.rendition != l.rendition || l.paused {
		return
	}
	packets := b.packets
	if !l.running {
		l.running, l.first = true, l.out+1
		l.behind = packets[0].Seq - l.first
	} else if b.late {
		packets = packets[:1]
	}
	sent, bytes := 0, 0
	for _, p := range packets {
		seq := p.Seq - l.behind
		if int16(seq-l.first) < 0 {
			continue // of before the run
		}
		payload, padding := p.Payload, 0
		if p.Padded != nil {
			payload, padding = p.Padded, len(p.Padded)-len(p.Payload)
		}
		header := l.stamp(p, l.media.SSRC, l.payloadType(), seq)
		if padding > 0 {
			header[0] |= paddingBit
		}
		if err := l.trunk.conn.WriteRTP(s.batch, header, payload); err != nil {
			s.node.drops.Add(DropWrite, 1)
			continue
		}
		sent, bytes = sent+1, bytes+len(p.Payload)
		if int16(seq-l.out) > 0 {
			l.out = seq
		}
	}
	if l.out-l.first > 1<<14 { // so that comparisons modulo 2^16 stay right
		l.first = l.out - 1<<13
	}
	l.packets.Add(uint64(sent))
	l.octets += uint32(bytes)
	s.packets.Add(uint64(sent))
	s.bytes.Add(uint64(bytes))
}

func (l *trunkLeg) payloadType() byte {
	if l.media.Kind == transport.Audio {
		return codec.PayloadOpus
	}
	return codec.PayloadVP8
}

// stamp makes the RTP header of a packet, with its endpoint as CSRC if that is known.
func (l *trunkLeg) stamp(p *packetcache.Packet, ssrc uint32, payloadType byte, seq uint16) []byte {
	h := l.header[:rtpHeader]
	h[0] = 0x80
	if p.Source != 0 {
		h = l.header[:]
		h[0] = 0x81
		binary.BigEndian.PutUint32(h[rtpHeader:], p.Source)
	}
	h[1] = payloadType
	if p.Marker {
		h[1] |= 0x80
	}
	binary.BigEndian.PutUint16(h[2:], seq)
	binary.BigEndian.PutUint32(h[4:], p.Time)
	binary.BigEndian.PutUint32(h[8:], ssrc)
	return h
}

// retransmit sends a packet again, as RTX (RFC 4588); one that the relay did not take RTX for would need a number that was
// used, which must not be sealed twice (RFC 7714 8.4).
func (l *trunkLeg) retransmit(s *shard, seq uint16) {
	if !l.running || int16(seq-l.first) < 0 || int16(seq-l.out) > 0 {
		return
	}
	p := l.slot.outputs.cache(l.rendition).Get(seq + l.behind)
	if p == nil {
		return
	}
	if !l.rtx || len(p.Payload)+2 > len(s.scratch) {
		s.node.drops.Add(DropNoRTX, 1)
		return
	}
	payloadType := byte(codec.PayloadRTX)
	if l.media.Kind == transport.Audio {
		payloadType = codec.PayloadOpusRTX
	}
	binary.BigEndian.PutUint16(s.scratch[:], seq)
	payload := s.scratch[:2+copy(s.scratch[2:], p.Payload)]
	l.rtxSeq++
	if err := l.trunk.conn.WriteRTP(s.batch, l.stamp(p, l.media.RTXSSRC, payloadType, l.rtxSeq), payload); err != nil {
		s.node.drops.Add(DropWrite, 1)
		return
	}
	l.repairs.Add(1)
	s.retransmissions.Add(1)
}

// heed pauses or resumes the leg; false for a request that is over.
func (l *trunkLeg) heed(m codec.PauseMessage) bool {
	if int16(m.ID-l.pauseID) < 0 || m.Kind != codec.KindPause && m.Kind != codec.KindResume || !l.slot.video() {
		return false
	}
	l.pauseID = m.ID
	if m.Kind == codec.KindResume {
		l.pauseID++
	}
	if pause := m.Kind == codec.KindPause; pause != l.paused {
		l.paused, l.running = pause, false
		if pause {
			l.slot.demand.add(l.rendition, -1)
		} else {
			l.slot.demand.add(l.rendition, 1)
			l.slot.requestKeyframe(l.rendition)
		}
	}
	return true
}

// trunkLegs are a shard's. They are apart from its other legs: a viewer has one for a slot and changes its rendition, a
// trunk has one for each rendition, and nothing of it waits for anything.
type trunkLegs struct {
	legs map[*slot][]*trunkLeg
	all  map[*Trunk]struct{}
}

func newTrunkLegs() trunkLegs {
	return trunkLegs{legs: map[*slot][]*trunkLeg{}, all: map[*Trunk]struct{}{}}
}

// take tells whether there are any for a slot.
func (x *trunkLegs) take(of *slot) bool { return len(x.legs[of]) > 0 }

// forward sends a burst to all relays.
func (x *trunkLegs) forward(s *shard, b *burst) {
	legs := x.legs[b.slot]
	if len(legs) == 0 {
		return
	}
	for _, l := range legs {
		s.serving = l.trunk
		l.forward(s, b)
	}
	s.flush()
}

func (x *trunkLegs) tick(s *shard, now time.Duration) {
	for t := range x.all {
		s.serving = t
		t.tick(s, now)
	}
}

// add takes over a trunk whose answer has come.
func (x *trunkLegs) add(s *shard, t *Trunk) {
	s.serving = t
	x.all[t] = struct{}{}
	for _, l := range t.legs {
		if !l.active {
			continue
		}
		x.legs[l.slot] = append(x.legs[l.slot], l)
		l.slot.legs[s.index].Add(1)
		if l.slot.video() {
			l.slot.demand.add(l.rendition, 1)
		} else if l.slot.outputs.merges() {
			l.slot.plain.Add(1)
		}
	}
}

func (x *trunkLegs) remove(s *shard, t *Trunk) {
	if _, ok := x.all[t]; !ok {
		return
	}
	delete(x.all, t)
	for _, l := range t.legs {
		i := slices.Index(x.legs[l.slot], l)
		if i < 0 {
			continue
		}
		if x.legs[l.slot] = slices.Delete(x.legs[l.slot], i, i+1); len(x.legs[l.slot]) == 0 {
			delete(x.legs, l.slot)
		}
		l.slot.legs[s.index].Add(-1)
		if !l.slot.video() && l.slot.outputs.merges() {
			l.slot.plain.Add(-1)
		} else if l.slot.video() && !l.paused {
			l.slot.demand.add(l.rendition, -1)
		}
	}
}
