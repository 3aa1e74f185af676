// Package webhook tells other programs what happens in sessions, by signed messages (docs/api.md, "Webhooks").
//
// The record is the queue. Messages of a kind come from a Source, which makes the next one out of what is recorded after
// a cursor; the cursor of each target, kind and session is kept in the record. So a message is delivered at least once
// and in order within its kind and session, nothing is forgotten over a restart, and memory holds only which sessions
// have something new. To add a kind of message, implement Source and name it in Config.Sources.
package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	answerWithin = 10 * time.Second
	skipAhead    = 1000 // entries that concern nobody, after which the cursor is moved past them
)

// Target is a program that is told.
type Target struct {
	URL    string
	Secret string // signs the messages; base64, with or without the prefix whsec_
}

// Message is what a Source has to tell about a session.
type Message struct {
	// First and Last are the sequence numbers in the ledger that the message tells of; the cursor goes on after Last.
	First, Last uint64
	// Body is sent as JSON; it has the members "kind" and "session". Nil when nothing up to Last concerns anybody.
	Body any
}

// Source makes the messages of one kind. It holds no state of delivery: the same cursor gives the same message.
type Source interface {
	// Kind names the messages, in cursors and in the member "kind" of their bodies.
	Kind() string
	// Next returns the first message about a session that tells of entries after the given one. If there is none yet,
	// its Body is nil.
	Next(ctx context.Context, session string, after uint64) (Message, error)
}

// Record is what delivery needs of the store; *store.Store is it.
type Record interface {
	Sessions(ctx context.Context) ([]store.SessionRow, error)
	WebhookCursor(ctx context.Context, url, kind, session string) (seq uint64, err error)
	AdvanceWebhook(ctx context.Context, url, kind, session string, seq uint64, dead *store.DeadLetter) error
	DeadLetters(ctx context.Context) ([]store.DeadLetter, error)
	DropDeadLetter(ctx context.Context, id string) error
}

// Config is what a Sender is made of.
type Config struct {
	Targets  []Target
	Sources  []Source
	Record   Record
	Allow    []netip.Prefix // private and local networks in which targets may be; public addresses always are
	Log      *slog.Logger
	Registry prometheus.Registerer
	Panicked contain.Report // told what a message made the sender panic with, which is tried again later; by default it is logged

	transport http.RoundTripper // of tests
}

// Sender delivers messages. Its methods may be called from any goroutine.
type Sender struct {
	record   Record
	log      *slog.Logger
	client   *http.Client
	sources  map[string]Source
	targets  []*target
	metrics  *metrics
	panicked contain.Report

	stop    context.CancelFunc
	running sync.WaitGroup
}

// target is one program with what it has not been told yet.
type target struct {
	url    string
	signer *standardwebhooks.Webhook
	wake   chan struct{}

	mu      sync.Mutex
	backlog *backlog
}

// New makes a sender that is silent until Start. It fails when a target's secret is none.
func New(cfg Config) (*Sender, error) {
	s := &Sender{
		record: cfg.Record, log: cfg.Log, sources: map[string]Source{}, metrics: newMetrics(cfg.Registry), stop: func() {},
		client: newClient(cfg.Allow), panicked: cfg.Panicked,
	}
	if s.panicked == nil {
		s.panicked = contain.Log(cfg.Log)
	}
	if cfg.transport != nil {
		s.client.Transport = cfg.transport
	}
	for _, source := range cfg.Sources {
		s.sources[source.Kind()] = source
	}
	for _, t := range cfg.Targets {
		signer, err := standardwebhooks.NewWebhook(t.Secret)
		if err != nil || t.Secret == "" {
			return nil, fmt.Errorf("the secret of webhook %s has to be base64 (whsec_…)", t.URL)
		}
		s.targets = append(s.targets, &target{url: t.URL, signer: signer, wake: make(chan struct{}, 1), backlog: newBacklog()})
	}
	return s, nil
}

// Start delivers what sessions have recorded since a target was told last. Of sessions that were over before it was
// first told of them it hears nothing.
func (s *Sender) Start(ctx context.Context) error {
	if len(s.targets) == 0 {
		return nil
	}
	rows, err := s.record.Sessions(ctx)
	if err != nil {
		return fmt.Errorf("webhooks: sessions: %w", err)
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, t := range s.targets {
		for _, row := range rows {
			for kind := range s.sources {
				seq, err := s.record.WebhookCursor(ctx, t.url, kind, row.ID)
				if err != nil {
					return fmt.Errorf("webhook %s: %w", t.url, err)
				}
				if seq > 0 || row.Phase != meeting.PhaseEnded && row.Phase != meeting.PhaseSealed {
					t.notify(stream{kind, row.ID})
				}
			}
		}
		s.running.Go(func() { s.run(ctx, t) })
	}
	return nil
}

// Tell says that a session has recorded something, so that every source is asked about it. It never waits.
func (s *Sender) Tell(session string) {
	for kind := range s.sources {
		s.TellKind(kind, session)
	}
}

// TellKind says that one source may have something new about a session. It never waits.
func (s *Sender) TellKind(kind, session string) {
	for _, t := range s.targets {
		t.notify(stream{kind, session})
	}
}

// Close ends delivery and waits for it. What was not delivered is delivered after the next start.
func (s *Sender) Close() {
	s.stop()
	s.running.Wait()
	s.client.CloseIdleConnections()
}

// ErrNoTarget is the failure to send a dead letter again whose URL is no target any more.
var ErrNoTarget = errors.New("its URL is no webhook of this server any more")

// DeadLetters returns the messages that were given up, the oldest first.
func (s *Sender) DeadLetters(ctx context.Context) ([]store.DeadLetter, error) {
	return s.record.DeadLetters(ctx)
}

// Retry makes one attempt now at a dead letter; one that arrives leaves the list. It fails with store.ErrNotFound if
// there is no such letter, and with ErrNoTarget.
func (s *Sender) Retry(ctx context.Context, id string) error {
	letters, err := s.record.DeadLetters(ctx)
	if err != nil {
		return err
	}
	for _, letter := range letters {
		if letter.ID != id {
			continue
		}
		for _, t := range s.targets {
			if t.url != letter.URL {
				continue
			}
			if err := s.send(ctx, t, letter); err != nil {
				return err
			}
			return s.record.DropDeadLetter(ctx, id)
		}
		return ErrNoTarget
	}
	return store.ErrNotFound
}

func (t *target) notify(st stream) {
	t.mu.Lock()
	t.backlog.add(st, time.Now())
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// later tries a stream again after a pause that grows.
func (t *target) later(st stream) (pause time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.backlog.later(st, time.Now())
}

// due returns what is to be delivered now, otherwise how long there is nothing to do.
func (t *target) due() (stream, time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.backlog.due(time.Now())
}

// run is the goroutine of one target.
func (s *Sender) run(ctx context.Context, t *target) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		st, wait, ok := t.due()
		if ok {
			err := contain.Run(s.panicked, func() error { s.deliver(ctx, t, st); return nil }, "url", t.url, "kind", st.kind, "session", st.session)
			if err != nil { // others are told meanwhile
				t.mu.Lock()
				t.backlog.stumbled(st, time.Now())
				t.mu.Unlock()
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-t.wake:
		case <-timer.C:
		}
	}
}

// deliver makes one attempt at the next message of a stream, and says to the backlog what came of it.
func (s *Sender) deliver(ctx context.Context, t *target, st stream) {
	letter, last, err := s.next(ctx, t, st)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil: // the record could not be read: the target is not to blame, and nothing is ever given up for it
		s.log.Error("webhook", "url", t.url, "kind", st.kind, "session", st.session, "again", t.later(st), "err", err)
		return
	case letter == nil:
		t.mu.Lock()
		t.backlog.emptied(st)
		t.mu.Unlock()
		return
	}
	sent := s.send(ctx, t, *letter)
	if ctx.Err() != nil && sent != nil {
		return
	}
	var dead *store.DeadLetter
	if sent != nil {
		t.mu.Lock()
		f := t.backlog.failed(st, time.Now())
		t.mu.Unlock()
		s.metrics.failed.Inc()
		if !f.giveUp {
			s.log.Warn("webhook not delivered", "url", t.url, "id", letter.ID, "attempt", f.attempts, "again", f.pause, "err", sent)
			return
		}
		s.metrics.givenUp.Inc()
		s.log.Error("webhook given up", "url", t.url, "id", letter.ID, "attempts", f.attempts, "err", sent)
		letter.Attempts, letter.Failure, letter.DiedAt = f.attempts, sent.Error(), time.Now()
		dead = letter
	} else {
		s.metrics.delivered.Inc()
	}
	if err := s.record.AdvanceWebhook(context.WithoutCancel(ctx), t.url, st.kind, st.session, last, dead); err != nil {
		s.log.Error("webhook", "url", t.url, "id", letter.ID, "again", t.later(st), "err", err) // under the same id
		return
	}
	t.mu.Lock()
	t.backlog.done(st, sent == nil, time.Now())
	t.mu.Unlock()
}

// next makes the letter that a target is to be sent next; nil when a source has nothing to tell.
func (s *Sender) next(ctx context.Context, t *target, st stream) (letter *store.DeadLetter, last uint64, err error) {
	done, err := s.record.WebhookCursor(ctx, t.url, st.kind, st.session)
	if err != nil {
		return nil, 0, err
	}
	m, err := s.sources[st.kind].Next(ctx, st.session, done)
	if err != nil {
		return nil, 0, err
	}
	if m.Body == nil {
		if m.Last > done+skipAhead { // not to read them again each time
			return nil, 0, s.record.AdvanceWebhook(ctx, t.url, st.kind, st.session, m.Last, nil)
		}
		return nil, 0, nil
	}
	body, err := json.Marshal(m.Body)
	if err != nil {
		return nil, 0, err
	}
	return &store.DeadLetter{ID: letterID(st, m.First, t.url), URL: t.url, Session: st.session, Body: body}, m.Last, nil
}

// letterID is the same whenever a message is sent again, and no other's.
func letterID(st stream, first uint64, url string) string {
	hash := sha256.Sum256([]byte(url))
	id := fmt.Sprintf("%s-%d-%s", st.session, first, hex.EncodeToString(hash[:4]))
	if st.kind != KindPresence {
		id = st.kind + "-" + id
	}
	return id
}
