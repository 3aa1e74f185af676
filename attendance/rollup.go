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
