package prepare

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Event is a session as a calendar shows it.
type Event struct {
	ID        string // of the session
	Sequence  int    // grows with every change of time
	Title     string
	Start     time.Time
	Minutes   int // 0 = not said; calendars then show two hours
	Changed   time.Time
	Link      string // short link of the site; empty = none
	Help      string // telephone number for the line
	CalledOff bool
	Reminder  string // text of the alarm an hour before
	Notes     []string
}

const usualMinutes = 120

// Calendar writes an event as an iCalendar file (RFC 5545), with an alarm an hour before for the technical check. A
// called-off session is STATUS:CANCELLED under the same UID, so calendars strike out what they had.
func Calendar(e Event) []byte {
	cal := ics.NewCalendar()
	cal.SetProductId("-//diemcau//diemcau//VI")
	cal.SetMethod(ics.MethodPublish)
	ev := cal.AddEvent(e.ID + "@diemcau")
	ev.SetDtStampTime(e.Changed)
	ev.SetModifiedAt(e.Changed)
	ev.SetSequence(e.Sequence)
	ev.SetStartAt(e.Start)
	minutes := e.Minutes
	if minutes == 0 {
		minutes = usualMinutes
	}
	ev.SetEndAt(e.Start.Add(time.Duration(minutes) * time.Minute))
	ev.SetSummary(e.Title)
	ev.SetStatus(ics.ObjectStatusConfirmed)
	if e.CalledOff {
		cal.SetMethod(ics.MethodCancel)
		ev.SetStatus(ics.ObjectStatusCancelled)
	}
	notes := e.Notes
	if e.Link != "" {
		ev.SetURL(e.Link)
		notes = append([]string{e.Link}, notes...)
	}
	if len(notes) > 0 {
		ev.SetDescription(strings.Join(notes, "\n"))
	}
	if !e.CalledOff {
		alarm := ev.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger("-PT1H")
		alarm.SetProperty(ics.ComponentPropertyDescription, e.Reminder)
	}
	return []byte(cal.Serialize(ics.WithNewLineWindows))
}
