package sfu

import (
	"time"

	"github.com/diemcau/diemcau/sfu/packetcache"
)

// output is one stream of a slot, with numbering of its own, the same for all viewers: a rendition of a picture or of
// sound, or the merged form of sound. It takes the packets of a rendition and gives bursts, which it appends to due.
// Its slot's lock guards it.
type output interface {
	// buffer holds what can be sent again.
	buffer() *packetcache.Cache
	// collect takes a rendition's packet.
	collect(p *packetcache.Packet, due []burst) []burst
	// flush gives what waits for more, expire only what has waited since before a time for what may never come.
	flush(due []burst) []burst
	expire(before time.Duration, due []burst) []burst
	// forget drops what waits and what could be sent again, and returns how many packets waited.
	forget() (dropped int)
}
