package codec

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
