package codec

import (
	"bytes"
	"errors"
	"testing"
)

func TestAppendRED(t *testing.T) {
	const now = 5000
	long := make([]byte, 1024)
	block := func(age uint32, payload ...byte) REDBlock { return REDBlock{now - age, payload} }
	tests := []struct {
		name      string
		redundant []REDBlock
		primary   []byte
		want      []byte
	}{
		{"one generation", []REDBlock{block(960, 1, 2, 3)}, []byte{4, 5}, []byte{0x80 | 111, 0x0f, 0x00, 3, 111, 1, 2, 3, 4, 5}},
		{
			"two generations", []REDBlock{block(1920, 1), block(960, 2, 3)}, []byte{4},
			[]byte{0x80 | 111, 0x1e, 0x00, 1, 0x80 | 111, 0x0f, 0x00, 2, 111, 1, 2, 3, 4},
		},
		{"the first packet", []REDBlock{{}}, []byte{4, 5}, []byte{111, 4, 5}},
		{"none", nil, []byte{4, 5}, []byte{111, 4, 5}},
		{"after a pause", []REDBlock{block(1<<14, 1), block(960, 2)}, []byte{4}, []byte{0x80 | 111, 0x0f, 0x00, 1, 111, 2, 4}},
		{"out of order", []REDBlock{block(1<<32-960, 1)}, []byte{4}, []byte{111, 4}},
		{"too long", []REDBlock{block(960, long...)}, []byte{4}, []byte{111, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			primary := REDBlock{now, tt.primary}
			got := AppendRED(nil, primary, tt.redundant...)
			if !bytes.Equal(got, tt.want) {
				t.Fatalf("got % x, want % x", got, tt.want)
			}
			if size := REDSize(primary, tt.redundant...); len(got) > size {
				t.Fatalf("%d bytes, announced %d", len(got), size)
			}
		})
	}
}

func TestSplitRED(t *testing.T) {
	const now = 960 // the timestamps go round
	for _, tt := range []struct {
		name    string
		payload []byte
		want    []REDBlock
		ok      bool
	}{
		{"the primary alone", []byte{111, 4, 5}, []REDBlock{{now, []byte{4, 5}}}, true},
		{
			"two generations", []byte{0x80 | 111, 0x1e, 0x00, 1, 0x80 | 111, 0x0f, 0x00, 2, 111, 1, 2, 3, 4},
			[]REDBlock{{1<<32 - 960, []byte{1}}, {0, []byte{2, 3}}, {now, []byte{4}}}, true,
		},
		{"an empty block", []byte{0x80 | 111, 0x0f, 0x00, 0, 111, 4}, []REDBlock{{0, nil}, {now, []byte{4}}}, true},
		{"no primary", []byte{111}, []REDBlock{{now, nil}}, true},
		{"nothing", nil, nil, false},
		{"a header cut short", []byte{0x80 | 111, 0x0f}, nil, false},
		{"no header of the primary", []byte{0x80 | 111, 0x0f, 0x00, 0}, nil, false},
		{"a block cut short", []byte{0x80 | 111, 0x0f, 0x00, 3, 111, 1, 2}, nil, false},
		{"another codec", []byte{0, 4}, nil, false},
		{"too many", bytes.Repeat([]byte{0x80 | 111, 0x0f, 0x00, 0}, MaxREDBlocks), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := SplitRED(nil, tt.payload, now)
			if errors.Is(err, ErrShort) == tt.ok || len(got) != len(tt.want) {
				t.Fatalf("%v, %v", got, err)
			}
			for i, b := range got {
				if b.Time != tt.want[i].Time || !bytes.Equal(b.Payload, tt.want[i].Payload) {
					t.Errorf("block %d is %v, want %v", i, b, tt.want[i])
				}
			}
		})
	}
}

// What is split can be put together again, and nothing makes either panic.
func FuzzRED(f *testing.F) {
	f.Add([]byte{111, 4, 5}, uint32(0))
	f.Add([]byte{0x80 | 111, 0x1e, 0x00, 1, 0x80 | 111, 0x0f, 0x00, 2, 111, 1, 2, 3, 4}, uint32(960))
	f.Add([]byte{0x80 | 111, 0x0f, 0x00, 3, 111, 1, 2}, uint32(1))
	f.Fuzz(func(t *testing.T, payload []byte, time uint32) {
		blocks, err := SplitRED(nil, payload, time)
		if err != nil {
			return
		}
		last := len(blocks) - 1
		again, err := SplitRED(nil, AppendRED(nil, blocks[last], blocks[:last]...), time)
		if err != nil || !bytes.Equal(again[len(again)-1].Payload, blocks[last].Payload) {
			t.Fatalf("%v: %v became %v", err, blocks, again)
		}
	})
}
