package codec

import (
	"bytes"
	"testing"
)

func TestRED(t *testing.T) {
	long := make([]byte, 1024)
	tests := []struct {
		name               string
		redundant, primary []byte
		offset             uint32
		want               []byte
	}{
		{"one generation", []byte{1, 2, 3}, []byte{4, 5}, 960, []byte{0x80 | 111, 0x0f, 0x00, 3, 111, 1, 2, 3, 4, 5}},
		{"the first packet", nil, []byte{4, 5}, 960, []byte{111, 4, 5}},
		{"after a pause", []byte{1}, []byte{4}, 1 << 14, []byte{111, 4}},
		{"out of order", []byte{1}, []byte{4}, 1<<32 - 960, []byte{111, 4}},
		{"too long", long, []byte{4}, 960, []byte{111, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := AppendRED(nil, tt.redundant, 5000, tt.primary, 5000+tt.offset)
			if !bytes.Equal(got, tt.want) {
				t.Fatalf("got % x, want % x", got, tt.want)
			}
		})
	}
}
