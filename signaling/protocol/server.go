package protocol

// Messages from the server.
type (
	// Welcome answers Hello.
	Welcome struct {
		Version int         `json:"version"`
		Conn    string      `json:"conn"` // secret of this connection, for Hello.Resume
		Session SessionInfo `json:"session"`
		Self    SelfInfo    `json:"self"`
		NowMs   int64       `json:"now_ms"`
		PingMs  int         `json:"ping_ms"` // the server pings this often; silence of three times that is a loss
		// SnapshotS asks a site to post a still picture this often (docs/api.md); 0 = never.
		SnapshotS int `json:"snapshot_s,omitempty"`
		// Alternates are addresses of other central nodes, which may go on with the session when this one is gone.
		Alternates []string `json:"alternates,omitempty"`
		// RetryMs bounds the pause between two attempts to come back, where another node may go on with the session.
		RetryMs int `json:"retry_ms,omitempty"`
	}
	// State is what everyone sees: phase and stage. It replaces the State before.
	State struct {
		Phase       string      `json:"phase"` // draft, open, live, ended, sealed
		StartedAtMs int64       `json:"started_at_ms,omitempty"`
		EndedAtMs   int64       `json:"ended_at_ms,omitempty"`
		Stage       []StageSlot `json:"stage"` // only slots that are granted
		RollCall    int         `json:"roll_call,omitempty"`
		Present     int         `json:"present"`  // connected sites, at the time of the last change of phase or stage
		Convened    int         `json:"convened"` // sites of the session
		Chair       string      `json:"chair"`    // endpoint that chairs and steers
		Locked      bool        `json:"locked,omitempty"`
		AgendaItem  string      `json:"agenda_item,omitempty"` // id of the item that is discussed
		AgendaAtMs  int64       `json:"agenda_at_ms,omitempty"`
		BudgetKbps  int         `json:"budget_kbps,omitempty"` // limit of what each viewer is sent

		CalledOff     bool   `json:"called_off,omitempty"` // it ended before it began
		CallOffReason string `json:"call_off_reason,omitempty"`
	}
	// Session replaces what Welcome said of the session: its title, time, agenda or help phone changed.
	Session struct {
		Session SessionInfo `json:"session"`
	}
	// Self is the endpoint's own state. It replaces the Self before.
	Self struct {
		Muted        bool       `json:"muted"`
		HandAtMs     int64      `json:"hand_at_ms,omitempty"`
		HandPosition int        `json:"hand_position,omitempty"` // 1 = next
		StandBy      bool       `json:"stand_by,omitempty"`
		Publish      bool       `json:"publish"` // a publisher connection is or will be offered; send as soon as it is there
		Slots        []string   `json:"slots,omitempty"`
		Headcount    int        `json:"headcount,omitempty"`
		Answered     bool       `json:"answered,omitempty"` // the open roll call
		Delegates    []Delegate `json:"delegates,omitempty"`
	}
	// Sites is the whole list of sites, sent to a console when it comes and when sites were added or withdrawn.
	Sites struct {
		Units     []UnitInfo `json:"units"`
		Endpoints []SiteInfo `json:"endpoints"`
	}
	// Presence is what changed since the last Sites or Presence, at most 4 times a second.
	Presence struct {
		Changes []SiteState `json:"changes"`
	}
	// Offer opens a peer connection; the client sends Answer. All candidates are in the SDP, and the answer
	// needs none.
	Offer struct {
		Peer string `json:"peer"`
		Kind string `json:"kind"` // viewer, publisher, monitor
		SDP  string `json:"sdp"`
		// ICEServers are for networks that let nothing else through; their credentials are good for this connection.
		ICEServers []ICEServer `json:"ice_servers,omitempty"`
	}
	// ClosePeer ends a peer connection.
	ClosePeer struct {
		Peer string `json:"peer"`
	}
	// Ping is answered by Pong with the same T.
	Ping struct {
		T int64 `json:"t"`
	}
	// Ok answers the request with this id.
	Ok struct {
		ID int64 `json:"id"`
	}
	// Error answers the request with this id, or tells of a fault when ID is 0.
	Error struct {
		ID     int64  `json:"id,omitempty"`
		Code   string `json:"code"`
		Detail string `json:"detail,omitempty"` // for developers, in English
		// At is a time that belongs to the code: not_open: when the session opens; occupied: since when.
		AtMs int64 `json:"at_ms,omitempty"`
	}
	// Recording tells consoles how the record stands. It replaces the Recording before; empty, all is well.
	Recording struct {
		// SinceMs: the server has not been able to write the record since then. Commands are refused as unrecorded meanwhile.
		SinceMs int64 `json:"since_ms,omitempty"`
		// ClockBehindMs: the server's clock was so far behind what is recorded when that was noticed.
		ClockBehindMs int64 `json:"clock_behind_ms,omitempty"`
		// Contradiction: the list of sessions says otherwise than the ledger of this one, which counts.
		Contradiction bool `json:"contradiction,omitempty"`
	}

	// Reconnect says when to come back: AfterMs plus a random part of SpreadMs; and to the pages of another node, where it runs
	// the session.
	Reconnect struct {
		AfterMs  int    `json:"after_ms"`
		SpreadMs int    `json:"spread_ms"`
		URL      string `json:"url,omitempty"`
	}
)

// ICEServer is a TURN server, as RTCConfiguration.iceServers of W3C WebRTC takes it.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// SessionInfo describes the session in Welcome.
type SessionInfo struct {
	ID            string       `json:"id"`
	Title         string       `json:"title"`
	TimeZone      string       `json:"time_zone"`
	ScheduledAtMs int64        `json:"scheduled_at_ms,omitempty"`
	Agenda        []AgendaItem `json:"agenda,omitempty"`
	AgendaVersion int          `json:"agenda_version,omitempty"` // that a change of the agenda has to name
	HelpPhone     string       `json:"help_phone,omitempty"`     // whom sites call about their line
}

// SelfInfo says who the client is in the session.
type SelfInfo struct {
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Role    string   `json:"role"` // host, operator, secretary, room, endpoint
	Unit    string   `json:"unit,omitempty"`
	Parents []string `json:"parents,omitempty"` // names of the units above, the nearest first
	Scope   string   `json:"scope,omitempty"`   // unit that a delegated operator sees and steers; empty = all
}

// StageSlot is one granted slot.
type StageSlot struct {
	Slot     string   `json:"slot"`
	Endpoint string   `json:"endpoint"`
	Name     string   `json:"name"`
	Parents  []string `json:"parents,omitempty"`
	State    string   `json:"state"`               // countdown, on_air, held
	Away     string   `json:"away,omitempty"`      // nobody is connected there: lost, absent (not in yet, or left); empty = somebody is
	OnAirMs  int64    `json:"on_air_ms,omitempty"` // end of the countdown; when speaking began
	Muted    bool     `json:"muted,omitempty"`
	// Microphone is why nobody hears who speaks there: talking, system (Microphone.Problem); empty = no such fault is known.
	Microphone string `json:"microphone,omitempty"`
	Video      bool   `json:"video"` // pictures arrive; otherwise the page shows a plate with the name
}

// UnitInfo is a unit of the convened tree.
type UnitInfo struct {
	Code   string `json:"code"`
	Parent string `json:"parent,omitempty"`
	Level  string `json:"level"`
	Name   string `json:"name"`
}

// SiteInfo is a site with its state.
type SiteInfo struct {
	SiteState
	Unit  string `json:"unit,omitempty"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"` // of the person to call about the line
}

// SiteState is the changing part of a site.
type SiteState struct {
	Code      string   `json:"code"`
	State     string   `json:"state"` // absent, connecting, present, lost, on-floor
	Receiving bool     `json:"receiving,omitempty"`
	HandAtMs  int64    `json:"hand_at_ms,omitempty"`
	StandBy   bool     `json:"stand_by,omitempty"`
	Muted     bool     `json:"muted,omitempty"`
	Slots     []string `json:"slots,omitempty"`
	Removed   bool     `json:"removed,omitempty"`
	Headcount int      `json:"headcount,omitempty"`
	Answered  bool     `json:"answered,omitempty"` // the open or last roll call
	// AnsweredAfterMs is how long after the roll call was opened the answer came.
	AnsweredAfterMs int64 `json:"answered_after_ms,omitempty"`
	RTTMs           int   `json:"rtt_ms,omitempty"`
	LossPct         int   `json:"loss_pct,omitempty"`
	SinceMs         int64 `json:"since_ms,omitempty"` // of the present State
	// OpenedElsewhere is how often the link was opened and refused while the seat was taken, TakenOver how often the seat
	// was taken over; both at most 999, and 0 until it is often enough to tell of.
	OpenedElsewhere int `json:"opened_elsewhere,omitempty"`
	TakenOver       int `json:"taken_over,omitempty"`
}

// MessageType implements Message, as do the methods below.
func (Welcome) MessageType() Type   { return "welcome" }
func (State) MessageType() Type     { return "state" }
func (Session) MessageType() Type   { return "session" }
func (Self) MessageType() Type      { return "self" }
func (Sites) MessageType() Type     { return "sites" }
func (Presence) MessageType() Type  { return "presence" }
func (Offer) MessageType() Type     { return "offer" }
func (ClosePeer) MessageType() Type { return "close_peer" }
func (Ping) MessageType() Type      { return "ping" }
func (Ok) MessageType() Type        { return "ok" }
func (Error) MessageType() Type     { return "error" }
func (Reconnect) MessageType() Type { return "reconnect" }

// MessageType implements Message.
func (Recording) MessageType() Type { return "recording" }
