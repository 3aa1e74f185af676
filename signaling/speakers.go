package signaling

import (
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Who speaks is told at most this often, and in a large session less often, so that it never costs more than some 10,000
// short messages a second.
const (
	speakersEvery    = 500 * time.Millisecond
	speakersPerReach = 100 * time.Microsecond // for each page that is told
)

// activeSpeakers is where somebody is heard to speak, as everyone was last told. It belongs to the coordinator's goroutine.
type activeSpeakers struct {
	slots []string
	next  time.Time // not before
}

// announce says to everyone where somebody speaks, if that has changed.
func (v *activeSpeakers) announce(a *audience) {
	slots := speaking(a)
	now := time.Now()
	if slices.Equal(slots, v.slots) || now.Before(v.next) {
		return
	}
	said, err := encodeOnce(protocol.Speaking{Slots: slots})
	if err != nil {
		return
	}
	v.slots, v.next = slots, now.Add(max(speakersEvery, time.Duration(len(a.conns))*speakersPerReach))
	a.spreads.publish(&a.spreads.speaker, said)
}

// speaking are the slots whose sound is on air and carries speech now.
func speaking(a *audience) []string {
	slots := []string{}
	for _, slot := range meeting.Slots() {
		f := a.stage.feeds[slot]
		if !f.Audio || slot == meeting.SlotPresentation {
			continue
		}
		if m := a.members[f.Endpoint]; m != nil && m.conn != nil && m.speech != "" && m.speech == m.conn.peers.id(PeerPublisher) {
			slots = append(slots, string(slot))
		}
	}
	return slots
}
