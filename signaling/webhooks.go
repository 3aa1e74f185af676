package signaling

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	webhookEvents   = 100 // in one message
	webhookSkip     = 1000
	webhookAttempts = 10
	webhookWithin   = 10 * time.Second
	webhookLongest  = 5 * time.Minute // between two attempts
)

// Webhook is a program that is told who joined and left a session, and that it was sealed (docs/api.md).
type Webhook struct {
	URL    string
	Secret string // signs the messages; base64, with or without the prefix whsec_
}

// webhookRecord is what delivery needs of the store.
type webhookRecord interface {
	WebhookCursor(ctx context.Context, url, session string) (seq uint64, err error)
	AdvanceWebhook(ctx context.Context, url, session string, seq uint64, dead *store.DeadLetter) error
	DeadLetters(ctx context.Context) ([]store.DeadLetter, error)
	DropDeadLetter(ctx context.Context, id string) error
}

// webhooks deliver the ledgers to other programs, each entry at least once and in order. The ledger itself is the queue: each target keeps a cursor in the
// record, so nothing is lost or forgotten over a restart, and memory holds only which sessions have something new.
type webhooks struct {
	record  Record
	log     *slog.Logger
	now     func() time.Time
	client  *http.Client
	targets []*webhookTarget
	first   time.Duration // between the first two attempts; then twice as long each time

	stop    context.CancelFunc
	running sync.WaitGroup
}

// webhookTarget is one program with the sessions that it has not been told all of.
type webhookTarget struct {
	url    string
	signer *standardwebhooks.Webhook
	wake   chan struct{}

	mu      sync.Mutex
	pending map[string]struct{} // sessions
}

// webhookEvent is one entry of the ledger as other programs are told of it: codes, no names of people.
type webhookEvent struct {
	Seq      uint64    `json:"seq"`
	At       time.Time `json:"at"`
	Type     string    `json:"type"` // joined, left, sealed
	Endpoint string    `json:"endpoint,omitempty"`
	Why      string    `json:"why,omitempty"` // of left
}

// webhookMessage is the body of one delivery.
type webhookMessage struct {
	Session string         `json:"session"`
	Events  []webhookEvent `json:"events"`
}

func newWebhooks(list []Webhook, rec Record, log *slog.Logger, now func() time.Time) (*webhooks, error) {
	w := &webhooks{
		record: rec, log: log, now: now, first: time.Second, stop: func() {},
		// A redirection would take a signed message to somebody else.
		client: &http.Client{Timeout: webhookWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, hook := range list {
		signer, err := standardwebhooks.NewWebhook(hook.Secret)
		if err != nil || hook.Secret == "" {
			return nil, fmt.Errorf("the secret of webhook %s has to be base64 (whsec_…)", hook.URL)
		}
		w.targets = append(w.targets, &webhookTarget{url: hook.URL, signer: signer, wake: make(chan struct{}, 1), pending: map[string]struct{}{}})
	}
	return w, nil
}

// start delivers what the sessions have recorded since a target was told last. Of sessions that were over before it
// was first told of them it hears nothing.
func (w *webhooks) start(ctx context.Context, rows []store.SessionRow) error {
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, t := range w.targets {
		for _, row := range rows {
			seq, err := w.record.WebhookCursor(ctx, t.url, row.ID)
			if err != nil {
				return fmt.Errorf("webhook %s: %w", t.url, err)
			}
			if seq > 0 || row.Phase != meeting.Ended && row.Phase != meeting.Sealed {
				t.tell(row.ID)
			}
		}
		w.running.Go(func() { w.run(ctx, t) })
	}
	return nil
}

// tell says that a session has recorded something. It never waits.
func (w *webhooks) tell(session string) {
	for _, t := range w.targets {
		t.tell(session)
	}
}

func (t *webhookTarget) tell(session string) {
	t.mu.Lock()
	t.pending[session] = struct{}{}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *webhookTarget) take() map[string]struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.pending
	t.pending = map[string]struct{}{}
	return taken
}

// close ends delivery and waits for it. What was not delivered is delivered after the next start.
func (w *webhooks) close() {
	w.stop()
	w.running.Wait()
	w.client.CloseIdleConnections()
}

// run is the goroutine of one target.
func (w *webhooks) run(ctx context.Context, t *webhookTarget) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		for session := range t.take() {
			for more := true; more; {
				var err error
				if more, err = w.next(ctx, t, session); ctx.Err() != nil {
					return
				} else if err != nil {
					w.log.Error("webhook", "url", t.url, "session", session, "err", err)
				}
			}
		}
	}
}

// next delivers one message about a session, or gives it up; more is false when there is nothing left to tell.
func (w *webhooks) next(ctx context.Context, t *webhookTarget, session string) (more bool, err error) {
	done, err := w.record.WebhookCursor(ctx, t.url, session)
	if err != nil {
		return false, err
	}
	message, last := webhookMessage{Session: session}, done
	for e, err := range w.record.Entries(ctx, session, done+1) {
		if err != nil {
			return false, err
		}
		told, concerns, err := webhookEventOf(e)
		if err != nil {
			return false, err
		}
		if concerns {
			message.Events = append(message.Events, told)
		}
		if last = e.Seq; len(message.Events) == webhookEvents {
			break
		}
	}
	if len(message.Events) == 0 {
		if last-done > webhookSkip { // not to read them again each time
			return false, w.record.AdvanceWebhook(ctx, t.url, session, last, nil)
		}
		return false, nil
	}
	body, err := json.Marshal(message)
	if err != nil {
		return false, err
	}
	url := sha256.Sum256([]byte(t.url))
	letter := store.DeadLetter{
		ID:  fmt.Sprintf("%s-%d-%s", session, message.Events[0].Seq, hex.EncodeToString(url[:4])), // the same if it is sent again
		URL: t.url, Session: session, Body: body,
	}
	dead, err := w.deliver(ctx, t, letter)
	if err != nil {
		return false, err
	}
	return true, w.record.AdvanceWebhook(context.WithoutCancel(ctx), t.url, session, last, dead)
}

// deliver tries until the message is taken, the attempts are used up, which makes it a dead letter, or ctx ends.
func (w *webhooks) deliver(ctx context.Context, t *webhookTarget, letter store.DeadLetter) (*store.DeadLetter, error) {
	pause := w.first
	for letter.Attempts = 1; ; letter.Attempts++ {
		err := w.send(ctx, t, letter)
		if err == nil {
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if letter.Attempts == webhookAttempts {
			w.log.Error("webhook given up", "url", t.url, "id", letter.ID, "err", err)
			letter.Failure, letter.DiedAt = err.Error(), w.now()
			return &letter, nil
		}
		w.log.Warn("webhook not delivered", "url", t.url, "id", letter.ID, "attempt", letter.Attempts, "again", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		pause = min(2*pause, webhookLongest)
	}
}

// send makes one attempt, signed as the Standard Webhooks specification 1.0 has it.
func (w *webhooks) send(ctx context.Context, t *webhookTarget, letter store.DeadLetter) error {
	now := time.Now() // of the machine: the receiver compares it with its own clock
	signature, err := t.signer.Sign(letter.ID, now, letter.Body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(letter.Body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, letter.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err
}

// webhookEventOf is what other programs are told of an entry, if anything.
func webhookEventOf(e ledger.Entry) (told webhookEvent, concerns bool, err error) {
	ev, err := e.Event()
	if err != nil {
		return told, false, fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	told = webhookEvent{Seq: e.Seq, At: e.At}
	switch ev := ev.(type) {
	case *meeting.Connected:
		told.Type, told.Endpoint = "joined", ev.Endpoint
	case *meeting.Resumed:
		told.Type, told.Endpoint = "joined", ev.Endpoint
	case *meeting.Left:
		told.Type, told.Endpoint, told.Why = "left", ev.Endpoint, ev.Why
	case *meeting.Lost:
		told.Type, told.Endpoint, told.Why = "left", ev.Endpoint, ev.Why
	case *meeting.SealedEvent:
		told.Type = "sealed"
	default:
		return told, false, nil
	}
	return told, true, nil
}
