package meeting

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what a session is told to be.
const (
	MaxTitle       = 300 // runes of a title, a name, a telephone number
	MaxAgendaItems = 200
	MaxItemMinutes = 24 * 60
	MaxSpeakers    = 200    // registered for one item
	MaxEndpoints   = 30_000 // of a session
	MaxCountdownS  = 60
	MaxOpenBeforeS = 24 * 60 * 60
)

// TitleChanged gives a convened session another title.
type TitleChanged struct {
	By    string `json:"by"`
	Title string `json:"title"`
}

// AgendaChanged replaces the agenda, the speakers registered for its items included.
type AgendaChanged struct {
	By      string       `json:"by"`
	Version int          `json:"version"` // the one convened has 1
	Agenda  []AgendaItem `json:"agenda"`
}

// HelpPhoneSet says whom sites call about their line; empty = nobody.
type HelpPhoneSet struct {
	By    string `json:"by,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// SitesAdded convenes further sites from now on.
type SitesAdded struct {
	By        string     `json:"by"`
	Units     []Unit     `json:"units,omitempty"` // of theirs and above them, those that the session did not know
	Endpoints []Endpoint `json:"endpoints"`
}

// SiteWithdrawn takes a convened site off the list: it may not enter, and nothing is expected of it.
type SiteWithdrawn struct {
	By       string `json:"by"`
	Endpoint string `json:"endpoint"`
	Reason   string `json:"reason"`
}

// SiteRestored convenes a site again that was withdrawn. Its link is the one that it had.
type SiteRestored struct {
	By       string `json:"by"`
	Endpoint string `json:"endpoint"`
}

// SetTitle gives the session another title, until the seal.
type SetTitle struct{ Title string }

// SetAgenda replaces the agenda, until the seal. Base is the version that its author saw: of two who change it at once the
// second is refused with Conflict. Items keep their ID; those without get one.
type SetAgenda struct {
	Base   int
	Agenda []AgendaItem
}

// SetHelpPhone says whom sites call about their line, until the seal.
type SetHelpPhone struct{ Phone string }

// AddSites convenes further sites, until the session ends. A site that was withdrawn is convened again, as it was. Units are
// those of the sites and all above them.
type AddSites struct {
	Units     []Unit
	Endpoints []Endpoint
}

// WithdrawSite takes a site off the list for a reason, until the seal.
type WithdrawSite struct {
	Endpoint string
	Reason   string
}

// RestoreSite convenes a site again that was withdrawn, until the seal.
type RestoreSite struct{ Endpoint string }

// amends refuses who may not change what was convened, and a change of a sealed session.
func (s *Session) amends(by Actor) error {
	switch {
	case !by.office() && !s.steersAll(by):
		return &Error{Code: CodeForbidden, Detail: "change the session"}
	case s.Phase == PhaseSealed:
		return &Error{Code: CodeWrongPhase, Detail: string(s.Phase)}
	}
	return nil
}

func (c SetTitle) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	title := strings.TrimSpace(c.Title)
	switch n := utf8.RuneCountInString(title); {
	case n == 0 || n > MaxTitle:
		return refuse(CodeBadValue, "title")
	case title == s.Title:
		return refuse(CodeAlreadyDone, "title")
	}
	return []Event{&TitleChanged{By: by.Endpoint, Title: title}}, nil
}

func (c SetHelpPhone) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	phone := strings.TrimSpace(c.Phone)
	switch {
	case utf8.RuneCountInString(phone) > MaxTitle:
		return refuse(CodeBadValue, "phone")
	case phone == s.HelpPhone && s.HelpPhoneSet:
		return refuse(CodeAlreadyDone, "phone")
	}
	return []Event{&HelpPhoneSet{By: by.Endpoint, Phone: phone}}, nil
}

func (c SetAgenda) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	if c.Base != s.AgendaVersion {
		return refuse(CodeConflict, fmt.Sprintf("version %d", s.AgendaVersion))
	}
	next := &AgendaChanged{By: by.Endpoint, Version: s.AgendaVersion + 1, Agenda: []AgendaItem{}}
	if len(c.Agenda) > MaxAgendaItems {
		return refuse(CodeBadValue, "agenda")
	}
	ids := map[string]bool{}
	for i, item := range c.Agenda {
		item.Title = strings.TrimSpace(item.Title)
		if item.ID == "" {
			item.ID = fmt.Sprintf("v%d.%d", next.Version, i+1) // no version before had it
		}
		if field := s.wrongItem(item); field != "" || ids[item.ID] {
			return refuse(CodeBadValue, fmt.Sprintf("agenda.%d.%s", i, field))
		}
		ids[item.ID] = true
		next.Agenda = append(next.Agenda, item)
	}
	if slices.EqualFunc(next.Agenda, s.Agenda, AgendaItem.same) {
		return refuse(CodeAlreadyDone, "agenda")
	}
	events := []Event{next}
	if s.AgendaItem != "" && !ids[s.AgendaItem] {
		events = append(events, &AgendaMoved{By: by.Endpoint})
	}
	return events, nil
}

// wrongItem is the JSON name of what is wrong with an item of the agenda; empty if nothing is.
func (s *View) wrongItem(item AgendaItem) string {
	n := utf8.RuneCountInString(item.Title)
	switch {
	case utf8.RuneCountInString(item.ID) > MaxCode:
		return "id"
	case n == 0 || n > MaxTitle:
		return "title"
	case item.Minutes < 0 || item.Minutes > MaxItemMinutes:
		return "minutes"
	case len(item.Speakers) > MaxSpeakers || slices.ContainsFunc(item.Speakers, func(code string) bool { return !s.mayRegister(code) }):
		return "speakers"
	}
	return ""
}

// mayRegister reports whether an endpoint can be a registered speaker.
func (s *View) mayRegister(code string) bool {
	ep := s.Endpoint(code)
	return ep != nil && (ep.Role == RoleHost || ep.Role == RoleSite && !ep.Withdrawn)
}

func (a AgendaItem) same(b AgendaItem) bool {
	return a.ID == b.ID && a.Title == b.Title && a.Minutes == b.Minutes && slices.Equal(a.Speakers, b.Speakers)
}

func (c AddSites) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	switch {
	case s.Phase == PhaseEnded:
		return refuse(CodeWrongPhase, string(s.Phase))
	case len(c.Endpoints) == 0 || len(s.Order)+len(c.Endpoints) > MaxEndpoints:
		return refuse(CodeBadValue, "sites")
	}
	known := maps.Clone(s.Units)
	added := &SitesAdded{By: by.Endpoint}
	for _, u := range c.Units {
		if _, ok := known[u.Code]; !ok {
			known[u.Code] = u
			added.Units = append(added.Units, u)
		}
	}
	var events []Event
	seen := map[string]bool{}
	for _, ep := range c.Endpoints {
		_, unit := known[ep.Unit]
		there := s.Endpoint(ep.Code)
		switch {
		case seen[ep.Code], !ValidCode(ep.Code), ep.Name == "", utf8.RuneCountInString(ep.Name) > MaxTitle, utf8.RuneCountInString(ep.Phone) > MaxTitle,
			ep.Role != RoleSite, ep.Scope != "", ep.Unit != "" && !unit:
			return refuse(CodeBadEndpointCode, ep.Code)
		case there == nil:
			added.Endpoints = append(added.Endpoints, ep)
		case there.Role == RoleSite && there.Withdrawn:
			events = append(events, &SiteRestored{By: by.Endpoint, Endpoint: ep.Code})
		default:
			return refuse(CodeBadEndpointCode, ep.Code+" is convened already")
		}
		seen[ep.Code] = true
	}
	if len(added.Endpoints) > 0 {
		events = append([]Event{added}, events...)
	}
	return events, nil
}

func (c WithdrawSite) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	ep, err := s.convenedSite(c.Endpoint)
	if err != nil {
		return nil, err
	}
	reason := strings.TrimSpace(c.Reason)
	switch n := utf8.RuneCountInString(reason); {
	case n == 0 || n > MaxReasonText:
		return refuse(CodeBadValue, "reason")
	case s.Chair == ep.Code:
		return refuse(CodeForbidden, "the chair is not withdrawn; hand it over first")
	}
	var events []Event
	for _, slot := range s.GrantsOf(ep.Code) {
		events = append(events, &Returned{Endpoint: ep.Code, Slot: slot, By: by.Endpoint, Why: ReturnRemoved})
	}
	if ep.Conn != nil {
		events = append(events, &Left{Endpoint: ep.Code, Conn: ep.Conn.ID, Why: EndWithdrawn})
	}
	events = append(events, &SiteWithdrawn{By: by.Endpoint, Endpoint: ep.Code, Reason: reason})
	return append(events, s.unregister(ep.Code, by)...), nil
}

// unregister takes a site out of the registered speakers.
func (s *Session) unregister(code string, by Actor) []Event {
	changed, agenda := false, slices.Clone(s.Agenda)
	for i, item := range agenda {
		if slices.Contains(item.Speakers, code) {
			changed = true
			agenda[i].Speakers = slices.DeleteFunc(slices.Clone(item.Speakers), func(c string) bool { return c == code })
		}
	}
	if !changed {
		return nil
	}
	return []Event{&AgendaChanged{By: by.Endpoint, Version: s.AgendaVersion + 1, Agenda: agenda}}
}

func (c RestoreSite) decide(s *Session, by Actor, _ time.Time) ([]Event, error) {
	if err := s.amends(by); err != nil {
		return nil, err
	}
	ep := s.Endpoint(c.Endpoint)
	switch {
	case ep == nil || ep.Role != RoleSite:
		return refuse(CodeUnknownEndpoint, c.Endpoint)
	case !ep.Withdrawn:
		return refuse(CodeAlreadyDone, "restored")
	}
	return []Event{&SiteRestored{By: by.Endpoint, Endpoint: ep.Code}}, nil
}

func (e *TitleChanged) apply(s *Session, _ time.Time) { s.Title = e.Title }

func (e *HelpPhoneSet) apply(s *Session, _ time.Time) { s.HelpPhone, s.HelpPhoneSet = e.Phone, true }

func (e *AgendaChanged) apply(s *Session, _ time.Time) {
	s.Agenda, s.AgendaVersion = e.Agenda, e.Version
}

func (e *SitesAdded) apply(s *Session, _ time.Time) { s.seat(e.Units, e.Endpoints) }

func (e *SiteWithdrawn) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Withdrawn, ep.WithdrawnFor, ep.StandBy = true, e.Reason, false })
	s.lowerHand(e.Endpoint)
}

func (e *SiteRestored) apply(s *Session, _ time.Time) {
	s.change(e.Endpoint, func(ep *Endpoint) { ep.Withdrawn, ep.WithdrawnFor = false, "" })
}

// Kind implements Event, as do the methods below.
func (*TitleChanged) Kind() string  { return "title_changed" }
func (*AgendaChanged) Kind() string { return "agenda_changed" }
func (*HelpPhoneSet) Kind() string  { return "help_phone" }
func (*SitesAdded) Kind() string    { return "sites_added" }
func (*SiteWithdrawn) Kind() string { return "site_withdrawn" }
func (*SiteRestored) Kind() string  { return "site_restored" }
