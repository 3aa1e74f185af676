package meeting

import "time"

// ClockDiffered says that the server's clock was behind what the ledger had recorded before: it was set back, or had
// been ahead. Times before this entry may be wrong by the difference.
type ClockDiffered struct {
	Clock    time.Time `json:"clock"`    // what it showed
	Recorded time.Time `json:"recorded"` // of the entry before
}

// NoteClock records that the clock is behind the ledger.
type NoteClock struct{ Clock, Recorded time.Time }

func (c NoteClock) decide(_ *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.system() {
		return refuse(CodeForbidden, "the clock is the server's")
	}
	return []Event{&ClockDiffered{Clock: c.Clock, Recorded: c.Recorded}}, nil
}

func (*ClockDiffered) apply(*Session, time.Time) {}

// Kind implements Event.
func (*ClockDiffered) Kind() string { return "clock_differed" }
