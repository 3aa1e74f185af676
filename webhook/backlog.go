package webhook

import "time"

const (
	firstPause   = time.Second
	longestPause = 10 * time.Minute
	giveUpAfter  = 24 * time.Hour // since a message failed first
)

// stream is what messages are in order within: a kind and a session.
type stream struct{ kind, session string }

// backlog is which streams a target has not been told all of, and when each is to be tried. It is bounded by the
// sessions of the record, and knows no clock but the one it is told.
type backlog struct {
	streams map[stream]*waiting
}

// waiting is a stream that has, or may have, a message to deliver.
type waiting struct {
	at       time.Time     // when it is to be tried
	pause    time.Duration // before at; 0 if the last attempt did not fail
	failing  time.Time     // when its first message failed first; zero if it did not
	attempts int           // at its first message
	more     bool          // told of since it was handed out
	ours     bool          // the program stumbled over its first message: that the target is there does not help
}

// failure is what a failed attempt means.
type failure struct {
	attempts int
	pause    time.Duration // until the next
	giveUp   bool
}

func newBacklog() *backlog { return &backlog{streams: map[stream]*waiting{}} }

// add notes that there may be something new. A stream that waits for its next attempt goes on waiting.
func (b *backlog) add(st stream, now time.Time) {
	if w := b.streams[st]; w != nil {
		w.more = true
		return
	}
	b.streams[st] = &waiting{at: now}
}

// due returns the stream that is overdue longest; without one, how long none will be.
func (b *backlog) due(now time.Time) (st stream, wait time.Duration, ok bool) {
	const idle = time.Hour // anything long: to be told of something ends the wait
	var first *waiting
	for s, w := range b.streams {
		if first == nil || w.at.Before(first.at) {
			st, first = s, w
		}
	}
	switch {
	case first == nil:
		return st, idle, false
	case first.at.After(now):
		return st, first.at.Sub(now), false
	}
	first.more = false
	return st, 0, true
}

// emptied notes that a stream had nothing to tell.
func (b *backlog) emptied(st stream) {
	if w := b.streams[st]; w != nil && !w.more {
		delete(b.streams, st)
	}
}

// later puts a stream off without counting an attempt.
func (b *backlog) later(st stream, now time.Time) time.Duration {
	w := b.streams[st]
	w.pause = min(max(2*w.pause, firstPause), longestPause)
	w.at = now.Add(w.pause)
	return w.pause
}

// stumbled puts a stream off over whose first message the program stumbled.
func (b *backlog) stumbled(st stream, now time.Time) {
	if w := b.streams[st]; w != nil {
		w.ours = true
		b.later(st, now)
	}
}

// failed counts an attempt at a stream's first message and says when the next is, or that there is none.
func (b *backlog) failed(st stream, now time.Time) failure {
	w := b.streams[st]
	w.attempts++
	w.ours = false
	if w.failing.IsZero() {
		w.failing = now
	}
	f := failure{attempts: w.attempts, giveUp: now.Sub(w.failing) >= giveUpAfter}
	f.pause = b.later(st, now)
	return f
}

// done notes that a stream's first message is done with; the next one begins afresh. If it was delivered, the target is
// there again, and what it did not take before is tried at once.
func (b *backlog) done(st stream, delivered bool, now time.Time) {
	b.streams[st] = &waiting{at: now}
	if !delivered {
		return
	}
	for _, w := range b.streams {
		if w.at.After(now) && !w.ours {
			w.at = now
		}
	}
}
