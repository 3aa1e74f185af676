package ledger

import (
	"fmt"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// Journal carries out the commands of one session and makes the entries of what they change. It is pure: whoever owns
// the session commits the entries before anybody is told, and after a commit that failed makes another journal, of what
// the record holds.
type Journal struct {
	session *meeting.Session
	chain   *Chain
}

// NewJournal goes on with a session after the head of its ledger. The session is changed in place.
func NewJournal(session *meeting.Session, node *Node, head Head) *Journal {
	return &Journal{session: session, chain: NewChain(session.ID, node, head)}
}

// Session is the session as it is after all that was done.
func (j *Journal) Session() *meeting.Session { return j.session }

// Head is the last entry made.
func (j *Journal) Head() Head { return j.chain.Head() }

// Done is what a command changed, in order: an entry for each event.
type Done struct {
	Entries []Entry
	Events  []meeting.Event
}

// UnwritableError says that an event cannot be made an entry: a fault of the program, after which the journal is of no
// further use.
type UnwritableError struct{ err error }

func (e *UnwritableError) Error() string { return "the event cannot be recorded: " + e.err.Error() }

func (e *UnwritableError) Unwrap() error { return e.err }

// Do carries out a command of an actor that is recorded now. happened is when it was given, for one that had to wait; zero
// for now. A refusal of the meeting changes nothing.
func (j *Journal) Do(cmd meeting.Command, by meeting.Actor, happened, now time.Time) (Done, error) {
	given := happened
	if given.IsZero() {
		given = now
	}
	events, err := j.session.Decide(cmd, by, given)
	if err != nil {
		return Done{}, err
	}
	done := Done{Entries: make([]Entry, 0, len(events)), Events: events}
	for _, ev := range events {
		at := happened
		if _, dated := ev.(meeting.Dated); dated {
			at = time.Time{} // it knows better
		}
		e, err := j.chain.Next(at, now, by.Endpoint, ev)
		if err != nil {
			return Done{}, &UnwritableError{fmt.Errorf("%T: %w", cmd, err)}
		}
		j.session.Apply(ev, e.At)
		done.Entries = append(done.Entries, e)
	}
	return done, nil
}
