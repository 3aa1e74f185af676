package prepare

import (
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// Change is a unit that a new organisation map has otherwise.
type Change struct {
	Before meeting.Unit `json:"before"`
	After  meeting.Unit `json:"after"`
}

// Changes are what a new organisation map would change, in the order of the maps.
type Changes struct {
	Before  int            `json:"before"` // units now
	After   int            `json:"after"`
	Added   []meeting.Unit `json:"added"`
	Removed []meeting.Unit `json:"removed"`
	Changed []Change       `json:"changed"` // same code; another name, parent or level
}

// Compare says what changes from a map to another; before may be nil.
func Compare(before, after *roster.Tree) Changes {
	c := Changes{After: after.Len(), Added: []meeting.Unit{}, Removed: []meeting.Unit{}, Changed: []Change{}}
	if before == nil {
		c.Added = after.Units()
		return c
	}
	c.Before = before.Len()
	for _, u := range before.Units() {
		now, there := after.Unit(u.Code)
		switch {
		case !there:
			c.Removed = append(c.Removed, u)
		case now != u:
			c.Changed = append(c.Changed, Change{Before: u, After: now})
		}
	}
	for _, u := range after.Units() {
		if _, there := before.Unit(u.Code); !there {
			c.Added = append(c.Added, u)
		}
	}
	return c
}
