package sfu

import (
	"time"
)

const (
	// speechLevel is the quietest level that counts as speech, in -dBov: browsers report 127 for silence.
	speechLevel = 50
	// speechStart of it within speechEnd begins speech; speechEnd without any ends it.
	speechStart = 120 * time.Millisecond
	speechEnd   = 800 * time.Millisecond
)

// speech finds out from audio levels (RFC 6464) whether somebody speaks, without decoding.
type speech struct {
	mu       mutex[leafRank]
	began    time.Duration // of what may be speech
	last     time.Duration // loud packet
	loud     bool
	speaking bool
}

// level takes the level extension of one packet, nil if it has none.
func (s *speech) level(extension []byte, now time.Duration) {
	if len(extension) == 0 || extension[0]&0x7f > speechLevel {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loud || now-s.last > speechEnd/2 {
		s.began = now
	}
	s.loud, s.last = true, now
}

// tick tells whether somebody speaks, and whether that has changed.
func (s *speech) tick(now time.Duration) (speaking, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.speaking && now-s.last > speechEnd:
		s.speaking, s.loud = false, false
		return false, true
	case !s.speaking && s.loud && s.last-s.began >= speechStart:
		s.speaking = true
		return true, true
	}
	return s.speaking, false
}
