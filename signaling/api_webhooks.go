package signaling

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// webhookRoutes enters the requests about what could not be delivered.
func (a recordAPI) webhookRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/webhooks/dead-letters", admins, a.listDeadLetters)
	a.route(mux, "POST /api/v1/webhooks/dead-letters/{id}/retry", admins, a.retryDeadLetter)
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

func (a recordAPI) listDeadLetters(w http.ResponseWriter, r *http.Request, _ Identity) error {
	letters, err := a.srv.record.DeadLetters(r.Context())
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
func (a recordAPI) retryDeadLetter(w http.ResponseWriter, r *http.Request, _ Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	letters, err := a.srv.record.DeadLetters(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(letters, func(d store.DeadLetter) bool { return d.ID == id })
	if i < 0 {
		return refusal(protocol.NotFound, "no such dead letter")
	}
	hooks := a.srv.webhooks
	t := slices.IndexFunc(hooks.targets, func(t *webhookTarget) bool { return t.url == letters[i].URL })
	if t < 0 {
		return refusal(protocol.Unavailable, "its URL is no webhook of this server any more")
	}
	if err := hooks.send(ctx, hooks.targets[t], letters[i]); err != nil {
		return refusal(protocol.Unavailable, err.Error())
	}
	if err := a.srv.record.DropDeadLetter(ctx, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
