//go:build lockorder

package sfu

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"sync"
)

// mutex is a lock with a place in the order of locks.go, which panics where the order is broken.
type mutex[R ranked] struct{ mu sync.Mutex }

func (m *mutex[R]) Lock() {
	var r R
	holding.acquire(r.rank())
	m.mu.Lock()
}

func (m *mutex[R]) Unlock() {
	var r R
	m.mu.Unlock()
	holding.leave(r.rank())
}

const locksChecked = true

// unlocked stands where no lock may be held.
func unlocked() { holding.none() }

// holding are the locks of each goroutine, in the order taken.
var holding = &holdings{by: map[int][]int{}} //nolint:gochecknoglobals // of a test build

type holdings struct {
	mu sync.Mutex
	by map[int][]int // ranks, by goroutine
}

func (h *holdings) acquire(rank int) {
	id := goroutine()
	h.mu.Lock()
	defer h.mu.Unlock()
	ranks := h.by[id]
	if n := len(ranks); n > 0 && ranks[n-1] >= rank {
		panic(fmt.Sprintf("sfu: a lock of rank %d is taken while one of rank %d is held", rank, ranks[n-1]))
	}
	h.by[id] = append(ranks, rank)
}

func (h *holdings) leave(rank int) {
	id := goroutine()
	h.mu.Lock()
	defer h.mu.Unlock()
	ranks := h.by[id]
	for i := len(ranks) - 1; i >= 0; i-- {
		if ranks[i] == rank {
			ranks = append(ranks[:i], ranks[i+1:]...)
			break
		}
	}
	if len(ranks) == 0 {
		delete(h.by, id)
		return
	}
	h.by[id] = ranks
}

func (h *holdings) none() {
	id := goroutine()
	h.mu.Lock()
	defer h.mu.Unlock()
	if ranks := h.by[id]; len(ranks) > 0 {
		panic(fmt.Sprintf("sfu: locks of ranks %v are held where something is sent, waited for or called", ranks))
	}
}

// goroutine is the number of the one that calls, as it stands in its stack trace.
func goroutine() int {
	var b [64]byte
	fields := bytes.Fields(b[:runtime.Stack(b[:], false)])
	id, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		panic(err)
	}
	return id
}
