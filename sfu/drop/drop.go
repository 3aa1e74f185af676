// Package drop counts what the media plane gives up, by reason.
package drop

import "sync/atomic"

// Most is how many reasons an enumeration may have.
const Most = 16

// Reason is an enumeration from 0 on; its String is the label of its metric.
type Reason interface {
	~uint8
	String() string
}

// Counts counts by reason. It may be used by several goroutines; the zero value counts from none.
type Counts[R Reason] struct{ n [Most]atomic.Uint64 }

// Add counts n more.
func (c *Counts[R]) Add(reason R, n int) { c.n[reason].Add(uint64(n)) }

// Of returns how many there were so far.
func (c *Counts[R]) Of(reason R) uint64 { return c.n[reason].Load() }
