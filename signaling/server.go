package signaling

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	reconnectAfterMs = 1000
	maxStrangers     = 8192 // sockets that may be open before they say who they are
)

// reconnectSpreadMs spreads the return of n clients so that about 500 a second come.
func reconnectSpreadMs(n int) int { return max(2000, 2*n) }

// Config is what a Server is made of. Media is not needed for the API alone, without Start.
type Config struct {
	Record    Record
	Media     Media
	Log       *slog.Logger
	Registry  *prometheus.Registry
	Node      string       // name of this server in the ledger
	PublicURL string       // base of the links; its host is an allowed origin of /ws
	Pages     http.Handler // everything that is not named in docs/api.md; may be nil
	// SnapshotEvery asks each site for a still picture this often, in whole seconds; 0 = never.
	SnapshotEvery time.Duration
}

// Server is the meeting plane: /ws, the HTTP API and the sessions behind them. It is also the MediaEvents that
// the media plane reports to.
type Server struct {
	record    Record
	media     Media
	log       *slog.Logger
	registry  *prometheus.Registry
	metrics   *metrics
	node      *attendance.Node
	clock     *attendance.Clock
	publicURL string
	pages     http.Handler
	tokens    *tokens
	ledgerKey ed25519.PrivateKey // signs exported ledgers
	codec     *protocol.Codec
	handlers  map[protocol.Type]handler
	upgrader  websocket.Upgrader
	peerIDs   atomic.Uint64
	strangers atomic.Int64 // sockets that are not attached to an endpoint yet
	snapshots *snapshots
	reports   *reports
	office    *office

	snapshotEvery time.Duration
	pingEvery     time.Duration // fixed before Start

	loading  sync.Mutex // held while a session is replayed
	mu       sync.Mutex
	started  bool
	closed   bool
	sessions map[string]*coordinator
	conns    map[*conn]struct{}
	running  sync.WaitGroup // coordinators and connections
}

// New makes a server that answers the API. It takes no session over, and so changes nothing in the record of
// one, before Start.
func New(ctx context.Context, cfg Config) (*Server, error) {
	tokenKey, err := loadKey(ctx, cfg.Record, tokenKeyEntry)
	if err != nil {
		return nil, err
	}
	ledgerKey, err := loadKey(ctx, cfg.Record, ledgerKeyEntry)
	if err != nil {
		return nil, err
	}
	last, err := cfg.Record.LastNodeSeq(ctx, cfg.Node)
	if err != nil {
		return nil, fmt.Errorf("last entry of node %s: %w", cfg.Node, err)
	}
	notBefore, err := cfg.Record.LastRecordedAt(ctx)
	if err != nil {
		return nil, fmt.Errorf("last instant in the record: %w", err)
	}
	s := &Server{
		record: cfg.Record, media: cfg.Media, log: cfg.Log, registry: cfg.Registry, metrics: newMetrics(cfg.Registry),
		node: attendance.NewNode(cfg.Node, last), clock: attendance.NewClock(notBefore), publicURL: strings.TrimSuffix(cfg.PublicURL, "/"), pages: cfg.Pages,
		snapshots: newSnapshots(), reports: newReports(cfg.Record), snapshotEvery: cfg.SnapshotEvery.Truncate(time.Second),
		tokens: newTokens(tokenKey), ledgerKey: ledgerKey,
		codec: protocol.ClientCodec(), handlers: handlers(), pingEvery: pingEvery,
		sessions: map[string]*coordinator{}, conns: map[*conn]struct{}{},
	}
	if s.office, err = newOffice(s, tokenKey.Seed()); err != nil {
		return nil, err
	}
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: helloWithin, ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &sync.Pool{},
		CheckOrigin: s.checkOrigin,
	}
	return s, nil
}

// Start takes over every session that is not over, and admits connections from then on.
func (s *Server) Start(ctx context.Context) error {
	rows, err := s.record.Sessions(ctx)
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	s.mu.Lock()
	s.started = true
	s.mu.Unlock()
	for _, row := range rows {
		if row.Phase == meeting.Ended || row.Phase == meeting.Sealed {
			continue
		}
		if _, err := s.coordinator(ctx, row.ID); err != nil {
			return err
		}
	}
	return nil
}

// Close tells everyone when to come back, records the end of their connections and waits until all is quiet.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.running.Wait()
		return
	}
	s.closed = true
	s.office.close()
	coords := make([]*coordinator, 0, len(s.sessions))
	for _, c := range s.sessions {
		coords = append(coords, c)
		close(c.stop)
	}
	s.mu.Unlock()
	for _, c := range coords {
		<-c.done
	}
	s.mu.Lock()
	for c := range s.conns { // those that have not said hello
		c.close(faultOf(errStopped))
	}
	s.mu.Unlock()
	s.running.Wait()
}

// coordinator returns the owner of a session, which is taken over if it is not yet.
func (s *Server) coordinator(ctx context.Context, id string) (*coordinator, error) {
	if c, err := s.loaded(id); c != nil || err != nil {
		return c, err
	}
	s.loading.Lock() // a session is taken over once; the others go on meanwhile
	defer s.loading.Unlock()
	if c, err := s.loaded(id); c != nil || err != nil {
		return c, err
	}
	ctx = context.WithoutCancel(ctx)
	c, err := loadCoordinator(ctx, s, id)
	if err != nil {
		// One damaged session must not keep the others from meeting; readyz and the metrics tell of it.
		s.log.Error("a session could not be taken over", "session", id, "err", err)
		c = brokenCoordinator(s, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errStopped
	}
	s.sessions[id] = c
	s.metrics.sessions.Set(float64(len(s.sessions)))
	s.running.Go(func() { c.run(ctx) })
	return c, nil
}

// loaded returns the owner of a session if it runs.
func (s *Server) loaded(id string) (*coordinator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.started {
		return nil, errStopped
	}
	return s.sessions[id], nil
}

// identify checks a token and that it was not revoked.
func (s *Server) identify(ctx context.Context, token string) (Identity, error) {
	if token == "" {
		return Identity{}, refusal(protocol.BadToken, "no token")
	}
	who, err := s.tokens.verify(token)
	if err != nil || who.admin() {
		return who, err
	}
	serial, err := s.record.LinkSerial(ctx, who.Session, who.Endpoint)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrRevoked):
		return Identity{}, refusal(protocol.BadToken, err.Error())
	case err != nil:
		return Identity{}, err
	case serial != who.Serial:
		return Identity{}, refusal(protocol.BadToken, "the link was replaced by a newer one")
	}
	return who, nil
}

// serveWS upgrades a request to a connection and serves it to its end.
func (s *Server) serveWS(w http.ResponseWriter, r *http.Request) {
	if s.strangers.Add(1) > maxStrangers {
		s.strangers.Add(-1)
		s.metrics.dropped(dropCrowd)
		http.Error(w, "too many connections that have not said hello", http.StatusServiceUnavailable)
		return
	}
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.strangers.Add(-1)
		return // the upgrader has answered
	}
	c := newConn(s, ws)
	s.mu.Lock()
	if s.closed || !s.started {
		s.mu.Unlock()
		s.strangers.Add(-1)
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(protocol.CloseRestart, ""), time.Now().Add(closeWithin))
		ws.Close()
		return
	}
	s.conns[c] = struct{}{}
	// A goroutine of its own: the one of the request would keep the buffers of the HTTP server alive.
	ctx, token := context.WithoutCancel(r.Context()), bearer(r)
	s.running.Go(func() {
		c.serve(ctx, token)
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
	s.mu.Unlock()
}

// checkOrigin admits pages of this server and clients that are no browsers (RFC 6455 10.2).
func (s *Server) checkOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	public, err := url.Parse(s.publicURL)
	return err == nil && public.Host != "" && strings.EqualFold(u.Host, public.Host)
}

// ready reports what keeps the server from its work, if anything.
func (s *Server) ready(ctx context.Context) error {
	s.mu.Lock()
	closed, started := s.closed, s.started
	s.mu.Unlock()
	if closed || !started {
		return errStopped
	}
	if _, err := s.record.Setting(ctx, tokenKeyEntry); err != nil {
		return fmt.Errorf("the record cannot be read: %w", err)
	}
	if s.metrics.broken.Load() > 0 {
		return errors.New("a session was stopped because its record cannot be written or read")
	}
	return nil
}

// told finds the news of a session that is running.
func (s *Server) told(session string) *news {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.sessions[session]; c != nil {
		return c.news
	}
	return nil
}

// PeerConnected implements MediaEvents.
func (s *Server) PeerConnected(p Peer) {
	if n := s.told(p.Session); n != nil {
		n.tell(p, func(n *peerNews) { n.connected = true })
	}
}

// PeerFailed implements MediaEvents.
func (s *Server) PeerFailed(p Peer, reason string) {
	if n := s.told(p.Session); n != nil {
		n.tell(p, func(n *peerNews) { n.failed, n.reason = true, reason })
	}
}

// Receiving implements MediaEvents.
func (s *Server) Receiving(p Peer, receiving bool, at time.Time) {
	if n := s.told(p.Session); n != nil {
		n.tell(p, func(n *peerNews) { n.receiving, n.at = &receiving, at })
	}
}

// SlotVideo implements MediaEvents.
func (s *Server) SlotVideo(session, slot string, flowing bool) {
	if n := s.told(session); n != nil {
		n.tellVideo(meeting.Slot(slot), flowing)
	}
}

// Quality implements MediaEvents.
func (s *Server) Quality(p Peer, rtt time.Duration, lossPct int) {
	if n := s.told(p.Session); n != nil {
		n.tell(p, func(n *peerNews) { n.measured, n.rtt, n.lossPct = true, rtt, lossPct })
	}
}
