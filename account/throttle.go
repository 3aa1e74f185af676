package account

import (
	"container/list"
	"math"
	"sync"
	"time"
)

// Throttle slows down who guesses. After Free failures in a row a key (a name at an address, an address) has to wait,
// twice as long after each further one, up to Longest; Forget after the last failure it is new again. Waiting, not
// locking: nobody can shut another person out for good. An attempt counts as failed from when it begins, so that many
// at once are no way around.
type Throttle struct {
	free    int
	first   time.Duration
	longest time.Duration
	forget  time.Duration
	maxKeys int

	mu   sync.Mutex
	keys map[string]*list.Element // of *failures
	used *list.List               // the one whose failure is longest ago first
}

type failures struct {
	key   string
	n     int
	last  time.Time
	until time.Time
}

// NewThrottle makes a throttle that lets a key fail some times for free.
func NewThrottle(free int) *Throttle {
	return &Throttle{
		free: free, first: time.Second, longest: 5 * time.Minute, forget: time.Hour, maxKeys: 10_000,
		keys: map[string]*list.Element{}, used: list.New(),
	}
}

// Begin counts an attempt of a key as failed, until Succeeded or Undo says otherwise, and returns 0. If the key has to
// wait before, it returns how long and counts nothing.
func (t *Throttle) Begin(key string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var f *failures
	if e := t.keys[key]; e != nil {
		f = of(e)
		if wait := f.until.Sub(now); wait > 0 {
			return wait
		}
		if now.Sub(f.last) > t.forget {
			*f = failures{key: key}
		}
		t.used.MoveToBack(e)
	} else {
		if len(t.keys) >= t.maxKeys {
			t.remove(t.used.Front())
		}
		f = &failures{key: key}
		t.keys[key] = t.used.PushBack(f)
	}
	f.n, f.last = f.n+1, now
	if over := f.n - t.free; over > 0 {
		f.until = now.Add(time.Duration(math.Min(float64(t.longest), float64(t.first)*math.Pow(2, float64(over-1)))))
	}
	return 0
}

// Undo takes attempts back that came to no answer, or that a right one has excused since.
func (t *Throttle) Undo(key string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.keys[key]
	if e == nil {
		return
	}
	f := of(e)
	if f.n -= n; f.n <= t.free {
		f.until = time.Time{}
	}
	if f.n <= 0 {
		t.remove(e)
	}
}

// Succeeded forgets the attempts of a key, and returns how many there were with this one.
func (t *Throttle) Succeeded(key string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.keys[key]
	if e == nil {
		return 0
	}
	t.remove(e)
	return of(e).n
}

// Forget forgets the attempts of all keys that match.
func (t *Throttle) Forget(match func(key string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, e := range t.keys {
		if match(key) {
			t.remove(e)
		}
	}
}

func (t *Throttle) remove(e *list.Element) {
	delete(t.keys, of(e).key)
	t.used.Remove(e)
}

func of(e *list.Element) *failures { return e.Value.(*failures) } //nolint:forcetypeassert // nothing else is put in
