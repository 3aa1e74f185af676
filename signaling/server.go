package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

const reconnectAfterMs = 1000

// reconnectSpreadMs spreads the return of n clients so that about 500 a second come.
func reconnectSpreadMs(n int) int { return max(2000, 2*n) }

// Config is what a Server is made of. Media is not needed without Start.
type Config struct {
	Record    Record
	Media     Media
	Relays    Relays // nil without a TURN server
	Nodes     Nodes  // nil where no other shares the record
	Log       *slog.Logger
	Registry  prometheus.Registerer
	Node      *ledger.Node // this life of this server; see Incarnation
	PublicURL string       // base of the links; its host is an allowed origin of /ws
	Tokens    *link.Tokens
	// SnapshotEvery asks each site for a still picture this often, in whole seconds; 0 = never.
	SnapshotEvery time.Duration
	// Recorded is told the session of each commit, and Over that of each that has ended. They never wait; nil = nobody is told.
	Recorded, Over func(session string)
	Downloads      *access.Downloads             // what is being sent to holders of links; nil = nothing
	Seats          *access.Limits                // how much a seat may ask; nil = the usual
	Panicked       func(fault any, where ...any) // logs and counts what a goroutine panicked with
	// Unauthenticated bounds the sockets that have not said who they are.
	Unauthenticated admission.Limits
	Time            TimeSource // tests set the clock
}

// Server is the meeting plane: the sockets and the sessions behind them. It is also the MediaEvents that
// the media plane reports to.
type Server struct {
	*sessions
	record          Record
	media           *closer
	relays          Relays
	nodes           Nodes
	downloads       *access.Downloads
	log             *slog.Logger
	metrics         *metrics
	node            *ledger.Node
	epoch           atomic.Int64 // in which this node owns the sessions; 0 where no other shares the record
	warm            warm
	clock           *clock
	publicURL       string
	tokens          *link.Tokens
	access          access.Table // access.txt
	given           given
	codec           *protocol.Codec
	handlers        map[protocol.Type]handler
	upgrader        websocket.Upgrader
	peerIDs         atomic.Uint64
	panicked        func(fault any, where ...any)
	recorded        func(session string)
	over            func(session string)
	lines           *LineTests
	unauthenticated *admission.Gate // sockets that are not attached to an endpoint yet
	seats           *access.Limits
	pulse           *pulse
	listed          *contradictions
	tasks           sync.WaitGroup // what runs from Start to Close
	endTasks        context.CancelFunc

	snapshotEvery time.Duration
	pingEvery     time.Duration // fixed before Start
	patience      atomic.Int64  // of commands with the record, in nanoseconds
}

// New makes a server. It takes no session over, and so changes nothing in the record of one, before Start.
func New(cfg Config) (*Server, error) {
	if cfg.Panicked == nil {
		cfg.Panicked = contain.Log(cfg.Log)
	}
	table, err := access.NewTable()
	if err != nil {
		return nil, err
	}
	s := &Server{
		access: table, record: cfg.Record, media: &closer{Media: cfg.Media, panicked: cfg.Panicked}, relays: cfg.Relays, nodes: cfg.Nodes,
		downloads: cfg.Downloads, log: cfg.Log, metrics: newMetrics(cfg.Registry),
		node: cfg.Node, clock: newClock(cfg.Time, cfg.Log, cfg.Registry), publicURL: strings.TrimSuffix(cfg.PublicURL, "/"),
		snapshotEvery: cfg.SnapshotEvery.Truncate(time.Second), endTasks: func() {}, recorded: cfg.Recorded, over: cfg.Over, panicked: cfg.Panicked,
		tokens: cfg.Tokens, unauthenticated: admission.New(cfg.Unauthenticated, cfg.Log), seats: cfg.Seats,
		codec: protocol.ClientCodec(), handlers: handlers(), pingEvery: pingEvery,
	}
	if s.relays == nil {
		s.relays = noRelays{}
	}
	if s.downloads == nil {
		s.downloads = access.NewDownloads()
	}
	if s.recorded == nil {
		s.recorded = func(string) {}
	}
	if s.over == nil {
		s.over = func(string) {}
	}
	if s.seats == nil {
		s.seats = access.NewLimits(1)
	}
	s.patience.Store(int64(recordPatience))
	s.pulse = newPulse(cfg.Record, s.clock.Now)
	s.listed = newContradictions(cfg.Log, cfg.Registry)
	s.sessions = newSessions(s.load)
	s.lines = newLineTests(s)
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: helloWithin, ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &sync.Pool{},
		CheckOrigin: s.checkOrigin,
	}
	return s, nil
}

// Lines are the tests of lines before a session.
func (s *Server) Lines() *LineTests { return s.lines }

// Now returns the time of the server in UTC, in whole microseconds.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Dropped counts a connection or request that was given up, by reason.
func (s *Server) Dropped(reason string) { s.metrics.dropped(reason) }

// Incarnation names one life of a server: a disk that was restored or made anew under the same name is never taken for
// the one before.
func Incarnation(name string) string { return name + "-" + uuid.NewString()[:8] }

// Own begins an epoch, before Start, where several nodes share the record: each session's ledger says then who decides in it.
func (s *Server) Own(epoch int64) { s.epoch.Store(epoch) }

// Start takes over every session that is not over, and admits connections from then on.
func (s *Server) Start(ctx context.Context) error {
	rows, err := s.record.Sessions(ctx)
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	s.start()
	for _, row := range rows {
		s.listed.listed(row)
		if row.Phase == meeting.PhaseEnded || row.Phase == meeting.PhaseSealed {
			continue
		}
		if _, err := s.coordinator(ctx, row.ID); err != nil {
			return err
		}
	}
	ctx, s.endTasks = context.WithCancel(context.WithoutCancel(ctx))
	s.tasks.Go(func() { s.pulse.run(ctx, s.attended, s.lateSince) })
	return nil
}

// Close tells everyone when to come back, records the end of their connections and waits until all is quiet.
func (s *Server) Close() {
	s.endTasks()
	s.tasks.Wait()
	s.lines.close()
	s.stop()
	s.pulse.out.Wait()
	s.media.ends.Wait()
}

// known refuses an id that no session has.
func (s *Server) known(ctx context.Context, id string) error {
	if c, err := s.loaded(id); err == nil && c != nil {
		return nil
	}
	return exists(ctx, s.record, id)
}

// load takes a session over; one that the record does not know is none. One that is damaged must not keep the others from
// meeting; readyz and the metrics tell of it.
func (s *Server) load(ctx context.Context, id string) (*coordinator, error) {
	if err := exists(ctx, s.record, id); err != nil {
		return nil, err
	}
	var c *coordinator
	err := contain.Run(s.panicked, func() (err error) { c, err = loadCoordinator(ctx, s, id); return err }, "session", id)
	if err != nil {
		c = brokenCoordinator(s, id, err)
	}
	s.metrics.sessions.Inc()
	return c, nil
}

// exists refuses an id that no session of the record has.
func exists(ctx context.Context, rec Record, id string) error {
	_, err := rec.Session(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return refusal(protocol.CodeNotFound, "no such session")
	}
	return err
}

// ServeWS upgrades a request to a connection and serves it to its end.
func (s *Server) ServeWS(w http.ResponseWriter, r *http.Request) {
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil { // the upgrader has answered
		if !websocket.IsWebSocketUpgrade(r) {
			s.metrics.dropped(dropNoUpgrade)
		}
		return
	}
	c := newConn(s, ws)
	c.tcp = admission.FromContext(r.Context())
	c.place = s.unauthenticated.Enter(httpguard.Client(r), func() {
		s.metrics.dropped(dropCrowd)
		_ = ws.NetConn().Close() // who reads it sees the end
	})
	if c.place == nil || !s.connect(context.WithoutCancel(r.Context()), c, access.Bearer(r)) {
		c.place.Leave()
		turnAway(ws, s.nodes)
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(protocol.CloseRestart, ""), time.Now().Add(closeWithin))
		ws.Close()
	}
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

// Ready reports what keeps the server from its work, if anything.
func (s *Server) Ready(ctx context.Context) error {
	if !s.serving() {
		return errStopped
	}
	if err := s.pulse.well(ctx); err != nil {
		return errors.New("the record cannot be written") // why stands in the log: who asks here may be a stranger
	}
	if n := s.metrics.waiting.Load(); n > 0 {
		return fmt.Errorf("recording waits in %d sessions", n)
	}
	if late := s.clock.behind(); late > 0 {
		return fmt.Errorf("the clock is %v behind the record: it is wrong, or was when something was recorded", late.Round(time.Second))
	}
	if n := s.listed.count(); n > 0 {
		return fmt.Errorf("the list of sessions contradicted the ledgers of %d sessions, which count; the log names them", n)
	}
	if s.metrics.broken.Load() > 0 {
		return errors.New("a session was stopped because its record cannot be written or read")
	}
	return nil
}
