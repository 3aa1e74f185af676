package attendance

import (
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// Report is what a session's ledger says about attendance at one moment. Times are UTC instants; exports show
// them in the session's time zone.
type Report struct {
	Session   SessionInfo
	Total     Counts
	Groups    []GroupRow // every unit with convened sites below it, parents before their children
	Sites     []SiteRow  // in the order in which they were convened; consoles are not among them
	RollCalls []RollCallRow
	Floor     []FloorRow
	Agenda    []meeting.AgendaItem

	AgendaTurns []AgendaTurn
	Notes       []meeting.Note // of the secretaries, by the moments that they are about

	Course []Sample // of the whole report, in one that shows a part of it; nil = it follows from Sites
}

// SessionInfo is the heading of a report. Zero times are times that have not come.
type SessionInfo struct {
	ID          string
	Title       string
	TimeZone    string // IANA name
	Rules       meeting.Rules
	ScheduledAt time.Time
	OpenedAt    time.Time
	StartedAt   time.Time
	EndedAt     time.Time
	SealedAt    time.Time
	CalledOff   bool      // it was called off before it began
	AsOf        time.Time // what is after it is not in the report
	Particulars meeting.Particulars
	Head        ledger.Head // the last entry that the report rests on
}

// SiteRow is the attendance of one linked site.
type SiteRow struct {
	Endpoint string
	Unit     string // code of its unit; empty for a guest
	Name     string
	Phone    string         // of the person to call about the line
	Level    meeting.Level  // of its unit
	Parents  []meeting.Unit // the units above its own, the nearest first

	ConvenedAt time.Time   // of a site that was added later; zero = with the session
	Withdrawn  *Withdrawal // nil = it is convened

	FirstJoined   time.Time     // zero = never; also before the session was live
	LastLeft      time.Time     // zero = never, or still there
	Total         time.Duration // present while the session was live
	Interruptions int           // returns after a loss
	Intervals     []Interval    // when it was connected
	Receiving     []Interval    // when the stage really arrived there
	Received      time.Duration // of that, while the session was live
	Devices       []string      // as the pages told; Telephone for attendance by telephone
	Quality       Quality
	Pictures      []KeptPicture // still pictures kept as evidence, by time; each may have been erased since
	Declared      []Declared    // attendance by other means; in the Verdict, not in Total
	Verdict       Verdict       // what counts: the override, or what follows from Intervals and Declared
	Computed      Verdict       // what follows without Declared and Override
	Override      *Override     // nil if nobody overrode the verdict
	Headcount     int           // people in the room as last declared; 0 = not declared
	Delegates     []meeting.Delegate
}

// Interval is a time without a break. Short losses are bridged by the grace window of the rules.
type Interval struct {
	From          time.Time
	To            time.Time // zero while it lasts
	EndReason     EndReason
	Interruptions int    // losses bridged within it
	Device        string // of the connection that it began with, as the page told
	// Evidence of receiving, the weakest of the interval: see meeting.Evidence.
	Evidence meeting.Evidence
	Entries  []uint64 // Seq of the entries that it follows from
}

// Counts sums up sites. Before the session is live only Convened and Headcount count.
type Counts struct {
	Convened  int `json:"convened"`
	Present   int `json:"present"` // on time, late or partial
	OnTime    int `json:"on_time"`
	Late      int `json:"late"`
	Partial   int `json:"partial"`
	Absent    int `json:"absent"`
	Headcount int `json:"headcount"` // people in the rooms of all sites, as declared
	Withdrawn int `json:"withdrawn"` // sites that are convened no more; in no other count
}

// count adds a site (sign 1) or takes it away (sign -1).
func (c *Counts) count(s SiteRow, sign int) {
	if s.Withdrawn != nil {
		c.Withdrawn += sign
		return
	}
	c.Convened += sign
	c.Headcount += sign * s.Headcount
	switch s.Verdict {
	case OnTime:
		c.OnTime += sign
	case Late:
		c.Late += sign
	case Partial:
		c.Partial += sign
	case Absent:
		c.Absent += sign
	case meeting.VerdictNotConvened: // not asked for here
	}
	c.Present = c.OnTime + c.Late + c.Partial
}

// GroupRow sums up the sites of a unit and of all units below it.
type GroupRow struct {
	Unit  meeting.Unit
	Depth int // number of groups above it
	Counts
}

// EndReason says why an interval ended.
type EndReason string

// The reasons.
const (
	EndOpen      EndReason = "open"       // it lasts
	EndLeft      EndReason = "left"       // the page was closed
	EndLost      EndReason = "lost"       // the line broke and did not come back within the grace window
	EndTakenOver EndReason = "taken_over" // another device took over and did not stay
	EndRemoved   EndReason = "removed"    // the host shut the site out
	EndEnded     EndReason = "ended"      // the session ended; or, of receiving, the stage ceased to arrive
)

// Verdict is the conclusion on a site's attendance by the rules of the session. Before it is live there is none.
type Verdict = meeting.Verdict

// The verdicts.
const (
	OnTime  = meeting.VerdictOnTime
	Late    = meeting.VerdictLate
	Partial = meeting.VerdictPartial
	Absent  = meeting.VerdictAbsent

	NotConvened = meeting.VerdictNotConvened // it was withdrawn
)

// Override is a person's conclusion in the place of the computed one.
type Override struct {
	Verdict   Verdict
	By        string // endpoint code of who decided it
	Reason    string
	At        time.Time
	AfterSeal bool // a correction of a sealed record
	Entry     uint64
}

// Declared is attendance by other means than a connection, as the secretariat recorded it.
type Declared struct {
	From   time.Time
	To     time.Time // zero = until the end
	Means  string    // as in meeting.AttendanceAdded
	By     string
	Reason string
	Entry  uint64
}

// KeptPicture is a still picture that was kept beside the ledger.
type KeptPicture struct {
	At    time.Time
	Entry uint64 // Seq
}

// RollCallRow is one round of a roll call.
type RollCallRow struct {
	ID       int
	OpenedAt time.Time
	ClosedAt time.Time // zero while open
	Answers  []RollCallAnswer
}

// RollCallAnswer is one site's confirmation.
type RollCallAnswer struct {
	Endpoint  string
	Name      string
	At        time.Time
	Headcount int
	Entry     uint64 // Seq
}

// FloorRow is one grant of a slot to an endpoint.
type FloorRow struct {
	Endpoint   string
	Name       string
	Unit       string // names of the units above its own, the nearest first
	Slot       meeting.Slot
	GrantedAt  time.Time
	OnAirAt    time.Time // zero if it never came on air
	ReturnedAt time.Time // zero while it is held
	Why        meeting.ReturnReason
}
