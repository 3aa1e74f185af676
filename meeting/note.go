package meeting

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Bounds of the notes of a session.
const (
	MaxNoteText = 4000 // runes
	MaxNotes    = 2000
	maxNoteID   = 40
)

// Note is what a secretary wrote about a moment of the session, for the minutes.
type Note struct {
	ID      string    `json:"id"`
	Version int       `json:"version"` // from 1
	About   time.Time `json:"about"`   // the moment that it is about
	Text    string    `json:"text"`    // empty = taken out
	By      string    `json:"by"`
}

// NoteWritten is a version of a note; each stays in the ledger.
type NoteWritten struct {
	ID      string    `json:"id"`
	By      string    `json:"by,omitempty"`
	Version int       `json:"version"`
	About   time.Time `json:"about"`
	Text    string    `json:"text"`
}

// WriteNote saves a note as far as it is written, until the seal. Base is the version that its author saw, 0 for a new
// note: of two who write at once, the second is refused with Conflict and looks at what the first wrote.
type WriteNote struct {
	ID    string
	Base  int
	About time.Time
	Text  string
}

func (c WriteNote) decide(s *Session, by Actor, at time.Time) ([]Event, error) {
	switch {
	case !by.office() && by.Role != RoleSecretary && by.Role != RoleHost:
		return refuse(CodeForbidden, "write notes")
	case s.Phase == PhaseSealed:
		return refuse(CodeWrongPhase, string(s.Phase))
	case c.ID == "" || utf8.RuneCountInString(c.ID) > maxNoteID:
		return refuse(CodeBadValue, "id")
	case utf8.RuneCountInString(c.Text) > MaxNoteText:
		return refuse(CodeBadValue, "text")
	}
	if c.About.IsZero() {
		c.About = at
	}
	version := 0
	if i, ok := s.noted[c.ID]; ok {
		version = s.notes.at(i).Version
	} else if s.notes.n >= MaxNotes {
		return refuse(CodeBadValue, "too many notes")
	}
	if c.Base != version {
		return refuse(CodeConflict, "version "+strconv.Itoa(version))
	}
	return []Event{&NoteWritten{ID: c.ID, By: by.Endpoint, Version: version + 1, About: c.About, Text: c.Text}}, nil
}

func (e *NoteWritten) apply(s *Session, _ time.Time) {
	i, ok := s.noted[e.ID]
	if !ok {
		i = s.notes.n
		s.noted[e.ID] = i
	}
	s.notes.set(i, &Note{ID: e.ID, Version: e.Version, About: e.About, Text: e.Text, By: e.By})
}

// Kind implements Event.
func (*NoteWritten) Kind() string { return "note" }
