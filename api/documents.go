package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// officeParticulars is the setting that holds what the sessions of this office begin with, prepared or not.
const officeParticulars = "office_particulars"

// documentRoutes enters the requests about what the documents of a session say: its particulars and the secretaries'
// notes.
func (a documentsAPI) documentRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/sessions/{id}/particulars", a.showParticulars)
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/particulars", func(_ *http.Request, b struct {
		Base *int `json:"base"`
		meeting.Particulars
	}) meeting.Command {
		return meeting.SetParticulars{Base: b.Base, Particulars: b.Particulars}
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
	a.route(mux, "GET /api/v1/sessions/{id}/minutes.pdf", a.minutesPDF)
	a.route(mux, "GET /api/v1/minutes-template", a.getTemplate)
	a.route(mux, "PUT /api/v1/minutes-template", a.putTemplate)
	a.route(mux, "DELETE /api/v1/minutes-template", a.deleteTemplate)
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

// minutes answers with the minutes of a session as a Word file, as they stand, by the office's own template if it has one.
func (a documentsAPI) minutes(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	template, err := a.template(r.Context())
	if err != nil {
		return err
	}
	return a.minutesAs(w, r, "docx", wordFile, func(report *attendance.Report, out io.Writer, lang attendance.Lang) error {
		err := report.WriteMinutes(out, lang, template)
		var refused *attendance.TemplateError
		if errors.As(err, &refused) { // one that was kept before such were refused, or it grows too large with this session in it
			return fault.New(protocol.CodeConflict, refused.Error())
		}
		return err
	})
}

// minutesPDF answers with the same as a PDF.
func (a documentsAPI) minutesPDF(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	return a.minutesAs(w, r, "pdf", "application/pdf", func(report *attendance.Report, out io.Writer, lang attendance.Lang) error {
		return report.WriteMinutesPDF(out, lang)
	})
}

func (a documentsAPI) minutesAs(w http.ResponseWriter, r *http.Request, extension, mime string, write func(*attendance.Report, io.Writer,
	attendance.Lang) error) error {
	ctx, id := r.Context(), r.PathValue("id")
	if err := a.known(ctx, id); err != nil {
		return err
	}
	report, _, err := a.api.reports.of(ctx, id, a.api.now(), true, "", attendance.Selection{})
	if err != nil {
		return err
	}
	var out spool // first: an error must not become half a file
	defer out.Close()
	if err := write(report, &out, languageOf(r)); err != nil {
		return fmt.Errorf("minutes of %s as %s: %w", id, extension, err)
	}
	w.Header().Set("Content-Type", mime)
	if err := a.nameAfter(ctx, w, r, id, contentMinutes, extension); err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(out.size, 10))
	if err := out.sendTo(w); err != nil {
		panic(http.ErrAbortHandler) // nobody may take it for whole
	}
	return nil
}

// languageOf is the language of a document for people: Vietnamese unless English is asked for.
func languageOf(r *http.Request) attendance.Lang {
	if r.URL.Query().Get("lang") == string(attendance.English) {
		return attendance.English
	}
	return attendance.Vietnamese
}

const wordFile = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// showParticulars answers with what the documents of a session say about it, and the version that a change names.
func (a documentsAPI) showParticulars(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	var answer struct {
		Version     int                 `json:"version"` // 0 = nothing was ever said
		Particulars meeting.Particulars `json:"particulars"`
	}
	// The version first: what is read after it is as new at least, so that a change between the two is told to who names it.
	err := a.read(ctx, id, func(s *meeting.View) error { answer.Version = s.ParticularsVersion; return nil })
	if err != nil {
		return err
	}
	if answer.Particulars, err = a.api.reports.particulars(ctx, id); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// particulars are what the sessions of this office begin with.
func (s *API) particulars(ctx context.Context) (p meeting.Particulars, err error) {
	text, err := s.record.Setting(ctx, officeParticulars)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return p, nil
	case err != nil:
		return p, err
	}
	return p, json.Unmarshal([]byte(text), &p)
}

func (a documentsAPI) getParticulars(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	p, err := a.api.particulars(r.Context())
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
		return fault.New(protocol.CodeBadRequest, field+" is too long")
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
