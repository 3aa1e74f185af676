package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// EditKind says what happens to a unit.
type EditKind string

// The kinds.
const (
	AddUnit    EditKind = "add"
	RenameUnit EditKind = "rename"
	MoveUnit   EditKind = "move"  // below another one, with all that is below it
	MergeUnit  EditKind = "merge" // it became part of another one, which takes what is below it
)

// Edit is a change of a single unit. Its members besides Code and InForce are those that its kind needs.
type Edit struct {
	Kind    EditKind      `json:"kind"`
	Code    string        `json:"code"`
	Name    string        `json:"name,omitempty"`        // of add and rename
	Level   meeting.Level `json:"level,omitempty"`       // of add
	Parent  string        `json:"parent_code,omitempty"` // of add and move
	Into    string        `json:"into,omitempty"`        // of merge
	InForce string        `json:"in_force"`              // day since which it holds, as in 2026-07-01
}

// ErrEdit says that an edit does not fit the tree.
var ErrEdit = errors.New("the change does not fit the organisation")

// Apply returns the tree after an edit. A unit that is no longer there can still be merged: that says what became of it, so
// that figures over years follow, and leaves the tree as it is.
func (t *Tree) Apply(e Edit, today time.Time) (*Tree, error) {
	refuse := func(format string, args ...any) (*Tree, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrEdit}, args...)...)
	}
	day, err := time.Parse(time.DateOnly, e.InForce)
	if err != nil || day.After(today) {
		return refuse("in_force %q is no day up to today", e.InForce)
	}
	e.Name = clean(e.Name)
	units := t.Units()
	at := slices.IndexFunc(units, func(u meeting.Unit) bool { return u.Code == e.Code })
	if at < 0 && (e.Kind == RenameUnit || e.Kind == MoveUnit) {
		return refuse("there is no unit %q", e.Code)
	}
	switch e.Kind {
	case AddUnit:
		if at >= 0 {
			return refuse("there is a unit %q", e.Code)
		}
		units = append(units, meeting.Unit{Code: e.Code, Parent: e.Parent, Level: e.Level, Name: e.Name})
	case RenameUnit:
		units[at].Name = e.Name
	case MoveUnit:
		units[at].Parent = e.Parent
	case MergeUnit:
		if _, there := t.index[e.Into]; !there || e.Into == e.Code {
			return refuse("there is no other unit %q", e.Into)
		}
		if at < 0 {
			if !validCode(e.Code) {
				return refuse("%q is no code", e.Code)
			}
			return t, nil
		}
		for i, u := range units {
			if u.Parent == e.Code {
				units[i].Parent = e.Into
			}
		}
		units = slices.Delete(units, at, at+1)
	default:
		return refuse("kind %q", e.Kind)
	}
	if (e.Kind == AddUnit || e.Kind == RenameUnit) && strings.TrimSpace(e.Name) == "" {
		return refuse("a unit needs a name")
	}
	if p, value := flawOf(e.Name); p != "" {
		return refuse("name %q: %s", value, p)
	}
	after, err := New(units)
	if err != nil {
		return refuse("%v", err)
	}
	return after, nil
}

// Former is where units that are no more went, by their codes: of several merges of one the last counts.
func Former(edits []Edit) map[string]string {
	former := map[string]string{}
	for _, e := range edits {
		if e.Kind == MergeUnit {
			former[e.Code] = e.Into
		}
	}
	return former
}
