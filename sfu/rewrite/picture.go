package rewrite

// Pictures is what the renditions of one slot share: the highest picture id and TL0PICIDX sent on any of them.
type Pictures struct {
	id, tl0 int64
}

// PictureMap rewrites the VP8 picture ids of one rendition (RFC 7741 4.2). At each keyframe they jump ahead of
// those of the slot's other renditions and run on without gaps from there, so a receiver that changes rendition at
// a keyframe sees them grow, as a rule by little. Numbers are kept unwrapped. The zero value waits for a keyframe.
type PictureMap struct {
	id, tl0        int64 // highest input seen
	from           int64 // input picture id of the last keyframe
	now, before    pictureOffset
	started, again bool // a keyframe was seen; more than one was
}

type pictureOffset struct{ id, tl0 int64 }

// Keyframe takes the first packet of a keyframe, the first of its picture id to be seen; idBits is 7 or 15.
func (m *PictureMap) Keyframe(all *Pictures, id uint16, idBits uint, tl0 uint8) {
	m.again = m.started
	if m.started {
		m.id, m.tl0 = unwrap(m.id, int64(id), idBits), unwrap(m.tl0, int64(tl0), 8)
	} else {
		m.id, m.tl0, m.started = int64(id), int64(tl0), true
	}
	m.from, m.before = m.id, m.now
	m.now = pictureOffset{all.id + 1 - m.id, all.tl0 + 1 - m.tl0}
}

// Map rewrites the numbers of any packet, the keyframe's own too; false before the first keyframe.
func (m *PictureMap) Map(all *Pictures, id uint16, idBits uint, tl0 uint8) (outID uint16, outTL0 uint8, ok bool) {
	if !m.started {
		return 0, 0, false
	}
	in, inTL0 := unwrap(m.id, int64(id), idBits), unwrap(m.tl0, int64(tl0), 8)
	m.id, m.tl0 = max(m.id, in), max(m.tl0, inTL0)
	offset := m.now
	if in < m.from {
		if !m.again {
			return 0, 0, false
		}
		offset = m.before
	} else {
		all.id, all.tl0 = max(all.id, in+offset.id), max(all.tl0, inTL0+offset.tl0)
	}
	return uint16(in+offset.id) & 0x7fff, uint8(inTL0 + offset.tl0), true
}

// Restart forgets the input, as when another source takes its place; output goes on from the slot's highest.
func (m *PictureMap) Restart() { *m = PictureMap{} }

// unwrap returns the number nearest to last that equals v modulo 2^bits.
func unwrap(last, v int64, bits uint) int64 {
	span := int64(1) << bits
	diff := (v - last) & (span - 1)
	if diff >= span/2 {
		diff -= span
	}
	return last + diff
}
