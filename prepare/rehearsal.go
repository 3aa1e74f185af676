package prepare

import (
	"slices"
	"unicode/utf8"
)

// State of a device in a rehearsal.
type State string

// The states.
const (
	StateWorks    State = "ok"
	StateSilent   State = "silent"   // a microphone whose level does not move, a loudspeaker that nobody heard
	StateRefused  State = "refused"  // the browser or a person said no
	StateNone     State = "none"     // there is no device
	StateBusy     State = "busy"     // another program has it
	StateInsecure State = "insecure" // the page was not opened by https
	StateSkipped  State = "skipped"
)

// Rehearsal is what a site found out about itself.
type Rehearsal struct {
	Camera      State  `json:"camera"`
	Microphone  State  `json:"microphone"`
	Loudspeaker State  `json:"loudspeaker"`
	Line        Line   `json:"line"`
	Contact     string `json:"contact,omitempty"` // who did it
	Phone       string `json:"phone,omitempty"`   // of that person
	Device      string `json:"device,omitempty"`  // what the browser says of itself
}

// Line is what a test between a site and the media server measured.
type Line struct {
	Connected bool    `json:"connected"`
	Protocol  string  `json:"protocol,omitempty"` // udp or tcp
	RTTMs     int     `json:"rtt_ms,omitempty"`
	LossUp    float64 `json:"loss_up_pct,omitempty"`
	LossDown  float64 `json:"loss_down_pct,omitempty"`
	UpKbps    int     `json:"up_kbps,omitempty"`   // as much as was tried, at most
	DownKbps  int     `json:"down_kbps,omitempty"` // as much as was tried, at most
	Tried     []Way   `json:"tried,omitempty"`     // ways that the meeting can go
	Blocked   []Way   `json:"blocked,omitempty"`   // those of them that did not lead to the server
	NoVP8     bool    `json:"no_vp8,omitempty"`    // the browser can neither show nor send pictures
}

// Way is one by which a meeting reaches the server.
type Way string

// The ways: that of the page's messages, and those of pictures and sound.
const (
	WaySocket Way = "socket" // WebSocket
	WayUDP    Way = "udp"
	WayTCP    Way = "tcp"
	WayTURN   Way = "turn"
)

// only reports whether of several ways of pictures and sound just one leads to the server.
func (l Line) only() bool {
	tried, open := 0, 0
	for _, w := range l.Tried {
		if w == WaySocket {
			continue
		}
		tried++
		if !slices.Contains(l.Blocked, w) {
			open++
		}
	}
	return tried > 1 && open == 1
}

// Light is the colour of a rehearsed site.
type Light string

// The lights.
const (
	LightGreen    Light = "green"
	LightAmber    Light = "amber"    // can take part, with a fault worth a call
	LightRed      Light = "red"      // cannot take part as it is
	LightUntested Light = "untested" // has not rehearsed
	LightByPhone  Light = "phone"    // nothing to rehearse
)

// Reason names what dims a light; clients translate it.
type Reason string

// The reasons, those of a red light first.
const (
	ReasonNoSocket        Reason = "no_socket" // something on the way lets no WebSocket through
	ReasonNoLine          Reason = "no_line"
	ReasonLineTooThin     Reason = "line_too_thin"
	ReasonLineLossy       Reason = "line_lossy"
	ReasonNoMicrophone    Reason = "no_microphone"
	ReasonSilentMic       Reason = "silent_microphone"
	ReasonNoSound         Reason = "no_sound"
	ReasonNoCamera        Reason = "no_camera"
	ReasonLineThin        Reason = "line_thin"
	ReasonLineSomeLoss    Reason = "line_some_loss"
	ReasonLineSlow        Reason = "line_slow"
	ReasonLineTCP         Reason = "line_tcp"
	ReasonLineOneWay      Reason = "line_one_way" // when the way breaks there is no other
	ReasonNoVP8           Reason = "no_vp8"
	ReasonSoundNotChecked Reason = "sound_not_checked"
)

// The limits. The lowest picture takes 150 kbit/s and the sound 40: below twice that, there is no room for what else
// the line carries. The middle picture takes 500.
const (
	leastKbps   = 384
	goodKbps    = 700
	someLossPct = 2
	lossyPct    = 10
	slowRTTMs   = 400
)

// Judge returns the light of a rehearsal with its reasons, the gravest first.
func Judge(r Rehearsal) (Light, []Reason) {
	var red, amber []Reason
	l := r.Line
	loss, least := max(l.LossUp, l.LossDown), min(l.UpKbps, l.DownKbps)
	if slices.Contains(l.Blocked, WaySocket) {
		red = append(red, ReasonNoSocket)
	}
	switch {
	case !l.Connected:
		red = append(red, ReasonNoLine)
	case l.NoVP8: // without pictures there is nothing to fill the line with
		amber = append(amber, ReasonNoVP8)
	case least < leastKbps:
		red = append(red, ReasonLineTooThin)
	case least < goodKbps:
		amber = append(amber, ReasonLineThin)
	}
	switch {
	case !l.Connected:
	case loss >= lossyPct:
		red = append(red, ReasonLineLossy)
	case loss >= someLossPct:
		amber = append(amber, ReasonLineSomeLoss)
	}
	if r.Microphone == StateSilent {
		red = append(red, ReasonSilentMic)
	} else if r.Microphone != StateWorks {
		red = append(red, ReasonNoMicrophone)
	}
	if r.Loudspeaker == StateSkipped {
		amber = append(amber, ReasonSoundNotChecked)
	} else if r.Loudspeaker != StateWorks {
		red = append(red, ReasonNoSound)
	}
	if r.Camera != StateWorks {
		amber = append(amber, ReasonNoCamera)
	}
	if l.Connected && l.RTTMs >= slowRTTMs {
		amber = append(amber, ReasonLineSlow)
	}
	if l.Protocol == "tcp" {
		amber = append(amber, ReasonLineTCP)
	}
	if l.Connected && l.only() {
		amber = append(amber, ReasonLineOneWay)
	}
	reasons := append(slices.Clip(red), amber...)
	switch {
	case len(red) > 0:
		return LightRed, reasons
	case len(amber) > 0:
		return LightAmber, reasons
	}
	return LightGreen, nil
}

// Valid reports whether a rehearsal is one that a page could have made.
func (r Rehearsal) Valid() bool {
	const longest = 200
	states := []State{StateWorks, StateSilent, StateRefused, StateNone, StateBusy, StateInsecure, StateSkipped}
	for _, s := range []State{r.Camera, r.Microphone, r.Loudspeaker} {
		if !slices.Contains(states, s) {
			return false
		}
	}
	for _, text := range []string{r.Contact, r.Phone, r.Device} {
		if utf8.RuneCountInString(text) > longest {
			return false
		}
	}
	l := r.Line
	for _, pct := range []float64{l.LossUp, l.LossDown} {
		if !(pct >= 0 && pct <= 100) {
			return false
		}
	}
	for _, n := range []int{l.RTTMs, l.UpKbps, l.DownKbps} {
		if n < 0 || n > 1_000_000_000 { // a page beside the server sees gigabits
			return false
		}
	}
	ways := []Way{WaySocket, WayUDP, WayTCP, WayTURN}
	for _, list := range [][]Way{l.Tried, l.Blocked} {
		if len(list) > len(ways) || slices.ContainsFunc(list, func(w Way) bool { return !slices.Contains(ways, w) }) {
			return false
		}
	}
	return slices.Contains([]string{"", "udp", "tcp"}, l.Protocol)
}
