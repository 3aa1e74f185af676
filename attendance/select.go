package attendance

import (
	"slices"
	"time"
)

// Selection narrows the sites of a report, for a page that shows some of them. Its zero value takes them all.
type Selection struct {
	Unit    string  // sites of this unit and of those below it; empty = all
	Verdict Verdict // empty = any
	Code    string  // the site of this endpoint; empty = all
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
		if matching++; matching > sel.Offset && (sel.Limit == 0 || len(sites) < sel.Limit) {
			sites = append(sites, s)
		}
	}
	narrowed := *r
	narrowed.Sites, narrowed.whole = sites, r
	return &narrowed, matching
}

func (sel Selection) takes(s SiteRow) bool {
	if sel.Verdict != "" && s.Verdict != sel.Verdict || sel.Code != "" && s.Endpoint != sel.Code {
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
// came, to its end or the moment of the report. It returns nil if no site came. A selection counts all sites too.
func (r *Report) OverTime(n int) []Sample {
	if r.whole != nil {
		return r.whole.OverTime(n)
	}
	var came, went []time.Time
	for _, s := range r.Sites {
		for _, iv := range s.Intervals {
			came = append(came, iv.From)
			if !iv.To.IsZero() {
				went = append(went, iv.To)
			}
		}
	}
	if len(came) == 0 || n < 2 {
		return nil
	}
	slices.SortFunc(came, time.Time.Compare)
	slices.SortFunc(went, time.Time.Compare)
	from, to := came[0], r.Session.AsOf
	if opened := r.Session.OpenedAt; !opened.IsZero() && opened.Before(from) {
		from = opened
	}
	if ended := r.Session.EndedAt; !ended.IsZero() && ended.Before(to) {
		to = ended
	}
	samples := make([]Sample, n)
	in, out := 0, 0
	for i := range samples {
		at := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / float64(n-1)))
		for in < len(came) && !came[in].After(at) {
			in++
		}
		for out < len(went) && went[out].Before(at) { // at the end of the session everyone is still there
			out++
		}
		samples[i] = Sample{At: at, Present: in - out}
	}
	return samples
}
