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

	soundInterval    = 20 * time.Millisecond
	soundPayloadSize = 80

	// MinBitrate of the synthetic picture in bits per second leaves room in a frame for what decodes to an even grey.
	MinBitrate = 100_000
)

// media is what one track sends: the RTP payloads of its next frame, and how long that lasts.
type media interface {
	next(now time.Time, keyframe bool) (payloads [][]byte, lasts time.Duration)
}

// rendition is one quality of the picture.
type rendition struct {
	rid           string
	width, height int
	bytes         int // of a frame
}

// referencePicture is the one rendition of the reference stage, or its three for simulcast, lowest first.
func referencePicture(simulcast bool) []rendition {
	high := rendition{rid: "h", width: 1280, height: 720, bytes: 6 * packetFrameBytes}
	if !simulcast {
		high.rid = ""
		return []rendition{high}
	}
	return []rendition{{"l", 320, 180, packetFrameBytes}, {"m", 640, 360, 3 * packetFrameBytes}, high}
}

// pictureOf is one rendition of about so many bits per second.
func pictureOf(bitrate int) []rendition {
	return []rendition{{"", 640, 360, bitrate / 8 / framesPerSecond}}
}

// floorPicture is what a site sends that has the floor: half of the reference, or as little as the host.
func floorPicture(bitrate int) []rendition {
	half := rendition{"", 640, 360, 3 * packetFrameBytes}
	if bitrate > 0 {
		half.bytes = min(half.bytes, pictureOf(bitrate)[0].bytes)
	}
	return []rendition{half}
}

// grey returns a VP8 frame (RFC 6386 9.1) that decodes to an even grey: every flag of the zeros that follow its header
// says "predict, no residual". A stamp may stand at its end.
func (r rendition) grey(keyframe bool) []byte {
	f := make([]byte, r.bytes)
	header := 3
	if keyframe {
		header = 10
		copy(f[3:], []byte{0x9d, 0x01, 0x2a})
		binary.LittleEndian.PutUint16(f[6:], uint16(r.width))
		binary.LittleEndian.PutUint16(f[8:], uint16(r.height))
	}
	// Half of the bytes for the first partition, the rest for the coefficients.
	tag := uint32((r.bytes-header)/2)<<5 | 1<<4 // show_frame
	if !keyframe {
		tag |= 1
	}
	f[0], f[1], f[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	return f
}

// picture is the synthetic picture of one rendition.
type picture struct {
	rendition
	source    uint32
	payloader codecs.VP8Payloader
	keyAt     time.Time // of the last keyframe
}

func newPicture(r rendition, source uint32) *picture {
	return &picture{rendition: r, source: source, payloader: codecs.VP8Payloader{EnablePictureID: true}}
}

func (p *picture) next(now time.Time, keyframe bool) (payloads [][]byte, lasts time.Duration) {
	keyframe = keyframe || now.Sub(p.keyAt) >= keyframeEvery
	if keyframe {
		p.keyAt = now
	}
	f := p.grey(keyframe)
	stamp{p.source, now}.put(f)
	return p.payloader.Payload(videoPayloadSize, f), frameInterval
}

// sound is the synthetic sound.
type sound struct{ source uint32 }

func (s sound) next(now time.Time, _ bool) (payloads [][]byte, lasts time.Duration) {
	p := silence()
	stamp{s.source, now}.put(p)
	return [][]byte{p}, soundInterval
}
