package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// download answers with the attendance of a session as a file, or with its ledger.
func (a *api) download(w http.ResponseWriter, r *http.Request, _ Identity) error {
	id, file := r.PathValue("id"), r.PathValue("file")
	name, format, _ := strings.Cut(file, ".")
	switch {
	case name == "ledger" && format == "jsonl":
		return a.ledger(w, r, id)
	case name != "attendance":
		return refusal(protocol.NotFound, "no such file")
	}
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	report, err := attendance.Fold(a.srv.record.Entries(r.Context(), id, 1), attendance.FoldOptions{AsOf: a.srv.clock.Now()})
	if err != nil {
		return fmt.Errorf("attendance of %s: %w", id, err)
	}
	table, err := tableOf(r)
	if err != nil {
		return err
	}
	lang := attendance.English
	if r.URL.Query().Get("lang") == string(attendance.Vietnamese) {
		lang = attendance.Vietnamese
	}
	// Written to memory first: an error must not become half a file.
	var out bytes.Buffer
	mime := ""
	switch format {
	case "csv":
		mime, err = "text/csv; charset=utf-8", report.WriteCSV(&out, table, lang)
	case "json":
		mime, err = "application/json; charset=utf-8", report.WriteJSON(&out)
	default:
		return refusal(protocol.NotFound, "no such format")
	}
	if err != nil {
		return fmt.Errorf("attendance of %s as %s: %w", id, format, err)
	}
	w.Header().Set("Content-Type", mime)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="attendance-%s.%s"`, table, format))
	_, _ = out.WriteTo(w)
	return nil
}

func tableOf(r *http.Request) (attendance.Table, error) {
	switch t := attendance.Table(r.URL.Query().Get("table")); t {
	case "":
		return attendance.TableSites, nil
	case attendance.TableSites, attendance.TableIntervals:
		return t, nil
	default:
		return "", refusal(protocol.BadRequest, "table is sites or intervals")
	}
}

// ledger streams the entries of a session, one JSON object a line.
func (a *api) ledger(w http.ResponseWriter, r *http.Request, id string) error {
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="ledger.jsonl"`)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for e, err := range a.srv.record.Entries(r.Context(), id, 1) {
		if err == nil {
			err = enc.Encode(e)
		}
		if err != nil {
			// The answer has begun: cut it, so that nobody takes it for whole.
			a.log.Error("ledger download", "session", id, "err", err)
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}
