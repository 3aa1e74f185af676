package signaling

import (
	"errors"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// When a link is said to be in the hands of others: within contestWithin so many who opened it were refused because its
// seat was taken, or so many took the seat over. An office that changes its device does neither so often.
const (
	contestWithin  = time.Hour
	contestRefused = 10
	contestTaken   = 5
	contestMost    = 999 // counted further it would only be told further
)

// contest is what a seat's coordinator remembers of those who contend for it. It is said until the link is changed.
type contest struct {
	since          time.Time
	refused, taken int
	said           bool
}

// count takes note of one more, and reports whether consoles are to hear of it now.
func (c *contest) count(now time.Time, refused, taken int) bool {
	if !c.said && now.Sub(c.since) > contestWithin {
		*c = contest{since: now}
	}
	c.refused, c.taken = min(c.refused+refused, contestMost), min(c.taken+taken, contestMost)
	c.said = c.said || c.refused >= contestRefused || c.taken >= contestTaken
	return c.said
}

// shown are the figures that consoles are told; nothing while there is little to tell of.
func (c *contest) shown() (refused, taken int) {
	if !c.said {
		return 0, 0
	}
	return c.refused, c.taken
}

// contested takes note of who was refused an occupied seat, or took one over.
func contested(c *coordinator, o outcome, now time.Time) {
	if _, connects := o.cmd.(meeting.Connect); !connects {
		return
	}
	refused, taken := 0, 0
	var why *meeting.Error
	if errors.As(o.err, &why) && why.Code == meeting.CodeOccupied {
		refused = 1
	}
	for _, ev := range o.events {
		if left, ok := ev.(*meeting.Left); ok && left.Why == meeting.EndTakenOver {
			taken = 1
		}
	}
	code := o.by.Endpoint
	m := c.audience.members[code]
	if m == nil || refused+taken == 0 {
		return
	}
	before := m.contest.said
	if !m.contest.count(now, refused, taken) {
		return
	}
	if c.audience.touched[code] = struct{}{}; !before {
		c.log.Warn("a link is opened elsewhere again and again: reissue it", "endpoint", code, "refused", m.contest.refused, "taken_over", m.contest.taken)
	}
}

// uncontested forgets who contended for a seat: its link is another one now.
func uncontested(a *audience, code string) {
	if m := a.members[code]; m != nil && m.contest != (contest{}) {
		m.contest = contest{}
		a.touched[code] = struct{}{}
	}
}
