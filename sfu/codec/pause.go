package codec

import (
	"encoding/binary"
	"errors"
)

// PauseKind is what a message of RFC 7728 8 says of a stream.
type PauseKind uint8

// The kinds. A receiver asks for the first two, the sender says the others.
const (
	KindPause   PauseKind = iota // to stop the stream
	KindResume                   // to send it again
	KindPaused                   // it is stopped
	KindRefused                  // it is not stopped
	pauseKinds
)

const (
	rtcpFeedback   = 205 // transport-layer feedback (RFC 4585 6.2)
	pauseFormat    = 9   // its format for pause and resume (RFC 7728 8.1)
	pauseHeader    = 12  // common header and the two SSRCs
	pauseItem      = 8   // without the part that differs by kind
	maxPauseLength = 1 << 12
)

// ErrPause is the error of bytes that are no message of RFC 7728.
var ErrPause = errors.New("codec: malformed PAUSE message")

// PauseMessage is one item of the feedback control information of RFC 7728 8.1.
type PauseMessage struct {
	SSRC    uint32 // of the stream
	Kind    PauseKind
	ID      uint16 // tells a request that is over from the present one
	Highest uint32 // of Paused: the extended sequence number of the last packet
}

// AppendPause appends an RTCP packet with messages from a sender of an SSRC to b.
func AppendPause(b []byte, from uint32, messages []PauseMessage) []byte {
	at := len(b)
	b = append(b, 0x80|pauseFormat, rtcpFeedback, 0, 0)
	b = binary.BigEndian.AppendUint32(b, from)
	b = binary.BigEndian.AppendUint32(b, 0) // the items name their streams
	for _, m := range messages {
		b = binary.BigEndian.AppendUint32(b, m.SSRC)
		words := byte(0)
		if m.Kind == KindPaused {
			words = 1
		}
		b = append(b, byte(m.Kind)<<4, words)
		b = binary.BigEndian.AppendUint16(b, m.ID)
		if m.Kind == KindPaused {
			b = binary.BigEndian.AppendUint32(b, m.Highest)
		}
	}
	binary.BigEndian.PutUint16(b[at+2:], uint16((len(b)-at)/4-1))
	return b
}

// IsPause tells whether an RTCP packet is one of RFC 7728.
func IsPause(b []byte) bool {
	return len(b) >= pauseHeader && b[0]>>6 == 2 && b[0]&0x1f == pauseFormat && b[1] == rtcpFeedback
}

// ParsePause appends the messages of an RTCP packet to list. Kinds that are not known are left out, as RFC 7728 8 asks.
// The error is ErrPause, and list then unchanged.
func ParsePause(b []byte, list []PauseMessage) ([]PauseMessage, error) {
	if !IsPause(b) || len(b) > maxPauseLength || b[0]&0x20 != 0 || len(b) != 4*(1+int(binary.BigEndian.Uint16(b[2:]))) {
		return list, ErrPause
	}
	out := list
	for rest := b[pauseHeader:]; len(rest) > 0; {
		if len(rest) < pauseItem {
			return list, ErrPause
		}
		m := PauseMessage{
			SSRC: binary.BigEndian.Uint32(rest), Kind: PauseKind(rest[4] >> 4), ID: binary.BigEndian.Uint16(rest[6:]),
		}
		size := pauseItem + 4*int(rest[5])
		if size > len(rest) || m.Kind == KindPaused && rest[5] == 0 {
			return list, ErrPause
		}
		if m.Kind == KindPaused {
			m.Highest = binary.BigEndian.Uint32(rest[pauseItem:])
		}
		if m.Kind < pauseKinds {
			out = append(out, m)
		}
		rest = rest[size:]
	}
	return out, nil
}
