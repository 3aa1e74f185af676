package codec

import (
	"bytes"
	"errors"
	"testing"
)

func TestParseVP8(t *testing.T) {
	tests := []struct {
		name    string
		payload []byte
		want    VP8
		err     error
	}{
		{"empty", nil, VP8{}, ErrShort},
		{"descriptor without payload", []byte{0x10}, VP8{}, ErrShort},
		{"X without extension byte", []byte{0x90}, VP8{}, ErrShort},
		{"I without picture id", []byte{0x90, 0x80}, VP8{}, ErrShort},
		{"M cut short", []byte{0x90, 0x80, 0x81}, VP8{}, ErrShort},
		{"L without index", []byte{0x90, 0x40}, VP8{}, ErrShort},
		{"T without byte", []byte{0x90, 0x20}, VP8{}, ErrShort},
		{"all fields, nothing after", []byte{0x90, 0xe0, 0x81, 0x02, 0x03, 0x60}, VP8{}, ErrShort},
		{"plain keyframe", []byte{0x10, 0x00}, VP8{FrameStart: true, Keyframe: true, size: 1}, nil},
		{"plain delta", []byte{0x10, 0x01}, VP8{FrameStart: true, size: 1}, nil},
		{"continuation that looks like a keyframe", []byte{0x00, 0x00}, VP8{size: 1}, nil},
		{"second partition", []byte{0x11, 0x00}, VP8{size: 1}, nil},
		{
			"short picture id", []byte{0x90, 0x80, 0x7f, 0x00},
			VP8{FrameStart: true, Keyframe: true, HasPictureID: true, PictureID: 0x7f, pidAt: 2, size: 3}, nil,
		},
		{
			"as Chromium sends it", []byte{0x90, 0xe0, 0x92, 0x34, 0x56, 0x60, 0x01},
			VP8{
				FrameStart: true, HasPictureID: true, LongPictureID: true, PictureID: 0x1234, HasTL0: true, TL0PICIDX: 0x56,
				pidAt: 2, tl0At: 4, size: 6,
			}, nil,
		},
		{"key index only", []byte{0x90, 0x10, 0xff, 0x00}, VP8{FrameStart: true, Keyframe: true, size: 3}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseVP8(tt.payload)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && got != tt.want {
				t.Fatalf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestPatchVP8(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"long", "\x90\xe0\x92\x34\x56\x60\x01", "\x90\xe0\xfa\xbc\x99\x60\x01"},
		{"short", "\x90\xc0\x12\x34\x01", "\x90\xc0\x3c\x99\x01"},
		{"absent", "\x10\x01\x02\x03", "\x10\x01\x02\x03"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := []byte(tt.in)
			v, err := ParseVP8(payload)
			if err != nil {
				t.Fatal(err)
			}
			v.Patch(payload, 0x7abc, 0x99)
			if string(payload) != tt.want {
				t.Fatalf("got % x, want % x", payload, tt.want)
			}
		})
	}
}

func FuzzVP8(f *testing.F) {
	for _, seed := range []string{"", "\x90", "\x90\x80", "\x90\xe0\x92\x34\x56\x60\x01", "\x10\x00\x9d\x01\x2a", "\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		v, err := ParseVP8(payload)
		if err != nil {
			return
		}
		if v.Size() >= len(payload) {
			t.Fatalf("descriptor of %d bytes leaves nothing of %d", v.Size(), len(payload))
		}
		patched := bytes.Clone(payload)
		v.Patch(patched, v.PictureID+1, v.TL0PICIDX+1)
		again, err := ParseVP8(patched)
		if err != nil {
			t.Fatalf("patched payload does not parse: %v", err)
		}
		if !bytes.Equal(patched[v.Size():], payload[v.Size():]) {
			t.Fatal("patching touched the frame's bytes")
		}
		mask := uint16(0x7f)
		if v.LongPictureID {
			mask = 0x7fff
		}
		if v.HasPictureID && again.PictureID != (v.PictureID+1)&mask {
			t.Fatalf("picture id %d after patching %d", again.PictureID, v.PictureID)
		}
		if again.Keyframe != v.Keyframe || again.Size() != v.Size() {
			t.Fatal("patching changed the descriptor's shape")
		}
	})
}
