package api

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// rosterRoutes enters the requests about single units; the map as a whole is imported.
func (a officeAPI) rosterRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/roster/template.xlsx", a.rosterTemplate)
	a.route(mux, "GET /api/v1/roster/changes", a.rosterChanges)
	a.route(mux, "POST /api/v1/roster/changes", a.changeRoster)
}

// rosterTemplate answers with a workbook in which to fill in the units.
func (a officeAPI) rosterTemplate(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
	var out bytes.Buffer // first: an error must not become half a file
	if err := roster.WriteTemplate(&out); err != nil {
		return err
	}
	w.Header().Set("Content-Type", spreadsheetFile)
	w.Header().Set("Content-Disposition", `attachment; filename="roster.xlsx"`)
	_, _ = out.WriteTo(w)
	return nil
}

type rosterChange struct {
	roster.Edit
	Version int64     `json:"version"` // of the map after it
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// rosterChanges answers with the version of the map and what happened to single units, the last first.
func (a officeAPI) rosterChanges(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	ctx := r.Context()
	version, err := a.api.record.RosterVersion(ctx)
	if err != nil {
		return err
	}
	edits, err := a.api.record.RosterEdits(ctx)
	if err != nil {
		return err
	}
	list := make([]rosterChange, len(edits))
	for i, e := range edits {
		list[len(edits)-1-i] = rosterChange{e.Edit, e.Version, e.By, e.At}
	}
	writeJSON(w, http.StatusOK, struct {
		Version int64          `json:"version"`
		Changes []rosterChange `json:"changes"`
	}{version, list})
	return nil
}

// changeRoster changes a single unit of the version that the caller knows.
func (a officeAPI) changeRoster(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx := r.Context()
	var req struct {
		roster.Edit
		Version int64 `json:"version"` // that it is made from; 0 = whichever is in force
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	version, err := a.api.record.RosterVersion(ctx)
	if err != nil {
		return err
	}
	if req.Version != 0 && req.Version != version {
		return fault.New(protocol.CodeConflict, "the organisation was changed meanwhile")
	}
	tree, err := a.api.office.units(ctx)
	if err != nil {
		return err
	}
	now := a.api.now()
	after, err := tree.Apply(req.Edit, now)
	switch {
	case errors.Is(err, roster.ErrEdit):
		return fault.New(protocol.CodeBadRequest, err.Error())
	case err != nil:
		return err
	}
	edit := store.RosterEdit{Edit: req.Edit, At: now}
	if who.Account != nil {
		edit.By = who.Account.Name
	}
	version, err = a.api.record.EditRoster(ctx, after, edit, version)
	if err != nil {
		return refused(err)
	}
	writeJSON(w, http.StatusOK, struct {
		Version int64 `json:"version"`
		Units   int   `json:"units"`
	}{version, after.Len()})
	return nil
}
