// Package packetcache keeps the last second of a rendition's packets, once for all its viewers, so that lost
// packets can be sent again and a newcomer can start from the last keyframe.
package packetcache

// Packet is one packet of a rendition as every viewer gets it, but for what a leg patches into the header.
// It is immutable once it has been stored or forwarded.
type Packet struct {
	Seq      uint16 // on the rendition's own numbering
	Time     uint32 // RTP timestamp on the slot's timeline
	Marker   bool
	Start    bool // first packet of a frame
	Keyframe bool // first packet of a keyframe at which a leg may switch or start
	Pictures bool // the payload's descriptor has a picture id:
	ID       uint16
	TL0      uint8
	Arrived  int64  // nanoseconds, monotonic
	Source   uint32 // number of the endpoint that it comes from, for trunks; 0 for unknown
	Payload  []byte
	Padded   []byte // Payload with RTP padding behind it (RFC 3550 5.1); nil for none. Read it only where it was set.
	RED      []byte // of an audio packet: the payload with the one before it as redundancy (RFC 2198),
	DeepRED  []byte // and with the two before it
}

// paddingShare is how much of a payload may be added to it as padding: one 64th, at least a byte.
const (
	paddingShare = 64
	maxPadding   = 255
)

// Pad sets Padded so that it is size bytes long, if that is little enough. Payload stays as it is.
func (p *Packet) Pad(size int) {
	n := size - len(p.Payload)
	if n <= 0 || size > cap(p.Payload) {
		return
	}
	p.Padded = p.Payload[:size]
	p.Padded[size-1] = byte(n)
}

const (
	arenaPackets = 64
	arenaBytes   = 64 << 10
)

// Arena hands out packets and payload space from slabs, so that forwarding costs an allocation per some fifty
// packets rather than several per packet. A slab is freed when nothing points into it any more. The zero value is
// ready. It is not safe for concurrent use.
type Arena struct {
	packets []Packet
	refs    []*Packet
	bytes   []byte
}

// Packet returns a zero packet with its own copy of payload and room for its padding.
func (a *Arena) Packet(payload []byte) *Packet {
	n := len(payload)
	p := a.Keep(Packet{Payload: a.Bytes(n + min(n/paddingShare+1, maxPadding))[:n]})
	copy(p.Payload, payload)
	return p
}

// Keep returns a packet like p, which shares its payload.
func (a *Arena) Keep(p Packet) *Packet {
	if len(a.packets) == 0 {
		a.packets = make([]Packet, arenaPackets)
	}
	kept := &a.packets[0]
	a.packets = a.packets[1:]
	*kept = p
	return kept
}

// Bytes returns n bytes.
func (a *Arena) Bytes(n int) []byte {
	if len(a.bytes) < n {
		a.bytes = make([]byte, max(arenaBytes, n))
	}
	b := a.bytes[:n:n]
	a.bytes = a.bytes[n:]
	return b
}

// List returns an empty list with room for n packets.
func (a *Arena) List(n int) []*Packet {
	if len(a.refs) < n {
		a.refs = make([]*Packet, max(4*arenaPackets, n))
	}
	list := a.refs[:0:n]
	a.refs = a.refs[n:]
	return list
}
