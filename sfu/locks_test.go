//go:build lockorder

package sfu

import "testing"

// TestLockOrder: the check notices what it is there for.
func TestLockOrder(t *testing.T) {
	panics := func(what func()) (did bool) {
		defer func() { did = recover() != nil }()
		what()
		return false
	}
	var stage mutex[stageRank]
	var slot, other mutex[slotRank]
	for _, tt := range []struct {
		name string
		what func()
		want bool
	}{
		{"in order", func() { stage.Lock(); slot.Lock(); slot.Unlock(); stage.Unlock(); unlocked() }, false},
		{"released in another order", func() { stage.Lock(); slot.Lock(); stage.Unlock(); slot.Unlock(); unlocked() }, false},
		{"against the order", func() { slot.Lock(); defer slot.Unlock(); stage.Lock() }, true},
		{"two of a kind", func() { slot.Lock(); defer slot.Unlock(); other.Lock() }, true},
		{"held where nothing may be", func() { stage.Lock(); defer stage.Unlock(); unlocked() }, true},
	} {
		if got := panics(tt.what); got != tt.want {
			t.Errorf("%s: panics %v", tt.name, got)
		}
	}
}
