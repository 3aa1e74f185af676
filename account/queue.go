package account

import (
	"context"
	"errors"
	"sync"
)

// ErrBusy means that too many wait for their password to be checked.
var ErrBusy = errors.New("too many logins at once")

// Bounds of a queue.
const (
	maxWaiting     = 64
	maxWaitingEach = 8 // of one address: an office shares one
)

// queue gives a few places out to addresses in turn: who sends many logins at once waits behind his own.
type queue struct {
	mu      sync.Mutex
	free    int
	waiting int
	lines   map[string][]chan struct{} // that wait, by address; none is empty
	turns   []string                   // the addresses of lines, the next one first
}

func newQueue(places int) *queue { return &queue{free: places, lines: map[string][]chan struct{}{}} }

// enter waits for a place. It returns ErrBusy at once if too many wait already.
func (q *queue) enter(ctx context.Context, from string) error {
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	if q.waiting >= maxWaiting || len(q.lines[from]) >= maxWaitingEach {
		q.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan struct{})
	if len(q.lines[from]) == 0 {
		q.turns = append(q.turns, from)
	}
	q.lines[from] = append(q.lines[from], turn)
	q.waiting++
	q.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.drop(from, turn) {
		return ctx.Err()
	}
	q.next() // the place came meanwhile
	return ctx.Err()
}

// leave gives a place to the next in turn.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next()
}

func (q *queue) next() {
	if len(q.turns) == 0 {
		q.free++
		return
	}
	from := q.turns[0]
	turn := q.lines[from][0]
	q.drop(from, turn)
	close(turn)
	if i := len(q.turns) - 1; i > 0 && q.turns[0] == from { // the others first
		copy(q.turns, q.turns[1:])
		q.turns[i] = from
	}
}

// drop takes one that waits out of its line, and reports whether it was there.
func (q *queue) drop(from string, turn chan struct{}) bool {
	line := q.lines[from]
	for i, one := range line {
		if one != turn {
			continue
		}
		q.waiting--
		if len(line) > 1 {
			q.lines[from] = append(line[:i], line[i+1:]...)
			return true
		}
		delete(q.lines, from)
		for j, name := range q.turns {
			if name == from {
				q.turns = append(q.turns[:j], q.turns[j+1:]...)
				break
			}
		}
		return true
	}
	return false
}
