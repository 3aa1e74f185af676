package signaling_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// fakeMedia stands for the media plane. An answer that begins with v=0 connects its peer at once.
type fakeMedia struct {
	events signaling.MediaEvents

	mu      sync.Mutex
	peers   map[string]signaling.Peer
	feeds   map[string]signaling.Feed // by slot
	watches map[string]string         // peer/slot
	over    map[string]bool
	// delivered is what Delivered says, by peer.
	delivered map[string]signaling.Delivery
	refuse    bool          // Open fails
	upset     string        // endpoint for which Open panics
	stuck     chan struct{} // Close and CloseSession wait for its end; nil = they do not
	budget    int
	opened    int
	pictures  map[string]signaling.Wanted
	lines     map[string]signaling.Line
}

func newFakeMedia() *fakeMedia {
	return &fakeMedia{
		peers: map[string]signaling.Peer{}, feeds: map[string]signaling.Feed{}, watches: map[string]string{}, over: map[string]bool{}, pictures: map[string]signaling.Wanted{}, lines: map[string]signaling.Line{}, delivered: map[string]signaling.Delivery{},
	}
}

func (m *fakeMedia) Open(_ context.Context, p signaling.Peer) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened++
	if p.Endpoint == m.upset {
		panic("of a test")
	}
	if m.refuse {
		return "", errors.New("no port")
	}
	m.peers[p.ID] = p
	return "v=0 offer for " + p.ID, nil
}

func (m *fakeMedia) Answer(_ context.Context, id, sdp string) error {
	m.mu.Lock()
	p, ok := m.peers[id]
	m.mu.Unlock()
	if !ok || !strings.HasPrefix(sdp, "v=0") {
		return errors.New("SDP is not acceptable")
	}
	m.events.PeerConnected(p)
	return nil
}

func (m *fakeMedia) Close(id string) {
	m.unstuck()
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.peers, id)
}

func (m *fakeMedia) unstuck() {
	m.mu.Lock()
	stuck := m.stuck
	m.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
}

func (m *fakeMedia) SetFeed(_, slot string, f signaling.Feed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.feeds[slot] = f
}

func (m *fakeMedia) SetWatch(id, slot, endpoint string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watches[id+"/"+slot] = endpoint
}

func (m *fakeMedia) SetPictures(id string, wanted signaling.Wanted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pictures[id] = wanted
}

func (m *fakeMedia) Line(id string) (signaling.Line, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.lines[id]
	return l, ok
}

func (m *fakeMedia) SetBudget(_ string, kbps int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.budget = kbps
}

func (m *fakeMedia) Delivered(id string) signaling.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.delivered[id]
}

func (m *fakeMedia) CloseSession(session string) {
	m.unstuck()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over[session] = true
}

func (m *fakeMedia) feed(slot meeting.Slot) signaling.Feed {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.feeds[string(slot)]
}

// of returns the peer of an endpoint, "" if there is none.
func (m *fakeMedia) of(endpoint string, kind signaling.PeerKind) signaling.Peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.peers {
		if p.Endpoint == endpoint && p.Kind == kind {
			return p
		}
	}
	return signaling.Peer{}
}

// fakeRelays notes whose relays were ended.
type fakeRelays struct {
	mu    sync.Mutex
	ended map[string]int
}

func (*fakeRelays) ICEServers(string) []protocol.ICEServer { return nil }

func (r *fakeRelays) End(owner string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[string]int{}
	}
	r.ended[owner]++
}

func (r *fakeRelays) of(owner string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[owner]
}

// deliver says what Delivered tells of a peer from now on.
func (m *fakeMedia) deliver(id string, d signaling.Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delivered[id] = d
}
