package protocol

// Messages for steering beyond the floor.
type (
	// Lock keeps sites out that were not there before, or lets them in again.
	Lock struct {
		Locked bool `json:"locked"`
	}
	// HandOver gives the chair to a connected site, or back to the host.
	HandOver struct {
		To string `json:"to"`
	}
	// Agenda says which item is discussed now; empty = none.
	Agenda struct {
		Item string `json:"item,omitempty"`
	}
	// Budget limits what each viewer is sent, in kbit/s; 0 = no limit.
	Budget struct {
		Kbps int `json:"kbps"`
	}
	// SendMessage writes to an endpoint, a unit with all below it, "*" or "@secretariat". A site writes to the
	// secretariat only.
	SendMessage struct {
		To   string `json:"to"`
		Text string `json:"text"` // 1 to 2,000 characters
	}
	// ChatMessage is a message that the client may read, its own included. Those that came before are sent after
	// Welcome, the oldest first, as far as the server keeps them at hand.
	ChatMessage struct {
		From     string `json:"from"`
		FromName string `json:"from_name"`
		To       string `json:"to"`
		Text     string `json:"text"`
		AtMs     int64  `json:"at_ms"`
	}
)

// AgendaItem is one point of the agenda.
type AgendaItem struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Minutes  int      `json:"minutes,omitempty"`  // planned length
	Speakers []string `json:"speakers,omitempty"` // endpoint codes registered to speak, in order
}

// MessageType implements Message, as do the methods below.
func (Lock) MessageType() Type        { return "lock" }
func (HandOver) MessageType() Type    { return "hand_over" }
func (Agenda) MessageType() Type      { return "agenda" }
func (Budget) MessageType() Type      { return "budget" }
func (SendMessage) MessageType() Type { return "send_message" }
func (ChatMessage) MessageType() Type { return "message" }
