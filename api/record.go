package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// recordRoutes enters the requests about the record as a whole: what is erased from it, and its copy.
func (a recordAPI) recordRoutes(mux *http.ServeMux) {
	a.route(mux, "DELETE /api/v1/sessions/{id}/names", a.eraseNames)
	a.route(mux, "DELETE /api/v1/names", a.eraseNamesBefore)
	a.route(mux, "GET /api/v1/backup", a.backup)
	a.route(mux, "GET /api/v1/sessions/{id}/pictures/{entry}", picturesAPI(a).getPicture)
}

// erased is how many entries lost what was personal in them.
type erased struct {
	Entries int64 `json:"entries"`
}

func (a recordAPI) eraseNames(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := a.known(ctx, id); err != nil {
		return err
	}
	n, err := a.api.eraseNames(ctx, id, who.Actor())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, erased{n})
	return nil
}

func (a recordAPI) eraseNamesBefore(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	before, err := time.Parse(time.RFC3339, r.URL.Query().Get("before"))
	if err != nil {
		return fault.New(protocol.CodeBadRequest, "before is no time as in 2026-07-01T08:00:00+07:00")
	}
	n, err := a.api.eraseNamesBefore(r.Context(), before, who.Actor())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, erased{n})
	return nil
}

// retention is what a server does by itself about what it may not keep.
type retention struct{ *API }

// forgetDaily erases names and pictures that are older than they may be kept, once a day, until ctx ends.
func (s retention) forgetDaily(ctx context.Context) {
	const day = 24 * time.Hour
	again := time.NewTicker(day)
	defer again.Stop()
	for {
		if err := contain.Run(s.guard.Panicked, func() error { return s.forget(ctx) }); err != nil && ctx.Err() == nil {
			s.log.Error("names or pictures were not erased", "err", err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// forget erases once what is older than it may be kept.
func (s retention) forget(ctx context.Context) error {
	var names, pictures error
	if s.namesKept > 0 {
		names = s.forgetNames(ctx)
	}
	if s.pictures.Kept > 0 {
		pictures = s.forgetPictures(ctx)
	}
	return errors.Join(names, pictures)
}

func (s retention) forgetNames(ctx context.Context) error {
	n, err := s.eraseNamesBefore(ctx, s.now().Add(-s.namesKept), meeting.Actor{})
	if n > 0 {
		s.log.Info("erased the names that were kept long enough", "entries", n)
	}
	return err
}

// backup answers with a copy of the record.
func (a recordAPI) backup(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	file, err := a.api.record.Copy(r.Context())
	if errors.Is(err, store.ErrBackupElsewhere) {
		return fault.New(protocol.CodeUnavailable, err.Error())
	}
	if err != nil {
		return err
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	setFileName(w, fileName(contentRecord, false, "", dayIn(a.api.now(), "UTC"), "db"))
	http.ServeContent(w, r, "", time.Time{}, file)
	return nil
}
