package attendance

import "github.com/diemcau/diemcau/meeting"

// rollUp sums up sites by the units above them, and over all. A unit's own site counts in its own group; guests
// count in the total only.
func (v view) rollUp(sites []SiteRow) (total Counts, groups []GroupRow) {
	counts := map[string]*Counts{}
	count := func(unit string, s SiteRow) {
		if counts[unit] == nil {
			counts[unit] = &Counts{}
		}
		counts[unit].count(s, 1)
	}
	children := map[string][]string{}
	for _, code := range v.unitOrder {
		if parent := v.units[code].Parent; parent != "" {
			children[parent] = append(children[parent], code)
		}
	}
	for _, s := range sites {
		total.count(s, 1)
		if s.Unit != "" && len(children[s.Unit]) > 0 {
			count(s.Unit, s)
		}
		for _, u := range s.Parents {
			count(u.Code, s)
		}
	}
	var walk func(u meeting.Unit, depth int)
	walk = func(u meeting.Unit, depth int) {
		c := counts[u.Code]
		if c == nil {
			return
		}
		delete(counts, u.Code) // a damaged tree ends here
		groups = append(groups, GroupRow{Unit: u, Depth: depth, Counts: *c})
		for _, child := range children[u.Code] {
			walk(v.units[child], depth+1)
		}
	}
	for _, code := range v.unitOrder {
		if _, below := v.units[v.units[code].Parent]; !below {
			walk(v.units[code], 0)
		}
	}
	return total, groups
}

// Within returns the report of a unit and those below it, as if no other site had been convened: sites, sums, roll calls, the
// floor and the course hold nothing of others. The heading keeps what the session has for all: its title, times and rules.
func (r *Report) Within(unit string) *Report {
	part := &Report{Session: r.Session}
	inside, sel := map[string]bool{}, Selection{Unit: unit}
	groups := map[string]*Counts{}
	for _, s := range r.Sites {
		if !sel.takes(s) {
			continue
		}
		inside[s.Endpoint] = true
		part.Sites = append(part.Sites, s)
		part.Total.count(s, 1)
		for _, code := range s.upTo(unit) {
			if groups[code] == nil {
				groups[code] = &Counts{}
			}
			groups[code].count(s, 1)
		}
	}
	top := -1
	for _, g := range r.Groups {
		counts := groups[g.Unit.Code]
		if counts == nil {
			continue
		}
		if top < 0 {
			top = g.Depth
		}
		part.Groups = append(part.Groups, GroupRow{Unit: g.Unit, Depth: g.Depth - top, Counts: *counts})
	}
	for _, rc := range r.RollCalls {
		answers := rc.Answers
		rc.Answers = nil
		for _, a := range answers {
			if inside[a.Endpoint] {
				rc.Answers = append(rc.Answers, a)
			}
		}
		part.RollCalls = append(part.RollCalls, rc)
	}
	for _, f := range r.Floor {
		if inside[f.Endpoint] {
			part.Floor = append(part.Floor, f)
		}
	}
	return part
}

// upTo returns the site's own unit and those above it up to one of them.
func (s SiteRow) upTo(unit string) []string {
	codes := []string{s.Unit}
	for _, u := range s.Parents {
		if codes[len(codes)-1] == unit {
			break
		}
		codes = append(codes, u.Code)
	}
	return codes
}
