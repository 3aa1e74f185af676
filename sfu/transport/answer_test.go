package transport

import (
	"errors"
	"strings"
	"testing"
)

func TestReadAnswer(t *testing.T) {
	const candidate = "a=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n"
	for _, tt := range []struct {
		name, text, want string
		err              error
	}{
		{"no candidates", "v=0\r\ns=-\r\n", "v=0\r\ns=-\r\n", nil},
		{"candidates", "v=0\r\n" + strings.Repeat(candidate, 1000) + "a=mid:0\r\n", "v=0\r\na=mid:0\r\n", nil},
		{"the last line unended", "v=0\r\n" + candidate[:20], "v=0\r\n", nil},
		{"other attributes", "a=end-of-candidates\r\na=x:candidate\r\n", "a=end-of-candidates\r\na=x:candidate\r\n", nil},
		{"14,000 candidates", strings.Repeat(candidate, 14000), "", ErrAnswer},
		{"too many lines", strings.Repeat("a=x\r\n", maxLines+1), "", ErrAnswer},
		{"as long as can be", strings.Repeat("a", MaxAnswer), strings.Repeat("a", MaxAnswer), nil},
		{"too long", strings.Repeat("a", MaxAnswer+1), "", ErrAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadAnswer(tt.text)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("read %d bytes: %v", len(got), err)
			}
		})
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add("v=0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=mid:0")
	f.Add("a=candidate\na=candidate\r\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadAnswer(text)
		if err != nil {
			return
		}
		if strings.Contains("\n"+got, "\na=candidate") || len(got) > len(text) {
			t.Errorf("kept %q", got)
		}
		if again, err := ReadAnswer(got); again != got || err != nil {
			t.Errorf("read again: %q: %v", again, err)
		}
	})
}
