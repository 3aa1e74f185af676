package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// Webhooks know what could not be told to other programs; *webhook.Sender does.
type Webhooks interface {
	DeadLetters(ctx context.Context) ([]store.DeadLetter, error)
	// Retry makes one attempt at a dead letter; it fails with store.ErrNotFound if there is none of that id.
	Retry(ctx context.Context, id string) error
}

// noWebhooks tell nobody. What was given up earlier can still be looked at.
type noWebhooks struct{ record Record }

func (n noWebhooks) DeadLetters(ctx context.Context) ([]store.DeadLetter, error) {
	return n.record.DeadLetters(ctx)
}

func (noWebhooks) Retry(context.Context, string) error {
	return errors.New("this server has no webhooks")
}

// webhookRoutes enters the requests about what could not be delivered.
func (a recordAPI) webhookRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/webhooks/dead-letters", a.listDeadLetters)
	a.route(mux, "POST /api/v1/webhooks/dead-letters/{id}/retry", a.retryDeadLetter)
}

// deadLetterView is a message that could not be delivered.
type deadLetterView struct {
	ID       string          `json:"id"`
	URL      string          `json:"url"`
	Session  string          `json:"session"`
	Attempts int             `json:"attempts"`
	Failure  string          `json:"failure"`
	DiedAt   time.Time       `json:"died_at"`
	Body     json.RawMessage `json:"body"`
}

func (a recordAPI) listDeadLetters(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	letters, err := a.api.webhooks.DeadLetters(r.Context())
	if err != nil {
		return err
	}
	list := make([]deadLetterView, 0, len(letters))
	for _, d := range letters {
		list = append(list, deadLetterView{d.ID, d.URL, d.Session, d.Attempts, d.Failure, d.DiedAt, d.Body})
	}
	writeJSON(w, http.StatusOK, struct {
		DeadLetters []deadLetterView `json:"dead_letters"`
	}{list})
	return nil
}

// retryDeadLetter makes one more attempt now; a letter that arrives leaves the list.
func (a recordAPI) retryDeadLetter(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	err := a.api.webhooks.Retry(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fault.New(protocol.CodeNotFound, "no such dead letter")
	case err != nil:
		return fault.New(protocol.CodeUnavailable, err.Error())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
