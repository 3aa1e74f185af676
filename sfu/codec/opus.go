package codec

import (
	"errors"
)

const (
	// maxOpusFrame is the length of a frame (RFC 6716 3.2.1), maxOpusTicks the duration of a packet, in timestamp units
	// (3.2.5). Frames of 2.5 ms, the shortest, make maxOpusFrames of it.
	maxOpusFrame  = 1275
	maxOpusTicks  = OpusClock * 120 / 1000
	maxOpusFrames = 48
)

var (
	// ErrOpus is the error of bytes that are no Opus packet.
	ErrOpus = errors.New("codec: malformed Opus packet")
	// ErrOpusUnlike is the error of two Opus packets that cannot be one: they differ in mode, bandwidth, frame length or
	// channels, or last longer than 120 ms together.
	ErrOpusUnlike = errors.New("codec: unlike Opus packets")
)

// opusPacket is an Opus packet taken apart (RFC 6716 3).
type opusPacket struct {
	config byte // of the TOC byte, with the flag for stereo
	n      int
	frames [maxOpusFrames][]byte
}

// opusFrameTicks is how long each frame of a packet is by its TOC byte (RFC 6716 3.1, table 2), in timestamp units.
func opusFrameTicks(toc byte) uint32 {
	const ms = OpusClock / 1000
	switch config := toc >> 3; {
	case config < 12: // SILK
		return [4]uint32{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config%4]
	case config < 16: // hybrid
		return 10 * ms << (config % 2)
	default: // CELT, from 2.5 ms
		return 120 << (config % 4)
	}
}

// parse takes a packet apart; what does not keep the rules of RFC 6716 3.4 is an ErrOpus.
func (p *opusPacket) parse(packet []byte) error {
	if len(packet) == 0 {
		return ErrOpus
	}
	toc, rest := packet[0], packet[1:]
	p.config, p.n = toc&^3, 2
	switch toc & 3 {
	case 0:
		p.n = 1
		return p.equal(rest)
	case 1:
		return p.equal(rest)
	case 2:
		return p.lengths(rest)
	}
	if len(rest) == 0 {
		return ErrOpus
	}
	count := rest[0]
	rest = rest[1:]
	p.n = int(count & 63)
	if p.n == 0 || p.n > maxOpusFrames || p.ticks() > maxOpusTicks {
		return ErrOpus
	}
	if count&64 != 0 {
		var ok bool
		if rest, ok = unpadOpus(rest); !ok {
			return ErrOpus
		}
	}
	if count&128 != 0 {
		return p.lengths(rest)
	}
	return p.equal(rest)
}

// equal divides what is left into frames of one length.
func (p *opusPacket) equal(rest []byte) error {
	size := len(rest) / p.n
	if len(rest)%p.n != 0 || size > maxOpusFrame {
		return ErrOpus
	}
	for i := range p.n {
		p.frames[i] = rest[i*size : (i+1)*size]
	}
	return nil
}

// lengths divides what is left by the lengths of all frames but the last, which stand in front (RFC 6716 3.2.1).
func (p *opusPacket) lengths(rest []byte) error {
	var sizes [maxOpusFrames]int
	for i := range p.n - 1 {
		switch {
		case len(rest) > 0 && rest[0] < 252:
			sizes[i], rest = int(rest[0]), rest[1:]
		case len(rest) > 1:
			sizes[i], rest = int(rest[0])+4*int(rest[1]), rest[2:]
		default:
			return ErrOpus
		}
	}
	for i, size := range sizes[:p.n-1] {
		if size > len(rest) {
			return ErrOpus
		}
		p.frames[i], rest = rest[:size], rest[size:]
	}
	if len(rest) > maxOpusFrame {
		return ErrOpus
	}
	p.frames[p.n-1] = rest
	return nil
}

// unpadOpus takes the padding's length, which stands in front, and the padding off (RFC 6716 3.2.5).
func unpadOpus(rest []byte) (unpadded []byte, ok bool) {
	padding := 0
	for {
		if len(rest) == 0 {
			return nil, false
		}
		n := int(rest[0])
		rest = rest[1:]
		if n < 255 {
			padding += n
			break
		}
		padding += 254
	}
	if padding > len(rest) {
		return nil, false
	}
	return rest[:len(rest)-padding], true
}

func (p *opusPacket) ticks() uint32 { return uint32(p.n) * opusFrameTicks(p.config) }

// list is the frames.
func (p *opusPacket) list() [][]byte { return p.frames[:p.n] }

// OpusTicks is how long an Opus packet lasts, in timestamp units; 0 for what is none.
func OpusTicks(packet []byte) uint32 {
	var p opusPacket
	if p.parse(packet) != nil {
		return 0
	}
	return p.ticks()
}

// MergeOpus appends to dst one packet with the frames of two that follow each other (RFC 6716 3.2), without decoding
// them; their padding is left out. It may be up to five bytes and two for each frame longer than both. The error is
// ErrOpus or ErrOpusUnlike, and dst then unchanged.
func MergeOpus(dst, first, second []byte) ([]byte, error) {
	var a, b opusPacket
	if a.parse(first) != nil || b.parse(second) != nil {
		return dst, ErrOpus
	}
	if a.config != b.config || a.ticks()+b.ticks() > maxOpusTicks {
		return dst, ErrOpusUnlike
	}
	same := len(a.frames[0])
	for _, list := range [][][]byte{a.list(), b.list()} {
		for _, f := range list {
			if len(f) != same {
				same = -1
			}
		}
	}
	switch n := a.n + b.n; {
	case n > 2 && same >= 0:
		dst = append(dst, a.config|3, byte(n))
	case n > 2:
		dst = append(dst, a.config|3, 128|byte(n))
	case same >= 0:
		dst = append(dst, a.config|1)
	default:
		dst = append(dst, a.config|2)
	}
	if same < 0 {
		for _, f := range a.list() {
			dst = appendOpusLength(dst, len(f))
		}
		for _, f := range b.frames[:b.n-1] {
			dst = appendOpusLength(dst, len(f))
		}
	}
	for _, f := range a.list() {
		dst = append(dst, f...)
	}
	for _, f := range b.list() {
		dst = append(dst, f...)
	}
	return dst, nil
}

func appendOpusLength(dst []byte, n int) []byte {
	if n < 252 {
		return append(dst, byte(n))
	}
	first := 252 + n&3
	return append(dst, byte(first), byte((n-first)/4))
}
