package signaling

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Line is what the media plane knows of one viewer's line.
type Line struct {
	RTT     time.Duration // 0 before the first report
	Loss    float64       // share of packets lost, the worst of the slots that are sent
	Budget  int64         // what the line is thought to carry, in bit/s
	Starved bool          // not even the lowest rendition of some picture fits
	NoVP8   bool          // the viewer has answered and takes no pictures
	Slots   []SlotLine
}

// SlotLine is one picture or sound of the stage towards one viewer.
type SlotLine struct {
	Slot            string
	Video           bool
	Rendition       int           // that is sent, 0 to 2, -1 for none
	Bitrate         int64         // in the last second, in bit/s
	Loss            float64       // share of packets lost, by the last report
	Jitter          time.Duration // by the last report
	Packets         uint64        // sent, without those sent again
	Retransmissions uint64        // sent again
	Lost            uint32        // that the viewer missed for good
}

// freeze is how often a picture stood still for a page, as it counts itself (W3C webrtc-stats freezeCount).
type freeze struct {
	count int
	ms    int
}

// freezes are those of one page by slot, as it counted last. They are counted in the coordinator's turn and read by anyone.
type freezes struct {
	mu sync.Mutex
	by map[string]freeze
}

// count takes in what a page counted since its viewer began, and returns what is new.
func (f *freezes) count(slot string, now freeze) freeze {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.by[slot]
	if now.count < before.count || now.ms < before.ms { // the page counts anew
		before = freeze{}
	}
	if f.by == nil {
		f.by = map[string]freeze{}
	}
	f.by[slot] = now
	return freeze{now.count - before.count, now.ms - before.ms}
}

// of returns those of a slot.
func (f *freezes) of(slot string) freeze {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.by[slot]
}

// LineView is how the stage reaches a site, as docs/api.md has it.
type LineView struct {
	RTTMs      int64      `json:"rtt_ms"`
	LossPct    float64    `json:"loss_pct"`
	BudgetKbps int64      `json:"budget_kbps"`
	Starved    bool       `json:"starved"`
	NoVP8      bool       `json:"no_vp8"`
	Pictures   Wanted     `json:"pictures"`
	Slots      []SlotView `json:"slots"`
}

// SlotView is one picture or sound of it.
type SlotView struct {
	Slot            string  `json:"slot"`
	Kind            string  `json:"kind"`
	Rendition       int     `json:"rendition"`
	Kbps            int64   `json:"kbps"`
	LossPct         float64 `json:"loss_pct"`
	JitterMs        int64   `json:"jitter_ms"`
	Packets         uint64  `json:"packets"`
	Retransmissions uint64  `json:"repairs"`
	Lost            uint32  `json:"lost"`
	Freezes         int     `json:"freezes"`
	FrozenMs        int     `json:"frozen_ms"`
}

func percent(share float64) float64 { return math.Round(share*1000) / 10 }

func viewLine(l Line, wanted Wanted, frozen *freezes) LineView {
	v := LineView{
		RTTMs: l.RTT.Milliseconds(), LossPct: percent(l.Loss), BudgetKbps: l.Budget / 1000, Starved: l.Starved, NoVP8: l.NoVP8,
		Pictures: wanted, Slots: []SlotView{},
	}
	for _, s := range l.Slots {
		view := SlotView{
			Slot: s.Slot, Kind: "audio", Rendition: s.Rendition, Kbps: s.Bitrate / 1000, LossPct: percent(s.Loss), JitterMs: s.Jitter.Milliseconds(),
			Packets: s.Packets, Retransmissions: s.Retransmissions, Lost: s.Lost,
		}
		if s.Video {
			stood := frozen.of(s.Slot)
			view.Kind, view.Freezes, view.FrozenMs = "video", stood.count, stood.ms
		}
		v.Slots = append(v.Slots, view)
	}
	return v
}

// froze takes in which pictures stood still for a page.
func (a *audience) froze(by *conn, m protocol.Frozen) error {
	if a.conns[by] == nil {
		return &meeting.Error{Code: meeting.CodeStaleConnection, Detail: "frozen"}
	}
	if !slices.Contains(meeting.Slots(), meeting.Slot(m.Slot)) || m.Count < 0 || m.Ms < 0 || m.Count > maxFreezes || m.Ms > maxFreezes*1000 {
		return &meeting.Error{Code: meeting.CodeBadValue, Detail: "frozen " + m.Slot}
	}
	a.metrics.froze(by.freezes.count(m.Slot, freeze{m.Count, m.Ms}))
	return nil
}

// maxFreezes bounds what a page may claim.
const maxFreezes = 1_000_000
