package signaling

import (
	"maps"
	"sync"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

// mediaEvents collects what the media plane tells of a session until its coordinator looks. Later events of a peer
// merges with what is there, so nothing is lost, nobody waits, and it grows no larger than the session.
type mediaEvents struct {
	wake chan struct{} // one token while there is something to take

	mu    sync.Mutex
	peers map[string]peerEvents
	video map[meeting.Slot]bool
}

// peerEvents is what was told of one peer since the last look.
type peerEvents struct {
	peer      Peer
	connected bool
	failed    bool
	reason    string
	receiving *bool
	at        time.Time // of receiving
	decodes   *bool
	decodedAt time.Time
	measured  bool
	rtt       time.Duration
	lossPct   int
	demand    *int  // of a publisher
	speaking  *bool // of a publisher
}

func newMediaEvents() *mediaEvents {
	return &mediaEvents{wake: make(chan struct{}, 1), peers: map[string]peerEvents{}, video: map[meeting.Slot]bool{}}
}

func (n *mediaEvents) add(p Peer, merge func(*peerEvents)) {
	n.mu.Lock()
	known := n.peers[p.ID]
	known.peer = p
	merge(&known)
	n.peers[p.ID] = known
	n.mu.Unlock()
	n.wakeUp()
}

func (n *mediaEvents) addVideo(slot meeting.Slot, flowing bool) {
	n.mu.Lock()
	n.video[slot] = flowing
	n.mu.Unlock()
	n.wakeUp()
}

func (n *mediaEvents) wakeUp() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *mediaEvents) drain() (map[string]peerEvents, map[meeting.Slot]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	peers, video := n.peers, maps.Clone(n.video)
	n.peers = map[string]peerEvents{}
	clear(n.video)
	return peers, video
}

// onMediaEvents takes in what the media plane told. What belongs in the record becomes commands.
func (c *coordinator) onMediaEvents(peers map[string]peerEvents, video map[meeting.Slot]bool) []request {
	var batch []request
	for slot, flowing := range video {
		c.audience.stage.video[slot] = flowing
	}
	for _, n := range peers {
		m := c.audience.memberOf(n.peer)
		if m == nil {
			continue // of a connection that has ended
		}
		if change := c.audience.onPeerEvents(m, n, c.clock.Now()); change != nil {
			batch = append(batch, request{cmd: *change})
		}
	}
	return batch
}
