package prepare

import (
	"slices"
	"unicode/utf8"
)

// State of a device in a rehearsal.
type State string

// The states.
const (
	Works    State = "ok"
	Silent   State = "silent"   // a microphone whose level does not move, a loudspeaker that nobody heard
	Refused  State = "refused"  // the browser or a person said no
	None     State = "none"     // there is no device
	Busy     State = "busy"     // another program has it
	Insecure State = "insecure" // the page was not opened by https
	Skipped  State = "skipped"
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
}

// Light is the colour of a rehearsed site.
type Light string

// The lights.
const (
	Green    Light = "green"
	Amber    Light = "amber"    // can take part, with a fault worth a call
	Red      Light = "red"      // cannot take part as it is
	Untested Light = "untested" // has not rehearsed
	ByPhone  Light = "phone"    // nothing to rehearse
)

// Reason names what dims a light; clients translate it.
type Reason string

// The reasons, those of a red light first.
const (
	NoLine          Reason = "no_line"
	LineTooThin     Reason = "line_too_thin"
	LineLossy       Reason = "line_lossy"
	NoMicrophone    Reason = "no_microphone"
	SilentMic       Reason = "silent_microphone"
	NoSound         Reason = "no_sound"
	NoCamera        Reason = "no_camera"
	LineThin        Reason = "line_thin"
	LineSomeLoss    Reason = "line_some_loss"
	LineSlow        Reason = "line_slow"
	LineTCP         Reason = "line_tcp"
	SoundNotChecked Reason = "sound_not_checked"
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
	switch {
	case !l.Connected:
		red = append(red, NoLine)
	case least < leastKbps:
		red = append(red, LineTooThin)
	case least < goodKbps:
		amber = append(amber, LineThin)
	}
	switch {
	case !l.Connected:
	case loss >= lossyPct:
		red = append(red, LineLossy)
	case loss >= someLossPct:
		amber = append(amber, LineSomeLoss)
	}
	if r.Microphone == Silent {
		red = append(red, SilentMic)
	} else if r.Microphone != Works {
		red = append(red, NoMicrophone)
	}
	if r.Loudspeaker == Skipped {
		amber = append(amber, SoundNotChecked)
	} else if r.Loudspeaker != Works {
		red = append(red, NoSound)
	}
	if r.Camera != Works {
		amber = append(amber, NoCamera)
	}
	if l.Connected && l.RTTMs >= slowRTTMs {
		amber = append(amber, LineSlow)
	}
	if l.Protocol == "tcp" {
		amber = append(amber, LineTCP)
	}
	reasons := append(slices.Clip(red), amber...)
	switch {
	case len(red) > 0:
		return Red, reasons
	case len(amber) > 0:
		return Amber, reasons
	}
	return Green, nil
}

// Valid reports whether a rehearsal is one that a page could have made.
func (r Rehearsal) Valid() bool {
	const longest = 200
	states := []State{Works, Silent, Refused, None, Busy, Insecure, Skipped}
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
	return slices.Contains([]string{"", "udp", "tcp"}, l.Protocol)
}
