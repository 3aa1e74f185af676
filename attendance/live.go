package attendance

import (
	"container/heap"
	"slices"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// Live keeps a report of the present moment up to date. An entry, or a verdict that changes by the time alone, costs
// what it changes and not a look at every site; only what concerns them all, such as new rules, costs that.
type Live struct {
	builder *Builder
	now     time.Time
	all     bool // every site has to be judged anew
	judged  []judged
	due     dues
	total   Counts
	units   map[string]*Counts // of a unit and all below it
	tree    []GroupRow         // without counts
	course  course
}

// judged is what the sums hold of a site.
type judged struct {
	SiteRow
	due time.Time // when the verdict changes by itself; zero = it does not
}

// NewLive returns a Live without entries.
func NewLive() *Live { return &Live{builder: NewBuilder(), units: map[string]*Counts{}} }

// Builder returns the entries folded so far, for reports of other moments.
func (l *Live) Builder() *Builder { return l.builder }

// Particulars are what the documents of the session say about it, by all entries added so far.
func (l *Live) Particulars() meeting.Particulars { return l.builder.course.said() }

// Add folds one entry, as Builder.Add.
func (l *Live) Add(e ledger.Entry) error {
	if err := l.builder.Add(e); err != nil {
		return err
	}
	switch e.Kind {
	case (&meeting.Convened{}).Kind(), (&meeting.RulesChanged{}).Kind(), (&meeting.SitesAdded{}).Kind(), (&meeting.Started{}).Kind(), (&meeting.Ended{}).Kind(),
		(&meeting.Sealed{}).Kind(), (&meeting.NamesErased{}).Kind():
		l.all = true
	}
	return nil
}

// Page returns the report of a moment, which is never before that of an earlier call or of an entry, with the
// sites that sel takes and how many match it. With a Limit it leaves out roll calls and the floor.
func (l *Live) Page(now time.Time, sel Selection) (page *Report, matching int) {
	for _, t := range []time.Time{now, l.builder.latest} {
		if t.After(l.now) {
			l.now = t
		}
	}
	v := l.builder.view(FoldOptions{AsOf: l.now})
	l.judge(v)
	page = &Report{Session: v.info, Total: l.total, Course: l.course.samples(v.info, samples)}
	for _, g := range l.tree {
		if c := l.units[g.Unit.Code]; c != nil {
			g.Counts = *c
		}
		page.Groups = append(page.Groups, g)
	}
	for i, s := range l.builder.sites {
		if !sel.takes(l.judged[i].SiteRow) {
			continue
		}
		if matching++; sel.shows(matching, len(page.Sites)) {
			page.Sites = append(page.Sites, v.row(s))
		}
	}
	if sel.Limit == 0 {
		l.builder.proceed(v, page)
	}
	return page, matching
}

// judge brings the sums up to date.
func (l *Live) judge(v view) {
	b := l.builder
	if l.all {
		l.all, l.due, l.total, l.course = false, nil, Counts{}, course{}
		clear(l.units)
		l.judged = make([]judged, len(b.sites))
		for i := range b.sites {
			b.touched[i] = struct{}{}
		}
		rows := make([]SiteRow, len(b.sites))
		for i, s := range b.sites {
			rows[i] = SiteRow{Unit: s.ep.Unit, Parents: v.units.Above(s.ep.Unit)}
		}
		_, l.tree = v.rollUp(rows)
		for i := range l.tree {
			l.tree[i].Counts = Counts{}
		}
	}
	for len(l.due) > 0 && !l.due[0].at.After(l.now) {
		if d, ok := heap.Pop(&l.due).(due); ok && l.judged[d.site].due.Equal(d.at) {
			b.touched[d.site] = struct{}{}
		}
	}
	for i := range b.touched {
		l.sum(i, -1)
		row := v.row(b.sites[i])
		l.judged[i] = judged{SiteRow: row, due: v.turns(row, v.owed(b.sites[i]))}
		l.sum(i, 1)
		if at := l.judged[i].due; !at.IsZero() {
			heap.Push(&l.due, due{at, i})
		}
	}
	clear(b.touched)
}

// sum adds a site to the sums, or takes it away.
func (l *Live) sum(i, sign int) {
	row := l.judged[i].SiteRow
	if row.Endpoint == "" { // never judged
		return
	}
	l.total.count(row, sign)
	for _, u := range row.Parents {
		l.unit(u.Code).count(row, sign)
	}
	if row.Unit != "" {
		l.unit(row.Unit).count(row, sign) // shown only if the unit is a group
	}
	for _, iv := range row.Intervals {
		l.course.put(iv, sign)
	}
}

func (l *Live) unit(code string) *Counts {
	if l.units[code] == nil {
		l.units[code] = &Counts{}
	}
	return l.units[code]
}

// turns is when the verdict of a site changes though nothing happens: its share of the live time crosses the
// limit of the rules, or an attendance that was recorded ahead runs out.
func (v view) turns(row SiteRow, owed []Interval) time.Time {
	start, now := v.info.StartedAt, v.info.AsOf
	if row.Override != nil || row.Withdrawn != nil || start.IsZero() || !v.info.EndedAt.IsZero() {
		return time.Time{}
	}
	list := v.counted(row)
	pct := int64(v.info.Rules.PartialPct)
	total, live := v.liveTime(list).Microseconds(), v.liveTime(owed).Microseconds()
	growing := slices.ContainsFunc(list, func(iv Interval) bool { return iv.To.IsZero() || iv.To.After(now) })
	after := func(micros int64) time.Time { return now.Add(time.Duration(micros+1) * time.Microsecond) }
	switch {
	case growing && total <= 0:
		return after(0)
	case growing && total*100 < live*pct && pct < 100:
		return after((pct*live - 100*total) / (100 - pct))
	case !growing && total > 0 && total*100 >= live*pct && pct > 0:
		return after(100*total/pct - live)
	}
	return time.Time{}
}

// due is when a site has to be judged again.
type due struct {
	at   time.Time
	site int
}

// dues is a heap, the earliest first.
type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push implements heap.Interface.
func (d *dues) Push(x any) {
	if next, ok := x.(due); ok {
		*d = append(*d, next)
	}
}

// Pop implements heap.Interface.
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
