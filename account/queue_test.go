package account

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// waits reports how many wait in the queue.
func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

func TestQueueServesAddressesInTurn(t *testing.T) {
	q := newQueue(1)
	if err := q.enter(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var served []string
	var all sync.WaitGroup
	line := func(from string) {
		before := q.waits()
		all.Go(func() {
			if err := q.enter(t.Context(), from); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			served = append(served, from)
			mu.Unlock()
			q.leave()
		})
		for q.waits() == before {
			runtime.Gosched()
		}
	}
	for range 4 {
		line("attacker")
	}
	line("honest")
	q.leave()
	all.Wait()
	if i := slices.Index(served, "honest"); i != 1 {
		t.Errorf("served %v", served)
	}
	if q.free != 1 || q.waiting != 0 || len(q.lines) != 0 || len(q.turns) != 0 {
		t.Errorf("left behind: %+v", q)
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := newQueue(1)
	_ = q.enter(t.Context(), "x")
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	wait := func(from string) {
		before := q.waits()
		all.Go(func() {
			if err := q.enter(ctx, from); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		for q.waits() == before {
			runtime.Gosched()
		}
	}
	for range maxWaitingEach {
		wait("attacker")
	}
	if err := q.enter(ctx, "attacker"); !errors.Is(err, ErrBusy) {
		t.Errorf("one address fills the queue: %v", err)
	}
	for i := range maxWaiting - maxWaitingEach {
		wait(string(rune('a' + i)))
	}
	if err := q.enter(ctx, "another"); !errors.Is(err, ErrBusy) {
		t.Errorf("the queue has no end: %v", err)
	}
	cancel()
	all.Wait()
	q.leave()
	if q.free != 1 || q.waiting != 0 || len(q.lines) != 0 || len(q.turns) != 0 {
		t.Errorf("left behind: %+v", q)
	}
}
