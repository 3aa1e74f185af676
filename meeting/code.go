package meeting

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCode bounds the code of an endpoint, in runes.
const MaxCode = 40

// ValidCode reports whether a site may have a code: it is one segment of a path (RFC 3986 3.3) however it is written,
// and not the kind that consoles have.
func ValidCode(code string) bool {
	return strings.Trim(code, ".") != "" && utf8.ValidString(code) && utf8.RuneCountInString(code) <= MaxCode && !strings.HasPrefix(code, "@") &&
		!strings.ContainsFunc(code, func(r rune) bool {
			return strings.ContainsRune(`/\\%?#;`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
		})
}
