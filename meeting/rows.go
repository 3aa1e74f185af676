package meeting

import (
	"iter"
	"slices"
)

// page is about as long as the list of pages is for the sites of a nation, which makes a change cheapest.
type page[T any] [128]*T

// rows is a list whose copies share what is the same in them: a change makes the row and its page anew, and touches
// nothing that a copy made before has. Its zero value is empty.
type rows[T any] struct {
	pages []*page[T]
	n     int
}

func rowsOf[T any](list []*T) (r rows[T]) {
	for part := range slices.Chunk(list, len(page[T]{})) {
		p := new(page[T])
		copy(p[:], part)
		r.pages = append(r.pages, p)
	}
	r.n = len(list)
	return r
}

// at returns a row, from 0 to n-1.
func (r *rows[T]) at(i int) *T { return r.pages[i/len(page[T]{})][i%len(page[T]{})] }

// set replaces a row, or adds one at n.
func (r *rows[T]) set(i int, row *T) {
	n := i / len(page[T]{})
	r.pages = slices.Clone(r.pages)
	var p page[T]
	if n == len(r.pages) {
		r.pages = append(r.pages, nil)
	} else {
		p = *r.pages[n]
	}
	p[i%len(p)] = row
	r.pages[n] = &p
	r.n = max(r.n, i+1)
}

// all are the rows in order.
func (r *rows[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range r.n {
			if !yield(r.at(i)) {
				return
			}
		}
	}
}
