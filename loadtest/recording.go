package loadtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pion/rtp/codecs"
)

// Recording is a picture or a sound to send in place of the synthetic one, over and over.
type Recording struct {
	frames []recorded
}

type recorded struct {
	data  []byte
	lasts time.Duration
}

// ReadIVF reads a VP8 picture.
func ReadIVF(path string) (*Recording, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseIVF(file)
}

func parseIVF(file []byte) (*Recording, error) {
	const header, frameHeader = 32, 12
	if len(file) < header || string(file[:4]) != "DKIF" {
		return nil, errors.New("not an IVF file")
	}
	if codec := string(file[8:12]); codec != "VP80" {
		return nil, fmt.Errorf("the picture is %q, not VP8", codec)
	}
	rate, scale := binary.LittleEndian.Uint32(file[16:]), binary.LittleEndian.Uint32(file[20:])
	if rate == 0 || scale == 0 || rate/scale > 1_000_000 {
		return nil, errors.New("the IVF file has no time base")
	}
	r := &Recording{}
	var before uint64
	for file = file[header:]; len(file) > 0; {
		if len(file) < frameHeader {
			return nil, errors.New("the IVF file is cut short")
		}
		size, at := binary.LittleEndian.Uint32(file), binary.LittleEndian.Uint64(file[4:])
		if file = file[frameHeader:]; int64(size) > int64(len(file)) {
			return nil, errors.New("the IVF file is cut short")
		}
		data := file[:size]
		file = file[size:]
		if size == 0 {
			continue
		}
		if n := len(r.frames); n > 0 && at > before && at-before < uint64(rate)*10/uint64(scale) {
			r.frames[n-1].lasts = time.Duration(float64(at-before) * float64(scale) / float64(rate) * float64(time.Second))
		}
		before = at
		// The stamp stands behind the last partition, where decoders do not look.
		r.frames = append(r.frames, recorded{data: append(bytes.Clone(data), make([]byte, stampSize)...), lasts: frameInterval})
	}
	if len(r.frames) == 0 || r.frames[0].data[0]&1 != 0 {
		return nil, errors.New("the picture does not begin with a keyframe")
	}
	return r, nil
}

// ReadOgg reads an Opus sound (RFC 7845).
func ReadOgg(path string) (*Recording, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseOgg(file)
}

func parseOgg(file []byte) (*Recording, error) {
	packets, err := oggPackets(file)
	if err != nil {
		return nil, err
	}
	if len(packets) < 3 || !bytes.HasPrefix(packets[0], []byte("OpusHead")) {
		return nil, errors.New("the sound is not Opus in Ogg")
	}
	r := &Recording{}
	for _, p := range packets[2:] { // behind head and tags
		if lasts := opusDuration(p); lasts > 0 {
			r.frames = append(r.frames, recorded{p, lasts})
		}
	}
	if len(r.frames) == 0 {
		return nil, errors.New("the sound is empty")
	}
	return r, nil
}

// oggPackets undoes the lacing of pages (RFC 3533 6).
func oggPackets(file []byte) (packets [][]byte, err error) {
	const header = 27
	var open []byte
	for len(file) > 0 {
		if len(file) < header || string(file[:4]) != "OggS" || len(file) < header+int(file[26]) {
			return nil, errors.New("not an Ogg page")
		}
		lacing := file[header : header+int(file[26])]
		file = file[header+len(lacing):]
		for _, n := range lacing {
			if len(file) < int(n) {
				return nil, errors.New("the Ogg page is cut short")
			}
			open = append(open, file[:n]...)
			file = file[n:]
			if n < 255 {
				packets = append(packets, open)
				open = nil
			}
		}
	}
	return packets, nil
}

// playback sends a recording.
type playback struct {
	*Recording
	at        int
	picture   bool
	source    uint32
	payloader codecs.VP8Payloader
}

// next ignores wishes for a keyframe: the recording's own have to do.
func (p *playback) next(now time.Time, _ bool) (payloads [][]byte, lasts time.Duration) {
	f := p.frames[p.at]
	p.at = (p.at + 1) % len(p.frames)
	if !p.picture {
		return [][]byte{f.data}, f.lasts
	}
	data := slices.Clone(f.data)
	stamp{p.source, now}.put(data)
	p.payloader.EnablePictureID = true
	return p.payloader.Payload(videoPayloadSize, data), f.lasts
}
