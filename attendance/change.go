package attendance

import (
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// Withdrawal is why a site is convened no more.
type Withdrawal struct {
	At     time.Time
	By     string // code of who decided it
	Reason string
	Entry  uint64
}

// change folds what was changed after the session was convened; false if the event is something else.
func (b *Builder) change(e ledger.Entry, ev meeting.Event) bool {
	switch ev := ev.(type) {
	case *meeting.TitleChanged:
		b.title.put(e, ev.Title)
	case *meeting.SitesAdded:
		b.seat(ev.Units, ev.Endpoints, e.At)
	case *meeting.SiteWithdrawn:
		if s := b.site(ev.Endpoint); s != nil {
			s.withdrawn.put(e, &Withdrawal{At: e.At, By: ev.By, Reason: ev.Reason, Entry: e.Seq})
		}
	case *meeting.SiteRestored:
		if s := b.site(ev.Endpoint); s != nil {
			s.withdrawn.put(e, nil)
		}
	default:
		return false
	}
	return true
}

// seat makes units known and gives sites their rows. since is when sites were convened that came later; zero for the first.
func (b *Builder) seat(units []meeting.Unit, endpoints []meeting.Endpoint, since time.Time) {
	for _, u := range units {
		if _, twice := b.units[u.Code]; !twice {
			b.unitOrder = append(b.unitOrder, u.Code)
		}
		b.units[u.Code] = u
	}
	for _, ep := range endpoints {
		if ep.Role != meeting.RoleSite {
			b.consoles[ep.Code] = ep.Name
		}
		if ep.Role == meeting.RoleSite && b.byCode[ep.Code] == nil {
			s := &site{index: len(b.sites), ep: ep, convenedAt: since, byID: map[string]*conn{}}
			b.sites = append(b.sites, s)
			b.byCode[ep.Code] = s
		}
	}
}

// knows reports whether a site had been convened at the moment of the view.
func (v view) knows(s *site) bool { return !s.convenedAt.After(v.info.AsOf) }

// owed is when a site was convened, as far as the view knows: from then on, without the times in which it was withdrawn.
func (v view) owed(s *site) []Interval {
	list := []Interval{{From: s.convenedAt}}
	for _, w := range s.withdrawn {
		last := &list[len(list)-1]
		switch {
		case w.at.After(v.info.AsOf):
			return list
		case w.value != nil && last.To.IsZero():
			last.To = w.at
		case w.value == nil && !last.To.IsZero():
			list = append(list, Interval{From: w.at})
		}
	}
	return list
}

// counted is the time of a site by which its verdict is found: when it was connected, or when the stage arrived, and what was
// declared besides.
func (v view) counted(row SiteRow) []Interval {
	list := row.Intervals
	if v.info.Rules.ReceivingOnly {
		list = row.Receiving
	}
	if len(row.Declared) > 0 {
		list = union(list, row.Declared)
	}
	return list
}

// withdrawnAt is zero of a site that is convened.
func (s SiteRow) withdrawnAt() (at time.Time) {
	if s.Withdrawn != nil {
		at = s.Withdrawn.At
	}
	return at
}

// ConnectedOnly is how long a site was there while the session was live and nothing of it arrived: part of Total.
func (s SiteRow) ConnectedOnly() time.Duration { return max(0, s.Total-s.Received) }
