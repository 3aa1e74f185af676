package attendance

import (
	"slices"
	"time"
)

// Selection narrows the sites of a report, for a page that shows some of them. Its zero value takes them all.
type Selection struct {
	Unit    string             // sites of this unit and of those below it; empty = all
	Verdict Verdict            // empty = any
	Code    string             // the site of this endpoint; empty = all
	Match   func(SiteRow) bool // further, such as by a part of the name; nil = all
	Offset  int
	Limit   int // 0 = all
}

// Select returns the report with the sites that a selection takes, and how many there are without Offset and
// Limit. All sums stay those of the whole report.
func (r *Report) Select(sel Selection) (page *Report, matching int) {
	sites := make([]SiteRow, 0, min(len(r.Sites), max(sel.Limit, 16)))
	for _, s := range r.Sites {
		if !sel.takes(s) {
			continue
		}
		if matching++; sel.shows(matching, len(sites)) {
			sites = append(sites, s)
		}
	}
	narrowed := *r
	narrowed.Sites, narrowed.Course = sites, r.OverTime(samples)
	return &narrowed, matching
}

// shows says whether the nth site that matches is on the page, after some that are.
func (sel Selection) shows(nth, before int) bool {
	return nth > sel.Offset && (sel.Limit == 0 || before < sel.Limit)
}

func (sel Selection) takes(s SiteRow) bool {
	if sel.Verdict != "" && s.Verdict != sel.Verdict || sel.Code != "" && s.Endpoint != sel.Code {
		return false
	}
	if sel.Match != nil && !sel.Match(s) {
		return false
	}
	if sel.Unit == "" || s.Unit == sel.Unit {
		return true
	}
	for _, u := range s.Parents {
		if u.Code == sel.Unit {
			return true
		}
	}
	return false
}

// Sample is how many sites were connected at a moment.
type Sample struct {
	At      time.Time
	Present int
}

// OverTime counts the connected sites at n moments, evenly spread from when the session opened, or the first site
// came, to its end or the moment of the report. It returns nil if no site came. A part of a report has the Course of
// the whole.
func (r *Report) OverTime(n int) []Sample {
	if r.Course != nil {
		return r.Course
	}
	var all course
	for _, s := range r.Sites {
		for _, iv := range s.Intervals {
			all.came = append(all.came, iv.From)
			if !iv.To.IsZero() {
				all.went = append(all.went, iv.To)
			}
		}
	}
	slices.SortFunc(all.came, time.Time.Compare)
	slices.SortFunc(all.went, time.Time.Compare)
	return all.samples(r.Session, n)
}

func (c *course) samples(session SessionInfo, n int) []Sample {
	if len(c.came) == 0 || n < 2 {
		return nil
	}
	from, to := c.came[0], session.AsOf
	if opened := session.OpenedAt; !opened.IsZero() && opened.Before(from) {
		from = opened
	}
	if ended := session.EndedAt; !ended.IsZero() && ended.Before(to) {
		to = ended
	}
	list := make([]Sample, n)
	for i := range list {
		at := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / float64(n-1)))
		list[i] = Sample{At: at, Present: c.present(at)}
	}
	return list
}

// course is when sites came and went, each in order of time.
type course struct{ came, went []time.Time }

// present is how many are there at a moment. Who goes at it is still there, as everyone is at the end.
func (c *course) present(at time.Time) int {
	in, _ := slices.BinarySearchFunc(c.came, at.Add(1), time.Time.Compare)
	out, _ := slices.BinarySearchFunc(c.went, at, time.Time.Compare)
	return in - out
}

// put adds an interval (sign 1) or takes it away (sign -1).
func (c *course) put(iv Interval, sign int) {
	edge := func(list []time.Time, t time.Time) []time.Time {
		i, _ := slices.BinarySearchFunc(list, t, time.Time.Compare)
		if sign < 0 {
			return slices.Delete(list, i, i+1)
		}
		return slices.Insert(list, i, t)
	}
	c.came = edge(c.came, iv.From)
	if !iv.To.IsZero() {
		c.went = edge(c.went, iv.To)
	}
}
