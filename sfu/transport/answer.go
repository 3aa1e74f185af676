package transport

import (
	"errors"
	"strings"
)

const (
	// MaxAnswer bounds the text of an answer, in bytes: several times that of a browser with every slot and interface.
	MaxAnswer = 64 << 10
	// maxLines bounds its lines that are read.
	maxLines = 2048
)

// ErrAnswer is the error of an answer that is too long to be read.
var ErrAnswer = errors.New("transport: the answer is too long")

// ReadAnswer takes out of the text of an answer what is of no use to a server that is an ICE-lite agent and costs much
// to read: the candidates (RFC 8839 5.1). It refuses what is longer than any page's answer.
func ReadAnswer(text string) (string, error) {
	if len(text) > MaxAnswer {
		return "", ErrAnswer
	}
	var b strings.Builder
	b.Grow(len(text))
	lines := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "a=candidate") || strings.HasPrefix(line, "a=remote-candidates") {
			continue
		}
		if lines++; lines > maxLines {
			return "", ErrAnswer
		}
		b.WriteString(line)
	}
	return b.String(), nil
}
