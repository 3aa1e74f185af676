package meeting

import (
	"iter"
	"slices"
	"time"
)

// View is the state of one meeting: of a Session, which goes on changing, or frozen as it was at a moment (Freeze). Who
// reads one changes nothing in it. What it points to is never changed but replaced, so that frozen views share with the
// session, and among each other, all that is the same: what was convened, and the rows that had no part in an event.
type View struct {
	ID          string
	Title       string
	ScheduledAt time.Time
	TimeZone    string // IANA name
	Rules       Rules
	Phase       Phase
	OpenedAt    time.Time
	StartedAt   time.Time
	EndedAt     time.Time
	CalledOff   bool   // it ended before it began
	Locked      bool   // no endpoint that was not connected before may enter
	Chair       string // endpoint that chairs: the host's console, or whom it handed over to
	Agenda      []AgendaItem
	AgendaItem  string // id of the item being discussed
	AgendaAt    time.Time
	BudgetKbps  int   // limit of what each viewer is sent; 0 = none
	Epoch       int64 // of the node that decides, where several share the record

	CallOffReason string

	AgendaVersion int    // from 1; each change of the agenda makes the next
	HelpPhone     string // whom sites call about their line
	HelpPhoneSet  bool   // it was said, if only that there is none

	ParticularsVersion int // how often it was said what the documents say about the session

	Units    Units    // as convened
	Order    []string // endpoint codes as convened, consoles first, those added later last
	Grants   map[Slot]*Grant
	Hands    []string // codes of raised hands, first raised first
	RollCall RollCall // the last one

	seats     map[string]int // where an endpoint stands among the endpoints, by code; as convened
	endpoints rows[Endpoint]
	notes     rows[Note] // of the secretaries, the first written first
}

// Endpoint returns an endpoint by its code; nil if there is none.
func (v *View) Endpoint(code string) *Endpoint {
	if i, ok := v.seats[code]; ok {
		return v.endpoints.at(i)
	}
	return nil
}

// Endpoints are all endpoints as convened, consoles first.
func (v *View) Endpoints() iter.Seq[*Endpoint] { return v.endpoints.all() }

// Notes are the notes of the secretaries, the first written first.
func (v *View) Notes() iter.Seq[*Note] { return v.notes.all() }

// NextTimer returns the command that time itself will give, and when; ok is false when there is none.
func (v *View) NextTimer() (at time.Time, cmd Command, ok bool) {
	if v.Phase == PhaseDraft && !v.ScheduledAt.IsZero() {
		return v.ScheduledAt.Add(-time.Duration(v.Rules.OpenBeforeS) * time.Second), OpenSession{}, true
	}
	for _, slot := range Slots() {
		g := v.Grants[slot]
		if g == nil || g.State != GrantCountdown || (ok && !g.OnAirAt.Before(at)) {
			continue
		}
		at, cmd, ok = g.OnAirAt, GoOnAir{Slot: slot, Endpoint: g.Endpoint}, true
	}
	return at, cmd, ok
}

// OpenRollCall returns the roll call that is open, or nil.
func (v *View) OpenRollCall() *RollCall {
	if v.RollCall.ID == 0 || !v.RollCall.ClosedAt.IsZero() {
		return nil
	}
	return &v.RollCall
}

// GrantsOf returns the slots that an endpoint holds, in the order of Slots.
func (v *View) GrantsOf(endpoint string) []Slot {
	var held []Slot
	for _, slot := range Slots() {
		if g := v.Grants[slot]; g != nil && g.Endpoint == endpoint {
			held = append(held, slot)
		}
	}
	return held
}

// ToPublish reports whether an endpoint is to have a publisher connection now: it feeds or will feed a slot,
// or is on stand-by. A held grant asks for none until its holder confirms.
func (v *View) ToPublish(endpoint string) bool {
	e := v.Endpoint(endpoint)
	if e == nil || e.Conn == nil || v.Phase == PhaseEnded || v.Phase == PhaseSealed {
		return false
	}
	if e.StandBy {
		return true
	}
	return slices.ContainsFunc(v.GrantsOf(endpoint), func(slot Slot) bool { return v.Grants[slot].State != GrantHeld })
}

// Parents returns the units above an endpoint's own unit, the nearest first.
func (v *View) Parents(endpoint string) []Unit {
	if e := v.Endpoint(endpoint); e != nil {
		return v.Units.Above(e.Unit)
	}
	return nil
}
