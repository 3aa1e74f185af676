package figures

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Map is the organisation as it is now, by which units of earlier sessions are counted.
type Map interface {
	// Unit returns a unit by its code.
	Unit(code string) (u meeting.Unit, ok bool)
	// Follow returns the code of the unit that a former unit became part of; the same code if there is none.
	Follow(code string) string
}

// Query says which figures are wanted.
type Query struct {
	Unit  string // only sites in and below it; empty = all, with guests
	Each  bool   // a row for each unit that has a site, instead of those directly below Unit (of all: provinces and ministries)
	Order Order
}

// Order says which rows come first.
type Order string

// The orders.
const (
	ByPlace  Order = ""       // as in the organisation: by code
	ByAbsent Order = "absent" // the most absences first
	ByLate   Order = "late"
)

// Row is a unit's figures, with those of all below it.
type Row struct {
	Unit    meeting.Unit
	Parents []string // names of the units above it, the nearest first
	Sum
}

// SessionRow is one session's figures.
type SessionRow struct {
	ID        string
	Title     string
	StartedAt time.Time
	EndedAt   time.Time
	Sum
}

// Table is the answer to a Query.
type Table struct {
	Sessions []SessionRow // those with a site that counts, the earliest first
	Total    Sum
	Rows     []Row
}

// Adder sums sessions up, so that not all have to be in memory. The newest come first: where the present map lacks a
// unit, it has the name and the place of its last session.
type Adder struct {
	org    Map
	query  Query
	places map[string]*place // by code, as in sessions
	rows   map[string]*tally // by present code
	table  Table
	number int
	lists  map[*meeting.Unit][]*place // of the units of sessions, by their index; Unpacker shares those
}

// place is where a unit counts.
type place struct {
	row *tally // nil = it is outside
}

// tally is a row in the making.
type tally struct{ Row }

// NewAdder returns an Adder without sessions.
func NewAdder(org Map, q Query) *Adder {
	return &Adder{org: org, query: q, places: map[string]*place{}, rows: map[string]*tally{}, lists: map[*meeting.Unit][]*place{}}
}

// Add counts a session.
func (a *Adder) Add(s *Session) {
	a.number++
	row := SessionRow{ID: s.ID, Title: s.Title, StartedAt: s.StartedAt, EndedAt: s.EndedAt}
	places := a.placesOf(s)
	for i := range s.Sites {
		c := &s.Sites[i]
		if c.Unit == Guest {
			if a.query.Unit == "" {
				row.add(c, a.number)
			}
			continue
		}
		if p := places[c.Unit]; p.row != nil {
			p.row.add(c, a.number)
			row.add(c, a.number)
		}
	}
	if row.Convened > 0 {
		a.table.Total.plus(row.Sum)
		a.table.Sessions = append(a.table.Sessions, row)
	}
}

// Table returns what was counted.
func (a *Adder) Table() *Table {
	t := a.table
	for _, r := range a.rows {
		if r.Convened > 0 {
			t.Rows = append(t.Rows, r.Row)
		}
	}
	slices.SortFunc(t.Rows, func(x, y Row) int {
		byOrder := 0
		switch a.query.Order {
		case ByAbsent:
			byOrder = cmp.Or(cmp.Compare(y.Absent, x.Absent), cmp.Compare(y.Absent*x.Convened, x.Absent*y.Convened))
		case ByLate:
			byOrder = cmp.Or(cmp.Compare(y.Late, x.Late), cmp.Compare(y.LateS, x.LateS))
		case ByPlace:
		}
		return cmp.Or(byOrder, strings.Compare(x.Unit.Code, y.Unit.Code))
	})
	slices.SortFunc(t.Sessions, func(x, y SessionRow) int {
		return cmp.Or(x.StartedAt.Compare(y.StartedAt), strings.Compare(x.ID, y.ID))
	})
	return &t
}

// placesOf finds where the units of a session count, by their index.
func (a *Adder) placesOf(s *Session) []*place {
	if len(s.Units) == 0 {
		return nil
	}
	if list := a.lists[&s.Units[0]]; len(list) == len(s.Units) {
		return list
	}
	var then map[string]meeting.Unit // made when a unit is not known yet
	list := make([]*place, len(s.Units))
	for i, u := range s.Units {
		p := a.places[u.Code]
		if p == nil {
			if then == nil {
				then = make(map[string]meeting.Unit, len(s.Units))
				for _, u := range s.Units {
					then[u.Code] = u
				}
			}
			p = &place{row: a.rowOf(Above(a.org, then, u.Code))}
			a.places[u.Code] = p
		}
		list[i] = p
	}
	a.lists[&s.Units[0]] = list
	return list
}

// Above is a unit and those above it in the present organisation, the unit itself first: what it became part of where the map
// knows that, and, of one that the map lacks, as it stood in its session.
func Above(org Map, then map[string]meeting.Unit, code string) []meeting.Unit {
	var list []meeting.Unit
	for seen := map[string]bool{}; code != ""; {
		code = org.Follow(code)
		u, known := org.Unit(code)
		if !known {
			u, known = then[code]
		}
		if !known || seen[code] {
			break
		}
		seen[code] = true
		list = append(list, u)
		code = u.Parent
	}
	return list
}

// rowOf is the row in which a unit counts that has these units above it, itself first; nil if it is outside.
func (a *Adder) rowOf(path []meeting.Unit) *tally {
	end := len(path)
	if a.query.Unit != "" {
		end = slices.IndexFunc(path, func(u meeting.Unit) bool { return u.Code == a.query.Unit })
		if end < 0 {
			return nil
		}
		end++ // with Unit itself
	}
	at := 0
	switch {
	case len(path) == 0:
		return nil
	case a.query.Each:
	case a.query.Unit != "":
		at = max(end-2, 0) // directly below Unit; its own site is its own row
	default:
		at = len(path) - 1
		for at > 0 && path[at].Level == meeting.LevelCentral {
			at--
		}
	}
	unit := path[at]
	row := a.rows[unit.Code]
	if row == nil {
		row = &tally{Row{Unit: unit}}
		for _, above := range path[at+1:] {
			row.Parents = append(row.Parents, above.Name)
		}
		a.rows[unit.Code] = row
	}
	return row
}

// Pair is a unit's figures in a session and in the one before.
type Pair struct {
	Unit    meeting.Unit
	Parents []string
	Before  Sum
	Now     Sum
}

// Comparison sets a session beside the one before it.
type Comparison struct {
	Before, Now SessionRow
	Rows        []Pair
	// Units that were present in one and absent from the other.
	Missing  []Row // present before, absent now
	Returned []Row // absent before, present now
}

// Compare sets two sessions side by side; before may be nil.
func Compare(org Map, q Query, before, now *Session) *Comparison {
	sum := func(s *Session, each bool) *Table {
		a := NewAdder(org, Query{Unit: q.Unit, Each: each})
		if s != nil {
			a.Add(s)
		}
		return a.Table()
	}
	one := func(t *Table) (row SessionRow) {
		if len(t.Sessions) > 0 {
			row = t.Sessions[0]
		}
		return row
	}
	earlier, later := sum(before, q.Each), sum(now, q.Each)
	c := &Comparison{Before: one(earlier), Now: one(later)}
	was := byCode(earlier.Rows)
	for _, r := range later.Rows {
		c.Rows = append(c.Rows, Pair{Unit: r.Unit, Parents: r.Parents, Before: was[r.Unit.Code].Sum, Now: r.Sum})
		delete(was, r.Unit.Code)
	}
	for _, r := range was {
		c.Rows = append(c.Rows, Pair{Unit: r.Unit, Parents: r.Parents, Before: r.Sum})
	}
	slices.SortFunc(c.Rows, func(x, y Pair) int { return strings.Compare(x.Unit.Code, y.Unit.Code) })
	was = byCode(sum(before, true).Rows)
	for _, r := range sum(now, true).Rows {
		b, both := was[r.Unit.Code]
		switch {
		case !both:
		case b.Present > 0 && r.Present == 0:
			c.Missing = append(c.Missing, r)
		case b.Present == 0 && r.Present > 0:
			c.Returned = append(c.Returned, r)
		}
	}
	return c
}

func byCode(rows []Row) map[string]Row {
	m := make(map[string]Row, len(rows))
	for _, r := range rows {
		m[r.Unit.Code] = r
	}
	return m
}
