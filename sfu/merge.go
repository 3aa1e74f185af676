package sfu

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/packetcache"
)

// Sound in packets as they came and sound in packets of twice the length are two forms of a slot. In a burst and with
// a leg they stand for the rendition.
const (
	plainSound  = 0
	mergedSound = 1
)

const (
	// maxMerged bounds a merged packet's payload: longer ones go as they are, so that datagrams stay below the usual
	// limits of paths.
	maxMerged = 1000
	// dtxPayload is how long packets are that say no more than that silence begins (RFC 7587 3.1.3, libopus). Decoders
	// know them by this length, so they are not merged; and nothing may follow them for 400 ms.
	dtxPayload = 2
	// patience is how long a packet waits for the one that is to go with it, where nothing else lets it go first.
	patience = opusTime * 3 / 2
	opusTime = time.Second * opusFrame / codec.OpusClock
)

// half says what a packet of plain sound is in the merged form, so that a viewer changes its form between two packets
// of either.
type half uint8

const (
	noHalf     half = iota // by itself in both forms
	firstHalf              // the next packet begins with it
	secondHalf             // of a packet that began before it: no place to change
)

// merging is the output of the merged form of a slot's sound, made once for all viewers (RFC 6716 3.2): two packets of
// 20 ms in one, without decoding. What is not 20 ms long, or does not go on right where the one before it ended, goes as
// it is. For those who are sent the plain form it gives that too.
type merging struct {
	plain   output
	takers  *atomic.Int32 // legs that are sent the plain form
	cache   *packetcache.Cache
	arena   *packetcache.Arena
	out     uint16 // highest number given out
	in      uint16 // highest number of the plain form taken in
	started bool
	waiting *packetcache.Packet // the first half of a packet
	holes   [lateSound]hole     // by the plain number
}

// hole is a number kept for a packet that may still come.
type hole struct {
	in, out uint16
	open    bool
}

func newMerging(plain *rendition, takers *atomic.Int32) *merging {
	return &merging{plain: plain, takers: takers, cache: packetcache.New(cacheAge), arena: &plain.arena, out: uint16(rand.Uint32())}
}

func (m *merging) buffer() *packetcache.Cache { return m.cache }

// collect gives a packet in its forms. Who changes from one to the other does so at a packet that he has not had.
func (m *merging) collect(p *packetcache.Packet, due []burst) []burst {
	list, what := m.pair(p)
	first := len(due)
	due = m.burst(list, due)
	if m.takers.Load() == 0 {
		return due
	}
	merged := len(due)
	due = m.plain.collect(p, due)
	for i := merged; i < len(due); i++ {
		due[i].half = what
	}
	if what == noHalf { // the plain form goes first
		slices.Reverse(due[first:])
	}
	return due
}

func (m *merging) burst(list []*packetcache.Packet, due []burst) []burst {
	if len(list) == 0 {
		return due
	}
	return append(due, burst{rendition: mergedSound, packets: list})
}

// pair takes a packet of the plain form. It returns what is to be sent now, nothing while the packet waits for the one
// after it.
func (m *merging) pair(p *packetcache.Packet) (list []*packetcache.Packet, what half) {
	ahead := int16(p.Seq - m.in)
	if m.started && ahead <= 0 {
		return m.late(p), secondHalf
	}
	before := m.waiting
	if before != nil && ahead == 1 {
		if merged := m.merge(before, p); merged != nil {
			m.waiting, m.in = nil, p.Seq
			return append(m.arena.List(1), merged), secondHalf
		}
	}
	list = m.arena.List(2)
	if before != nil {
		m.waiting = nil
		list = append(list, m.lone(before))
	}
	if m.started && ahead > 1 {
		m.leave(ahead - 1)
	}
	m.started, m.in = true, p.Seq
	if m.waits(p) {
		m.waiting = p
		return list, firstHalf
	}
	if len(list) > 0 {
		what = secondHalf // it goes together with the one that waited
	}
	return append(list, m.lone(p)), what
}

// waits tells whether a packet may be the first half of one.
func (m *merging) waits(p *packetcache.Packet) bool {
	return len(p.Payload) > dtxPayload && len(p.Payload) <= maxMerged && codec.OpusTicks(p.Payload) == opusFrame
}

// merge makes one packet of two that follow each other, nil if they cannot be one.
func (m *merging) merge(a, b *packetcache.Packet) *packetcache.Packet {
	const overhead = 3 // of two packets of one frame each
	size := len(a.Payload) + len(b.Payload) + overhead
	if b.Marker || b.Time-a.Time != opusFrame || !m.waits(b) || size > maxMerged {
		return nil
	}
	payload, err := codec.MergeOpus(m.arena.Bytes(size)[:0], a.Payload, b.Payload)
	if err != nil {
		return nil
	}
	return m.number(&packetcache.Packet{Time: a.Time, Marker: a.Marker, Start: true, Arrived: b.Arrived, Payload: payload}, m.next())
}

// lone gives the next number to a packet that stays as it is.
func (m *merging) lone(p *packetcache.Packet) *packetcache.Packet { return m.number(p, m.next()) }

// number makes a packet of the merged form.
func (m *merging) number(p *packetcache.Packet, out uint16) *packetcache.Packet {
	numbered := *p
	numbered.Seq, numbered.RED, numbered.DeepRED = out, nil, nil
	kept := m.arena.Keep(numbered)
	m.cache.Put(kept)
	return kept
}

func (m *merging) next() uint16 {
	m.out++
	return m.out
}

// leave keeps numbers for packets that were lost or overtaken, so that a viewer counts them as it does in the plain form.
func (m *merging) leave(missing int16) {
	for i := range uint16(missing) {
		in := m.in + 1 + i
		m.holes[in%lateSound] = hole{in: in, out: m.next(), open: true}
	}
}

// late gives a packet that was overtaken the number that was kept for it.
func (m *merging) late(p *packetcache.Packet) []*packetcache.Packet {
	h := &m.holes[p.Seq%lateSound]
	if !h.open || h.in != p.Seq {
		return nil
	}
	h.open = false
	return append(m.arena.List(1), m.number(p, h.out))
}

// flush gives the packet that waits for the one after it.
func (m *merging) flush(due []burst) []burst {
	p := m.waiting
	if p == nil {
		return due
	}
	m.waiting = nil
	return m.burst(append(m.arena.List(1), m.lone(p)), due)
}

func (m *merging) expire(before time.Duration, due []burst) []burst {
	if m.waiting == nil || time.Duration(m.waiting.Arrived) > before {
		return due
	}
	return m.flush(due)
}

func (m *merging) forget() (dropped int) {
	if m.waiting != nil {
		dropped = 1
	}
	m.waiting, m.holes = nil, [lateSound]hole{}
	m.cache.Reset()
	return dropped
}

// chooseSound has the plain form sent to a viewer for as long as it is sent redundancy: what is lost is then repaired
// after 20 ms.
func (l *leg) chooseSound(now time.Duration) {
	l.target = mergedSound
	if l.redundant(now) > 0 {
		l.target = plainSound
	}
	switch {
	case l.target == plainSound:
		l.wantPlain(true)
	case l.cur != plainSound: // otherwise it still waits for the end of a packet
		l.wantPlain(false)
	}
}

// wantPlain has the plain form of the slot's sound sent on for this leg, or not.
func (l *leg) wantPlain(want bool) {
	switch {
	case want && !l.plain:
		l.slot.plain.Add(1)
	case !want && l.plain:
		l.slot.plain.Add(-1)
	}
	l.plain = want
}

// continuesWith tells whether a burst of sound, of another form or source, is one to go on with: nothing is heard twice.
func (l *leg) continuesWith(b *burst) bool {
	if b.rendition != l.target || b.half == secondHalf {
		return false
	}
	return l.gen != b.gen || !l.ever || int32(b.packets[0].Time-l.last) > 0
}

// leaves tells whether a burst of plain sound is no longer for this leg, which takes up the merged form with it.
func (l *leg) leaves(b *burst) bool {
	return l.slot.outputs.merges() && b.half != secondHalf && b.rendition == plainSound && l.target == mergedSound
}
