package loadtest

import "time"

// silence returns an Opus packet (RFC 6716 3.2.2) of one frame of 20 ms, which its first bits call silent, so that
// decoders do not look at what follows: a stamp may stand there, and goes with the frame wherever a server puts it.
func silence() []byte {
	p := make([]byte, soundPayloadSize)
	p[0] = 31 << 3
	p[1], p[2] = 0xff, 0xfe
	return p
}

// opusParts returns the packets of one frame each of which a server made one of two frames (RFC 6716 3.2.3, 3.2.4).
// Every other packet is its own and only part.
func opusParts(p []byte) [][]byte {
	if len(p) == 0 {
		return nil
	}
	rest, first := p[1:], 0
	switch p[0] & 3 {
	case 1:
		first = len(rest) / 2
	case 2:
		switch {
		case len(rest) > 0 && rest[0] < 252:
			first, rest = int(rest[0]), rest[1:]
		case len(rest) > 1:
			first, rest = int(rest[0])+4*int(rest[1]), rest[2:]
		}
	default:
		return [][]byte{p}
	}
	first = min(first, len(rest))
	part := func(frame []byte) []byte { return append([]byte{p[0] &^ 3}, frame...) }
	return [][]byte{part(rest[:first]), part(rest[first:])}
}

// opusDuration reads how long a packet lasts from its first bytes (RFC 6716 3.1); 0 is a packet that no one may send.
func opusDuration(p []byte) time.Duration {
	if len(p) == 0 {
		return 0
	}
	config, frames := int(p[0]>>3), 1
	var frame time.Duration
	switch {
	case config < 12:
		frame = []time.Duration{10, 20, 40, 60}[config%4] * time.Millisecond
	case config < 16:
		frame = []time.Duration{10, 20}[config%2] * time.Millisecond
	default:
		frame = 2500 * time.Microsecond << (config % 4)
	}
	switch p[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(p) < 2 {
			return 0
		}
		frames = int(p[1] & 63)
	}
	if lasts := frame * time.Duration(frames); lasts <= 120*time.Millisecond {
		return lasts
	}
	return 0
}
