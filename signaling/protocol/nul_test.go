package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestHasNUL(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: false, `"a"`: false, `"\u0001"`: false, `"\\u0000"`: false, `"\\\\u0000"`: false, `"\"u0000"`: false, `"\`: false,
		`"\u0000"`: true, `"\\\u0000"`: true, `{"a":["x\u0000"]}`: true, `{"\u0000":1}`: true,
	} {
		if got := protocol.HasNUL([]byte(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func FuzzHasNUL(f *testing.F) {
	for _, seed := range []string{`"a\u0000"`, `"\\u0000"`, `["\u0000"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if json.Unmarshal(data, &v) != nil {
			return
		}
		if got, want := protocol.HasNUL(data), hasNUL(v); want && !got { // a member may hide another of its name
			t.Errorf("%s: %v, want %v", data, got, want)
		}
	})
}

func hasNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			if hasNUL(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if strings.ContainsRune(k, 0) || hasNUL(e) {
				return true
			}
		}
	}
	return false
}
