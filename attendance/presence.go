package attendance

import (
	"cmp"
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// view is the session as it stood at one moment.
type view struct {
	info      SessionInfo
	units     meeting.Units
	unitOrder []string
	sealedBy  uint64 // Seq of the entry that sealed the session
}

func (b *Builder) view(opts FoldOptions) view {
	v := view{info: b.info, units: b.units, unitOrder: b.unitOrder, sealedBy: b.sealedBy}
	v.info.AsOf = opts.AsOf
	if opts.AsOf.IsZero() {
		v.info.AsOf = b.latest
	}
	// A report as of an earlier moment is judged by the rules in force now: they were changed for a reason. So was the time.
	v.info.Rules = b.rules.asOf(b.latest)
	v.info.ScheduledAt, v.info.Title = b.scheduled.asOf(b.latest), b.title.asOf(b.latest)
	v.info.Particulars = b.course.said()
	for _, t := range []*time.Time{&v.info.OpenedAt, &v.info.StartedAt, &v.info.EndedAt, &v.info.SealedAt} {
		*t = v.known(*t)
	}
	return v
}

// known hides a time that had not come.
func (v view) known(t time.Time) time.Time {
	if t.After(v.info.AsOf) {
		return time.Time{}
	}
	return t
}

// now is the end of what the view counts: the end of the session, or the moment it is looked at.
func (v view) now() time.Time {
	if !v.info.EndedAt.IsZero() {
		return v.info.EndedAt
	}
	return v.info.AsOf
}

func (v view) row(s *site) SiteRow {
	row := SiteRow{
		Endpoint: s.ep.Code, Unit: s.ep.Unit, Name: s.ep.Name, Phone: s.ep.Phone, Level: v.units[s.ep.Unit].Level, Parents: v.units.Above(s.ep.Unit),
		Headcount: s.headcount.asOf(v.info.AsOf), Delegates: s.delegates.asOf(v.info.AsOf), ConvenedAt: s.convenedAt, Withdrawn: s.withdrawn.asOf(v.info.AsOf),
	}
	row.Intervals, row.Interruptions = v.presence(s)
	row.Receiving = v.receiving(s)
	row.Received, row.Quality = v.liveTime(row.Receiving), s.quality(v.info.AsOf)
	row.Pictures = s.kept(v.info.AsOf)
	if n := len(row.Intervals); n > 0 {
		row.FirstJoined, row.LastLeft = row.Intervals[0].From, row.Intervals[n-1].To
	}
	row.Total = v.liveTime(row.Intervals)
	owed := v.owed(s)
	row.Computed = v.verdict(v.counted(row), owed)
	row.Declared, row.Verdict = v.declared(s), row.Computed
	row.Devices = s.devices(v.info.AsOf, row.Declared)
	if row.Withdrawn != nil {
		row.Verdict, row.Computed = NotConvened, NotConvened
		return row
	}
	if len(row.Declared) > 0 {
		row.Verdict = v.verdict(v.counted(row), owed)
	}
	if o := s.overrides.asOf(v.info.AsOf); o != nil {
		given := *o
		given.AfterSeal = !v.info.SealedAt.IsZero() && given.Entry > v.sealedBy
		row.Override, row.Verdict = &given, given.Verdict
	}
	return row
}

// declared returns the attendance by other means that the view knows, by beginning.
func (v view) declared(s *site) []Declared {
	var list []Declared
	for _, d := range s.declared {
		if !d.From.After(v.info.AsOf) {
			d.To = v.known(d.To)
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b Declared) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Entry, b.Entry)) })
	return list
}

// union joins connections and declared attendance to intervals that do not overlap.
func union(connected []Interval, declared []Declared) []Interval {
	list := slices.Clone(connected)
	for _, d := range declared {
		list = append(list, Interval{From: d.From, To: d.To})
	}
	slices.SortStableFunc(list, func(a, b Interval) int { return a.From.Compare(b.From) })
	var joined []Interval
	for _, next := range list {
		n := len(joined) - 1
		switch {
		case n < 0 || (!joined[n].To.IsZero() && next.From.After(joined[n].To)):
			joined = append(joined, Interval{From: next.From, To: next.To})
		case joined[n].To.IsZero():
		case next.To.IsZero() || next.To.After(joined[n].To):
			joined[n].To = next.To
		}
	}
	return joined
}

// presence joins a site's connections to intervals. A loss is bridged if the site returned within the grace
// window, a taken over connection by the one that took over; who left has left.
func (v view) presence(s *site) (list []Interval, interruptions int) {
	grace := time.Duration(v.info.Rules.GraceS) * time.Second
	for _, next := range v.connected(s) {
		if len(list) == 0 {
			list = append(list, next)
			continue
		}
		cur := &list[len(list)-1]
		if cur.To.IsZero() || next.From.Before(cur.To) { // two devices count once
			cur.extend(next)
			continue
		}
		gap := next.From.Sub(cur.To)
		bridged := gap == 0 || gap < grace
		switch cur.EndReason {
		case EndLost:
			interruptions++
			if bridged {
				cur.Interruptions++
			}
		case EndTakenOver:
		case EndOpen, EndLeft, EndRemoved, EndEnded:
			bridged = false
		}
		if bridged {
			cur.extend(next)
		} else {
			list = append(list, next)
		}
	}
	return list, interruptions
}

// extend joins a later interval to this one.
func (iv *Interval) extend(next Interval) {
	iv.Entries = append(iv.Entries, next.Entries...)
	if next.Evidence != meeting.EvidenceDecoded {
		iv.Evidence = next.Evidence
	}
	if iv.To.IsZero() {
		return
	}
	// One that was lost before any sign of life ends where it began: it is what became of the site all the same.
	followed := !next.From.Before(iv.To) && next.To.Equal(iv.To)
	if next.To.IsZero() || next.To.After(iv.To) || followed {
		iv.To, iv.EndReason = next.To, next.EndReason
	}
}

// connected returns one interval per connection as the view knows it, by beginning.
func (v view) connected(s *site) []Interval {
	list := make([]Interval, 0, len(s.conns))
	for _, c := range s.conns {
		if iv, ok := v.interval(c.from, c.to, c.why); ok {
			iv.Entries, iv.Device = append(iv.Entries, c.began), c.device
			if c.ended != 0 && (iv.EndReason == c.why) {
				iv.Entries = append(iv.Entries, c.ended)
			}
			list = append(list, iv)
		}
	}
	slices.SortStableFunc(list, func(a, b Interval) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Entries[0], b.Entries[0]))
	})
	return list
}

// interval cuts a span to what the view knows: nothing lasts beyond the end of the session. A zero to means
// that it lasts; an end before the beginning, which only a clock set back can make, is no time at all.
func (v view) interval(from, to time.Time, why EndReason) (Interval, bool) {
	if from.IsZero() || from.After(v.info.AsOf) {
		return Interval{}, false
	}
	ended := v.info.EndedAt
	if !ended.IsZero() && !from.Before(ended) {
		return Interval{}, false
	}
	to = v.known(to)
	switch {
	case !ended.IsZero() && (to.IsZero() || !to.Before(ended)):
		to, why = ended, EndEnded
	case to.IsZero():
		why = EndOpen
	case to.Before(from):
		to = from
	}
	return Interval{From: from, To: to, EndReason: why}, true
}

// receiving returns when the stage arrived at a site, on whichever connection.
func (v view) receiving(s *site) []Interval {
	var list []Interval
	for _, c := range s.conns {
		turns := slices.Clone(c.receivingTurns)
		slices.SortFunc(turns, func(a, b turn) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq)) })
		var since *turn
		end := func(at time.Time, seq uint64, why EndReason) {
			if since == nil {
				return
			}
			if !c.to.IsZero() && (at.IsZero() || c.to.Before(at)) {
				at, seq, why = c.to, c.ended, c.why
			}
			if iv, ok := v.interval(since.at, at, why); ok {
				iv.Entries, iv.Device, iv.Evidence = append(iv.Entries, since.seq), c.device, cmp.Or(since.by, meeting.EvidenceReports)
				if seq != 0 && iv.EndReason == why {
					iv.Entries = append(iv.Entries, seq)
				}
				list = append(list, iv)
			}
			since = nil
		}
		for i := range turns {
			switch t := &turns[i]; {
			case t.on && since == nil:
				since = t
			case !t.on:
				end(t.at, t.seq, EndEnded)
			}
		}
		end(time.Time{}, 0, EndOpen)
	}
	slices.SortStableFunc(list, func(a, b Interval) int { return a.From.Compare(b.From) })
	var joined []Interval
	for _, next := range list {
		if n := len(joined); n > 0 && (joined[n-1].To.IsZero() || !next.From.After(joined[n-1].To)) {
			joined[n-1].extend(next)
		} else {
			joined = append(joined, next)
		}
	}
	return joined
}

// liveTime is how much of the intervals lies between the start of the session and its end, or now.
func (v view) liveTime(list []Interval) time.Duration {
	var total time.Duration
	for _, iv := range list {
		from, to, ok := v.live(iv)
		if ok {
			total += to.Sub(from)
		}
	}
	return total
}

// live is the part of an interval in which the session was live.
func (v view) live(iv Interval) (from, to time.Time, ok bool) {
	start, now := v.info.StartedAt, v.now()
	if start.IsZero() {
		return from, to, false
	}
	from, to = iv.From, iv.To
	if from.Before(start) {
		from = start
	}
	if to.IsZero() || to.After(now) {
		to = now
	}
	return from, to, from.Before(to)
}

// begin is when the first of the intervals lies in the live time; zero if none does.
func (v view) begin(list []Interval) time.Time {
	for _, iv := range list {
		if from, _, ok := v.live(iv); ok {
			return from
		}
	}
	return time.Time{}
}

// verdict applies the rules to the time that counts and the time in which the site was to be there: absent before partial
// before late.
func (v view) verdict(list, owed []Interval) Verdict {
	start := v.info.StartedAt
	if start.IsZero() {
		return ""
	}
	total := v.liveTime(list)
	if total <= 0 {
		return Absent
	}
	if t := v.begin(owed); t.After(start) {
		start = t
	}
	switch {
	case total.Microseconds()*100 < v.liveTime(owed).Microseconds()*int64(v.info.Rules.PartialPct):
		return Partial
	case v.begin(list).Sub(start) > time.Duration(v.info.Rules.LateAfterS)*time.Second:
		return Late
	}
	return OnTime
}

// rollCalls are the rounds that had begun.
func (v view) rollCalls(all []*RollCallRow) (list []RollCallRow) {
	for _, rc := range all {
		if !rc.OpenedAt.After(v.info.AsOf) {
			list = append(list, v.rollCall(rc))
		}
	}
	slices.SortFunc(list, func(a, b RollCallRow) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// rollCall is a round as the view knows it. An open one ends with the session.
func (v view) rollCall(rc *RollCallRow) RollCallRow {
	out := RollCallRow{ID: rc.ID, OpenedAt: rc.OpenedAt, ClosedAt: v.known(rc.ClosedAt)}
	if out.ClosedAt.IsZero() {
		out.ClosedAt = v.info.EndedAt
	}
	for _, a := range rc.Answers {
		if !a.At.After(v.info.AsOf) {
			out.Answers = append(out.Answers, a)
		}
	}
	slices.SortFunc(out.Answers, func(a, b RollCallAnswer) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Entry, b.Entry))
	})
	return out
}

// grants pairs what was granted with when it went on air and was returned.
func (v view) grants(turns []floorTurn) []FloorRow {
	turns = slices.Clone(turns)
	slices.SortFunc(turns, func(a, b floorTurn) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq)) })
	var rows []FloorRow
	held := map[meeting.Slot]int{} // index of the row that holds the slot
	holds := func(slot meeting.Slot, endpoint string) *FloorRow {
		if i, ok := held[slot]; ok && rows[i].Endpoint == endpoint {
			return &rows[i]
		}
		return nil
	}
	for _, t := range turns {
		if t.at.After(v.info.AsOf) {
			break
		}
		switch ev := t.ev.(type) {
		case *meeting.Granted:
			held[ev.Slot] = len(rows)
			rows = append(rows, FloorRow{Endpoint: ev.Endpoint, Slot: ev.Slot, GrantedAt: t.at})
		case *meeting.WentOnAir:
			if f := holds(ev.Slot, ev.Endpoint); f != nil && f.OnAirAt.IsZero() {
				f.OnAirAt = t.at
			}
		case *meeting.Returned:
			if f := holds(ev.Slot, ev.Endpoint); f != nil {
				f.ReturnedAt, f.Why = t.at, ev.Why
				delete(held, ev.Slot)
			}
		}
	}
	return rows
}
