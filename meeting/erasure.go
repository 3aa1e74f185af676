package meeting

import "time"

// EraseNames takes what is personal out of the record of a session that is over: names of people, telephone numbers,
// messages, notes, pictures.
type EraseNames struct{}

// NamesErased says that all that was personal in the entries before it is gone.
type NamesErased struct {
	By string `json:"by,omitempty"` // empty = the time for which it is kept was over
}

func (EraseNames) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() {
		return refuse(CodeForbidden, "erase names")
	}
	if s.Phase != PhaseEnded && s.Phase != PhaseSealed {
		return refuse(CodeWrongPhase, string(s.Phase))
	}
	return []Event{&NamesErased{By: by.Endpoint}}, nil
}

// apply forgets the people in the rooms, the telephone numbers, and what the notes say: a ledger from which they were erased
// applies to the same.
func (e *NamesErased) apply(s *Session, _ time.Time) {
	s.HelpPhone = ""
	for ep := range s.Endpoints() {
		if ep.Delegates != nil || ep.Phone != "" {
			s.change(ep.Code, func(ep *Endpoint) { ep.Delegates, ep.Phone = nil, "" })
		}
	}
	for i := range s.notes.n {
		note := *s.notes.at(i)
		note.Text = ""
		s.notes.set(i, &note)
	}
}

// Kind implements Event.
func (*NamesErased) Kind() string { return "names_erased" }
