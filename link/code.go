package link

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
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

// ReadCode understands a code as people type it, in capitals, with or without dashes; ok is false if it is none.
func ReadCode(text string) (code string, ok bool) {
	if len(text) > 4*codeChars {
		return "", false
	}
	code = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(text))
	if len(code) != codeChars || strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code, true
}

// HashCode is what the record keeps of a code.
func HashCode(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
