package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// download answers with the attendance of a session as a file; a delegated operator gets that of its units.
func (a recordAPI) download(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	id, file := r.PathValue("id"), r.PathValue("file")
	name, format, _ := strings.Cut(file, ".")
	if name != "attendance" {
		return fault.New(protocol.CodeNotFound, "no such file")
	}
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	asOf, err := asOfOf(r, a.api.now())
	if err != nil {
		return err
	}
	table, err := tableOf(r)
	if err != nil {
		return err
	}
	sel, err := selectionOf(r)
	if err != nil {
		return err
	}
	report, matching, err := a.api.reports.of(r.Context(), id, asOf, r.URL.Query().Get("as_of") == "", who.Scope(), sel)
	if err != nil {
		return err
	}
	if who.Role == string(meeting.RoleOperator) {
		report.Notes = nil // they are the secretariat's
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(matching))
	lang := attendance.English
	if r.URL.Query().Get("lang") == string(attendance.Vietnamese) {
		lang = attendance.Vietnamese
	}
	if etag := reportTag(r, who.Scope(), report); etag != "" {
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	var out spool
	defer out.Close()
	mime := ""
	switch format {
	case "csv":
		mime, err = "text/csv; charset=utf-8", report.WriteCSV(&out, table, lang)
	case "json":
		mime, err = "application/json; charset=utf-8", report.WriteJSON(&out)
	case "xlsx":
		mime, err = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", report.WriteXLSX(&out, lang)
	case "pdf":
		mime, err = "application/pdf", writePDF(&out, report, lang, r.URL.Query().Get("pages") == "province")
	case "docx":
		mime, err = wordFile, report.WriteWord(&out, lang, r.URL.Query().Get("pages") == "province")
	default:
		return fault.New(protocol.CodeNotFound, "no such format")
	}
	if err != nil {
		return fmt.Errorf("attendance of %s as %s: %w", id, format, err)
	}
	w.Header().Set("Content-Type", mime)
	setFileName(w, attendanceName(r, report, table, format))
	w.Header().Set("Content-Length", strconv.FormatInt(out.size, 10))
	if err := out.sendTo(w); err != nil {
		panic(http.ErrAbortHandler) // the page has gone, or the disk: nobody may take it for whole
	}
	return nil
}

// attendanceName is what the file is called; a report of a moment that was asked for carries its time of day too.
func attendanceName(r *http.Request, report *attendance.Report, table attendance.Table, format string) string {
	s := report.Session
	what, at, asked := contentSites, s.StartedAt, r.URL.Query().Get("as_of") != ""
	if table == attendance.TableIntervals {
		what = contentIntervals
	}
	if at.IsZero() || asked {
		at = s.AsOf
	}
	day := dayIn(at, s.TimeZone)
	if zone, err := time.LoadLocation(s.TimeZone); asked && err == nil {
		day += at.In(zone).Format("_1504")
	}
	return fileName(what, inVietnamese(r), s.Title, day, format)
}

// reportTag names what a request asks for as long as that stays the same: until the next entry once the session
// has ended. A report of a running session changes with the time.
func reportTag(r *http.Request, scope string, report *attendance.Report) string {
	if report.Session.EndedAt.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(r.URL.RequestURI() + " " + scope + " " + report.Session.Head.Hash))
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// asOfOf is the moment of the report: now, or an earlier one that is asked for.
func asOfOf(r *http.Request, now time.Time) (time.Time, error) {
	text := r.URL.Query().Get("as_of")
	if text == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return now, fault.New(protocol.CodeBadRequest, "as_of is no time as in 2026-07-01T08:00:00+07:00")
	}
	return at, nil
}

// selectionOf says which sites of the report are asked for.
func selectionOf(r *http.Request) (attendance.Selection, error) {
	q := r.URL.Query()
	sel := attendance.Selection{Unit: q.Get("unit"), Verdict: meeting.Verdict(q.Get("verdict")), Code: q.Get("site")}
	if words := strings.Fields(roster.Plain(q.Get("q"))); len(words) > 0 {
		sel.Match = func(s attendance.SiteRow) bool { return calledSo(s, words) }
	}
	for name, into := range map[string]*int{"offset": &sel.Offset, "limit": &sel.Limit} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return sel, fault.New(protocol.CodeBadRequest, name+" is no number")
		}
		*into = n
	}
	return sel, nil
}

// calledSo reports whether every word stands in a site's code or name, or in the name of a unit above it.
func calledSo(s attendance.SiteRow, words []string) bool {
	text := []string{s.Endpoint, s.Name}
	for _, u := range s.Parents {
		text = append(text, u.Name)
	}
	plain := roster.Plain(strings.Join(text, " "))
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(plain, word) })
}

func tableOf(r *http.Request) (attendance.Table, error) {
	switch t := attendance.Table(r.URL.Query().Get("table")); t {
	case "":
		return attendance.TableSites, nil
	case attendance.TableSites, attendance.TableIntervals:
		return t, nil
	default:
		return "", fault.New(protocol.CodeBadRequest, "table is sites or intervals")
	}
}

// ledger streams the entries of a session, one JSON object a line, and the signed trailer.
func (a recordAPI) ledger(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	id := r.PathValue("id")
	if err := a.known(r.Context(), id); err != nil {
		return err
	}
	// Written to a file first: what is broken is an answer that says so, not half a file.
	file, err := temporary("diemcau-ledger-*")
	if err != nil {
		return err
	}
	defer func() { _ = discard(file) }()
	err = ledger.Export(file, a.api.record.Entries(r.Context(), id, 1), a.api.ledgerKey.Load().Signing)
	if errors.Is(err, ledger.ErrEmpty) {
		err = &ledger.BrokenError{Seq: 1, Why: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("record of %s: %w", id, err)
	}
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	if err := a.nameAfter(r.Context(), w, r, id, contentLedger, "jsonl"); err != nil {
		return err
	}
	http.ServeContent(w, r, "", time.Time{}, file)
	return nil
}

// writePDF writes the printed report, with the sites of each province on pages of their own if that is wished.
func writePDF(w io.Writer, report *attendance.Report, lang attendance.Lang, byProvince bool) error {
	if byProvince {
		return report.WritePDFByProvince(w, lang)
	}
	return report.WritePDF(w, lang)
}
