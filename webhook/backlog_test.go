package webhook

import (
	"testing"
	"time"
)

func TestBacklog(t *testing.T) {
	now := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	a, z := stream{"presence", "a"}, stream{"presence", "z"}
	b := newBacklog()
	if _, wait, ok := b.due(now); ok || wait <= 0 {
		t.Fatal("an empty backlog has something due")
	}
	b.add(a, now)
	b.add(z, now.Add(time.Second))
	if st, _, ok := b.due(now.Add(2 * time.Second)); !ok || st != a {
		t.Errorf("due is %v, %v", st, ok)
	}
	b.add(a, now) // while it is being delivered
	b.emptied(a)
	if st, _, ok := b.due(now); !ok || st != a {
		t.Error("what was told during an attempt is forgotten")
	}
	b.emptied(a)
	if len(b.streams) != 1 {
		t.Errorf("%d streams are kept, 1 has something", len(b.streams))
	}

	// The pauses grow up to the longest; a day after the first failure the message is given up, and not before.
	start, last := now, time.Duration(0)
	for {
		f := b.failed(z, now)
		if f.pause < last || f.pause > longestPause {
			t.Fatalf("attempt %d: a pause of %v after one of %v", f.attempts, f.pause, last)
		}
		last = f.pause
		if late := now.Sub(start) >= giveUpAfter; late != f.giveUp {
			t.Fatalf("%v after the first failure: given up is %v", now.Sub(start), f.giveUp)
		}
		if f.giveUp {
			break
		}
		now = now.Add(f.pause)
	}
	if last != longestPause {
		t.Errorf("the last pause is %v", last)
	}

	// The next message begins afresh, and a success calls the others.
	b.done(z, false, now)
	if f := b.failed(z, now); f.attempts != 1 || f.giveUp || f.pause != firstPause {
		t.Errorf("%+v", f)
	}
	b.add(a, now)
	b.done(a, true, now)
	for range 2 {
		st, _, ok := b.due(now)
		if !ok {
			t.Fatal("the target took a message, and the rest waits")
		}
		b.emptied(st)
	}
}
