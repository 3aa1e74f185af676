// Package attendance turns the ledger of a session into what a secretariat needs: who was there, and when. It is pure:
// entries in, reports out.
package attendance

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// FoldOptions says which report is wanted.
type FoldOptions struct {
	// AsOf leaves out what happened after it. Zero means the time of the last entry.
	AsOf time.Time
}

// Builder folds a ledger entry by entry, for a report that is kept up to date.
type Builder struct {
	info      SessionInfo
	convened  bool
	units     meeting.Units
	unitOrder []string
	consoles  map[string]string // names by code
	sites     []*site
	byCode    map[string]*site
	rollCalls []*RollCallRow
	floor     []floorTurn
	course    proceedings
	rules     dated[meeting.Rules]
	scheduled dated[time.Time]
	title     dated[string]
	sealedBy  uint64           // Seq
	erasedBy  uint64           // Seq of the last erasure of names
	latest    time.Time        // of all times in the entries
	touched   map[int]struct{} // sites that entries have concerned, for Live; index in sites
}

// NewBuilder returns a Builder without entries.
func NewBuilder() *Builder {
	return &Builder{units: meeting.Units{}, byCode: map[string]*site{}, consoles: map[string]string{}, touched: map[int]struct{}{}}
}

// site gathers what the ledger says of one endpoint.
type site struct {
	index     int // in Builder.sites
	ep        meeting.Endpoint
	conns     []*conn
	byID      map[string]*conn
	headcount dated[int]
	delegates dated[[]meeting.Delegate]
	overrides dated[*Override]
	declared  []Declared
	pictures  []KeptPicture

	convenedAt time.Time // zero = with the session
	withdrawn  dated[*Withdrawal]
}

// conn is one connection of a site. Ends are matched to beginnings by id, never by order.
type conn struct {
	from, to       time.Time
	why            EndReason
	began, ended   uint64 // Seq of the entries
	device         string
	receivingTurns []turn
	quality        dated[meeting.Quality]
}

// turn is a change of receiving.
type turn struct {
	at  time.Time
	seq uint64
	on  bool
	by  meeting.Evidence
}

// floorTurn is an entry about a slot that was granted, went on air or was returned.
type floorTurn struct {
	at  time.Time
	seq uint64
	ev  meeting.Event
}

// dated keeps every value that was declared, in order of time.
type dated[T any] []datedValue[T]

type datedValue[T any] struct {
	at    time.Time
	seq   uint64
	value T
}

func (d *dated[T]) put(e ledger.Entry, v T) {
	dv := datedValue[T]{e.At, e.Seq, v}
	i, _ := slices.BinarySearchFunc(*d, dv, func(a, b datedValue[T]) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.seq, b.seq))
	})
	*d = slices.Insert(*d, i, dv)
}

// rewrite changes the values of entries before one.
func (d dated[T]) rewrite(before uint64, change func(T) T) {
	for i := range d {
		if d[i].seq < before {
			d[i].value = change(d[i].value)
		}
	}
}

// asOf returns the last value at a moment.
func (d dated[T]) asOf(t time.Time) (v T) {
	for _, dv := range d {
		if dv.at.After(t) {
			break
		}
		v = dv.value
	}
	return v
}

// Add folds one entry. The first one has to be that which convened the session.
func (b *Builder) Add(e ledger.Entry) error {
	if e.Seq < b.erasedBy {
		e.Personal = nil
	}
	ev, err := e.Event()
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	if c, ok := ev.(*meeting.Convened); ok {
		b.convene(e, c)
	} else if !b.convened {
		return fmt.Errorf("entry %d: a ledger begins with %q, not %q", e.Seq, "convened", e.Kind)
	}
	if e.Seq > b.info.Head.Seq {
		b.info.Head = ledger.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	for _, t := range []time.Time{e.At, e.RecordedAt} {
		if t.After(b.latest) {
			b.latest = t
		}
	}
	b.fold(e, ev)
	return nil
}

func (b *Builder) fold(e ledger.Entry, ev meeting.Event) {
	switch ev := ev.(type) {
	case *meeting.Moved:
		b.scheduled.put(e, ev.ScheduledAt)
	case *meeting.CalledOff:
		b.info.CalledOff = true
	case *meeting.RulesChanged:
		b.rules.put(e, ev.Rules)
	case *meeting.VerdictOverridden:
		b.override(e, ev)
	case *meeting.AttendanceAdded:
		if s := b.site(ev.Endpoint); s != nil {
			s.declared = append(s.declared, Declared{ev.From, ev.To, ev.Means, ev.By, ev.Reason, e.Seq})
		}
	case *meeting.Opened:
		b.info.OpenedAt = e.At
	case *meeting.Started:
		b.info.StartedAt = e.At
	case *meeting.Ended:
		b.info.EndedAt = e.At
	case *meeting.Sealed:
		b.info.SealedAt, b.sealedBy = e.At, e.Seq
	case *meeting.Connected:
		b.begin(e, ev.Endpoint, ev.Conn, ev.Device)
	case *meeting.Resumed:
		b.begin(e, ev.Endpoint, ev.Conn, ev.Device)
	case *meeting.Lost:
		b.end(e, ev.Endpoint, ev.Conn, EndLost)
	case *meeting.Left:
		b.end(e, ev.Endpoint, ev.Conn, endReason(ev.Why))
	case *meeting.ReceivingChanged:
		if c := b.conn(ev.Endpoint, ev.Conn); c != nil {
			c.receivingTurns = append(c.receivingTurns, turn{e.At, e.Seq, ev.Receiving, ev.Evidence})
		}
	case *meeting.QualityMeasured:
		b.measured(e, ev)
	case *meeting.PictureKept:
		if s := b.byCode[ev.Endpoint]; s != nil {
			s.pictures = append(s.pictures, KeptPicture{At: e.At, Entry: e.Seq})
		}
	case *meeting.HeadcountDeclared:
		b.count(e, ev.Endpoint, ev.Headcount)
	case *meeting.DelegatesDeclared:
		if s := b.site(ev.Endpoint); s != nil {
			s.delegates.put(e, ev.Delegates)
		}
	case *meeting.RollCallOpened:
		b.rollCall(ev.ID).OpenedAt = e.At
	case *meeting.RollCallAnswered:
		rc := b.rollCall(ev.ID)
		rc.Answers = append(rc.Answers, RollCallAnswer{Endpoint: ev.Endpoint, At: e.At, Headcount: ev.Headcount, Entry: e.Seq})
		b.count(e, ev.Endpoint, ev.Headcount)
	case *meeting.RollCallEnded:
		b.rollCall(ev.ID).ClosedAt = e.At
	case *meeting.NamesErased:
		b.eraseNames(e.Seq)
	case *meeting.Granted, *meeting.WentOnAir, *meeting.Returned:
		b.floor = append(b.floor, floorTurn{e.At, e.Seq, ev})
	default:
		if !b.change(e, ev) {
			b.course.fold(e, ev)
		}
	}
}

// eraseNames takes what is personal out of what the entries before said.
func (b *Builder) eraseNames(seq uint64) {
	b.erasedBy = max(b.erasedBy, seq)
	for _, s := range b.sites {
		s.delegates.rewrite(seq, func([]meeting.Delegate) []meeting.Delegate { return nil })
		s.ep.Phone = ""
	}
	b.course.particulars.rewrite(seq, func(p meeting.Particulars) meeting.Particulars {
		p.Chair, p.Secretary = meeting.Official{}, meeting.Official{}
		return p
	})
	for _, versions := range b.course.notes {
		versions.rewrite(seq, func(n meeting.Note) meeting.Note {
			n.Text = ""
			return n
		})
	}
}

// override notes a person's verdict; an empty one takes it back.
func (b *Builder) override(e ledger.Entry, ev *meeting.VerdictOverridden) {
	s := b.site(ev.Endpoint)
	if s == nil {
		return
	}
	var o *Override
	if ev.Verdict != "" {
		o = &Override{Verdict: ev.Verdict, By: ev.By, Reason: ev.Reason, At: e.At, Entry: e.Seq}
	}
	s.overrides.put(e, o)
}

// endReason is what the report says of the end of a connection.
func endReason(why meeting.EndReason) EndReason {
	switch why {
	case meeting.EndTakenOver:
		return EndTakenOver
	case meeting.EndRemoved, meeting.EndRevoked, meeting.EndWithdrawn:
		return EndRemoved
	case meeting.EndClosed, meeting.EndTimeout, meeting.EndRestart, meeting.EndReplaced:
		return EndLost
	case meeting.EndPageClosed:
	}
	return EndLeft
}

func (b *Builder) convene(e ledger.Entry, c *meeting.Convened) {
	b.convened = true
	b.info.ID, b.info.TimeZone = e.Session, c.TimeZone
	b.title.put(e, c.Title)
	b.course.agendas.put(e, c.Agenda)
	b.scheduled.put(e, c.ScheduledAt)
	b.rules.put(e, c.Rules)
	b.seat(c.Units, c.Endpoints, time.Time{})
}

// site returns a site that an entry concerns, or nil if the endpoint is none.
func (b *Builder) site(endpoint string) *site {
	s := b.byCode[endpoint]
	if s != nil {
		b.touched[s.index] = struct{}{}
	}
	return s
}

// conn returns a connection of a site, or nil if the endpoint is none.
func (b *Builder) conn(endpoint, id string) *conn {
	s := b.site(endpoint)
	if s == nil {
		return nil
	}
	return s.conn(id)
}

func (s *site) conn(id string) *conn {
	c := s.byID[id]
	if c == nil {
		c = &conn{}
		s.byID[id] = c
		s.conns = append(s.conns, c)
	}
	return c
}

func (b *Builder) begin(e ledger.Entry, endpoint, id, device string) {
	if c := b.conn(endpoint, id); c != nil && (c.from.IsZero() || e.At.Before(c.from)) {
		c.from, c.began, c.device = e.At, e.Seq, device
	}
}

// end closes a connection. Of two claims the earlier is the last evidence that there is.
func (b *Builder) end(e ledger.Entry, endpoint, id string, why EndReason) {
	if c := b.conn(endpoint, id); c != nil && (c.ended == 0 || e.At.Before(c.to) || (e.At.Equal(c.to) && e.Seq < c.ended)) {
		c.to, c.why, c.ended = e.At, why, e.Seq
	}
}

func (b *Builder) count(e ledger.Entry, endpoint string, n int) {
	if s := b.site(endpoint); s != nil {
		s.headcount.put(e, n)
	}
}

func (b *Builder) rollCall(id int) *RollCallRow {
	for _, rc := range b.rollCalls {
		if rc.ID == id {
			return rc
		}
	}
	rc := &RollCallRow{ID: id}
	b.rollCalls = append(b.rollCalls, rc)
	return rc
}

// Report returns the report of all entries added so far.
func (b *Builder) Report(opts FoldOptions) *Report {
	v := b.view(opts)
	r := &Report{Session: v.info, Sites: make([]SiteRow, 0, len(b.sites))}
	for _, s := range b.sites {
		if v.knows(s) {
			r.Sites = append(r.Sites, v.row(s))
		}
	}
	r.Total, r.Groups = v.rollUp(r.Sites)
	b.proceed(v, r)
	return r
}

// proceed adds what happened besides attendance.
func (b *Builder) proceed(v view, r *Report) {
	r.RollCalls, r.Floor = v.rollCalls(b.rollCalls), v.grants(b.floor)
	for i, g := range r.Floor {
		r.Floor[i].Name, r.Floor[i].Unit = b.who(v, g.Endpoint)
	}
	for _, rc := range r.RollCalls {
		for i, a := range rc.Answers {
			rc.Answers[i].Name, _ = b.who(v, a.Endpoint)
		}
	}
	r.Agenda, r.AgendaTurns, r.Notes = b.course.agendas.asOf(b.latest), b.course.turns(v.info), b.course.written(v.info.AsOf)
}

// who names an endpoint and the units above it; consoles are of no unit.
func (b *Builder) who(v view, endpoint string) (name, unit string) {
	s := b.byCode[endpoint]
	if s == nil {
		return b.consoles[endpoint], ""
	}
	return s.ep.Name, SiteRow{Parents: v.units.Above(s.ep.Unit)}.below()
}

// Site returns the row of one endpoint; ok is false if it is not a site of the session.
func (b *Builder) Site(endpoint string, opts FoldOptions) (row SiteRow, ok bool) {
	s := b.byCode[endpoint]
	if s == nil {
		return SiteRow{}, false
	}
	return b.view(opts).row(s), true
}
