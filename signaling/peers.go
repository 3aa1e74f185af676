package signaling

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
	"golang.org/x/time/rate"
)

const (
	publisherLinger = 10 * time.Second // a publisher nobody needs any more is kept this long: the floor may come back
	reofferEvery    = 2 * time.Second  // a peer that keeps failing is offered anew this often
	reofferBurst    = 5
)

// peers are the peer connections of one socket, at most one of each kind. Opening one costs CPU, so it happens
// on the socket's own writer; everything else may be called from anywhere.
type peers struct {
	media   Media
	relays  Relays
	owner   Peer // Session, Endpoint and Conn of every peer here; set before the first is wanted
	ids     *atomic.Uint64
	enqueue func(job func() error) // runs a job on the socket's writer
	write   func(protocol.Message) error
	reoffer *rate.Limiter

	mu      sync.Mutex
	closed  bool
	current map[PeerKind]*peer
	past    Delivery          // by viewers that have ended
	watches map[string]string // slot of the monitor -> endpoint
	wanted  Wanted            // on the viewer
}

type peer struct {
	Peer
	offered  bool
	answered bool
	timer    *time.Timer // of a delayed opening or closing
}

func newPeers(media Media, ids *atomic.Uint64, page *outbox) *peers {
	return &peers{
		media: media, relays: noRelays{}, ids: ids, enqueue: page.enqueue, write: page.write,
		reoffer: rate.NewLimiter(rate.Every(reofferEvery), reofferBurst),
		current: map[PeerKind]*peer{}, watches: map[string]string{}, wanted: AllPictures,
	}
}

// want opens the peer of a kind if there is none, and keeps it if it was about to be closed.
func (ps *peers) want(kind PeerKind) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.current[kind]; p != nil {
		if p.timer != nil && p.offered {
			p.timer.Stop()
			p.timer = nil
		}
		return
	}
	ps.begin(kind, 0)
}

// begin makes a peer that is offered after a delay. It is called locked.
func (ps *peers) begin(kind PeerKind, delay time.Duration) {
	if ps.closed {
		return
	}
	p := &peer{Peer: ps.owner}
	p.Kind = kind
	p.ID = string(kind) + "-" + strconv.FormatUint(ps.ids.Add(1), 36)
	ps.current[kind] = p
	if delay > 0 {
		p.timer = time.AfterFunc(delay, func() { ps.enqueue(func() error { return ps.open(p) }) })
		return
	}
	ps.enqueue(func() error { return ps.open(p) })
}

// open runs on the socket's writer: it makes the peer connection and offers it to the page.
func (ps *peers) open(p *peer) error {
	if !ps.is(p) {
		return nil
	}
	offer, err := ps.media.Open(context.Background(), p.Peer)
	if err != nil {
		ps.fail(p.ID)
		return ps.write(protocol.Error{Code: string(protocol.CodeUnavailable), Detail: "peer connection " + string(p.Kind)})
	}
	servers := ps.relays.ICEServers(p.seat()) // before it is seen whether the seat still has them: see shut
	if !ps.opened(p) {
		ps.media.Close(p.ID)
		return nil
	}
	return ps.write(protocol.Offer{Peer: p.ID, Kind: string(p.Kind), SDP: offer, ICEServers: servers})
}

// opened takes note that a peer is about to be offered, unless it is not wanted any more.
func (ps *peers) opened(p *peer) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.closed || ps.current[p.Kind] != p {
		return false
	}
	p.offered, p.timer = true, nil
	switch p.Kind {
	case PeerViewer:
		ps.media.SetPictures(p.ID, ps.wanted)
	case PeerPublisher:
	case PeerMonitor:
		for slot, endpoint := range ps.watches {
			ps.media.SetWatch(p.ID, slot, endpoint)
		}
	}
	return true
}

// is reports whether p is still the peer of its kind.
func (ps *peers) is(p *peer) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return !ps.closed && ps.current[p.Kind] == p
}

// unwant closes the peer of a kind after a while, unless it is wanted again before.
func (ps *peers) unwant(kind PeerKind, linger time.Duration) {
	ps.mu.Lock()
	p := ps.current[kind]
	lingers := p != nil && linger > 0 && p.offered
	if lingers && p.timer == nil {
		p.timer = time.AfterFunc(linger, func() { ps.end(p, true) })
	}
	ps.mu.Unlock()
	if p != nil && !lingers {
		ps.end(p, false)
	}
}

// end closes a peer and tells the page. One that only lingered may have been wanted again meanwhile.
func (ps *peers) end(p *peer, lingered bool) {
	ps.mu.Lock()
	if ps.current[p.Kind] != p || lingered && p.timer == nil {
		ps.mu.Unlock()
		return
	}
	ps.sumUp(p)
	delete(ps.current, p.Kind)
	p.stopTimer()
	ps.mu.Unlock()
	ps.media.Close(p.ID)
	if p.offered {
		ps.enqueue(func() error { return ps.write(protocol.ClosePeer{Peer: p.ID}) })
	}
}

func (p *peer) stopTimer() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// fail replaces a peer that broke by a new one, at a bounded rate.
func (ps *peers) fail(id string) {
	ps.mu.Lock()
	p := ps.find(id)
	if p == nil {
		ps.mu.Unlock()
		return
	}
	ending := p.offered && p.timer != nil // nobody needs it any more
	ps.mu.Unlock()
	ps.end(p, false)
	if !ending {
		ps.mu.Lock()
		if ps.current[p.Kind] == nil {
			ps.begin(p.Kind, ps.reoffer.Reserve().Delay())
		}
		ps.mu.Unlock()
	}
}

// answer hands the page's SDP to the media plane.
func (ps *peers) answer(id, sdp string) error {
	ps.mu.Lock()
	p := ps.find(id)
	ok := p != nil && p.offered && !p.answered
	if ok {
		p.answered = true
	}
	ps.mu.Unlock()
	if !ok {
		return refusal(protocol.CodeUnknownPeer, "no offer waits for this answer")
	}
	if err := ps.media.Answer(context.Background(), id, sdp); err != nil {
		ps.mu.Lock()
		p.answered = false
		ps.mu.Unlock()
		return refusal(protocol.CodeBadSDP, err.Error())
	}
	return nil
}

// find is called locked.
func (ps *peers) find(id string) *peer {
	for _, p := range ps.current {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// get returns a peer of this socket by its id.
func (ps *peers) get(id string) (Peer, bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.find(id); p != nil {
		return p.Peer, true
	}
	return Peer{}, false
}

// id returns the peer of a kind, or "".
func (ps *peers) id(kind PeerKind) string {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.current[kind]; p != nil {
		return p.ID
	}
	return ""
}

// watch sets what a slot of the monitor shows and returns what it showed before.
func (ps *peers) watch(slot, endpoint string) (before string) {
	ps.mu.Lock()
	before = ps.watches[slot]
	if endpoint == "" {
		delete(ps.watches, slot)
	} else {
		ps.watches[slot] = endpoint
	}
	p := ps.current[PeerMonitor]
	if p != nil && p.offered {
		ps.media.SetWatch(p.ID, slot, endpoint)
	}
	ps.mu.Unlock()
	if p == nil && endpoint != "" {
		ps.want(PeerMonitor)
	}
	return before
}

// receive sets which pictures the viewer is sent, now and after a reconnection.
func (ps *peers) receive(wanted Wanted) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.wanted = wanted
	if p := ps.current[PeerViewer]; p != nil && p.offered {
		ps.media.SetPictures(p.ID, wanted)
	}
}

// receives is which pictures the viewer is sent.
func (ps *peers) receives() Wanted {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.wanted
}

// retire is shut for a page that stays, which is told of the end of each.
func (ps *peers) retire() {
	for _, kind := range []PeerKind{PeerPublisher, PeerMonitor, PeerViewer} {
		ps.unwant(kind, 0)
	}
	ps.shut()
}

// shut ends all peers for good and the relays by which they were reached; a page is told of no others after it.
func (ps *peers) shut() {
	ps.closeAll()
	ps.relays.End(ps.owner.seat())
}

// closeAll ends all peers for good.
func (ps *peers) closeAll() {
	ps.mu.Lock()
	ps.closed = true
	var ended []*peer
	for _, p := range ps.current {
		ps.sumUp(p)
		p.stopTimer()
		ended = append(ended, p)
	}
	clear(ps.current)
	ps.mu.Unlock()
	for _, p := range ended {
		ps.media.Close(p.ID)
	}
}

// sumUp keeps what a viewer that ends now was sent. It is called locked.
func (ps *peers) sumUp(p *peer) {
	if p.Kind == PeerViewer {
		ps.past = ps.past.plus(ps.media.Delivered(p.ID))
	}
}

// delivered sums up what all viewers of this socket were sent.
func (ps *peers) delivered() Delivery {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.current[PeerViewer]; p != nil {
		return ps.past.plus(ps.media.Delivered(p.ID))
	}
	return ps.past
}
