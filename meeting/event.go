package meeting

import (
	"encoding/json"
	"fmt"
	"time"
)

// Convened is the first event of every session: what it is, by which rules, and who was asked to come.
type Convened struct {
	Title       string     `json:"title"`
	ScheduledAt time.Time  `json:"scheduled_at"`
	TimeZone    string     `json:"time_zone"`
	Rules       Rules      `json:"rules"`
	Units       []Unit     `json:"units"` // the units of the endpoints and all above them
	Endpoints   []Endpoint `json:"endpoints"`

	Agenda []AgendaItem `json:"agenda,omitempty"`
}

// Opened lets sites enter.
type Opened struct {
	By string `json:"by,omitempty"`
}

// Started puts the stage on.
type Started struct {
	By string `json:"by"`
}

// Ended sends everyone home.
type Ended struct {
	By string `json:"by"`
}

// Sealed closes the verdicts.
type Sealed struct {
	By string `json:"by"`
}

// Connected attaches a browser to an endpoint.
type Connected struct {
	Endpoint string `json:"endpoint"`
	Conn     string `json:"conn"`
	Device   string `json:"device,omitempty"`
}

// Resumed attaches a browser that came back after its connection Prev had been lost.
type Resumed struct {
	Endpoint string `json:"endpoint"`
	Conn     string `json:"conn"`
	Prev     string `json:"prev"`
	Device   string `json:"device,omitempty"`
}

// Lost ends a connection that broke; the event happened at the last evidence of life.
type Lost struct {
	Endpoint string    `json:"endpoint"`
	Conn     string    `json:"conn"`
	LastSeen time.Time `json:"last_seen"`
	Why      EndReason `json:"why"`
}

// Left ends a connection by intent.
type Left struct {
	Endpoint string    `json:"endpoint"`
	Conn     string    `json:"conn"`
	Why      EndReason `json:"why"`
}

// ReceivingChanged says that the stage began or ceased to arrive, and by which evidence.
type ReceivingChanged struct {
	Endpoint  string    `json:"endpoint"`
	Conn      string    `json:"conn"`
	Receiving bool      `json:"receiving"`
	Evidence  Evidence  `json:"evidence,omitempty"`
	At        time.Time `json:"observed_at"`
}

// HandRaised puts an endpoint at the end of the queue.
type HandRaised struct {
	Endpoint string `json:"endpoint"`
}

// HandLowered takes an endpoint out of the queue.
type HandLowered struct {
	Endpoint string `json:"endpoint"`
	By       string `json:"by"`
}

// StandByChanged tells an endpoint that it is next, or no longer.
type StandByChanged struct {
	Endpoint string `json:"endpoint"`
	By       string `json:"by"`
	On       bool   `json:"on"`
}

// Granted gives a slot to an endpoint; on air from OnAirAt.
type Granted struct {
	Endpoint string    `json:"endpoint"`
	Slot     Slot      `json:"slot"`
	By       string    `json:"by"`
	OnAirAt  time.Time `json:"on_air_at"`
}

// WentOnAir ends the countdown, or a hold that a person at the site confirmed away.
type WentOnAir struct {
	Endpoint string `json:"endpoint"`
	Slot     Slot   `json:"slot"`
}

// Returned takes a slot from an endpoint.
type Returned struct {
	Endpoint string       `json:"endpoint"`
	Slot     Slot         `json:"slot"`
	By       string       `json:"by,omitempty"`
	Why      ReturnReason `json:"why"`
}

// MuteChanged closes or opens an endpoint's microphone towards the stage.
type MuteChanged struct {
	Endpoint string `json:"endpoint"`
	By       string `json:"by"`
	Muted    bool   `json:"muted"`
}

// RemovalChanged shuts an endpoint out, or lets it in again.
type RemovalChanged struct {
	Endpoint string `json:"endpoint"`
	By       string `json:"by"`
	Removed  bool   `json:"removed"`
}

// RollCallOpened asks every site to confirm.
type RollCallOpened struct {
	ID int    `json:"id"`
	By string `json:"by"`
}

// RollCallAnswered is one site's confirmation.
type RollCallAnswered struct {
	ID        int    `json:"id"`
	Endpoint  string `json:"endpoint"`
	Headcount int    `json:"headcount"`
}

// RollCallEnded closes the round. (Its ledger kind is "roll_call_closed".)
type RollCallEnded struct {
	ID int    `json:"id"`
	By string `json:"by"`
}

// HeadcountDeclared is the number of people in a site's room.
type HeadcountDeclared struct {
	Endpoint  string `json:"endpoint"`
	By        string `json:"by"`
	Headcount int    `json:"headcount"`
}

// DelegatesDeclared names the people in a site's room.
type DelegatesDeclared struct {
	Endpoint  string     `json:"endpoint"`
	By        string     `json:"by"`
	Delegates []Delegate `json:"delegates"`
}

// kinds makes an empty event of each kind; it is the one list of them.
func kinds() map[string]func() Event {
	list := []func() Event{
		func() Event { return &Convened{} }, func() Event { return &Opened{} }, func() Event { return &Started{} },
		func() Event { return &Ended{} }, func() Event { return &Sealed{} },
		func() Event { return &Moved{} }, func() Event { return &CalledOff{} },
		func() Event { return &Connected{} }, func() Event { return &Resumed{} },
		func() Event { return &Lost{} }, func() Event { return &Left{} }, func() Event { return &ReceivingChanged{} },
		func() Event { return &QualityMeasured{} }, func() Event { return &PictureKept{} },
		func() Event { return &HandRaised{} }, func() Event { return &HandLowered{} }, func() Event { return &StandByChanged{} },
		func() Event { return &Granted{} }, func() Event { return &WentOnAir{} }, func() Event { return &Returned{} },
		func() Event { return &MuteChanged{} }, func() Event { return &RemovalChanged{} },
		func() Event { return &RollCallOpened{} }, func() Event { return &RollCallAnswered{} }, func() Event { return &RollCallEnded{} },
		func() Event { return &HeadcountDeclared{} }, func() Event { return &DelegatesDeclared{} },
		func() Event { return &LockChanged{} }, func() Event { return &ChairHandedOver{} }, func() Event { return &AgendaMoved{} },
		func() Event { return &MessageSent{} }, func() Event { return &BudgetSet{} }, func() Event { return &ClockDiffered{} },
		func() Event { return &OwnerChanged{} },
		func() Event { return &VerdictOverridden{} }, func() Event { return &AttendanceAdded{} }, func() Event { return &RulesChanged{} },
		func() Event { return &ParticularsSet{} }, func() Event { return &NoteWritten{} },
		func() Event { return &TitleChanged{} }, func() Event { return &AgendaChanged{} }, func() Event { return &HelpPhoneSet{} },
		func() Event { return &SitesAdded{} }, func() Event { return &SiteWithdrawn{} }, func() Event { return &SiteRestored{} },
		func() Event { return &NamesErased{} },
	}
	m := make(map[string]func() Event, len(list))
	for _, f := range list {
		m[f().Kind()] = f
	}
	return m
}

var makers = kinds() //nolint:gochecknoglobals // immutable table

// DecodeEvent reads back an event of a kind from its JSON. An unknown kind is an error: a ledger written by a
// newer program cannot be understood by halves.
func DecodeEvent(kind string, data []byte) (Event, error) {
	mk, ok := makers[kind]
	if !ok {
		return nil, fmt.Errorf("unknown event kind %q", kind)
	}
	e := mk()
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("event %s: %w", kind, err)
	}
	return e, nil
}

// OccurredAt is the last evidence of life.
func (e *Lost) OccurredAt() time.Time { return e.LastSeen }

// OccurredAt is when the reports showed the change.
func (e *ReceivingChanged) OccurredAt() time.Time { return e.At }

// Kind implements Event, as do the methods below.
func (*Convened) Kind() string          { return "convened" }
func (*Opened) Kind() string            { return "opened" }
func (*Started) Kind() string           { return "started" }
func (*Ended) Kind() string             { return "ended" }
func (*Sealed) Kind() string            { return "sealed" }
func (*Connected) Kind() string         { return "connected" }
func (*Resumed) Kind() string           { return "resumed" }
func (*Lost) Kind() string              { return "lost" }
func (*Left) Kind() string              { return "left" }
func (*ReceivingChanged) Kind() string  { return "receiving" }
func (*HandRaised) Kind() string        { return "hand_raised" }
func (*HandLowered) Kind() string       { return "hand_lowered" }
func (*StandByChanged) Kind() string    { return "stand_by" }
func (*Granted) Kind() string           { return "granted" }
func (*WentOnAir) Kind() string         { return "on_air" }
func (*Returned) Kind() string          { return "returned" }
func (*MuteChanged) Kind() string       { return "mute" }
func (*RemovalChanged) Kind() string    { return "removal" }
func (*RollCallOpened) Kind() string    { return "roll_call_opened" }
func (*RollCallAnswered) Kind() string  { return "roll_call_answered" }
func (*RollCallEnded) Kind() string     { return "roll_call_closed" }
func (*HeadcountDeclared) Kind() string { return "headcount" }
func (*DelegatesDeclared) Kind() string { return "delegates" }
