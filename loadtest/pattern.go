package loadtest

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp/codecs"
)

// The reference stage: at 25 frames a second six packets of 1,012 bytes (12 of header) make 150 packets a second of
// picture; 50 Opus packets a second of 92 bytes the sound.
const (
	framesPerSecond  = 25
	frameInterval    = time.Second / framesPerSecond
	keyframeEvery    = 2 * time.Second
	videoPayloadSize = 1000
	descriptorSize   = 4 // VP8 payload descriptor with a picture id of 15 bits
	packetFrameBytes = videoPayloadSize - descriptorSize

	audioInterval    = 20 * time.Millisecond
	audioPayloadSize = 80
)

// rendition is one quality of the picture.
type rendition struct {
	rid           string
	width, height int
	packets       int // per frame
}

// referencePicture is the one rendition of the reference stage, or its three for simulcast, lowest first.
func referencePicture(simulcast bool) []rendition {
	high := rendition{rid: "h", width: 1280, height: 720, packets: 6}
	if !simulcast {
		high.rid = ""
		return []rendition{high}
	}
	return []rendition{{"l", 320, 180, 1}, {"m", 640, 360, 3}, high}
}

// floorPicture is what a site sends that has the floor: half of the reference.
func floorPicture() []rendition { return []rendition{{"", 640, 360, 3}} }

// grey returns a VP8 frame (RFC 6386 9.1) of a size in bytes that decodes to an even grey: every flag of the zeros
// that follow its header says "predict, no residual". A stamp may stand at its end.
func (r rendition) grey(keyframe bool, size int) []byte {
	f := make([]byte, size)
	header := 3
	if keyframe {
		header = 10
		copy(f[3:], []byte{0x9d, 0x01, 0x2a})
		binary.LittleEndian.PutUint16(f[6:], uint16(r.width))
		binary.LittleEndian.PutUint16(f[8:], uint16(r.height))
	}
	// Half of the bytes for the first partition, the rest for the coefficients.
	tag := uint32((size-header)/2)<<5 | 1<<4 // show_frame
	if !keyframe {
		tag |= 1
	}
	f[0], f[1], f[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	return f
}

// silence returns an Opus packet (RFC 6716 3.2.5) of 20 ms: two bytes of silence, the rest is padding, in which a
// stamp stands.
func silence() []byte {
	p := make([]byte, audioPayloadSize)
	const head = 3 // TOC, frame count, padding length
	p[0] = 31<<3 | 3
	p[1] = 1<<6 | 1
	p[2] = audioPayloadSize - head - 2
	p[3], p[4] = 0xff, 0xfe
	return p
}

// picture makes the packets of one rendition.
type picture struct {
	rendition
	source    uint32
	payloader codecs.VP8Payloader
	keyAt     time.Time // of the last keyframe
}

func newPicture(r rendition, source uint32) *picture {
	return &picture{rendition: r, source: source, payloader: codecs.VP8Payloader{EnablePictureID: true}}
}

// next returns the payloads of the frame of a moment; forced asks for a keyframe.
func (p *picture) next(now time.Time, forced bool) [][]byte {
	keyframe := forced || now.Sub(p.keyAt) >= keyframeEvery
	if keyframe {
		p.keyAt = now
	}
	f := p.grey(keyframe, p.packets*packetFrameBytes)
	stamp{p.source, now}.put(f)
	return p.payloader.Payload(videoPayloadSize, f)
}
