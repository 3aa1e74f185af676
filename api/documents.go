package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// officeParticulars is the setting that holds what the drafts of this office begin with.
const officeParticulars = "office_particulars"

// documentRoutes enters the requests about what the documents of a session say: its particulars and the secretaries'
// notes.
func (a documentsAPI) documentRoutes(mux *http.ServeMux) {
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/particulars", func(_ *http.Request, p meeting.Particulars) meeting.Command {
		return meeting.SetParticulars{Particulars: p}
	})
	type note struct {
		Base  int       `json:"base"`
		About time.Time `json:"about"`
		Text  string    `json:"text"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/notes/{note}", func(r *http.Request, n note) meeting.Command {
		return meeting.WriteNote{ID: r.PathValue("note"), Base: n.Base, About: instant(n.About), Text: n.Text}
	})
	a.route(mux, "GET /api/v1/sessions/{id}/notes", a.listNotes)
	a.route(mux, "GET /api/v1/sessions/{id}/minutes.docx", a.minutes)
	a.route(mux, "GET /api/v1/particulars", a.getParticulars)
	a.route(mux, "PUT /api/v1/particulars", a.putParticulars)
}

// listNotes answers with the notes by the moments that they are about; one that was taken out has no text.
func (a documentsAPI) listNotes(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	notes := []meeting.Note{}
	err := a.read(r.Context(), r.PathValue("id"), func(s *meeting.View) error {
		for n := range s.Notes() {
			notes = append(notes, *n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(notes, func(a, b meeting.Note) int { return cmp.Or(a.About.Compare(b.About), cmp.Compare(a.ID, b.ID)) })
	writeJSON(w, http.StatusOK, struct {
		Notes []meeting.Note `json:"notes"`
	}{notes})
	return nil
}

// minutes answers with the minutes of a session as a Word file, as they stand.
func (a documentsAPI) minutes(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := a.known(ctx, id); err != nil {
		return err
	}
	report, _, err := a.api.reports.of(ctx, id, a.api.now(), true, "", attendance.Selection{})
	if err != nil {
		return err
	}
	lang := attendance.Vietnamese
	if r.URL.Query().Get("lang") == string(attendance.English) {
		lang = attendance.English
	}
	var out bytes.Buffer // first: an error must not become half a file
	if err := report.WriteMinutes(&out, lang); err != nil {
		return fmt.Errorf("minutes of %s: %w", id, err)
	}
	w.Header().Set("Content-Type", wordFile)
	w.Header().Set("Content-Disposition", `attachment; filename="minutes.docx"`)
	_, _ = out.WriteTo(w)
	return nil
}

const wordFile = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// particulars are what the drafts of this office begin with.
func (a *router) particulars(ctx context.Context) (p meeting.Particulars, err error) {
	text, err := a.api.record.Setting(ctx, officeParticulars)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return p, nil
	case err != nil:
		return p, err
	}
	return p, json.Unmarshal([]byte(text), &p)
}

func (a documentsAPI) getParticulars(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	p, err := a.particulars(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

func (a documentsAPI) putParticulars(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	var p meeting.Particulars
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if field := p.Check(); field != "" {
		return fault.New(protocol.BadRequest, field+" is too long")
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := a.api.record.SetSetting(r.Context(), officeParticulars, string(text)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
