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

// outputs are the streams of one slot: of pictures one for each layer, of sound its forms, the usual one last.
type outputs struct {
	list   []output
	layers bool // of pictures
}

// form of the slot's sound that viewers are sent as a rule.
func (o *outputs) form() int { return len(o.list) - 1 }

// merges tells whether sound has a merged form.
func (o *outputs) merges() bool { return !o.layers && o.form() == mergedSound }

// of returns the one that takes the packets of a layer.
func (o *outputs) of(layer int) output {
	if o.layers {
		return o.list[layer]
	}
	return o.list[o.form()]
}

// cache of a rendition, or of a form of sound.
func (o *outputs) cache(rendition int) *packetcache.Cache { return o.list[rendition].buffer() }

func (o *outputs) flush(due []burst) []burst {
	for _, out := range o.list {
		due = out.flush(due)
	}
	return due
}

func (o *outputs) expire(before time.Duration, due []burst) []burst {
	for _, out := range o.list {
		due = out.expire(before, due)
	}
	return due
}

func (o *outputs) forget() (dropped int) {
	for _, out := range o.list {
		dropped += out.forget()
	}
	return dropped
}
