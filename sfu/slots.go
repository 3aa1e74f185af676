package sfu

import "github.com/diemcau/diemcau/sfu/transport"

// SlotID names one outgoing stream, such as "v-main" or "a-main"; it is also the mid of its m-line in a viewer's offer,
// of which Chromium takes at most 16 characters.
type SlotID string

// SlotSet names the slots that one viewer connection carries.
type SlotSet string

// The slot sets.
const (
	StageSlots   SlotSet = "stage"   // what everyone sees and hears; shared by all viewers of a stage
	MonitorSlots SlotSet = "monitor" // a console's private slots; each viewer connection has its own
)

// VideoSlot is the SlotID of the picture of a slot.
func VideoSlot(name string) SlotID { return SlotID("v-" + name) }

// AudioSlot is the SlotID of the sound of a slot.
func AudioSlot(name string) SlotID { return SlotID("a-" + name) }

// SlotSpec describes one slot.
type SlotSpec struct {
	ID     SlotID
	Stream string // slots of one stream share a=msid, so that lips match
	Kind   transport.Kind
	Top    int // highest rendition that is sent on it
	Rank   int // pictures of a low rank are kept longest when a line gets weak
}

// Specs lists the slots of a set in the order of their m-lines, nil for an unknown set. This table alone names slots.
// Sound comes first: the whole bundle hangs on its first m-line (RFC 9143 7.3.1), and a browser that cannot decode the
// pictures rejects theirs.
func (s SlotSet) Specs() []SlotSpec {
	var specs []SlotSpec
	both := func(name string, rank int) {
		specs = append(specs,
			SlotSpec{AudioSlot(name), name, transport.Audio, 0, 0},
			SlotSpec{VideoSlot(name), name, transport.Video, renditions - 1, rank})
	}
	switch s {
	case StageSlots:
		both("main", 1)
		both("presentation", 0)
		both("floor", 2)
		both("floor2", 3)
	case MonitorSlots:
		both("preview", 0)
		for i, name := range []string{
			"thumb1", "thumb2", "thumb3", "thumb4", "thumb5", "thumb6",
			"thumb7", "thumb8", "thumb9", "thumb10", "thumb11", "thumb12",
		} {
			specs = append(specs, SlotSpec{VideoSlot(name), name, transport.Video, 0, i + 1})
		}
	}
	return specs
}

// clockRate of the slot's RTP timestamps, in hertz.
func (s SlotSpec) clockRate() uint32 { return clockRate(s.Kind) }
