package signaling

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/meeting"
)

// sessions are the coordinators and connections of a server, and where the media plane's news find them.
type sessions struct {
	load func(ctx context.Context, id string) (*coordinator, error)

	loading sync.Mutex // held while a session is replayed
	mu      sync.Mutex
	started bool
	closed  bool
	byID    map[string]*coordinator
	conns   map[*conn]struct{}
	running sync.WaitGroup // coordinators and connections
}

func newSessions(load func(context.Context, string) (*coordinator, error)) *sessions {
	return &sessions{load: load, byID: map[string]*coordinator{}, conns: map[*conn]struct{}{}}
}

func (s *sessions) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = true
}

// serving reports whether sessions are run: after start and before stop.
func (s *sessions) serving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started && !s.closed
}

// coordinator returns the owner of a session, which is taken over if it is not yet.
func (s *sessions) coordinator(ctx context.Context, id string) (*coordinator, error) {
	if c, err := s.loaded(id); c != nil || err != nil {
		return c, err
	}
	s.loading.Lock() // a session is taken over once; the others go on meanwhile
	defer s.loading.Unlock()
	if c, err := s.loaded(id); c != nil || err != nil {
		return c, err
	}
	ctx = context.WithoutCancel(ctx)
	c, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errStopped
	}
	s.byID[id] = c
	s.running.Go(func() { c.run(ctx) })
	return c, nil
}

// all returns the coordinators that run.
func (s *sessions) all() []*coordinator {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return slices.Collect(maps.Values(s.byID))
}

// loaded returns the owner of a session if it runs.
func (s *sessions) loaded(id string) (*coordinator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.started {
		return nil, errStopped
	}
	return s.byID[id], nil
}

// attended are the sessions that somebody is connected to.
func (s *sessions) attended() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.byID {
		if c.attended.Load() {
			ids = append(ids, id)
		}
	}
	return ids
}

// lateSince tells the coordinators since when evidence of life cannot be written; zero when it can. The last word counts.
func (s *sessions) lateSince(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byID {
		select {
		case <-c.late:
		default:
		}
		c.late <- at
	}
}

// connect runs a connection on a goroutine of its own: the one of the request would keep the buffers of the
// HTTP server alive. It reports false when no sessions are run.
func (s *sessions) connect(ctx context.Context, c *conn, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.started {
		return false
	}
	s.conns[c] = struct{}{}
	s.running.Go(func() {
		c.serve(ctx, token)
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
	return true
}

// stop tells everyone when to come back, records the end of their connections and waits until all is quiet.
func (s *sessions) stop() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	var ended []*coordinator
	for _, c := range s.byID {
		ended = append(ended, c)
		if first {
			close(c.stop)
		}
	}
	s.mu.Unlock()
	for _, c := range ended {
		<-c.done
	}
	s.mu.Lock()
	for c := range s.conns { // those that have not said hello
		c.close(fault.Of(errStopped))
	}
	s.mu.Unlock()
	s.running.Wait()
}

// eventsOf finds the news of a session that is running.
func (s *sessions) eventsOf(session string) *mediaEvents {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.byID[session]; c != nil {
		return c.mediaEvents
	}
	return nil
}

// PeerConnected implements MediaEvents.
func (s *sessions) PeerConnected(p Peer) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.connected = true })
	}
}

// PeerFailed implements MediaEvents.
func (s *sessions) PeerFailed(p Peer, reason string) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.failed, n.reason = true, reason })
	}
}

// Receiving implements MediaEvents.
func (s *sessions) Receiving(p Peer, receiving bool, at time.Time) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.receiving, n.at = &receiving, at })
	}
}

// SlotVideo implements MediaEvents.
func (s *sessions) SlotVideo(session, slot string, flowing bool) {
	if n := s.eventsOf(session); n != nil {
		n.addVideo(meeting.Slot(slot), flowing)
	}
}

// Demand implements MediaEvents.
func (s *sessions) Demand(p Peer, top int) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.demand = &top })
	}
}

// Speaking implements MediaEvents.
func (s *sessions) Speaking(p Peer, speaking bool) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.speaking = &speaking })
	}
}

// Quality implements MediaEvents.
func (s *sessions) Quality(p Peer, rtt time.Duration, lossPct int) {
	if n := s.eventsOf(p.Session); n != nil {
		n.add(p, func(n *peerEvents) { n.measured, n.rtt, n.lossPct = true, rtt, lossPct })
	}
}
