package meeting

import "iter"

// Units are the units of a session by their codes.
type Units map[string]Unit

// Climb walks up the tree from a unit: first itself, then those above it. A unit that is not there, or a damaged tree, ends
// the walk.
func (t Units) Climb(code string) iter.Seq[Unit] {
	return func(yield func(Unit) bool) {
		for range len(t) {
			u, ok := t[code]
			if !ok || !yield(u) {
				return
			}
			code = u.Parent
		}
	}
}

// Above are the units above a unit, the nearest first.
func (t Units) Above(code string) []Unit {
	var above []Unit
	for u := range t.Climb(code) {
		if u.Code != code {
			above = append(above, u)
		}
	}
	return above
}

// Within reports whether a unit is another one or below it.
func (t Units) Within(code, unit string) bool {
	if code == unit {
		return true
	}
	for u := range t.Climb(code) {
		if u.Parent == unit {
			return true
		}
	}
	return false
}
