package servertest

import (
	"context"
	"errors"
	"maps"
	"slices"
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
	Refuse    bool                 // Open fails
	Upset     string               // endpoint for which Open panics
	Stuck     chan struct{}        // Close and CloseSession wait for its end; nil = they do not
	StuckFeed chan struct{}        // SetFeed does
	Opening   func(signaling.Peer) // what happens while Open works; nil = nothing
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
	meanwhile := m.Opening
	m.Mu.Unlock()
	if meanwhile != nil {
		meanwhile(p)
	}
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
	stuck := m.StuckFeed
	m.Mu.Unlock()
	if stuck != nil {
		<-stuck
	}
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

// fakeRelays notes who has relays, and whose were ended.
type fakeRelays struct {
	mu    sync.Mutex
	given map[string]bool
	ended map[string]int
}

func (r *fakeRelays) ICEServers(owner string) []protocol.ICEServer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.given == nil {
		r.given = map[string]bool{}
	}
	r.given[owner] = true
	return nil
}

func (r *fakeRelays) End(owner string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[string]int{}
	}
	r.ended[owner]++
	delete(r.given, owner)
}

// Of is how often the relays of somebody were ended.
func (r *fakeRelays) Of(owner string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[owner]
}

// Holders are those who have relays now.
func (r *fakeRelays) Holders() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.given))
}

// Deliver says what Delivered tells of a peer from now on.
func (m *FakeMedia) Deliver(id string, d signaling.Delivery) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.delivered[id] = d
}
