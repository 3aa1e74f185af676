package meeting

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Particulars are what the documents of a session say about it besides its title: whose document it is, its number, and
// who chaired and kept the minutes.
type Particulars struct {
	Authority     string   `json:"authority,omitempty"`      // the body above the issuing one
	Body          string   `json:"body,omitempty"`           // that issues the documents
	Number        string   `json:"number,omitempty"`         // number and sign of the report, such as 12/BC-VP
	MinutesNumber string   `json:"minutes_number,omitempty"` // of the minutes, such as 5/BB-VP
	Place         string   `json:"place,omitempty"`          // where the documents are issued
	Addressee     string   `json:"addressee,omitempty"`      // to whom the report is addressed
	Recipients    []string `json:"recipients,omitempty"`     // who gets a copy
	Chair         Official `json:"chair,omitzero"`
	Secretary     Official `json:"secretary,omitzero"`
}

// Official is a person with a title.
type Official struct {
	Name  string `json:"name,omitempty"`
	Title string `json:"title,omitempty"`
}

// Officials are the people of a session's particulars.
type Officials struct {
	Chair     Official `json:"chair,omitzero"`
	Secretary Official `json:"secretary,omitzero"`
}

// Bounds of particulars.
const (
	MaxParticular = 300 // runes of one
	MaxRecipients = 50
)

// Check refuses what is too long; field is the JSON name of what is, empty if all is well.
func (p Particulars) Check() (field string) {
	for _, one := range []struct{ field, text string }{
		{"authority", p.Authority}, {"body", p.Body}, {"number", p.Number}, {"minutes_number", p.MinutesNumber}, {"place", p.Place},
		{"addressee", p.Addressee}, {"chair.name", p.Chair.Name}, {"chair.title", p.Chair.Title}, {"secretary.name", p.Secretary.Name},
		{"secretary.title", p.Secretary.Title},
	} {
		if utf8.RuneCountInString(one.text) > MaxParticular {
			return one.field
		}
	}
	if len(p.Recipients) > MaxRecipients {
		return "recipients"
	}
	for _, r := range p.Recipients {
		if utf8.RuneCountInString(r) > MaxParticular {
			return "recipients"
		}
	}
	return ""
}

// Empty reports whether nothing is said.
func (p Particulars) Empty() bool {
	return len(p.Recipients) == 0 && p.Chair == Official{} && p.Secretary == Official{} &&
		p.Authority+p.Body+p.Number+p.MinutesNumber+p.Place+p.Addressee == ""
}

// ParticularsSet replaces the particulars as a whole. The people stand apart, since their names can be erased.
type ParticularsSet struct {
	By          string      `json:"by,omitempty"`
	Particulars Particulars `json:"particulars"` // without the people
	Officials   *Officials  `json:"officials,omitempty"`
}

// All returns the particulars with the people.
func (e *ParticularsSet) All() Particulars {
	p := e.Particulars
	if e.Officials != nil {
		p.Chair, p.Secretary = e.Officials.Chair, e.Officials.Secretary
	}
	return p
}

// SetParticulars replaces the particulars, at any time: a number is often given after the session. Base is the version that its
// author saw, nil if none: of two who change it at once the second is refused with Conflict.
type SetParticulars struct {
	Base        *int
	Particulars Particulars
}

func (c SetParticulars) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if !by.office() && by.Role != RoleSecretary && by.Role != RoleHost {
		return refuse(CodeForbidden, "set particulars")
	}
	if c.Base != nil && *c.Base != s.ParticularsVersion {
		return refuse(CodeConflict, fmt.Sprintf("version %d", s.ParticularsVersion))
	}
	if field := c.Particulars.Check(); field != "" {
		return refuse(CodeBadValue, field)
	}
	return []Event{particularsSet(c.Particulars, by)}, nil
}

func particularsSet(p Particulars, by Actor) *ParticularsSet {
	e := &ParticularsSet{By: by.Endpoint, Particulars: p}
	if people := (Officials{Chair: p.Chair, Secretary: p.Secretary}); people != (Officials{}) {
		e.Officials = &people
		e.Particulars.Chair, e.Particulars.Secretary = Official{}, Official{}
	}
	return e
}

// What they say is no part of the session's state: reports fold it from the ledger.
func (*ParticularsSet) apply(s *Session, _ time.Time) { s.ParticularsVersion++ }

// Kind implements Event.
func (*ParticularsSet) Kind() string { return "particulars" }
