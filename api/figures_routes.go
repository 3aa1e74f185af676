package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// figureRoutes enters the requests about figures over sessions. They rest on a derived table, and replay no ledger.
func (a figuresAPI) figureRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/figures", a.bounded(a.show))
	a.route(mux, "GET /api/v1/figures.xlsx", a.bounded(a.file("xlsx", spreadsheetFile, attendance.WriteFiguresXLSX)))
	a.route(mux, "GET /api/v1/figures.pdf", a.bounded(a.file("pdf", "application/pdf", attendance.WriteFiguresPDF)))
	a.route(mux, "GET /api/v1/figures/compare", a.bounded(a.compare))
	a.route(mux, "POST /api/v1/figures/rebuild", a.rebuild)
}

// figuresAnswer is an answer that is whole: a file, or the JSON of a request.
type figuresAnswer struct {
	spool
	mime, name string // name of the file, "" = none
}

func (f *figuresAnswer) json(v any) error {
	f.mime = "application/json; charset=utf-8"
	return json.NewEncoder(f).Encode(v)
}

// bounded lets a few answers be made at once and some wait; who comes after them is told to ask again. An answer is sent when
// its place is free again: one who reads slowly, or not at all, keeps nobody from being answered.
func (a figuresAPI) bounded(write func(*figuresAnswer, *http.Request, access.Identity) error) endpointFunc {
	placed := func(out *figuresAnswer, r *http.Request, who access.Identity) error {
		leave, err := a.api.figures.enter(r.Context())
		if err != nil {
			return err
		}
		defer leave()
		return write(out, r, who)
	}
	return func(w http.ResponseWriter, r *http.Request, who access.Identity) error {
		var out figuresAnswer
		defer out.Close()
		err := placed(&out, r, who)
		if errors.Is(err, errFiguresBusy) {
			a.api.dropped(dropFigures)
			w.Header().Set("Retry-After", strconv.Itoa(int(figuresAgain/time.Second)))
			return fault.New(protocol.CodeUnavailable, err.Error())
		}
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", out.mime)
		if out.name != "" {
			setFileName(w, out.name)
		}
		w.Header().Set("Content-Length", strconv.FormatInt(out.size, 10))
		if err := out.sendTo(w); err != nil {
			panic(http.ErrAbortHandler) // nobody may take it for whole
		}
		return nil
	}
}

const spreadsheetFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// asked is what a request wants to know.
type asked struct {
	from, to time.Time
	figures.Query
	offset, limit int
}

// days is the period for the name of a file, each end in the zone that it was asked in; figures of all time have the day of asking.
func (a asked) days(now time.Time) string {
	if a.from.IsZero() || a.to.IsZero() {
		return now.Format(time.DateOnly)
	}
	return a.from.Format(time.DateOnly) + "_" + a.to.Add(-time.Nanosecond).Format(time.DateOnly) // the end itself is not in it
}

// figuresAsked reads the query of a request, bounded by what its sender may see.
func figuresAsked(r *http.Request, org figures.Map, who access.Identity) (a asked, err error) {
	q := r.URL.Query()
	for name, into := range map[string]*time.Time{"from": &a.from, "to": &a.to} {
		if text := q.Get(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return a, fault.New(protocol.CodeBadRequest, name+" is no time as in 2026-07-01T08:00:00+07:00")
			}
		}
	}
	for name, into := range map[string]*int{"offset": &a.offset, "limit": &a.limit} {
		if *into, err = count(q, name); err != nil {
			return a, err
		}
	}
	a.Unit, a.Each, a.Order = q.Get("unit"), q.Get("each") == "1", figures.Order(q.Get("order"))
	if !slices.Contains([]figures.Order{figures.ByPlace, figures.ByAbsent, figures.ByLate}, a.Order) {
		return a, fault.New(protocol.CodeBadRequest, "order is absent or late, or left out")
	}
	if a.Unit != "" {
		a.Unit = org.Follow(a.Unit)
	}
	scope := who.Scope()
	switch {
	case scope == "":
		return a, nil
	case a.Unit == "":
		a.Unit = org.Follow(scope)
		return a, nil
	}
	within := slices.ContainsFunc(figures.Above(org, nil, a.Unit), func(u meeting.Unit) bool { return u.Code == org.Follow(scope) })
	if !within {
		return a, access.Forbidden("outside of what this account reaches")
	}
	return a, nil
}

// count is a parameter that is a number; 0 if it is left out.
func count(q url.Values, name string) (int, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(protocol.CodeBadRequest, name+" is no number")
	}
	return n, nil
}

// figuresUnit is a unit as the figures name it.
type figuresUnit struct {
	Unit    string   `json:"unit"`
	Name    string   `json:"name"`
	Level   string   `json:"level"`
	Parents []string `json:"parents,omitempty"` // names, the nearest first
}

func figuresUnitOf(u meeting.Unit, parents []string) figuresUnit {
	return figuresUnit{u.Code, u.Name, string(u.Level), parents}
}

type figuresRow struct {
	figuresUnit
	figures.Sum
}

type figuresSession struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	figures.Sum
}

func figuresSessionOf(s figures.SessionRow) figuresSession {
	return figuresSession{s.ID, s.Title, s.StartedAt, s.EndedAt, s.Sum}
}

func figuresRowsOf(rows []figures.Row) []figuresRow {
	list := make([]figuresRow, len(rows))
	for i, row := range rows {
		list[i] = figuresRow{figuresUnitOf(row.Unit, row.Parents), row.Sum}
	}
	return list
}

// tableOf answers what a request wants to know, and how many sessions that are over are not in it yet.
func (a figuresAPI) tableOf(r *http.Request, who access.Identity) (t *figures.Table, q asked, behind int, err error) {
	ctx := r.Context()
	keeper := a.api.figures
	if !keeper.runs.Load() { // nobody sums up in the background
		if _, err := keeper.catchUp(ctx); err != nil {
			return nil, q, 0, err
		}
	}
	stale, err := a.api.record.StaleFigures(ctx)
	if err != nil {
		return nil, q, 0, err
	}
	if len(stale) > 0 {
		keeper.notify()
	}
	org, err := a.api.organisation(ctx)
	if err != nil {
		return nil, q, 0, err
	}
	if q, err = figuresAsked(r, org, who); err != nil {
		return nil, q, 0, err
	}
	t, err = keeper.table(ctx, org, q.from, q.to, q.Query)
	return t, q, len(stale), err
}

func (a figuresAPI) show(out *figuresAnswer, r *http.Request, who access.Identity) error {
	t, q, behind, err := a.tableOf(r, who)
	if err != nil {
		return err
	}
	rows := t.Rows[min(q.offset, len(t.Rows)):]
	if q.limit > 0 {
		rows = rows[:min(q.limit, len(rows))]
	}
	answer := struct {
		Behind   int              `json:"behind"`   // sessions that are over and not in it yet
		Unit     string           `json:"unit"`     // in and below which; empty = all
		Matching int              `json:"matching"` // rows without offset and limit
		Total    figures.Sum      `json:"total"`
		Sessions []figuresSession `json:"sessions"`
		Rows     []figuresRow     `json:"rows"`
	}{Behind: behind, Unit: q.Unit, Matching: len(t.Rows), Total: t.Total, Sessions: []figuresSession{}, Rows: figuresRowsOf(rows)}
	for _, s := range t.Sessions {
		answer.Sessions = append(answer.Sessions, figuresSessionOf(s))
	}
	return out.json(answer)
}

// file answers with the same as a file.
func (a figuresAPI) file(extension, mime string, write attendance.FiguresWriter) func(*figuresAnswer, *http.Request, access.Identity) error {
	return func(out *figuresAnswer, r *http.Request, who access.Identity) error {
		t, q, _, err := a.tableOf(r, who)
		if err != nil {
			return err
		}
		lang := attendance.English
		if r.URL.Query().Get("lang") == string(attendance.Vietnamese) {
			lang = attendance.Vietnamese
		}
		if err := write(out, t, attendance.Period{From: q.from, To: q.to, AsOf: a.api.now()}, lang); err != nil {
			return fmt.Errorf("figures as %s: %w", extension, err)
		}
		out.mime, out.name = mime, fileName(contentFigures, inVietnamese(r), "", q.days(a.api.now()), extension)
		return nil
	}
}

// compare sets a session beside the one before it that concerned some of the same units.
func (a figuresAPI) compare(out *figuresAnswer, r *http.Request, who access.Identity) error {
	ctx := r.Context()
	org, err := a.api.organisation(ctx)
	if err != nil {
		return err
	}
	q, err := figuresAsked(r, org, who)
	if err != nil {
		return err
	}
	c, err := a.api.figures.compare(ctx, org, r.URL.Query().Get("session"), q.Query)
	if err != nil {
		return err
	}
	if c == nil || c.Now.Convened == 0 {
		return fault.New(protocol.CodeNotFound, "no figures of such a session")
	}
	type pair struct {
		figuresUnit
		Before figures.Sum `json:"before"`
		Now    figures.Sum `json:"now"`
	}
	answer := struct {
		Before   *figuresSession `json:"before,omitempty"` // left out of the first session
		Now      figuresSession  `json:"now"`
		Rows     []pair          `json:"rows"`
		Missing  []figuresRow    `json:"missing"`  // units that were present before and are absent now
		Returned []figuresRow    `json:"returned"` // units that were absent before and are present now
	}{Now: figuresSessionOf(c.Now), Rows: []pair{}, Missing: figuresRowsOf(c.Missing), Returned: figuresRowsOf(c.Returned)}
	if c.Before.ID != "" {
		before := figuresSessionOf(c.Before)
		answer.Before = &before
	}
	for _, p := range c.Rows {
		answer.Rows = append(answer.Rows, pair{figuresUnitOf(p.Unit, p.Parents), p.Before, p.Now})
	}
	return out.json(answer)
}

// rebuild makes the table anew from the ledgers.
func (a figuresAPI) rebuild(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	made, err := a.api.figures.rebuild(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Sessions int `json:"sessions"`
	}{made})
	return nil
}
