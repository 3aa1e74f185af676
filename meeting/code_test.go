package meeting_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
)

func TestValidCode(t *testing.T) {
	for code, want := range map[string]bool{
		"C13999": true, "C13999-2": true, "K1": true, "Hội-đồng": true, "a.b": true, "...a": true, strings.Repeat("x", 40): true,
		"": false, ".": false, "..": false, "...": false, "a/b": false, `a\b`: false, "%2e": false, "a?b": false, "a#b": false, "a;b": false, "a b": false,
		"a\x00": false, "a\n": false, "\u202ea": false, "\xff": false, "@host": false, strings.Repeat("x", 41): false,
	} {
		if got := meeting.ValidCode(code); got != want {
			t.Errorf("%q: %v, want %v", code, got, want)
		}
	}
}
