package pace

import (
	"container/heap"
	"time"
)

// Schedule orders the pacers of one writer by when they are due. The zero Schedule is empty.
type Schedule[T any] struct{ heap pacerHeap[T] }

// Update puts a pacer at its place, or takes it out if nothing waits in it: to be called after Offer, Pop, SetRate and
// Clear have changed that.
func (s *Schedule[T]) Update(p *Pacer[T]) {
	due, ok := p.Due()
	p.due = due
	switch {
	case !ok && p.position > 0:
		heap.Remove(&s.heap, p.position-1)
	case !ok:
	case p.position > 0:
		heap.Fix(&s.heap, p.position-1)
	default:
		heap.Push(&s.heap, p)
	}
}

// Next is when the first pacer is due; false if none is.
func (s *Schedule[T]) Next() (time.Duration, bool) {
	if len(s.heap) == 0 {
		return 0, false
	}
	return s.heap[0].due, true
}

// Due returns a pacer that may send at time now, nil if there is none. It stays in the schedule until Update.
func (s *Schedule[T]) Due(now time.Duration) *Pacer[T] {
	if len(s.heap) == 0 || s.heap[0].due > now {
		return nil
	}
	return s.heap[0]
}

// pacerHeap implements heap.Interface.
type pacerHeap[T any] []*Pacer[T]

func (h pacerHeap[T]) Len() int           { return len(h) }
func (h pacerHeap[T]) Less(i, j int) bool { return h[i].due < h[j].due }

func (h pacerHeap[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i+1, j+1
}

func (h *pacerHeap[T]) Push(x any) {
	p := x.(*Pacer[T])
	*h = append(*h, p)
	p.position = len(*h)
}

func (h *pacerHeap[T]) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	p.position = 0
	return p
}
