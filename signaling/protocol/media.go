package protocol

// Messages about what is sent to and by a page beyond the offers.
type (
	// Receive says which pictures the page wants on its viewer peers: "all" (as after Hello), "low" for the smallest
	// rendition only, "none" for sound alone.
	Receive struct {
		Pictures string `json:"pictures"`
	}
	// Frozen tells how often, and for how long in all, the picture of a slot has stood still since the viewer peer began,
	// as the page counts it (W3C webrtc-stats freezeCount). Sent when it has grown, at most every 10 s.
	Frozen struct {
		Slot  string `json:"slot"`
		Count int    `json:"count"`
		Ms    int    `json:"ms"`
	}
	// Microphone tells why nobody hears who speaks at this page: "talking" while somebody speaks before a closed microphone,
	// "system" while the system or a headset mutes it, "" when neither is so. Sent when it changes.
	Microphone struct {
		Problem string `json:"problem"`
	}
	// Demand says what anybody is shown of the camera that the client sends: the highest simulcast layer, 0 to 2 for
	// l, m, h, or -1 for none. The page pauses the layers above. Until it is first told, all are wanted.
	Demand struct {
		Peer string `json:"peer"`
		Top  int    `json:"top"`
	}
	// Speaking is where somebody is heard to speak now. It replaces the Speaking before.
	Speaking struct {
		Slots []string `json:"slots"`
	}
)

// MessageType implements Message, as do the methods below.
func (Receive) MessageType() Type    { return "receive" }
func (Frozen) MessageType() Type     { return "frozen" }
func (Microphone) MessageType() Type { return "microphone" }
func (Demand) MessageType() Type     { return "demand" }
func (Speaking) MessageType() Type   { return "speaking" }
