// Package roster holds the organisation map: a dated tree of units, imported from a table. It is data, never a
// constant: provinces merge, the district tier comes and goes.
package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/diemcau/diemcau/meeting"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Tree is a whole organisation tree: every parent exists and none is below itself. It may have several roots.
// It is immutable and safe for concurrent use.
type Tree struct {
	units    []meeting.Unit
	plain    []string         // names as Plain gives them
	index    map[string]int   // by code, into units
	children map[string][]int // by parent's code, into units
}

// New makes a tree of units, in which parents may stand after their children.
func New(units []meeting.Unit) (*Tree, error) {
	rows := make([]row, len(units))
	for i, u := range units {
		rows[i] = row{number: i + 1, unit: u}
	}
	tree, problems := build(rows)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return tree, nil
}

// Len returns the number of units.
func (t *Tree) Len() int { return len(t.units) }

// Units returns all units in the order of the import.
func (t *Tree) Units() []meeting.Unit { return slices.Clone(t.units) }

// Unit returns a unit by its code.
func (t *Tree) Unit(code string) (u meeting.Unit, ok bool) {
	i, ok := t.index[code]
	if !ok {
		return meeting.Unit{}, false
	}
	return t.units[i], true
}

// Below returns every unit under a unit, all levels, parents before their children.
func (t *Tree) Below(code string) []meeting.Unit {
	var list []meeting.Unit
	for _, i := range t.children[code] {
		list = append(list, t.units[i])
		list = append(list, t.Below(t.units[i].Code)...)
	}
	return list
}

// Above returns the units over a unit, the nearest first.
func (t *Tree) Above(code string) []meeting.Unit {
	var list []meeting.Unit
	for u, ok := t.Unit(code); ok && u.Parent != ""; {
		if u, ok = t.Unit(u.Parent); ok {
			list = append(list, u)
		}
	}
	return list
}

// Select finds the units that a comma-separated list of patterns names: "C13999" is one unit, "P58/*" every
// unit below P58 at all levels, "P58/commune" every commune below P58. It returns the selected codes in the
// order named, each once, and with them the units that a session keeps: the selected ones and all above them.
func Select(t *Tree, patterns string) (units []meeting.Unit, codes []string, err error) {
	seen := map[string]bool{}
	for pattern := range strings.SplitSeq(patterns, ",") {
		if pattern = strings.TrimSpace(pattern); pattern == "" {
			continue
		}
		matched := t.match(pattern)
		if len(matched) == 0 {
			err = errors.Join(err, fmt.Errorf("%q matches no unit", pattern))
		}
		for _, code := range matched {
			if !seen[code] {
				seen[code] = true
				codes = append(codes, code)
			}
		}
	}
	switch {
	case err != nil:
		return nil, nil, err
	case len(codes) == 0:
		return nil, nil, errors.New("no units are selected")
	}
	keep := map[string]bool{}
	for _, code := range codes {
		keep[code] = true
		for _, u := range t.Above(code) {
			keep[u.Code] = true
		}
	}
	for _, u := range t.units {
		if keep[u.Code] {
			units = append(units, u)
		}
	}
	return units, codes, nil
}

func (t *Tree) match(pattern string) []string {
	code, level, below := strings.Cut(pattern, "/")
	if !below {
		if _, ok := t.index[code]; ok {
			return []string{code}
		}
		return nil
	}
	var codes []string
	for _, u := range t.Below(code) {
		if level == "*" || meeting.Level(level) == u.Level {
			codes = append(codes, u.Code)
		}
	}
	return codes
}

// Plain is a text as people search for it: lower case, without diacritics, single spaces between the words.
func Plain(s string) string {
	strip := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)))
	s, _, err := transform.String(strip, strings.ToLower(s))
	if err != nil {
		return ""
	}
	return strings.Join(strings.FieldsFunc(strings.ReplaceAll(s, "đ", "d"), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// Search finds units by a part of their name, without regard to case and diacritics, or by their code: best
// matches first, at most limit.
func (t *Tree) Search(query string, limit int) []meeting.Unit {
	wanted := Plain(query)
	if wanted == "" {
		return nil
	}
	var found [4][]int // by how well the name matches
	for i, name := range t.plain {
		switch {
		case name == wanted || strings.EqualFold(t.units[i].Code, strings.TrimSpace(query)):
			found[0] = append(found[0], i)
		case strings.HasPrefix(name, wanted):
			found[1] = append(found[1], i)
		case strings.Contains(name, " "+wanted):
			found[2] = append(found[2], i)
		case strings.Contains(name, wanted):
			found[3] = append(found[3], i)
		}
	}
	var list []meeting.Unit
	for _, class := range found {
		slices.SortStableFunc(class, func(a, b int) int { return rank(t.units[a].Level) - rank(t.units[b].Level) })
		for _, i := range class {
			if len(list) == limit {
				return list
			}
			list = append(list, t.units[i])
		}
	}
	return list
}

// Change is a unit of the same code that is not the same any more.
type Change struct{ Before, After meeting.Unit }

// Changes is what replacing one tree by another does.
type Changes struct {
	Added   []meeting.Unit
	Removed []meeting.Unit
	Changed []Change
}

// Compare says what would change if the tree after took the place of the tree before, which may be nil.
func Compare(before, after *Tree) Changes {
	var c Changes
	if before == nil {
		return Changes{Added: after.Units()}
	}
	for _, u := range before.units {
		switch now, ok := after.Unit(u.Code); {
		case !ok:
			c.Removed = append(c.Removed, u)
		case now != u:
			c.Changed = append(c.Changed, Change{u, now})
		}
	}
	for _, u := range after.units {
		if _, ok := before.index[u.Code]; !ok {
			c.Added = append(c.Added, u)
		}
	}
	return c
}
