package codec

import "encoding/binary"

// Limits of a redundant block's header (RFC 2198 3): 14 bits of timestamp offset, 10 of length.
const (
	maxREDOffset = 1<<14 - 1
	maxREDLength = 1<<10 - 1
)

// AppendRED appends to dst the payload of an audio/red packet (RFC 2198) that carries an Opus packet and, before it,
// one generation of redundancy: the packet of redundantTime. That is left out where it is empty, too long or, after a
// pause of DTX, too old for its header.
func AppendRED(dst, redundant []byte, redundantTime uint32, primary []byte, primaryTime uint32) []byte {
	offset := primaryTime - redundantTime
	with := len(redundant) > 0 && len(redundant) <= maxREDLength && offset > 0 && offset <= maxREDOffset
	if with {
		dst = append(dst, 0x80|PayloadOpus)
		fields := offset<<10 | uint32(len(redundant))
		dst = append(dst, byte(fields>>16), byte(fields>>8), byte(fields))
	}
	dst = append(dst, PayloadOpus)
	if with {
		dst = append(dst, redundant...)
	}
	return append(dst, primary...)
}

// ParseRED takes the primary packet, and the redundant one if there is one, out of an audio/red payload with at most
// one generation of redundancy. offset is how much older the redundant packet is, in timestamp units.
func ParseRED(payload []byte) (primary, redundant []byte, offset uint32, err error) {
	if len(payload) < 1 {
		return nil, nil, 0, ErrShort
	}
	if payload[0]&0x80 == 0 {
		return payload[1:], nil, 0, nil
	}
	if len(payload) < 5 || payload[4]&0x80 != 0 {
		return nil, nil, 0, ErrShort
	}
	fields := binary.BigEndian.Uint32(payload) & 0xffffff
	length := int(fields & maxREDLength)
	if len(payload) < 5+length {
		return nil, nil, 0, ErrShort
	}
	return payload[5+length:], payload[5 : 5+length], fields >> 10, nil
}
