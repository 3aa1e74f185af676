// Package prepare is what an office does before a session, as pure functions: drafts and how they become sessions,
// short codes of links, calendar files, and the judgement of a site's rehearsal.
package prepare

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// DefaultTimeZone is the zone of a session whose organiser names none.
const DefaultTimeZone = "Asia/Ho_Chi_Minh"

// Draft is a session that is being prepared. It may be as incomplete as its author likes until it is convened.
type Draft struct {
	Title    string         `json:"title"`
	Start    time.Time      `json:"start,omitzero"`
	Minutes  int            `json:"minutes,omitempty"` // planned length; 0 = open
	TimeZone string         `json:"time_zone,omitempty"`
	Rules    *meeting.Rules `json:"rules,omitempty"` // nil = meeting.DefaultRules

	Units    []string           `json:"units,omitempty"`    // patterns of roster.Select
	Except   []string           `json:"except,omitempty"`   // codes of units that the patterns would convene, but should not
	Contacts map[string]Contact `json:"contacts,omitempty"` // by unit code
	Seats    []Seat             `json:"seats,omitempty"`    // further seats: second ones of a unit, and guests

	Operators []Operator           `json:"operators,omitempty"`
	Agenda    []meeting.AgendaItem `json:"agenda,omitempty"`
	HelpPhone string               `json:"help_phone,omitempty"` // whom sites call about the line; stands on every sheet
	Note      string               `json:"note,omitempty"`       // for the office alone

	Particulars meeting.Particulars `json:"particulars,omitzero"` // what its documents say about it
}

// WithoutPersonal returns the draft without telephone numbers, the office's note, and the names of people who are to
// chair, write and steer. It is what may stay on record once the names of its session were erased; names of seats are those in its ledger.
func (d Draft) WithoutPersonal() Draft {
	d.Contacts, d.HelpPhone, d.Note = nil, "", ""
	d.Particulars.Chair.Name, d.Particulars.Secretary.Name = "", ""
	d.Seats, d.Operators = slices.Clone(d.Seats), slices.Clone(d.Operators)
	for i := range d.Seats {
		d.Seats[i].Phone = ""
	}
	for i := range d.Operators {
		d.Operators[i].Name, d.Operators[i].Phone = "", ""
	}
	return d
}

// Contact is how the people of a site are reached besides its link.
type Contact struct {
	Phone   string `json:"phone,omitempty"`
	ByPhone bool   `json:"by_phone,omitempty"` // the site takes part by telephone alone
}

// Seat is a seat that the units do not give.
type Seat struct {
	Code    string `json:"code,omitempty"` // empty = the unit's with the next free number, or K1, K2 …
	Unit    string `json:"unit,omitempty"` // empty = a guest without a unit
	Name    string `json:"name,omitempty"` // empty = the unit's
	Phone   string `json:"phone,omitempty"`
	ByPhone bool   `json:"by_phone,omitempty"`
}

// Operator is a delegated operator: it steers the sites in and below a unit.
type Operator struct {
	Name  string `json:"name"`  // empty = the unit's
	Scope string `json:"scope"` // code of a unit
	Phone string `json:"phone,omitempty"`
}

// Bounds of a draft.
const (
	maxText    = meeting.MaxTitle
	maxNote    = 10_000
	maxMinutes = meeting.MaxItemMinutes
	maxItems   = meeting.MaxAgendaItems
	maxSeats   = 5000
	maxUnits   = 20_000
)

// Problem is something that keeps a draft from being convened.
type Problem struct {
	Field string `json:"field"` // JSON name, with indexes such as agenda.2.speakers
	Code  string `json:"code"`  // missing, too_long, unknown_unit, no_unit, bad_value, double, unknown_speaker
	Value string `json:"value,omitempty"`
}

func (p Problem) String() string {
	return strings.TrimRight(fmt.Sprintf("%s: %s %q", p.Field, strings.ReplaceAll(p.Code, "_", " "), p.Value), ` "`)
}

// consoleNames are what the consoles of a session are called.
func consoleNames() map[string]string {
	return map[string]string{
		meeting.HostCode: "Chủ trì", meeting.OperatorCode: "Kỹ thuật", meeting.SecretaryCode: "Thư ký",
		meeting.RoomCode: "Màn hình phòng họp", meeting.Room2Code: "Màn hình toàn cảnh",
	}
}

// Convene makes the command that convenes the session, or says what keeps it from being one.
func (d *Draft) Convene(tree *roster.Tree) (meeting.Convene, []Problem) {
	cmd := meeting.Convene{Title: strings.TrimSpace(d.Title), ScheduledAt: d.Start.UTC().Truncate(time.Microsecond), TimeZone: d.TimeZone,
		Rules: meeting.DefaultRules(), Consoles: consoleNames()}
	if d.Rules != nil {
		cmd.Rules = *d.Rules
	}
	if cmd.TimeZone == "" {
		cmd.TimeZone = DefaultTimeZone
	}
	cmd.Particulars, cmd.HelpPhone = d.Particulars, strings.TrimSpace(d.HelpPhone)
	c := &convener{draft: d, tree: tree, taken: map[string]bool{}, keep: map[string]bool{}}
	c.settings(cmd)
	c.units()
	c.guests()
	c.operators()
	c.agenda(&cmd)
	cmd.Endpoints, cmd.Units = c.seats, c.kept()
	return cmd, c.problems
}

// convener gathers the seats of a session and what is wrong.
type convener struct {
	draft    *Draft
	tree     *roster.Tree
	seats    []meeting.Endpoint
	taken    map[string]bool // codes of seats
	keep     map[string]bool // units whose branch stands in the session
	gone     map[string]bool // codes that had a seat, which comes back only by its name
	problems []Problem
}

func (c *convener) report(field, code, value string) {
	const enough = 100
	if len(c.problems) < enough {
		c.problems = append(c.problems, Problem{Field: field, Code: code, Value: value})
	}
}

func (c *convener) text(field, value string, longest int) {
	if utf8.RuneCountInString(value) > longest {
		c.report(field, "too_long", "")
	}
}

func (c *convener) settings(cmd meeting.Convene) {
	d := c.draft
	if cmd.Title == "" {
		c.report("title", "missing", "")
	}
	c.text("title", cmd.Title, maxText)
	c.text("note", d.Note, maxNote)
	c.text("help_phone", d.HelpPhone, maxText)
	if d.Start.IsZero() {
		c.report("start", "missing", "")
	}
	if field := d.Particulars.Check(); field != "" {
		c.report("particulars."+field, "too_long", "")
	}
	if d.Minutes < 0 || d.Minutes > maxMinutes {
		c.report("minutes", "bad_value", fmt.Sprint(d.Minutes))
	}
	if _, err := time.LoadLocation(cmd.TimeZone); err != nil {
		c.report("time_zone", "bad_value", cmd.TimeZone)
	}
	if !cmd.Rules.Valid() {
		c.report("rules", "bad_value", "")
	}
}

func (c *convener) units() {
	d := c.draft
	except := map[string]bool{}
	for _, code := range d.Except {
		except[code] = true
	}
	if len(d.Units) > maxUnits {
		c.report("units", "too_long", "")
		return
	}
	before := len(c.problems)
	for _, code := range slices.Sorted(maps.Keys(d.Contacts)) {
		if _, ok := c.tree.Unit(code); !ok && d.Contacts[code] != (Contact{}) {
			c.report("contacts", "unknown_unit", code)
		}
	}
	for _, code := range c.selected() {
		if c.taken[code] || except[code] {
			continue
		}
		u, _ := c.tree.Unit(code)
		contact := d.Contacts[code]
		c.seat("contacts."+code, meeting.Endpoint{Code: code, Unit: code, Name: u.Name, Role: meeting.RoleSite, Phone: contact.Phone, ByPhone: contact.ByPhone})
	}
	if len(c.seats) == 0 && len(c.problems) == before && len(d.Seats) == 0 {
		c.report("units", "missing", "")
	}
}

// selected returns the codes of the units that the patterns name. One that names none is reported by its place.
func (c *convener) selected() []string {
	patterns := strings.Join(c.draft.Units, ",")
	if strings.Trim(patterns, ", ") == "" {
		return nil
	}
	_, codes, err := roster.Select(c.tree, patterns)
	if err == nil {
		return codes
	}
	for i, pattern := range c.draft.Units {
		if strings.Trim(pattern, ", ") == "" {
			continue
		}
		if _, _, err := roster.Select(c.tree, pattern); err != nil {
			c.report(fmt.Sprintf("units.%d", i), "unknown_unit", pattern)
		}
	}
	return nil
}

func (c *convener) seat(field string, ep meeting.Endpoint) {
	c.text(field+".name", ep.Name, maxText)
	c.text(field+".phone", ep.Phone, maxText)
	if ep.ByPhone && strings.TrimSpace(ep.Phone) == "" {
		c.report(field+".phone", "missing", ep.Code)
	}
	c.taken[ep.Code] = true
	c.keep[ep.Unit] = true
	c.seats = append(c.seats, ep)
}

func (c *convener) guests() {
	if len(c.draft.Seats) > maxSeats {
		c.report("seats", "too_long", "")
		return
	}
	for i, g := range c.draft.Seats {
		field := fmt.Sprintf("seats.%d", i)
		ep := meeting.Endpoint{Code: g.Code, Unit: g.Unit, Name: strings.TrimSpace(g.Name), Role: meeting.RoleSite, Phone: g.Phone, ByPhone: g.ByPhone}
		if g.Unit != "" {
			u, ok := c.tree.Unit(g.Unit)
			if !ok {
				c.report(field+".unit", "unknown_unit", g.Unit)
				continue
			}
			if ep.Name == "" {
				ep.Name = u.Name
			}
		}
		switch {
		case ep.Name == "":
			c.report(field+".name", "missing", "")
			continue
		case c.taken[ep.Code]:
			c.report(field+".code", "double", ep.Code)
			continue
		case ep.Code != "" && !meeting.ValidCode(ep.Code):
			c.report(field+".code", "bad_value", ep.Code)
			continue
		}
		for n := 1; ep.Code == ""; n++ {
			code := fmt.Sprintf("K%d", n)
			if g.Unit != "" {
				code = fmt.Sprintf("%s-%d", g.Unit, n+1)
			}
			if _, unit := c.tree.Unit(code); !unit && !c.taken[code] && !c.gone[code] {
				ep.Code = code
			}
		}
		c.seat(field, ep)
	}
}

func (c *convener) operators() {
	for i, op := range c.draft.Operators {
		field := fmt.Sprintf("operators.%d", i)
		u, ok := c.tree.Unit(op.Scope)
		if !ok {
			c.report(field+".scope", "unknown_unit", op.Scope)
			continue
		}
		if op.Name = strings.TrimSpace(op.Name); op.Name == "" {
			op.Name = u.Name
		}
		code := fmt.Sprintf("%s-%d", meeting.OperatorCode, i+2)
		c.keep[op.Scope] = true
		c.text(field+".name", op.Name, maxText)
		c.seats = append(c.seats, meeting.Endpoint{Code: code, Name: op.Name, Role: meeting.RoleOperator, Scope: op.Scope, Phone: op.Phone})
	}
}

func (c *convener) agenda(cmd *meeting.Convene) {
	if len(c.draft.Agenda) > maxItems {
		c.report("agenda", "too_long", "")
		return
	}
	ids := map[string]bool{}
	for i, item := range c.draft.Agenda {
		field := fmt.Sprintf("agenda.%d", i)
		if item.Title = strings.TrimSpace(item.Title); item.Title == "" {
			c.report(field+".title", "missing", "")
		}
		c.text(field+".title", item.Title, maxText)
		if item.Minutes < 0 || item.Minutes > maxMinutes {
			c.report(field+".minutes", "bad_value", fmt.Sprint(item.Minutes))
		}
		for n := i + 1; item.ID == "" || ids[item.ID]; n++ {
			item.ID = fmt.Sprintf("a%d", n)
		}
		ids[item.ID] = true
		for _, code := range item.Speakers {
			if !c.taken[code] && !slices.Contains([]string{meeting.HostCode}, code) {
				c.report(field+".speakers", "unknown_speaker", code)
			}
		}
		cmd.Agenda = append(cmd.Agenda, item)
	}
}

// kept returns the units of the seats and all above them, in the order of the tree.
func (c *convener) kept() []meeting.Unit {
	for _, code := range slices.Collect(maps.Keys(c.keep)) {
		for _, u := range c.tree.Above(code) {
			c.keep[u.Code] = true
		}
	}
	var units []meeting.Unit
	for _, u := range c.tree.Units() {
		if c.keep[u.Code] {
			units = append(units, u)
		}
	}
	return units
}

// Copy is a draft of a further session like this one: everything but its time and the numbers of its documents.
func (d Draft) Copy() Draft {
	d.Start = time.Time{}
	d.Particulars.Number, d.Particulars.MinutesNumber = "", ""
	return d
}
