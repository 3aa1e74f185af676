package signaling

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
)

// peerBench runs peers with a writer and a media plane that only keep count.
type peerBench struct {
	*peers
	mu     sync.Mutex
	open   []string // peers of the media plane
	opened int
	sent   []string // types of messages to the page
	refuse bool
}

func newPeerBench() *peerBench {
	b := &peerBench{}
	b.peers = newPeers(b, &atomic.Uint64{}, newOutbox(nil, nil))
	b.enqueue = func(job func() error) { go func() { _ = job() }() }
	b.write = func(m protocol.Message) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sent = append(b.sent, string(m.MessageType()))
		return nil
	}
	return b
}

func (b *peerBench) Open(_ context.Context, p Peer) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened++
	if b.refuse {
		return "", errors.New("no port")
	}
	b.open = append(b.open, p.ID)
	return "v=0", nil
}

func (b *peerBench) Close(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = slices.DeleteFunc(b.open, func(o string) bool { return o == id })
}

func (b *peerBench) Answer(context.Context, string, string) error { return nil }
func (b *peerBench) SetFeed(string, string, Feed)                 {}
func (b *peerBench) SetWatch(string, string, string)              {}
func (b *peerBench) SetPictures(string, Wanted)                   {}
func (b *peerBench) Line(string) (Line, bool)                     { return Line{}, false }
func (b *peerBench) SetBudget(string, int)                        {}
func (b *peerBench) CloseSession(string)                          {}
func (b *peerBench) Delivered(string) Delivery                    { return Delivery{} }

// counts returns how many peers are open, and how many were opened so far.
func (b *peerBench) counts() (open, opened int) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open), b.opened
}

func (b *peerBench) expect(t *testing.T, open, opened int) {
	t.Helper()
	if o, n := b.counts(); o != open || n != opened {
		t.Errorf("%d open of %d, want %d of %d", o, n, open, opened)
	}
}

func TestPublisherLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPeerBench()
		b.want(PeerPublisher)
		b.want(PeerPublisher)
		b.expect(t, 1, 1)
		b.unwant(PeerPublisher, publisherLinger)
		time.Sleep(publisherLinger - time.Second)
		b.expect(t, 1, 1)
		b.want(PeerPublisher) // the floor came back
		time.Sleep(time.Minute)
		b.expect(t, 1, 1)
		b.peers.mu.Lock()
		p := b.current[PeerPublisher]
		b.peers.mu.Unlock()
		b.end(p, true) // its timer ran out just as it was wanted again
		b.expect(t, 1, 1)
		b.unwant(PeerPublisher, publisherLinger)
		time.Sleep(time.Second)
		b.unwant(PeerPublisher, publisherLinger) // asked twice: counted from the first
		time.Sleep(publisherLinger - time.Second)
		b.expect(t, 0, 1)
		if b.sent[len(b.sent)-1] != "close_peer" {
			t.Errorf("the page was told %v", b.sent)
		}
		b.want(PeerPublisher)
		b.expect(t, 1, 2)
		b.unwant(PeerPublisher, 0)
		b.expect(t, 0, 2)
	})
}

func TestFailingPeerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPeerBench()
		b.want(PeerViewer)
		for range 100 {
			synctest.Wait()
			b.fail(b.id(PeerViewer))
		}
		if _, opened := b.counts(); opened > 1+reofferBurst {
			t.Errorf("%d peers opened at once", opened)
		}
		time.Sleep(time.Hour)
		b.expect(t, 1, 1+reofferBurst+1)

		b.mu.Lock()
		b.refuse = true
		b.mu.Unlock()
		b.fail(b.id(PeerViewer))
		_, before := b.counts()
		time.Sleep(time.Minute)
		if _, after := b.counts(); after-before > int(time.Minute/reofferEvery) {
			t.Errorf("a media plane that cannot is asked %d times a minute", after-before)
		}
		b.mu.Lock()
		b.refuse = false
		b.mu.Unlock()
		time.Sleep(time.Minute)
		if open, _ := b.counts(); open != 1 {
			t.Error("no viewer after the media plane recovered")
		}
		b.closeAll()
	})
}

func TestClosedPeersStayClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPeerBench()
		b.want(PeerViewer)
		b.want(PeerPublisher)
		b.want(PeerMonitor)
		b.expect(t, 3, 3)
		b.unwant(PeerPublisher, publisherLinger)
		for range 2 * reofferBurst {
			b.fail(b.id(PeerViewer)) // the next one waits its turn
			synctest.Wait()
		}
		_, opened := b.counts()
		b.closeAll()
		b.want(PeerViewer)
		time.Sleep(time.Hour)
		b.expect(t, 0, opened)
	})
}

// A page that does not read is dropped when its queue is full, and whoever writes to it never waits.
func TestSlowReader(t *testing.T) {
	c := newOutbox(nil, newTestMetrics())
	for range maxOutgoing {
		c.sendPrepared(nil)
	}
	select {
	case <-c.closing:
		t.Fatal("dropped before its queue was full")
	default:
	}
	c.sendPrepared(nil)
	<-c.closing
	if c.why.Close != protocol.CloseSlow {
		t.Errorf("closed with %d", c.why.Close)
	}
	c.sendPrepared(nil) // nobody waits for what is gone
}

// TestOffersBearCredentials: a page is told with each offer how to reach the media plane from a closed network.
func TestOffersBearCredentials(t *testing.T) {
	b := newPeerBench()
	b.owner = Peer{Session: "s", Endpoint: "C1"}
	made := 0
	b.relays = relaysFunc(func(owner string) []protocol.ICEServer {
		made++
		return []protocol.ICEServer{{URLs: []string{"turn:x"}, Username: owner, Credential: "secret"}}
	})
	var offers []protocol.Offer
	b.enqueue = func(job func() error) { _ = job() }
	b.write = func(m protocol.Message) error {
		if o, ok := m.(protocol.Offer); ok {
			offers = append(offers, o)
		}
		return nil
	}
	b.begin(PeerViewer, 0)
	b.begin(PeerPublisher, 0)
	if len(offers) != 2 || made != 2 {
		t.Fatalf("%d offers, %d credentials", len(offers), made)
	}
	for _, o := range offers {
		if len(o.ICEServers) != 1 || o.ICEServers[0].Username != "s/C1" || o.ICEServers[0].Credential != "secret" {
			t.Errorf("%s: %+v", o.Kind, o.ICEServers)
		}
	}
}

type relaysFunc func(owner string) []protocol.ICEServer

func (f relaysFunc) ICEServers(owner string) []protocol.ICEServer { return f(owner) }
func (f relaysFunc) End(string)                                   {}

// TestNoOfferAfterShut: what ends a seat's relays ends all that its page was told of them; one that was on its way meanwhile
// is not told.
func TestNoOfferAfterShut(t *testing.T) {
	b := newPeerBench()
	b.owner = Peer{Session: "s", Endpoint: "C1"}
	b.relays = relaysFunc(func(string) []protocol.ICEServer {
		b.shut() // at the worst moment
		return []protocol.ICEServer{{URLs: []string{"turn:x"}}}
	})
	b.enqueue = func(job func() error) { _ = job() }
	b.write = func(m protocol.Message) error {
		t.Errorf("the page was told %+v", m)
		return nil
	}
	b.begin(PeerViewer, 0)
}
