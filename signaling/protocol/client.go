package protocol

// Messages from the client.
type (
	// Hello is the first message, within 10 s of opening the socket. Token may be empty if the upgrade request
	// carried it as a Bearer token.
	Hello struct {
		Version  int    `json:"version"`
		Token    string `json:"token,omitempty"`
		Resume   string `json:"resume,omitempty"`    // Welcome.Conn of the connection before, to come back as the same
		TakeOver bool   `json:"take_over,omitempty"` // a person asked to replace the other device
		Device   string `json:"device,omitempty"`    // browser and system, at most 200 characters
		Reports  bool   `json:"reports,omitempty"`   // it will send Received: without it the stage does not count as received
	}
	// Leave says that the person closes the page; the socket is closed next.
	Leave struct{}
	// Pong answers Ping.
	Pong struct {
		T int64 `json:"t"`
	}
	// Answer completes a peer connection that the server offered.
	Answer struct {
		Peer string `json:"peer"`
		SDP  string `json:"sdp"`
	}
	// PeerFailed asks for a new peer connection instead of one that broke.
	PeerFailed struct {
		Peer   string `json:"peer"`
		Reason string `json:"reason,omitempty"`
	}
	// Received tells what of the stage the page decoded: at once when that begins or ceases, otherwise every 10 to 15 s
	// while something arrives. The server counts it only as far as its receiver reports agree.
	Received struct {
		Peer    string `json:"peer"`               // the viewer peer
		Frames  int    `json:"frames,omitempty"`   // pictures decoded of all slots since the last report of this peer
		SoundMs int    `json:"sound_ms,omitempty"` // sound decoded since then, without what was made up for lost packets
		IdleMs  int    `json:"idle_ms,omitempty"`  // since the last picture or sound, or since the peer was made
	}
	// Start makes the session live.
	Start struct{}
	// End ends it.
	End struct{}
	// RaiseHand asks for the floor.
	RaiseHand struct{}
	// LowerHand takes one's own request back, or another's for who steers.
	LowerHand struct {
		Endpoint string `json:"endpoint,omitempty"`
	}
	// StandBy tells an endpoint that it is next, or no longer.
	StandBy struct {
		Endpoint string `json:"endpoint"`
		On       bool   `json:"on"`
	}
	// Grant gives a slot (default floor) to an endpoint.
	Grant struct {
		Endpoint string `json:"endpoint"`
		Slot     string `json:"slot,omitempty"`
	}
	// Revoke takes a slot back (default: all that the endpoint holds but main); without endpoint, one's own.
	Revoke struct {
		Endpoint string `json:"endpoint,omitempty"`
		Slot     string `json:"slot,omitempty"`
	}
	// Confirm puts one's own held slots back on air after a reconnection.
	Confirm struct{}
	// Mute closes a microphone; only one's own can be opened (muted false, no endpoint).
	Mute struct {
		Endpoint string `json:"endpoint,omitempty"`
		Muted    bool   `json:"muted"`
	}
	// Remove shuts a site out, or lets it in again.
	Remove struct {
		Endpoint string `json:"endpoint"`
		Removed  bool   `json:"removed"`
	}
	// RollCall opens or closes a roll call.
	RollCall struct {
		Open bool `json:"open"`
	}
	// RollCallAnswer confirms a site's presence with its headcount.
	RollCallAnswer struct {
		RollCall  int `json:"roll_call"`
		Headcount int `json:"headcount"`
	}
	// Headcount declares the people in a site's room.
	Headcount struct {
		Headcount int `json:"headcount"`
	}
	// Delegates names the people in a site's room.
	Delegates struct {
		Delegates []Delegate `json:"delegates"`
	}
	// Watch chooses what a console's private slot shows; without endpoint, nothing.
	Watch struct {
		Slot     string `json:"slot"` // preview, thumb1 … thumb12
		Endpoint string `json:"endpoint,omitempty"`
	}
)

// Delegate is a person in the room.
type Delegate struct {
	Name         string `json:"name"`
	Title        string `json:"title,omitempty"`
	AttendingFor string `json:"attending_for,omitempty"`
}

// MessageType implements Message, as do the methods below.
func (Hello) MessageType() Type          { return "hello" }
func (Leave) MessageType() Type          { return "leave" }
func (Pong) MessageType() Type           { return "pong" }
func (Answer) MessageType() Type         { return "answer" }
func (PeerFailed) MessageType() Type     { return "peer_failed" }
func (Received) MessageType() Type       { return "received" }
func (Start) MessageType() Type          { return "start" }
func (End) MessageType() Type            { return "end" }
func (RaiseHand) MessageType() Type      { return "raise_hand" }
func (LowerHand) MessageType() Type      { return "lower_hand" }
func (StandBy) MessageType() Type        { return "stand_by" }
func (Grant) MessageType() Type          { return "grant" }
func (Revoke) MessageType() Type         { return "revoke" }
func (Confirm) MessageType() Type        { return "confirm" }
func (Mute) MessageType() Type           { return "mute" }
func (Remove) MessageType() Type         { return "remove" }
func (RollCall) MessageType() Type       { return "roll_call" }
func (RollCallAnswer) MessageType() Type { return "roll_call_answer" }
func (Headcount) MessageType() Type      { return "headcount" }
func (Delegates) MessageType() Type      { return "delegates" }
func (Watch) MessageType() Type          { return "watch" }
