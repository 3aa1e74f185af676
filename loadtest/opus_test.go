package loadtest

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

func TestOpusDuration(t *testing.T) {
	for _, test := range []struct {
		packet []byte
		want   time.Duration
	}{
		{nil, 0},
		{[]byte{0 << 3}, 10 * time.Millisecond},
		{[]byte{3 << 3}, 60 * time.Millisecond},
		{[]byte{13<<3 | 1}, 40 * time.Millisecond},
		{[]byte{16 << 3}, 2500 * time.Microsecond},
		{[]byte{31<<3 | 2}, 40 * time.Millisecond},
		{[]byte{31<<3 | 3, 3}, 60 * time.Millisecond},
		{[]byte{31<<3 | 3}, 0},
		{[]byte{31<<3 | 3, 63}, 0},
		{silence(), 20 * time.Millisecond},
	} {
		if got := opusDuration(test.packet); got != test.want {
			t.Errorf("% x lasts %v, want %v", test.packet[:min(2, len(test.packet))], got, test.want)
		}
	}
}

func TestOpusParts(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 300)
	for _, tt := range []struct {
		name   string
		packet []byte
		want   [][]byte
	}{
		{"one frame", []byte{0xf8, 1, 2}, [][]byte{{0xf8, 1, 2}}},
		{"two of one length", []byte{0xf9, 1, 2, 3, 4}, [][]byte{{0xf8, 1, 2}, {0xf8, 3, 4}}},
		{"two of two lengths", []byte{0xfa, 1, 1, 3, 4}, [][]byte{{0xf8, 1}, {0xf8, 3, 4}}},
		{"a long length", slices.Concat([]byte{0xfa, 252, 12}, long, []byte{9}), [][]byte{append([]byte{0xf8}, long...), {0xf8, 9}}},
		{"any number", []byte{0xfb, 2, 1, 2}, [][]byte{{0xfb, 2, 1, 2}}},
		{"more than there is", []byte{0xfa, 9, 1}, [][]byte{{0xf8, 1}, {0xf8}}},
		{"nothing", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := opusParts(tt.packet); !slices.EqualFunc(got, tt.want, bytes.Equal) {
				t.Fatalf("got %x, want %x", got, tt.want)
			}
		})
	}
}

func FuzzOpusParts(f *testing.F) {
	for _, seed := range [][]byte{nil, {0xf9}, {0xfa}, {0xfa, 252}, {0xfa, 255, 255}, {0xfb}, silence()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, part := range opusParts(packet) {
			if len(part) == 0 || len(part) > len(packet) || part[0]>>2 != packet[0]>>2 {
				t.Fatalf("%x of %x", part, packet)
			}
		}
	})
}
