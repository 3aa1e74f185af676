package loadtest

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"slices"
	"time"

	"github.com/pion/rtp/codecs"
)

// A stamp ends every frame and Opus packet that the load test sends; decoders skip it. It says who sent the frame
// when, and lets a viewer prove that each byte before it arrived as sent.
//
//	magic 4, source 4, Unix time in nanoseconds 8, CRC-32 of all before 4
const (
	stampSize  = 20
	stampMagic = 0x64636c74
)

type stamp struct {
	source uint32
	sent   time.Time
}

// sourceOf is the short name of an endpoint in a stamp.
func sourceOf(endpoint string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(endpoint))
	return h.Sum32()
}

// put writes the stamp over the last bytes of a frame.
func (s stamp) put(frame []byte) {
	at := frame[len(frame)-stampSize:]
	binary.BigEndian.PutUint32(at, stampMagic)
	binary.BigEndian.PutUint32(at[4:], s.source)
	binary.BigEndian.PutUint64(at[8:], uint64(s.sent.UnixNano()))
	binary.BigEndian.PutUint32(at[16:], crc32.ChecksumIEEE(frame[:len(frame)-4]))
}

// readStamp reads the stamp of a frame. Without one, found is false; sound is false when bytes before it differ.
func readStamp(frame []byte) (s stamp, found, sound bool) {
	if len(frame) < stampSize {
		return s, false, false
	}
	at := frame[len(frame)-stampSize:]
	if binary.BigEndian.Uint32(at) != stampMagic {
		return s, false, false
	}
	s.source = binary.BigEndian.Uint32(at[4:])
	s.sent = time.Unix(0, int64(binary.BigEndian.Uint64(at[8:])))
	return s, true, binary.BigEndian.Uint32(at[16:]) == crc32.ChecksumIEEE(frame[:len(frame)-4])
}

// frame is a whole VP8 frame.
type frame struct {
	data     []byte
	keyframe bool
}

// maxPartial bounds the frames that wait for packets.
const maxPartial = 16

// assembler puts VP8 frames together from the packets of one stream in any order (RFC 7741).
type assembler struct {
	partial []partialFrame // oldest first
	bad     int64          // payloads that are no VP8
}

// partialFrame holds the packets of one frame by number.
type partialFrame struct {
	timestamp uint32
	parts     []part
}

type part struct {
	number      int64
	first, last bool
	payload     []byte
}

// push takes a packet's payload, which it copies, and returns the frame that it completes, if any.
func (a *assembler) push(number int64, timestamp uint32, marker bool, payload []byte) (f frame, whole bool) {
	var vp8 codecs.VP8Packet
	rest, err := vp8.Unmarshal(payload)
	if err != nil || len(rest) == 0 {
		a.bad++
		return f, false
	}
	i := slices.IndexFunc(a.partial, func(p partialFrame) bool { return p.timestamp == timestamp })
	if i < 0 {
		if len(a.partial) == maxPartial {
			a.partial = slices.Delete(a.partial, 0, 1)
		}
		i = len(a.partial)
		a.partial = append(a.partial, partialFrame{timestamp: timestamp})
	}
	p := &a.partial[i]
	at, found := slices.BinarySearchFunc(p.parts, number, func(x part, n int64) int { return int(x.number - n) })
	if found {
		return f, false
	}
	p.parts = slices.Insert(p.parts, at, part{number, vp8.S == 1 && vp8.PID == 0, marker, slices.Clone(rest)})
	if !p.whole() {
		return f, false
	}
	for _, part := range p.parts {
		f.data = append(f.data, part.payload...)
	}
	f.keyframe = f.data[0]&1 == 0 // P bit of the payload header
	a.partial = slices.Delete(a.partial, i, i+1)
	return f, true
}

func (p *partialFrame) whole() bool {
	first, last := &p.parts[0], &p.parts[len(p.parts)-1]
	return first.first && last.last && last.number-first.number == int64(len(p.parts)-1)
}

// reset forgets what waits.
func (a *assembler) reset() { a.partial = nil }
