package sfu

import (
	"bytes"
	"slices"

	"github.com/diemcau/diemcau/sfu/codec"
)

// early is what came of a stream while its first keyframe is waited for. The start of that keyframe may have been
// overtaken, or lost and sent again: then the rest of it is here. The zero early has nothing.
type early struct {
	packets []*packet // in the order of their numbers, with payloads of their own
}

// begins tells whether a packet is the start of a keyframe of which nothing that came is missing.
func (e *early) begins(p *packet) bool {
	v, err := codec.ParseVP8(p.payload)
	return err == nil && v.Keyframe && (len(e.packets) == 0 || int16(p.seq+1-e.packets[0].seq) >= 0)
}

// keep remembers a packet, in place of the oldest when there are too many, and returns how many were given up for it.
func (e *early) keep(p *packet) (dropped int) {
	at := e.after(p.seq)
	if at > 0 && e.packets[at-1].seq == p.seq {
		return 1
	}
	kept := *p
	kept.payload = bytes.Clone(p.payload)
	e.packets = slices.Insert(e.packets, at, &kept)
	if len(e.packets) > latePicture {
		e.packets = slices.Delete(e.packets, 0, 1)
		dropped = 1
	}
	return dropped
}

// rest takes out what follows a number, in order. What came before it is given up; dropped counts it.
func (e *early) rest(seq uint16) (list []*packet, dropped int) {
	at := e.after(seq)
	list = e.packets[at:]
	e.packets = nil
	return list, at
}

// after is the place of the first packet after a number.
func (e *early) after(seq uint16) int {
	at := len(e.packets)
	for at > 0 && int16(e.packets[at-1].seq-seq) > 0 {
		at--
	}
	return at
}
