package signaling

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/uuid"
)

// Bounds of line tests.
const (
	lineTestLife = 45 * time.Second
	maxLineTests = 64 // at once; who comes later tries again
)

var errTestEnded = refusal(protocol.CodeConflict, "the test was ended while it began")

// LineTests are the tests of lines that run now: each has a stage of its own in the media plane, in which one site sends a
// test picture and gets it back, so nothing of it reaches a session.
type LineTests struct {
	srv *Server

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	tests   map[string]*lineTest // by the session and endpoint that test
}

type lineTest struct {
	id      string // stage in the media plane
	owner   string
	peers   map[PeerKind]string
	timeout *time.Timer
	forget  func() // that it ends with its link
}

func newLineTests(s *Server) *LineTests { return &LineTests{srv: s, tests: map[string]*lineTest{}} }

// LineOffer is what a page answers to take part in a test.
type LineOffer struct {
	Test      string `json:"test"`
	Publisher string `json:"publisher"` // SDP
	Viewer    string `json:"viewer"`    // SDP
	// ICEServers are those of protocol.Offer.
	ICEServers []protocol.ICEServer `json:"ice_servers,omitempty"`
}

// Open begins a test for the holder of a link; one of his that still runs is ended. It ends with the link, and with the session.
func (l *LineTests) Open(ctx context.Context, who access.Identity) (*LineOffer, error) {
	if l.srv.media.Media == nil {
		return nil, refusal(protocol.CodeUnavailable, "no media plane")
	}
	owner := who.SeatKey()
	l.End(owner, "")
	t := &lineTest{id: "check/" + uuid.NewString(), owner: owner, peers: map[PeerKind]string{}}
	l.mu.Lock()
	if l.closed || len(l.tests) >= maxLineTests {
		l.mu.Unlock()
		return nil, refusal(protocol.CodeUnavailable, "too many tests at once; try again in a minute")
	}
	if l.tests[owner] != nil {
		l.mu.Unlock()
		return nil, refusal(protocol.CodeTooMany, "a test of this site is beginning")
	}
	l.tests[owner] = t
	l.running.Add(1)
	end := func() { l.End(owner, t.id) }
	t.timeout, t.forget = time.AfterFunc(lineTestLife, end), l.srv.downloads.Begin(who, end)
	l.mu.Unlock()
	offers, monitor := map[PeerKind]string{}, ""
	for _, kind := range []PeerKind{PeerPublisher, PeerMonitor} {
		p := Peer{Session: t.id, Endpoint: who.Endpoint, ID: "check-" + strconv.FormatUint(l.srv.peerIDs.Add(1), 10), Kind: kind}
		if kind == PeerMonitor {
			p.Endpoint = "@check" // nobody gets back what is its own
			monitor = p.ID
		}
		sdp, err := l.srv.media.Open(ctx, p)
		if err != nil {
			l.End(owner, t.id)
			return nil, errors.Join(refusal(protocol.CodeUnavailable, "the media plane could not serve the request"), err)
		}
		if !l.takesPart(t, p) {
			l.srv.media.Close(p.ID)
			l.srv.media.CloseSession(t.id)
			return nil, errTestEnded
		}
		offers[kind] = sdp
	}
	l.srv.media.SetWatch(monitor, "preview", who.Endpoint)
	offer := &LineOffer{
		Test: t.id, Publisher: offers[PeerPublisher], Viewer: offers[PeerMonitor], ICEServers: l.srv.relays.ICEServers(t.id),
	}
	if !l.runs(t) { // it may have been ended before it had the relays
		l.srv.relays.End(t.id)
		return nil, errTestEnded
	}
	return offer, nil
}

// takesPart notes a peer of a test, unless the test was ended meanwhile.
func (l *LineTests) takesPart(t *lineTest, p Peer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tests[t.owner] != t {
		return false
	}
	t.peers[p.Kind] = p.ID
	return true
}

func (l *LineTests) runs(t *lineTest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tests[t.owner] == t
}

// Answer completes both connections of a test.
func (l *LineTests) Answer(ctx context.Context, session, endpoint, test, publisher, viewer string) error {
	l.mu.Lock()
	t := l.tests[session+"/"+endpoint]
	if t == nil || t.id != test || len(t.peers) < 2 {
		l.mu.Unlock()
		return refusal(protocol.CodeNotFound, "no such test")
	}
	ids := [2]string{t.peers[PeerPublisher], t.peers[PeerMonitor]}
	l.mu.Unlock()
	for i, sdp := range []string{publisher, viewer} {
		if err := l.srv.media.Answer(ctx, ids[i], sdp); err != nil {
			return refusal(protocol.CodeBadSDP, err.Error())
		}
	}
	return nil
}

// End ends a test of an owner: the one given, or whichever runs.
func (l *LineTests) End(owner, id string) {
	l.mu.Lock()
	t := l.tests[owner]
	if t == nil || id != "" && t.id != id {
		l.mu.Unlock()
		return
	}
	delete(l.tests, owner)
	t.timeout.Stop()
	t.forget()
	peers := t.peers
	t.peers = map[PeerKind]string{}
	l.mu.Unlock()
	defer l.running.Done()
	for _, id := range peers {
		l.srv.media.Close(id)
	}
	l.srv.media.CloseSession(t.id)
	l.srv.relays.End(t.id)
}

// endAll ends the tests of a session that is over.
func (l *LineTests) endAll(session string) {
	for _, owner := range l.owners() {
		if strings.HasPrefix(owner, session+"/") {
			l.End(owner, "")
		}
	}
}

// close ends all tests and waits until they have.
func (l *LineTests) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	for _, owner := range l.owners() {
		l.End(owner, "")
	}
	l.running.Wait()
}

func (l *LineTests) owners() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.tests))
}
