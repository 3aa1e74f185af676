package pace

// leastRing is the room of a queue that is used for the first time, and what an empty one keeps: that of a frame.
const leastRing = 16

// ring is a queue. Nothing is kept alive by the places that are not in use.
type ring[E any] struct {
	places  []E
	head, n int
}

func (r *ring[E]) at(i int) *E { return &r.places[(r.head+i)%len(r.places)] }

func (r *ring[E]) push(e E) {
	if r.n == len(r.places) {
		grown := make([]E, max(leastRing, 2*r.n))
		copy(grown[copy(grown, r.places[r.head:]):], r.places[:r.head])
		r.places, r.head = grown, 0
	}
	r.n++
	*r.at(r.n - 1) = e
}

// pop takes the first element; there must be one.
func (r *ring[E]) pop() E {
	var none E
	e := *r.at(0)
	*r.at(0) = none
	r.head = (r.head + 1) % len(r.places)
	r.n--
	r.shrink()
	return e
}

// drop takes out what is told, and returns how many elements that were. The others keep their order.
func (r *ring[E]) drop(told func(*E) bool) int {
	var none E
	kept := 0
	for i := range r.n {
		if e := *r.at(i); !told(&e) {
			*r.at(kept) = e
			kept++
		}
	}
	dropped := r.n - kept
	for i := kept; i < r.n; i++ {
		*r.at(i) = none
	}
	r.n = kept
	r.shrink()
	return dropped
}

// shrink gives back the room of an exceptional frame once it has left.
func (r *ring[E]) shrink() {
	if r.n == 0 && len(r.places) > leastRing {
		r.places, r.head = nil, 0
	}
}
