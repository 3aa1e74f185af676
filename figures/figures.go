// Package figures sums up attendance over many sessions: by period, province and unit, who is often absent, and a session
// beside the one before it. It is pure. What it sums is derived from the ledgers, one record a session.
package figures

import (
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Session is what the figures keep of one session. It follows from the ledger up to Seq, and holds no names of people.
type Session struct {
	ID        string
	Title     string
	StartedAt time.Time
	EndedAt   time.Time
	Seq       uint64         // the last entry of the ledger that it rests on
	Units     []meeting.Unit // as they were then: those of the sites and all above them
	Sites     []Site
}

// Guest is the Unit of a site that belongs to none.
const Guest = -1

// Site is the attendance of one site in one session. Lengths are in whole seconds of the live time.
type Site struct {
	Unit          int // index in Session.Units, or Guest
	Verdict       meeting.Verdict
	PresentS      int
	ReceivedS     int // that the stage really arrived
	LateS         int // after the start; 0 = in time, or never
	Headcount     int
	Turns         int // times on air
	SpokenS       int // on air
	Interruptions int
	Packets, Lost uint64 // by receiver reports
	Telephone     bool
	Corrected     bool // the verdict is a person's
}

// Sum adds up sites: of a unit and all below it, or of a session.
type Sum struct {
	Sessions      int    `json:"sessions"` // in which one of them was convened
	Convened      int    `json:"convened"` // sites, each once a session; so are the counts that follow
	Present       int    `json:"present"`  // on time, late or partial
	OnTime        int    `json:"on_time"`
	Late          int    `json:"late"`
	Partial       int    `json:"partial"`
	Absent        int    `json:"absent"`
	Telephone     int    `json:"telephone"`
	Corrected     int    `json:"corrected"`
	Headcount     int    `json:"headcount"`
	PresentS      int    `json:"present_s"`
	ReceivedS     int    `json:"received_s"`
	LateS         int    `json:"late_s"`
	Speakers      int    `json:"speakers"` // sites that were on air
	Turns         int    `json:"turns"`
	SpokenS       int    `json:"spoken_s"`
	Interruptions int    `json:"interruptions"`
	Packets       uint64 `json:"packets"`
	Lost          uint64 `json:"lost"`

	last int // number of the last session counted, from 1
}

// LossPct is the share of packets lost, in percent; known is false without a measurement.
func (s Sum) LossPct() (pct float64, known bool) {
	if s.Packets == 0 {
		return 0, false
	}
	return 100 * float64(s.Lost) / float64(s.Packets), true
}

// PresentPct is the share of convened sites that attended, in percent; 0 of none.
func (s Sum) PresentPct() float64 {
	if s.Convened == 0 {
		return 0
	}
	return 100 * float64(s.Present) / float64(s.Convened)
}

// add counts a site of the session of a number.
func (s *Sum) add(c *Site, session int) {
	if s.last != session {
		s.last = session
		s.Sessions++
	}
	s.Convened++
	switch c.Verdict {
	case meeting.VerdictOnTime:
		s.OnTime++
		s.Present++
	case meeting.VerdictLate:
		s.Late++
		s.Present++
	case meeting.VerdictPartial:
		s.Partial++
		s.Present++
	case meeting.VerdictAbsent:
		s.Absent++
	case meeting.VerdictNotConvened: // no site of a record is
	}
	if c.Telephone {
		s.Telephone++
	}
	if c.Corrected {
		s.Corrected++
	}
	if c.Turns > 0 {
		s.Speakers++
	}
	s.Headcount += c.Headcount
	s.PresentS += c.PresentS
	s.ReceivedS += c.ReceivedS
	s.LateS += c.LateS
	s.Turns += c.Turns
	s.SpokenS += c.SpokenS
	s.Interruptions += c.Interruptions
	s.Packets += c.Packets
	s.Lost += c.Lost
}

// plus counts what another session's sum has.
func (s *Sum) plus(o Sum) {
	s.Sessions += o.Sessions
	s.Convened += o.Convened
	s.Present += o.Present
	s.OnTime += o.OnTime
	s.Late += o.Late
	s.Partial += o.Partial
	s.Absent += o.Absent
	s.Telephone += o.Telephone
	s.Corrected += o.Corrected
	s.Headcount += o.Headcount
	s.PresentS += o.PresentS
	s.ReceivedS += o.ReceivedS
	s.LateS += o.LateS
	s.Speakers += o.Speakers
	s.Turns += o.Turns
	s.SpokenS += o.SpokenS
	s.Interruptions += o.Interruptions
	s.Packets += o.Packets
	s.Lost += o.Lost
}
