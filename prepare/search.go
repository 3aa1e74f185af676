package prepare

import (
	"strings"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// Index finds units by what people type: without diacritics, words in any order, also those of the units above
// ("phuoc binh ninh thuan"). It is immutable and safe for concurrent use.
type Index struct {
	tree  *roster.Tree
	units []meeting.Unit
	own   []string // " name code ", folded
	path  []string // own and the names above
}

// NewIndex reads a whole tree once.
func NewIndex(tree *roster.Tree) *Index {
	x := &Index{tree: tree, units: tree.Units()}
	x.own, x.path = make([]string, len(x.units)), make([]string, len(x.units))
	folded := make(map[string]string, len(x.units))
	for i, u := range x.units {
		name := roster.Plain(u.Name)
		folded[u.Code] = name
		x.own[i] = " " + name + " " + strings.ToLower(u.Code) + " "
	}
	for i, u := range x.units {
		path := strings.Builder{}
		path.WriteString(x.own[i])
		for _, up := range tree.Above(u.Code) {
			path.WriteString(folded[up.Code] + " ")
		}
		x.path[i] = path.String()
	}
	return x
}

// Tree returns what is searched.
func (x *Index) Tree() *roster.Tree { return x.tree }

// Search returns at most limit units in which every word of a query begins a word: first those whose own name has
// all of them, in the order of the tree. An empty query finds nothing.
func (x *Index) Search(query string, limit int) []meeting.Unit {
	words := strings.Fields(roster.Plain(query))
	if len(words) == 0 {
		return nil
	}
	has := func(text string) bool {
		for _, w := range words {
			if !strings.Contains(text, " "+w) {
				return false
			}
		}
		return true
	}
	var first, second []meeting.Unit
	for i := range x.units {
		switch {
		case len(first) == limit:
			return first
		case has(x.own[i]):
			first = append(first, x.units[i])
		case len(second) < limit && has(x.path[i]):
			second = append(second, x.units[i])
		}
	}
	return append(first, second[:min(len(second), limit-len(first))]...)
}
