package codec

import "errors"

// ErrShort is the error of a payload that ends within its descriptor.
var ErrShort = errors.New("codec: payload is cut short")

// VP8 is a parsed payload descriptor (RFC 7741 4.2) with the two facts of the payload header that a forwarder needs.
type VP8 struct {
	FrameStart bool // first packet of a frame: S is set and the partition index is 0
	Keyframe   bool // FrameStart of a frame that depends on no other (P bit of the payload header is 0)

	HasPictureID  bool
	LongPictureID bool   // 15 bits rather than 7
	PictureID     uint16 // 7 or 15 bits
	HasTL0        bool
	TL0PICIDX     uint8

	pidAt, tl0At int // where the fields stand in the payload
	size         int // of the descriptor
}

// Size of the descriptor in bytes; what follows is the frame's own bytes.
func (v *VP8) Size() int { return v.size }

// ParseVP8 reads the descriptor of one RTP payload.
func ParseVP8(payload []byte) (VP8, error) {
	var v VP8
	if len(payload) < 1 {
		return v, ErrShort
	}
	first := payload[0]
	i := 1
	if first&0x80 != 0 { // X
		if len(payload) < 2 {
			return v, ErrShort
		}
		ext := payload[1]
		i = 2
		if ext&0x80 != 0 { // I
			if len(payload) <= i {
				return v, ErrShort
			}
			v.HasPictureID, v.pidAt = true, i
			if payload[i]&0x80 != 0 { // M
				if len(payload) <= i+1 {
					return v, ErrShort
				}
				v.LongPictureID = true
				v.PictureID = uint16(payload[i]&0x7f)<<8 | uint16(payload[i+1])
				i += 2
			} else {
				v.PictureID = uint16(payload[i])
				i++
			}
		}
		if ext&0x40 != 0 { // L
			if len(payload) <= i {
				return v, ErrShort
			}
			v.HasTL0, v.tl0At, v.TL0PICIDX = true, i, payload[i]
			i++
		}
		if ext&0x30 != 0 { // T or K
			if len(payload) <= i {
				return v, ErrShort
			}
			i++
		}
	}
	v.size = i
	if len(payload) <= i {
		return v, ErrShort
	}
	v.FrameStart = first&0x10 != 0 && first&0x07 == 0
	v.Keyframe = v.FrameStart && payload[i]&0x01 == 0
	return v, nil
}

// Patch writes a picture id and a TL0PICIDX over those of payload, from whose bytes v was parsed. Fields that the
// descriptor does not have stay absent; a short picture id takes the low 7 bits.
func (v *VP8) Patch(payload []byte, pictureID uint16, tl0 uint8) {
	if v.HasPictureID {
		if v.LongPictureID {
			payload[v.pidAt] = 0x80 | byte(pictureID>>8)
			payload[v.pidAt+1] = byte(pictureID)
		} else {
			payload[v.pidAt] = byte(pictureID & 0x7f)
		}
	}
	if v.HasTL0 {
		payload[v.tl0At] = tl0
	}
}
