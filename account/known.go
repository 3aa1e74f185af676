package account

import (
	"container/list"
	"sync"
)

// Known is a bounded set: where it is full the key that was added longest ago makes room. Its methods may be called from
// any goroutine.
type Known struct {
	most int

	mu   sync.Mutex
	keys map[string]*list.Element
	used *list.List // of keys, the oldest first
}

// NewKnown makes a set of so many keys at most.
func NewKnown(most int) *Known {
	return &Known{most: most, keys: map[string]*list.Element{}, used: list.New()}
}

// Add adds a key, or makes it the youngest again.
func (k *Known) Add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.keys[key]; e != nil {
		k.used.MoveToBack(e)
		return
	}
	if len(k.keys) >= k.most {
		oldest := k.used.Front()
		delete(k.keys, oldest.Value.(string)) //nolint:forcetypeassert // nothing else is put in
		k.used.Remove(oldest)
	}
	k.keys[key] = k.used.PushBack(key)
}

// Has reports whether a key is there.
func (k *Known) Has(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[key] != nil
}
