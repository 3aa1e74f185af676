package codec

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// TOC bytes without code: CELT, full band, 20 ms, mono; SILK, narrow band, 60 ms; CELT, narrow band, 2.5 ms.
const (
	celt20 = 31 << 3
	silk60 = 3 << 3
	celt2  = 16 << 3
)

func TestOpusTicks(t *testing.T) {
	for config, want := range []float64{ // RFC 6716 table 2
		10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20,
		2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20,
	} {
		for code, packet := range [][]byte{{1, 2}, {1, 2}, {1, 1, 2}, {2, 1, 2}} {
			frames := []uint32{1, 2, 2, 2}[code]
			if got := OpusTicks(append([]byte{byte(config<<3 | code)}, packet...)); got != frames*uint32(want*48) {
				t.Errorf("configuration %d, code %d: %d", config, code, got)
			}
		}
	}
}

// bytesOf is n bytes of mark.
func bytesOf(n int, mark byte) []byte {
	return bytes.Repeat([]byte{mark}, n)
}

func packet(parts ...any) (p []byte) {
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			p = append(p, byte(v))
		case []byte:
			p = append(p, v...)
		}
	}
	return p
}

func TestMergeOpus(t *testing.T) {
	a, b := bytesOf(3, 'a'), bytesOf(5, 'b')
	long, longer := bytesOf(251, 'c'), bytesOf(1275, 'd')
	for _, tt := range []struct {
		name                string
		first, second, want []byte
		err                 error
	}{
		{"two of one length", packet(celt20, a), packet(celt20, a), packet(celt20|1, a, a), nil},
		{"two of two lengths", packet(celt20, a), packet(celt20, b), packet(celt20|2, 3, a, b), nil},
		{"a short length", packet(celt20, long), packet(celt20, a), packet(celt20|2, 251, long, a), nil},
		{"a long length", packet(celt20, bytesOf(252, 'c')), packet(celt20, a), packet(celt20|2, 252, 0, bytesOf(252, 'c'), a), nil},
		{"the longest", packet(celt20, longer), packet(celt20, a), packet(celt20|2, 255, 255, longer, a), nil},
		{"first empty", packet(celt20), packet(celt20, a), packet(celt20|2, 0, a), nil},
		{"second empty", packet(celt20, a), packet(celt20), packet(celt20|2, 3, a), nil},
		{"both empty", packet(celt20), packet(celt20), packet(celt20 | 1), nil},
		{"three of one length", packet(celt20|1, a, a), packet(celt20, a), packet(celt20|3, 3, a, a, a), nil},
		{"three of two lengths", packet(celt20|2, 3, a, b), packet(celt20, a), packet(celt20|3, 0x83, 3, 5, a, b, a), nil},
		{"padding", packet(celt20|3, 0x41, 4, a, 0, 0, 0, 0), packet(celt20, b), packet(celt20|2, 3, a, b), nil},
		{"long padding", packet(celt20|3, 0x41, 255, 1, a, bytesOf(255, 0)), packet(celt20, b), packet(celt20|2, 3, a, b), nil},
		{"of many frames", packet(celt20|3, 0x82, 3, a, b), packet(celt20|3, 2, a, a), packet(celt20|3, 0x84, 3, 5, 3, a, b, a, a), nil},
		{"120 ms", packet(silk60, a), packet(silk60, b), packet(silk60|2, 3, a, b), nil},

		{"too long", packet(silk60|1, a, a), packet(silk60, b), nil, ErrOpusUnlike},
		{"other mode", packet(celt20, a), packet(15<<3, b), nil, ErrOpusUnlike},
		{"other length of frame", packet(celt20, a), packet(30<<3, b), nil, ErrOpusUnlike},
		{"mono and stereo", packet(celt20, a), packet(celt20|4, b), nil, ErrOpusUnlike},
		{"nothing", nil, packet(celt20, b), nil, ErrOpus},
		{"nothing after it", packet(celt20, b), nil, nil, ErrOpus},
		{"uneven halves", packet(celt20|1, b), packet(celt20, a), nil, ErrOpus},
		{"no length", packet(celt20 | 2), packet(celt20, a), nil, ErrOpus},
		{"half a length", packet(celt20|2, 252), packet(celt20, a), nil, ErrOpus},
		{"longer than there is", packet(celt20|2, 4, a), packet(celt20, a), nil, ErrOpus},
		{"no count", packet(celt20 | 3), packet(celt20, a), nil, ErrOpus},
		{"no frames", packet(celt20|3, 0, a), packet(celt20, a), nil, ErrOpus},
		{"more than 120 ms of frames", packet(celt20|3, 7, bytesOf(7, 'a')), packet(celt20, a), nil, ErrOpus},
		{"63 frames", packet(celt2|3, 63, bytesOf(63, 'a')), packet(celt2, a), nil, ErrOpus},
		{"no length of padding", packet(celt20|3, 0x41), packet(celt20, a), nil, ErrOpus},
		{"half a length of padding", packet(celt20|3, 0x41, 255), packet(celt20, a), nil, ErrOpus},
		{"more padding than there is", packet(celt20|3, 0x41, 4, a), packet(celt20, a), nil, ErrOpus},
		{"uneven thirds", packet(celt20|3, 3, b), packet(celt20, a), nil, ErrOpus},
		{"a frame too long", packet(celt20, bytesOf(1276, 'a')), packet(celt20, a), nil, ErrOpus},
		{"a last frame too long", packet(celt20|2, 0, bytesOf(1276, 'a')), packet(celt20, a), nil, ErrOpus},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := MergeOpus([]byte("x"), tt.first, tt.second)
			if !errors.Is(err, tt.err) || !bytes.Equal(got, append([]byte("x"), tt.want...)) {
				t.Fatalf("got % x, %v, want % x, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// A merged packet has the frames of both and lasts as long; what cannot be merged leaves nothing behind.
func FuzzMergeOpus(f *testing.F) {
	one := packet(celt20, 1, 2, 3)
	for _, seed := range [][]byte{
		{}, {celt20}, {celt20 | 1}, {celt20 | 2}, {celt20 | 2, 252}, {celt20 | 3}, {celt20 | 3, 0x41}, {celt20 | 3, 0x41, 255, 254}, one,
		packet(celt20|2, 9, 1, 2), packet(celt20|3, 0x41, 4, 1, 2, 0, 0, 0, 0), packet(celt20|3, 0xc3, 2, 0, 1, 7, 7, 0, 0), packet(celt20|3, 0x82, 0),
		packet(celt2|3, 48, bytesOf(48, 1)), packet(celt2|3, 63), packet(celt20, bytesOf(1275, 1)),
	} {
		f.Add(seed, one)
		f.Add(one, seed)
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		got, err := MergeOpus(nil, first, second)
		var a, b, merged opusPacket
		wrong := a.parse(first) != nil || b.parse(second) != nil
		if wrong != errors.Is(err, ErrOpus) {
			t.Fatalf("malformed: %v, but %v", wrong, err)
		}
		if err != nil {
			if len(got) > 0 {
				t.Fatal("half a packet was left behind")
			}
			return
		}
		if err := merged.parse(got); err != nil {
			t.Fatalf("% x: %v", got, err)
		}
		if !slices.EqualFunc(merged.list(), slices.Concat(a.list(), b.list()), bytes.Equal) {
			t.Fatal("other frames")
		}
		if merged.config != a.config || merged.config != b.config || OpusTicks(got) != OpusTicks(first)+OpusTicks(second) {
			t.Fatal("another kind of packet")
		}
		if most := len(first) + len(second) + 5 + 2*merged.n; len(got) > most {
			t.Fatalf("%d bytes of %d and %d", len(got), len(first), len(second))
		}
	})
}
