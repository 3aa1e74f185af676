package account

import (
	"math"
	"sync"
	"time"
)

// Throttle slows down who guesses passwords. After Free failures in a row a key (a name, an address) has to wait,
// twice as long after each further one, up to Longest; Forget after the last failure it is new again. Waiting, not
// locking: nobody can shut another person out for good.
type Throttle struct {
	free    int
	first   time.Duration
	longest time.Duration
	forget  time.Duration
	maxKeys int

	mu   sync.Mutex
	keys map[string]*failures
}

type failures struct {
	n     int
	last  time.Time
	until time.Time
}

// NewThrottle makes a throttle that lets a key fail some times for free.
func NewThrottle(free int) *Throttle {
	return &Throttle{free: free, first: time.Second, longest: 5 * time.Minute, forget: time.Hour, maxKeys: 10_000, keys: map[string]*failures{}}
}

// Wait returns how long a key must wait before its next attempt; 0 = none.
func (t *Throttle) Wait(key string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.keys[key]
	if f == nil {
		return 0
	}
	return max(0, f.until.Sub(now))
}

// Failed counts a failure.
func (t *Throttle) Failed(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.keys[key]
	if f == nil || now.Sub(f.last) > t.forget {
		if f == nil && len(t.keys) >= t.maxKeys {
			t.sweep(now)
		}
		f = &failures{}
		t.keys[key] = f
	}
	f.n, f.last = f.n+1, now
	if over := f.n - t.free; over > 0 {
		f.until = now.Add(min(t.longest, time.Duration(math.Min(float64(t.longest), float64(t.first)*math.Pow(2, float64(over-1))))))
	}
}

// Succeeded forgets the failures of a key.
func (t *Throttle) Succeeded(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.keys, key)
}

// sweep makes room: what is old enough to be forgotten goes, and if that is nothing, the oldest.
func (t *Throttle) sweep(now time.Time) {
	oldest, at := "", now
	for key, f := range t.keys {
		if now.Sub(f.last) > t.forget {
			delete(t.keys, key)
		} else if !f.last.After(at) {
			oldest, at = key, f.last
		}
	}
	if len(t.keys) >= t.maxKeys {
		delete(t.keys, oldest)
	}
}
