package codec

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// What is written is laid out as RFC 7728 8.1 has it.
func TestPauseOnTheWire(t *testing.T) {
	messages := []PauseMessage{
		{SSRC: 0x01020304, Kind: KindPause, ID: 0x0506},
		{SSRC: 0x0708090a, Kind: KindResume, ID: 7},
		{SSRC: 0x0b0c0d0e, Kind: KindPaused, ID: 8, Highest: 0x11121314},
	}
	want := []byte{
		0x89, 205, 0, 9, 0xaa, 0xbb, 0xcc, 0xdd, 0, 0, 0, 0,
		1, 2, 3, 4, 0x00, 0, 5, 6,
		7, 8, 9, 10, 0x10, 0, 0, 7,
		11, 12, 13, 14, 0x20, 1, 0, 8, 0x11, 0x12, 0x13, 0x14,
	}
	got := AppendPause(nil, 0xaabbccdd, messages)
	if !bytes.Equal(got, want) {
		t.Fatalf("% x, want % x", got, want)
	}
	list, err := ParsePause(got, nil)
	if err != nil || !slices.Equal(list, messages) {
		t.Errorf("%v, %v", list, err)
	}
}

func TestParsePause(t *testing.T) {
	header := func(words byte, rest ...byte) []byte {
		return append([]byte{0x89, 205, 0, words, 0, 0, 0, 1, 0, 0, 0, 0}, rest...)
	}
	for _, tt := range []struct {
		name string
		b    []byte
		n    int
		err  error
	}{
		{"nothing", nil, 0, ErrPause},
		{"a NACK", []byte{0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 0, ErrPause},
		{"no item", header(2), 0, nil},
		{"of an unknown kind, skipped", header(7, 0, 0, 0, 9, 0x50, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 9, 0, 0, 0, 1), 1, nil},
		{"cut short", header(3, 0, 0, 0, 9), 0, ErrPause},
		{"an item beyond the end", header(4, 0, 0, 0, 9, 0, 2, 0, 1), 0, ErrPause},
		{"PAUSED without a number", header(4, 0, 0, 0, 9, 0x20, 0, 0, 1), 0, ErrPause},
		{"another length than it says", header(3, 0, 0, 0, 9, 0, 0, 0, 1), 0, ErrPause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := ParsePause(tt.b, nil)
			if len(list) != tt.n || !errors.Is(err, tt.err) {
				t.Errorf("%v, %v", list, err)
			}
		})
	}
}

func FuzzParsePause(f *testing.F) {
	f.Add(AppendPause(nil, 1, []PauseMessage{{SSRC: 2, Kind: KindPause, ID: 3}, {SSRC: 4, Kind: KindPaused, ID: 5, Highest: 6}}))
	f.Add([]byte{0x89, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParsePause(b, nil)
		if err != nil {
			if list != nil {
				t.Fatal("messages beside an error")
			}
			return
		}
		again, err := ParsePause(AppendPause(nil, 1, list), nil)
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%v became %v, %v", list, again, err)
		}
	})
}
