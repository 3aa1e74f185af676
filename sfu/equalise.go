package sfu

import "github.com/diemcau/diemcau/sfu/packetcache"

// equalise pads the packets of a frame that are a few bytes shorter than its longest: an encoder divides a frame into
// packets that differ by a byte, and only packets of one length, but for a shorter last one, leave as one message.
func equalise(packets []*packetcache.Packet) {
	longest := 0
	for _, p := range packets {
		longest = max(longest, len(p.Payload))
	}
	for _, p := range packets {
		p.Pad(longest)
	}
}
