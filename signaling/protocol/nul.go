package protocol

import "bytes"

// HasNUL reports whether a JSON text has the character U+0000 in a string. It is valid there, and nowhere in a meeting:
// PostgreSQL keeps none in its texts, and what reads our files stops at it. A NUL that is not written as an escape is no
// JSON at all.
func HasNUL(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 || i+1 >= len(data) {
			return false
		}
		if bytes.HasPrefix(data[i+1:], []byte("u0000")) {
			return true
		}
		data = data[i+2:] // also behind an escaped backslash
	}
}
