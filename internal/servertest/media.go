package servertest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// FakeMedia stands for the media plane. An answer that begins with v=0 connects its peer at once.
type FakeMedia struct {
	events signaling.MediaEvents

	Mu      sync.Mutex
	Peers   map[string]signaling.Peer
	feeds   map[string]signaling.Feed // by slot
	Watches map[string]string         // peer/slot
	Over    map[string]bool
	// delivered is what Delivered says, by peer.
	delivered map[string]signaling.Delivery
	Refuse    bool          // Open fails
	Upset     string        // endpoint for which Open panics
	Stuck     chan struct{} // Close and CloseSession wait for its end; nil = they do not
	Budget    int
	opened    int
	Pictures  map[string]signaling.Wanted
	Lines     map[string]signaling.Line
}

// NewFakeMedia makes a media plane that carries nothing and remembers what it was asked.
func NewFakeMedia() *FakeMedia {
	return &FakeMedia{
		Peers: map[string]signaling.Peer{}, feeds: map[string]signaling.Feed{}, Watches: map[string]string{}, Over: map[string]bool{},
		Pictures: map[string]signaling.Wanted{}, Lines: map[string]signaling.Line{}, delivered: map[string]signaling.Delivery{},
	}
}

func (m *FakeMedia) Open(_ context.Context, p signaling.Peer) (string, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.opened++
	if p.Endpoint == m.Upset {
		panic("of a test")
	}
	if m.Refuse {
		return "", errors.New("no port")
	}
	m.Peers[p.ID] = p
	return "v=0 offer for " + p.ID, nil
}

func (m *FakeMedia) Answer(_ context.Context, id, sdp string) error {
	m.Mu.Lock()
	p, ok := m.Peers[id]
	m.Mu.Unlock()
	if !ok || !strings.HasPrefix(sdp, "v=0") {
		return errors.New("SDP is not acceptable")
	}
	m.events.PeerConnected(p)
	return nil
}

func (m *FakeMedia) Close(id string) {
	m.unstuck()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	delete(m.Peers, id)
}

func (m *FakeMedia) unstuck() {
	m.Mu.Lock()
	stuck := m.Stuck
	m.Mu.Unlock()
	if stuck != nil {
		<-stuck
	}
}

func (m *FakeMedia) SetFeed(_, slot string, f signaling.Feed) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.feeds[slot] = f
}

func (m *FakeMedia) SetWatch(id, slot, endpoint string) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Watches[id+"/"+slot] = endpoint
}

func (m *FakeMedia) SetPictures(id string, wanted signaling.Wanted) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Pictures[id] = wanted
}

func (m *FakeMedia) Line(id string) (signaling.Line, bool) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	l, ok := m.Lines[id]
	return l, ok
}

func (m *FakeMedia) SetBudget(_ string, kbps int) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Budget = kbps
}

func (m *FakeMedia) Delivered(id string) signaling.Delivery {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.delivered[id]
}

func (m *FakeMedia) CloseSession(session string) {
	m.unstuck()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Over[session] = true
}

func (m *FakeMedia) Feed(slot meeting.Slot) signaling.Feed {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.feeds[string(slot)]
}

// Of returns the peer of an endpoint, "" if there is none.
func (m *FakeMedia) Of(endpoint string, kind signaling.PeerKind) signaling.Peer {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, p := range m.Peers {
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

func (r *fakeRelays) Of(owner string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[owner]
}

// Deliver says what Delivered tells of a peer from now on.
func (m *FakeMedia) Deliver(id string, d signaling.Delivery) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.delivered[id] = d
}
