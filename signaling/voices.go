package signaling

import (
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// Who speaks is told at most this often, and in a large session less often, so that it never costs more than some 10,000
// short messages a second.
const (
	voicesEvery    = 500 * time.Millisecond
	voicesPerReach = 100 * time.Microsecond // for each page that is told
)

// voices is where somebody is heard to speak, as everyone was last told. It belongs to the coordinator's goroutine.
type voices struct {
	slots []string
	said  *websocket.PreparedMessage // nil before the first
	next  time.Time                  // not before
}

// tell says to everyone where somebody speaks, if that has changed.
func (v *voices) tell(a *audience) {
	slots := a.speaking()
	now := time.Now()
	if slices.Equal(slots, v.slots) || now.Before(v.next) {
		return
	}
	said, err := encodeOnce(protocol.Speaking{Slots: slots})
	if err != nil {
		return
	}
	v.slots, v.said, v.next = slots, said, now.Add(max(voicesEvery, time.Duration(len(a.conns))*voicesPerReach))
	for c := range a.conns {
		c.sendPrepared(said)
	}
}

// speaking are the slots whose sound is on air and carries speech now.
func (a *audience) speaking() []string {
	slots := []string{}
	for _, slot := range meeting.Slots() {
		f := a.stage.feeds[slot]
		if !f.Audio || slot == meeting.SlotPresentation {
			continue
		}
		if m := a.members[f.Endpoint]; m != nil && m.conn != nil && m.voice != "" && m.voice == m.conn.peers.id(PeerPublisher) {
			slots = append(slots, string(slot))
		}
	}
	return slots
}
