package link

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"unicode"
)

// The short code of a link: 80 bits in base32, which people can read from paper and type.
const (
	codeBytes = 10
	codeChars = 16
)

// alphabet leaves out i, l, o and u, which are read as other characters (Crockford's base32, in lower case).
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewCode makes the short code of an issue of a link: 80 random bits.
func NewCode() string {
	bits := make([]byte, codeBytes)
	_, _ = rand.Read(bits) // never fails
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(bits)
}

// PrintCode groups a code for paper: abcd-efgh-jkmn-pqrs.
func PrintCode(code string) string {
	var groups []string
	for ; len(code) > 4; code = code[4:] {
		groups = append(groups, code[:4])
	}
	return strings.Join(append(groups, code), "-")
}

// ReadCode understands a code as people type it and programs pass it on: in capitals, with spaces, dashes of any kind, quotes,
// brackets or a full stop in or around it; ok is false if it is none.
func ReadCode(text string) (code string, ok bool) {
	if len(text) > 8*codeChars {
		return "", false
	}
	misread := strings.NewReplacer("o", "0", "i", "1", "l", "1") // what the alphabet leaves out
	code = misread.Replace(strings.ToLower(strings.Map(bare, text)))
	if len(code) != codeChars || strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code, true
}

// bare takes out what stands between the characters of a code: punctuation, space, and marks that are not seen.
func bare(r rune) rune {
	if unicode.In(r, unicode.P, unicode.Z, unicode.Cc, unicode.Cf) || r == '`' || r == '\u00b4' || r == '<' || r == '>' || r == '\u2212' {
		return -1
	}
	return r
}

// HashCode is what the record keeps of a code.
func HashCode(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
