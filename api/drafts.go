package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/google/uuid"
)

func (a draftsAPI) draftRoutes(mux *http.ServeMux) {
	a.route(mux, "POST /api/v1/roster/preview", a.previewRoster)
	a.route(mux, "GET /api/v1/units", a.findUnits)
	a.route(mux, "GET /api/v1/drafts", a.listDrafts)
	a.route(mux, "POST /api/v1/drafts", a.createDraft)
	a.route(mux, "GET /api/v1/drafts/{id}", a.showDraft)
	a.route(mux, "PUT /api/v1/drafts/{id}", a.putDraft)
	a.route(mux, "DELETE /api/v1/drafts/{id}", a.deleteDraft)
	a.route(mux, "POST /api/v1/drafts/{id}/convene", a.conveneDraft)
	a.route(mux, "POST /api/v1/sessions/{id}/move", a.moveSession)
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/call-off", func(_ *http.Request, b struct {
		Reason string `json:"reason"`
	}) meeting.Command {
		return meeting.CallOff{Reason: b.Reason}
	})
}

// moveSession gives a session that has not begun another time. Its links stay valid until long after that one.
func (a draftsAPI) moveSession(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Start     time.Time `json:"start"`
		AllowPast bool      `json:"allow_past"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	if err := checkStart(req.Start, a.api.now(), req.AllowPast || req.Start.IsZero()); err != nil {
		return err
	}
	if err := a.api.live.Command(r.Context(), id, meeting.MoveSession{ScheduledAt: instant(req.Start)}, who.Actor()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// previewRoster says what an import would change, and changes nothing.
func (a draftsAPI) previewRoster(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	tree, err := readRoster(r)
	if err != nil {
		return err
	}
	before, err := a.api.office.units(r.Context())
	if err != nil && fault.Of(err).Code != string(protocol.CodeNotFound) {
		return err
	}
	v := changesView{After: tree.Len(), Added: []meeting.Unit{}, Removed: []meeting.Unit{}, Changed: []changeView{}}
	if before != nil {
		v.Before = before.Len()
	}
	c := roster.Compare(before, tree)
	v.Added, v.Removed = append(v.Added, c.Added...), append(v.Removed, c.Removed...)
	for _, one := range c.Changed {
		v.Changed = append(v.Changed, changeView(one))
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// changesView is what an import would change: units that come, that go, and that are otherwise under the same code.
type changesView struct {
	Before  int            `json:"before"` // units now
	After   int            `json:"after"`
	Added   []meeting.Unit `json:"added"`
	Removed []meeting.Unit `json:"removed"`
	Changed []changeView   `json:"changed"`
}

type changeView struct {
	Before meeting.Unit `json:"before"`
	After  meeting.Unit `json:"after"`
}

// unitView is a unit for those who choose among them.
type unitView struct {
	meeting.Unit
	Parents []string `json:"parents,omitempty"` // names above it, the nearest first, without the root
	Below   int      `json:"below,omitempty"`   // units under it, all levels

	Levels map[meeting.Level]int `json:"levels,omitempty"` // those by level, where there are several
}

// findUnits searches (q), lists what is directly below a unit (below), or the roots.
func (a draftsAPI) findUnits(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	const most = 200
	tree, err := a.api.office.units(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	var found []meeting.Unit
	switch {
	case q.Get("q") != "":
		limit, err := strconv.Atoi(q.Get("limit"))
		if err != nil || limit < 1 || limit > most {
			limit = 50
		}
		found = tree.Search(q.Get("q"), limit)
	case q.Has("codes"):
		codes := strings.Split(q.Get("codes"), ",")
		for _, code := range codes[:min(most, len(codes))] {
			if u, ok := tree.Unit(code); ok {
				found = append(found, u)
			}
		}
	default:
		for _, u := range tree.Units() {
			if u.Parent == q.Get("below") {
				found = append(found, u)
			}
		}
	}
	list := make([]unitView, 0, len(found))
	for _, u := range found {
		v := unitView{Unit: u, Levels: map[meeting.Level]int{}}
		for _, below := range tree.Below(u.Code) {
			v.Below++
			v.Levels[below.Level]++
		}
		if len(v.Levels) < 2 {
			v.Levels = nil
		}
		for _, up := range tree.Above(u.Code) {
			if up.Parent != "" {
				v.Parents = append(v.Parents, up.Name)
			}
		}
		list = append(list, v)
	}
	writeJSON(w, http.StatusOK, struct {
		Units []unitView `json:"units"`
	}{list})
	return nil
}

// draftView is a version of a draft.
type draftView struct {
	ID        string        `json:"id"`
	Version   int64         `json:"version"`
	Session   string        `json:"session,omitempty"`
	UpdatedAt time.Time     `json:"updated_at"`
	UpdatedBy string        `json:"updated_by"`
	Draft     prepare.Draft `json:"draft"`
	// Of one draft: what it would convene, and what keeps it from being convened.
	Sites    int               `json:"sites,omitempty"`
	Rules    meeting.Rules     `json:"rules,omitzero"` // that it would have: the draft's own, or the usual ones
	Problems []prepare.Problem `json:"problems,omitempty"`
}

func viewDraft(row store.DraftRow) draftView {
	return draftView{ID: row.ID, Version: row.Version, Session: row.Session, UpdatedAt: row.UpdatedAt, UpdatedBy: row.UpdatedBy, Draft: row.Draft}
}

func (a draftsAPI) listDrafts(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	rows, err := a.api.record.Drafts(r.Context())
	if err != nil {
		return err
	}
	list := make([]draftView, 0, len(rows))
	for _, row := range rows {
		list = append(list, viewDraft(row))
	}
	writeJSON(w, http.StatusOK, struct {
		Drafts []draftView `json:"drafts"`
	}{list})
	return nil
}

// checked adds to a draft what it would convene.
func (a draftsAPI) checked(ctx context.Context, row store.DraftRow) (draftView, error) {
	v := viewDraft(row)
	tree, err := a.api.office.units(ctx)
	if err != nil {
		if fault.Of(err).Code == string(protocol.CodeNotFound) {
			v.Problems = []prepare.Problem{{Field: "units", Code: "no_roster"}}
			return v, nil
		}
		return v, err
	}
	cmd, problems := row.Draft.Convene(tree)
	v.Problems, v.Rules = problems, cmd.Rules
	for _, ep := range cmd.Endpoints {
		if ep.Role == meeting.RoleSite {
			v.Sites++
		}
	}
	return v, nil
}

func (a draftsAPI) answerDraft(w http.ResponseWriter, r *http.Request, status int, row store.DraftRow) error {
	v, err := a.checked(r.Context(), row)
	if err != nil {
		return err
	}
	writeJSON(w, status, v)
	return nil
}

// createDraft makes a draft, empty, given, or as a copy of another one or of the one a session came from.
func (a draftsAPI) createDraft(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Draft   *prepare.Draft `json:"draft"`
		CopyOf  string         `json:"copy_of"`
		Session string         `json:"session"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	ctx := r.Context()
	row := store.DraftRow{ID: uuid.NewString(), UpdatedAt: a.api.now(), UpdatedBy: who.Endpoint}
	var from store.DraftRow
	var err error
	switch {
	case req.Draft != nil:
		from.Draft = *req.Draft
	case req.CopyOf != "":
		from, err = a.api.record.Draft(ctx, req.CopyOf, 0)
		from.Draft = from.Draft.Copy()
	case req.Session != "":
		from, err = a.api.record.DraftOf(ctx, req.Session)
		from.Draft = from.Draft.Copy()
	}
	if err != nil {
		return refused(err)
	}
	row.Draft = from.Draft
	if row.Draft.Particulars.Empty() {
		if row.Draft.Particulars, err = a.api.particulars(ctx); err != nil {
			return err
		}
	}
	if row.Version, err = a.api.record.PutDraft(ctx, row, 0); err != nil {
		return refused(err)
	}
	return a.answerDraft(w, r, http.StatusCreated, row)
}

func (a draftsAPI) showDraft(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	var version int64
	if text := r.URL.Query().Get("version"); text != "" {
		var err error
		if version, err = strconv.ParseInt(text, 10, 64); err != nil || version < 1 {
			return fault.New(protocol.CodeBadRequest, "version is not a number from 1")
		}
	}
	row, err := a.api.record.Draft(r.Context(), r.PathValue("id"), version)
	if err != nil {
		return refused(err)
	}
	return a.answerDraft(w, r, http.StatusOK, row)
}

// putDraft keeps a new version. Who began from one that is not the newest any more is told what the newest is: 409
// with that under "current", and nothing is changed.
func (a draftsAPI) putDraft(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Version int64         `json:"version"` // that it was made from
		Draft   prepare.Draft `json:"draft"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if req.Version < 1 {
		return fault.New(protocol.CodeBadRequest, "version is missing")
	}
	ctx, id := r.Context(), r.PathValue("id")
	row := store.DraftRow{ID: id, Draft: req.Draft, UpdatedAt: a.api.now(), UpdatedBy: who.Endpoint}
	version, err := a.api.record.PutDraft(ctx, row, req.Version)
	if errors.Is(err, store.ErrConflict) {
		return a.conflict(w, r, id)
	}
	if err != nil {
		return refused(err)
	}
	row.Version = version
	return a.answerDraft(w, r, http.StatusOK, row)
}

// conflict answers with the newest version of a draft.
func (a draftsAPI) conflict(w http.ResponseWriter, r *http.Request, id string) error {
	current, err := a.api.record.Draft(r.Context(), id, 0)
	if err != nil {
		return refused(err)
	}
	writeJSON(w, http.StatusConflict, struct {
		apiError
		Current draftView `json:"current"`
	}{apiError{Code: string(protocol.CodeConflict), Detail: "somebody else changed it meanwhile"}, viewDraft(current)})
	return nil
}

func (a draftsAPI) deleteDraft(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	if err := a.api.record.DeleteDraft(r.Context(), r.PathValue("id")); err != nil {
		return refused(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// conveneDraft makes a session of the version that its author saw. The draft is bound to the session's id first, so
// that two people do not make two sessions; an attempt that was cut off goes on with the same id.
func (a draftsAPI) conveneDraft(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	var req struct {
		Version int64 `json:"version"`
		Now     bool  `json:"now"` // open it for joining at once

		AllowPast bool `json:"allow_past"` // a start in the past is meant
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	a.api.office.convening.Lock()
	defer a.api.office.convening.Unlock()
	row, err := a.api.record.Draft(ctx, id, 0)
	if err != nil {
		return refused(err)
	}
	if row.Session != "" && a.known(ctx, row.Session) == nil || row.Version != req.Version {
		return a.conflict(w, r, id)
	}
	if err := checkStart(row.Draft.Start, a.api.now(), req.AllowPast || req.Now || row.Draft.Start.IsZero()); err != nil {
		return err
	}
	cmd, err := a.api.conveneCommand(ctx, row.Draft)
	if err != nil {
		return err
	}
	session := row.Session
	if session == "" {
		session = uuid.NewString()
		if err := a.api.record.ConveneDraft(ctx, id, row.Version, session); errors.Is(err, store.ErrConflict) {
			return a.conflict(w, r, id)
		} else if err != nil {
			return refused(err)
		}
	}
	created, err := a.api.create(ctx, session, cmd, req.Now, a.api.now())
	if errors.Is(err, store.ErrExists) {
		return a.conflict(w, r, id)
	}
	if store.Unavailable(err) {
		return err // it may be there all the same: the next attempt goes on with its id
	}
	if err != nil {
		return errors.Join(err, a.api.record.ReleaseDraft(context.WithoutCancel(ctx), id, session))
	}
	writeJSON(w, http.StatusCreated, created)
	return nil
}
