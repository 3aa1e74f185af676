package api

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// officeTemplate is the setting that holds this office's own template of minutes, in base64; empty = none.
const officeTemplate = "office_minutes_template"

// template is the office's own template of minutes; empty if it has none.
func (a documentsAPI) template(ctx context.Context) ([]byte, error) {
	text, err := a.api.record.Setting(ctx, officeTemplate)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}

// getTemplate answers with the template that minutes are made from: the office's own, or, without one or with shipped=1, that
// which comes with the program.
func (a documentsAPI) getTemplate(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	own, err := a.template(r.Context())
	if err != nil {
		return err
	}
	var out spool
	defer out.Close()
	name := "minutes-template.docx"
	if len(own) > 0 && r.URL.Query().Get("shipped") == "" {
		w.Header().Set("X-Template", "own")
		_, err = out.Write(own)
	} else {
		w.Header().Set("X-Template", "shipped")
		err = attendance.MinutesTemplate(&out, languageOf(r), a.api.now())
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", wordFile)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Content-Length", strconv.FormatInt(out.size, 10))
	if err := out.sendTo(w); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// putTemplate takes an office's own template in the place of the one that is there.
func (a documentsAPI) putTemplate(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	template, err := io.ReadAll(http.MaxBytesReader(w, r.Body, attendance.MaxTemplate))
	if err != nil {
		return fault.New(protocol.CodeBadRequest, "template too_large")
	}
	var refused *attendance.TemplateError
	if err := attendance.CheckTemplate(template); errors.As(err, &refused) {
		return fault.New(protocol.CodeBadRequest, refused.Error())
	} else if err != nil {
		return err
	}
	if err := a.api.record.SetSetting(r.Context(), officeTemplate, base64.StdEncoding.EncodeToString(template)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteTemplate goes back to the shipped template.
func (a documentsAPI) deleteTemplate(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	if err := a.api.record.SetSetting(r.Context(), officeTemplate, ""); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
