package loadtest

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

// ivfFile holds frames of a picture, 1/rate seconds apart.
func ivfFile(codec string, rate uint32, frames ...[]byte) []byte {
	file := make([]byte, 32)
	copy(file, "DKIF")
	binary.LittleEndian.PutUint16(file[6:], 32)
	copy(file[8:], codec)
	binary.LittleEndian.PutUint32(file[16:], rate)
	binary.LittleEndian.PutUint32(file[20:], 1)
	for i, f := range frames {
		file = binary.LittleEndian.AppendUint32(file, uint32(len(f)))
		file = binary.LittleEndian.AppendUint64(file, uint64(i))
		file = append(file, f...)
	}
	return file
}

func TestIVF(t *testing.T) {
	key, delta := []byte{0x10, 2, 3}, bytes.Repeat([]byte{0x11}, 2500)
	r, err := parseIVF(ivfFile("VP80", 50, key, delta, delta))
	if err != nil {
		t.Fatal(err)
	}
	p := &playback{Recording: r, picture: true, source: 7}
	now := time.Unix(1000, 0)
	for i, want := range []struct {
		data    []byte
		packets int
		lasts   time.Duration
	}{{key, 1, 20 * time.Millisecond}, {delta, 3, 20 * time.Millisecond}, {delta, 3, frameInterval}, {key, 1, 20 * time.Millisecond}} {
		payloads, lasts := p.next(now, true)
		if len(payloads) != want.packets || lasts != want.lasts {
			t.Errorf("frame %d: %d packets, lasts %v", i, len(payloads), lasts)
		}
		var a assembler
		var got frame
		for j, payload := range payloads {
			got, _ = a.push(int64(j), 0, j == len(payloads)-1, payload)
		}
		if !bytes.HasPrefix(got.data, want.data) || got.keyframe != bytes.Equal(want.data, key) {
			t.Errorf("frame %d came as %d bytes", i, len(got.data))
		}
		if s, found, sound := readStamp(got.data); !found || !sound || s.source != 7 || !s.sent.Equal(now) {
			t.Errorf("frame %d: stamp %+v", i, s)
		}
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "no frames": ivfFile("VP80", 25), "another codec": ivfFile("VP90", 25, key), "no keyframe": ivfFile("VP80", 25, delta),
		"no time base": ivfFile("VP80", 0, key), "cut short": ivfFile("VP80", 25, key)[:45],
	} {
		if _, err := parseIVF(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// oggFile holds packets in pages of at most so many segments.
func oggFile(segments int, packets ...[]byte) (file []byte) {
	var lacing, body []byte
	flush := func() {
		page := make([]byte, 27)
		copy(page, "OggS")
		page[26] = byte(len(lacing))
		file = append(append(append(file, page...), lacing...), body...)
		lacing, body = nil, nil
	}
	for _, p := range packets {
		for done := false; !done; {
			n := min(len(p), 255)
			lacing, body, p = append(lacing, byte(n)), append(body, p[:n]...), p[n:]
			done = n < 255
			if len(lacing) == segments {
				flush()
			}
		}
	}
	flush()
	return file
}

func TestOgg(t *testing.T) {
	long := append([]byte{31<<3 | 1}, make([]byte, 509)...) // 510 = 2 × 255: ends with an empty segment
	packets := [][]byte{[]byte("OpusHead...."), []byte("OpusTags...."), silence(), long}
	for _, segments := range []int{1, 2, 255} {
		r, err := parseOgg(oggFile(segments, packets...))
		if err != nil {
			t.Fatalf("%d segments a page: %v", segments, err)
		}
		p := &playback{Recording: r}
		for i, want := range []struct {
			data  []byte
			lasts time.Duration
		}{{packets[2], 20 * time.Millisecond}, {packets[3], 40 * time.Millisecond}, {packets[2], 20 * time.Millisecond}} {
			payloads, lasts := p.next(time.Time{}, false)
			if len(payloads) != 1 || !bytes.Equal(payloads[0], want.data) || lasts != want.lasts {
				t.Errorf("%d segments a page: packet %d came as %d bytes, lasts %v", segments, i, len(payloads[0]), lasts)
			}
		}
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "no Ogg": []byte("rubbish"), "no Opus": oggFile(255, []byte("vorbis"), nil, silence()),
		"no sound": oggFile(255, packets[:2]...), "cut short": oggFile(255, packets...)[:200],
	} {
		if _, err := parseOgg(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzRecordings(f *testing.F) {
	f.Add(ivfFile("VP80", 25, []byte{0x10}))
	f.Add(oggFile(2, []byte("OpusHead"), []byte("OpusTags"), silence()))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, parse := range []func([]byte) (*Recording, error){parseIVF, parseOgg} {
			r, err := parse(file)
			if err != nil {
				continue
			}
			for _, frame := range r.frames {
				if len(frame.data) == 0 || frame.lasts <= 0 {
					t.Fatalf("frame of %d bytes lasts %v", len(frame.data), frame.lasts)
				}
			}
		}
	})
}
