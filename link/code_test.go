package link_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/link"
)

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := link.NewCode()
		if seen[code] {
			t.Errorf("%s twice", code)
		}
		seen[code] = true
		printed := link.PrintCode(code)
		for _, typed := range []string{code, printed, strings.ToUpper(printed), " " + printed + " "} {
			if got, ok := link.ReadCode(typed); !ok || got != code {
				t.Errorf("%q is read as %q, %v", typed, got, ok)
			}
		}
	}
	const code = "abcdefghjkmnpqrs"
	for _, typed := range []string{
		"abcd–efgh–jkmn–pqrs", "abcd—efgh‑jkmn−pqrs", "abcd efgh jkmn pqrs", "abcd\u00a0efgh\u2009jkmn\u200bpqrs.", "“ABCD-EFGH-JKMN-PQRS”",
		"(abcd-efgh-jkmn-pqrs)", "'abcd-efgh-jkmn-pqrs',", "<abcd-efgh-jkmn-pqrs>", "abcd-efgh-jkmn-pqrs/", "`abcd efgh jkmn pqrs`",
		"\ufeffabcd.efgh.jkmn.pqrs\r\n",
		"«abcd－efgh－jkmn－pqrs»", "abcd_efgh_jkmn_pqrs!?…",
	} {
		if got, ok := link.ReadCode(typed); !ok || got != code {
			t.Errorf("%q is read as %q, %v", typed, got, ok)
		}
	}
	if got, ok := link.ReadCode("O1lI-0000-0000-0000"); !ok || got != "0111000000000000" {
		t.Errorf("misread characters: %q %v", got, ok)
	}
	for _, bad := range []string{"", "abc", "uuuu-uuuu-uuuu-uuuu", "0000-0000-0000-00000", "../../../../etc/pa", strings.Repeat("0", 1000),
		"ắ000000000000000"} {
		if code, ok := link.ReadCode(bad); ok {
			t.Errorf("%q is read as %q", bad, code)
		}
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("abcd-efgh-jkmn-pqrs")
	f.Add("O0il")
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := link.ReadCode(text)
		if !ok {
			return
		}
		if again, ok := link.ReadCode(link.PrintCode(code)); !ok || again != code || len(code) != 16 {
			t.Errorf("%q -> %q -> %q", text, code, again)
		}
	})
}
