package codec

import "encoding/binary"

// Limits of a redundant block's header (RFC 2198 3): 14 bits of timestamp offset, 10 of length.
const (
	maxREDOffset = 1<<14 - 1
	maxREDLength = 1<<10 - 1
	redHeader    = 4 // bytes of a redundant block's; the primary's has one
)

// MaxREDBlocks is the most Opus packets that an audio/red packet is taken apart into.
const MaxREDBlocks = 4

// REDBlock is one Opus packet of an audio/red packet (RFC 2198).
type REDBlock struct {
	Time    uint32 // RTP timestamp
	Payload []byte
}

// AppendRED appends to dst the payload of an audio/red packet that carries an Opus packet and, before it, others as redundancy, the
// oldest first. Those are left out that are empty, too long or, after a pause of DTX, too old for their header.
func AppendRED(dst []byte, primary REDBlock, redundant ...REDBlock) []byte {
	fits := func(b REDBlock) bool {
		offset := primary.Time - b.Time
		return len(b.Payload) > 0 && len(b.Payload) <= maxREDLength && offset > 0 && offset <= maxREDOffset
	}
	for _, b := range redundant {
		if fits(b) {
			dst = binary.BigEndian.AppendUint32(dst, (0x80|PayloadOpus)<<24|(primary.Time-b.Time)<<10|uint32(len(b.Payload)))
		}
	}
	dst = append(dst, PayloadOpus)
	for _, b := range redundant {
		if fits(b) {
			dst = append(dst, b.Payload...)
		}
	}
	return append(dst, primary.Payload...)
}

// REDSize is how many bytes AppendRED appends at most.
func REDSize(primary REDBlock, redundant ...REDBlock) int {
	size := 1 + len(primary.Payload)
	for _, b := range redundant {
		size += redHeader + len(b.Payload)
	}
	return size
}

// SplitRED appends to dst the Opus packets of an audio/red packet with that timestamp, the oldest first and the primary last. A
// packet of another format or of more than MaxREDBlocks is ErrShort, as is one that is cut short.
func SplitRED(dst []REDBlock, payload []byte, time uint32) ([]REDBlock, error) {
	var lengths [MaxREDBlocks]int
	first := len(dst)
	for {
		if len(payload) == 0 || payload[0]&0x7f != PayloadOpus {
			return dst[:first], ErrShort
		}
		if payload[0]&0x80 == 0 {
			payload = payload[1:]
			break
		}
		if len(payload) < redHeader || len(dst)-first == MaxREDBlocks-1 {
			return dst[:first], ErrShort
		}
		fields := binary.BigEndian.Uint32(payload) & 0xffffff
		lengths[len(dst)-first] = int(fields & maxREDLength)
		dst = append(dst, REDBlock{Time: time - fields>>10})
		payload = payload[redHeader:]
	}
	for i := range dst[first:] {
		if len(payload) < lengths[i] {
			return dst[:first], ErrShort
		}
		dst[first+i].Payload, payload = payload[:lengths[i]], payload[lengths[i]:]
	}
	return append(dst, REDBlock{time, payload}), nil
}
