package codec

import (
	"bytes"
	"testing"
)

func TestUnpad(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		ok             bool
	}{
		{"nothing at all", "", "", false},
		{"one byte of padding", "abc\x01", "abc", true},
		{"three", "abc\x00\x00\x03", "abc", true},
		{"padding alone", "\x00\x00\x03", "", true},
		{"more than there is", "abc\x05", "", false},
		{"far more", "\xff", "", false},
		{"none, where some was claimed", "abc\x00", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Unpad([]byte(tt.in))
			if (err == nil) != tt.ok || string(got) != tt.want {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}

func FuzzUnpad(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x01", "\xff", "abc\x05", "abc\x04", "abc\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := Unpad(payload)
		if err == nil && (len(got) >= len(payload) || !bytes.HasPrefix(payload, got)) {
			t.Fatalf("%x of %x", got, payload)
		}
	})
}
