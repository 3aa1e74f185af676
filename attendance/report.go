package attendance

import (
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Report is what a session's ledger says about attendance at one moment. Times are UTC instants; exports show
// them in the session's time zone.
type Report struct {
	Session   SessionInfo
	Sites     []SiteRow // in the order in which they were convened; consoles are not among them
	RollCalls []RollCallRow
	Floor     []FloorRow
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
	AsOf        time.Time // what is after it is not in the report
	Head        Head      // the last entry that the report rests on
}

// SiteRow is the attendance of one linked site.
type SiteRow struct {
	Endpoint string
	Unit     string // code of its unit; empty for a guest
	Name     string
	Level    meeting.Level  // of its unit
	Parents  []meeting.Unit // the units above its own, the nearest first

	FirstJoined   time.Time     // zero = never; also before the session was live
	LastLeft      time.Time     // zero = never, or still there
	Total         time.Duration // present while the session was live
	Interruptions int           // returns after a loss
	Intervals     []Interval    // when it was connected
	Receiving     []Interval    // when the stage really arrived there
	Verdict       Verdict
	Headcount     int // people in the room as last declared; 0 = not declared
	Delegates     []meeting.Delegate
}

// Interval is a time without a break. Short losses are bridged by the grace window of the rules.
type Interval struct {
	From          time.Time
	To            time.Time // zero while it lasts
	EndReason     EndReason
	Interruptions int      // losses bridged within it
	Entries       []uint64 // Seq of the entries that it follows from
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

// Verdict is the conclusion on a site's attendance by the rules of the session.
type Verdict string

// The verdicts. Before the session is live there is none.
const (
	OnTime  Verdict = "on_time"
	Late    Verdict = "late"    // first there later than Rules.LateAfterS after the start
	Partial Verdict = "partial" // there for less than Rules.PartialPct of the live time, late or not
	Absent  Verdict = "absent"  // not there while the session was live
)

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
	At        time.Time
	Headcount int
	Entry     uint64 // Seq
}

// FloorRow is one grant of a slot to an endpoint.
type FloorRow struct {
	Endpoint   string
	Slot       meeting.Slot
	GrantedAt  time.Time
	OnAirAt    time.Time // zero if it never came on air
	ReturnedAt time.Time // zero while it is held
	Why        string    // as in meeting.Returned
}
