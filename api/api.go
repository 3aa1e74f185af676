package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	maxBody = 1 << 20 // of a JSON request
)

// router leads the requests of docs/openapi.yaml to what answers them.
type router struct {
	api      *API
	log      *slog.Logger
	identify func(*http.Request) (access.Identity, error)
	carry    func(endpointFunc) endpointFunc // instead of carrying a request out, for tests; nil = do
	routes   []string                        // patterns, as in access.txt
}

// The areas of the API; each registers its own routes.
type (
	accountsAPI struct{ *router } // accounts, logins, tokens of people
	draftsAPI   struct{ *router } // what the office prepares
	officeAPI   struct{ *router } // link sheets, short codes, the roster
	recordAPI   struct{ *router } // attendance, ledger, webhooks, the record as a whole

	rehearsalsAPI struct{ *router } // what sites try before a session
	picturesAPI   struct{ *router } // of sites: the last one of each, and those kept as evidence
	keysAPI       struct{ *router } // that sign exported ledgers and tokens
	documentsAPI  struct{ *router } // particulars, notes, minutes
	figuresAPI    struct{ *router } // figures over sessions
)

// endpointFunc answers one API request of who was let in.
type endpointFunc func(w http.ResponseWriter, r *http.Request, who access.Identity) error

func newRouter(s *API, identify func(*http.Request) (access.Identity, error)) http.Handler {
	return (&router{api: s, log: s.log, identify: identify}).register()
}

// register enters every request of the API. Who may make them stands in access.txt.
func (a *router) register() *http.ServeMux {
	accounts, drafts, office, record, pictures := accountsAPI{a}, draftsAPI{a}, officeAPI{a}, recordAPI{a}, picturesAPI{a}
	mux := http.NewServeMux()
	a.route(mux, "GET /api/v1/me", a.me)
	a.route(mux, "POST /api/v1/roster", a.importRoster)
	a.route(mux, "POST /api/v1/sessions", a.createSession)
	a.route(mux, "GET /api/v1/sessions", a.listSessions)
	a.route(mux, "GET /api/v1/sessions/{id}", a.showSession)
	a.route(mux, "GET /api/v1/sessions/{id}/links", a.showLinks)
	a.route(mux, "POST /api/v1/sessions/{id}/links/{code}/reissue", a.reissueLink)
	a.route(mux, "POST /api/v1/sessions/{id}/links/{code}/revoke", a.revokeLink)
	a.route(mux, "GET /api/v1/sessions/{id}/acts", record.showAuditLog)
	a.route(mux, "GET /api/v1/sessions/{id}/{file}", record.download)
	a.route(mux, "GET /api/v1/sessions/{id}/ledger.jsonl", record.ledger)
	a.route(mux, "PUT /api/v1/me/snapshot", pictures.putSnapshot)
	a.route(mux, "GET /api/v1/sessions/{id}/snapshots", pictures.listSnapshots)
	a.route(mux, "GET /api/v1/sessions/{id}/snapshots/{code}", pictures.getSnapshot)
	a.route(mux, "GET /api/v1/sessions/{id}/lines/{code}", record.getLine)
	record.commandRoutes(mux)
	documentsAPI{a}.documentRoutes(mux)
	figuresAPI{a}.figureRoutes(mux)
	accounts.accountRoutes(mux)
	accounts.tokenRoutes(mux)
	drafts.draftRoutes(mux)
	office.rosterRoutes(mux)
	drafts.changeRoutes(mux)
	office.sheetRoutes(mux)
	rehearsalsAPI{a}.rehearsalRoutes(mux)
	record.webhookRoutes(mux)
	record.recordRoutes(mux)
	keysAPI{a}.keyRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, err := a.identify(r)
		if err == nil {
			err = fault.New(protocol.CodeNotFound, "no such address")
		}
		writeError(w, r, a.log, err)
	})
	return mux
}

// route enters a request, which its row in access.txt guards. There is no request without a row.
func (a *router) route(mux *http.ServeMux, pattern string, f endpointFunc) {
	row, ok := a.api.access[pattern]
	if !ok || row.Public {
		panic("access.txt has no row with parties for " + pattern)
	}
	a.routes = append(a.routes, pattern)
	if a.carry != nil {
		f = a.carry(f)
	}
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		who, err := a.identify(r)
		if err == nil {
			err = a.authorise(r, row, who)
		}
		if err == nil {
			err = a.admit(w, r, who, pattern)
		}
		if err == nil {
			err = a.untilRevoked(row, f)(w, r, who)
		}
		if err != nil {
			writeError(w, r, a.log, err)
		}
	})
}

// me tells a page what its link is for, without its endpoint counting as present.
func (a *router) me(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var body struct {
		Session protocol.SessionInfo `json:"session"`
		Phase   string               `json:"phase"`
		NowMs   int64                `json:"now_ms"` // the server's clock
		Self    protocol.SelfInfo    `json:"self"`

		Headcount int                 `json:"headcount"`
		Delegates []protocol.Delegate `json:"delegates"`

		CalledOff     bool   `json:"called_off,omitempty"`
		CallOffReason string `json:"call_off_reason,omitempty"`
	}
	err := a.read(r.Context(), who.Session, func(s *meeting.View) error {
		ep := s.Endpoint(who.Endpoint)
		if ep == nil {
			return fault.New(protocol.CodeBadToken, "no such endpoint")
		}
		body.Session, body.Phase, body.Self = signaling.SessionInfo(s), string(s.Phase), signaling.SelfInfo(s, ep)
		body.Headcount, body.Delegates = declared(ep)
		body.CalledOff, body.CallOffReason = s.CalledOff, s.CallOffReason
		return nil
	})
	if err != nil {
		return err
	}
	if r.URL.Query().Get("socket") == "blocked" {
		a.api.log.Warn("no WebSocket of a page comes through: a proxy or firewall on its way drops it",
			"session", who.Session, "endpoint", who.Endpoint, "from", httpguard.Client(r))
	}
	body.NowMs = a.api.now().UnixMilli()
	writeJSON(w, http.StatusOK, body)
	return nil
}

// read looks at a session as it is now.
func (a *router) read(ctx context.Context, id string, look func(*meeting.View) error) error {
	v, err := a.api.live.View(ctx, id)
	if err != nil {
		return err
	}
	return look(v)
}

func (a *router) known(ctx context.Context, id string) error { return a.api.live.Known(ctx, id) }

// rosterError carries the rows of a refused roster.
type rosterError struct{ rows []rowError }

func (e *rosterError) Error() string { return fmt.Sprintf("%d rows are wrong", len(e.rows)) }

func (e *rosterError) Unwrap() error { return fault.New(protocol.CodeBadRoster, e.Error()) }

// readRoster reads the table in the body of a request.
func readRoster(r *http.Request) (*roster.Tree, error) {
	format := roster.CSV
	if strings.Contains(r.Header.Get("Content-Type"), "spreadsheetml") || r.URL.Query().Get("format") == string(roster.XLSX) {
		format = roster.XLSX
	}
	tree, problems := roster.Import(r.Body, format)
	if len(problems) == 0 {
		return tree, nil
	}
	e := &rosterError{}
	for _, p := range problems {
		e.rows = append(e.rows, rowError{Row: p.Row, Column: p.Column, Problem: string(p.Problem), Value: p.Value})
	}
	return nil, e
}

func (a *router) importRoster(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	tree, err := readRoster(r)
	if err != nil {
		return err
	}
	if err := a.api.record.ReplaceRoster(r.Context(), tree, a.api.now()); err != nil {
		return err
	}
	if _, err := a.api.office.units(r.Context()); err != nil { // so that the first search need not wait for it
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Units int `json:"units"`
	}{tree.Len()})
	return nil
}

func (a *router) createSession(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	var req sessionRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	created, err := a.api.convene(r.Context(), req)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, created)
	return nil
}

// sessionSummary is a session in a list.
type sessionSummary struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Phase     string    `json:"phase"`
	CreatedAt time.Time `json:"created_at"`

	// Of sessions that are not over, or were called off while this server ran.
	ScheduledAt time.Time `json:"scheduled_at,omitzero"`
	Convened    int       `json:"convened,omitempty"` // sites
	CalledOff   bool      `json:"called_off,omitempty"`

	Contradiction string `json:"contradiction,omitempty"` // how the list in the record differs from the ledger, which counts
	Broken        bool   `json:"broken,omitempty"`        // its ledger cannot be used: what is here is the list's word
}

func (a *router) listSessions(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	rows, err := a.api.record.Sessions(r.Context())
	if err != nil {
		return err
	}
	list := make([]sessionSummary, 0, len(rows))
	for _, row := range rows {
		v := sessionSummary{ID: row.ID, Title: row.Title, Phase: string(row.Phase), CreatedAt: row.CreatedAt}
		found := a.api.live.Listed(r.Context(), row, nil)
		if a.api.live.Running(row.ID) || row.Phase != meeting.PhaseEnded && row.Phase != meeting.PhaseSealed {
			err := a.read(r.Context(), row.ID, func(s *meeting.View) error {
				found = a.api.live.Listed(r.Context(), row, s)
				v.Title, v.Phase, v.ScheduledAt, v.CalledOff = s.Title, string(s.Phase), s.ScheduledAt, s.CalledOff
				for ep := range s.Endpoints() {
					if ep.Convened() {
						v.Convened++
					}
				}
				return nil
			})
			if v.Broken = fault.Of(err).Code == string(protocol.CodeBroken); err != nil && !v.Broken { // one must not hide the others
				return err
			}
		}
		v.Contradiction = found
		list = append(list, v)
	}
	writeJSON(w, http.StatusOK, struct {
		Sessions []sessionSummary `json:"sessions"`
	}{list})
	return nil
}

// sessionDetail is one session; times that have not come are left out.
type sessionDetail struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Phase       string    `json:"phase"`
	TimeZone    string    `json:"time_zone"`
	ScheduledAt time.Time `json:"scheduled_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
	Convened    int       `json:"convened"` // sites, of a delegated operator those of its units
	Present     int       `json:"present"`  // connected ones of them

	CalledOff     bool   `json:"called_off,omitempty"`
	CallOffReason string `json:"call_off_reason,omitempty"`

	Rules         meeting.Rules        `json:"rules"`
	Agenda        []meeting.AgendaItem `json:"agenda,omitempty"`
	AgendaVersion int                  `json:"agenda_version"` // that a change of the agenda has to name
	HelpPhone     string               `json:"help_phone,omitempty"`
	Withdrawn     int                  `json:"withdrawn,omitempty"` // sites, that are not among those convened
}

func (a *router) showSession(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var d sessionDetail
	err := a.read(r.Context(), r.PathValue("id"), func(s *meeting.View) error {
		d = sessionDetail{
			ID: s.ID, Title: s.Title, Phase: string(s.Phase), TimeZone: s.TimeZone,
			ScheduledAt: s.ScheduledAt, StartedAt: s.StartedAt, EndedAt: s.EndedAt,
			CalledOff: s.CalledOff, CallOffReason: s.CallOffReason,
			Rules: s.Rules, Agenda: s.Agenda, AgendaVersion: s.AgendaVersion, HelpPhone: s.HelpPhone,
		}
		for ep := range s.Endpoints() {
			if ep.Role != meeting.RoleSite || !inScope(s, ep.Code, who.Scope()) {
				continue
			}
			if ep.Withdrawn {
				d.Withdrawn++
				continue
			}
			d.Convened++
			if ep.Conn != nil {
				d.Present++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, d)
	return nil
}

func (a *router) showLinks(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	s, err := a.api.live.View(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	links, err := a.api.linksOf(r.Context(), s)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, links)
	return nil
}

func (a *router) reissueLink(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx := r.Context()
	session, seat, err := a.seat(ctx, r)
	if err != nil {
		return err
	}
	serial, err := a.api.links.Change(ctx, session.ID, seat.Code, a.api.record.ReissueLink)
	if err != nil {
		return err
	}
	a.log.Info("a link was reissued", "session", session.ID, "endpoint", seat.Code, "by", who.Endpoint)
	url, err := a.api.linkFor(session, seat, serial, nil)
	if err != nil {
		return err
	}
	answer := struct {
		Link      string `json:"link"`
		ShortLink string `json:"short_link,omitempty"` // of a site
	}{Link: url}
	if seat.Role == meeting.RoleSite && !seat.ByPhone {
		if answer.ShortLink, err = a.api.office.codes.Link(ctx, session.ID, seat.Code, serial); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (a *router) revokeLink(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx := r.Context()
	session, seat, err := a.seat(ctx, r)
	if err != nil {
		return err
	}
	_, err = a.api.links.Change(ctx, session.ID, seat.Code, func(ctx context.Context, session, endpoint string) (int, error) {
		return 0, a.api.record.RevokeLink(ctx, session, endpoint, a.api.now())
	})
	if err != nil {
		return err
	}
	a.log.Info("a link was revoked", "session", session.ID, "endpoint", seat.Code, "by", who.Endpoint)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// seat resolves session and endpoint of the path.
func (a *router) seat(ctx context.Context, r *http.Request) (*meeting.View, *meeting.Endpoint, error) {
	session, err := a.api.live.View(ctx, r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	seat := session.Endpoint(r.PathValue("code"))
	if seat == nil {
		return nil, nil, &meeting.Error{Code: meeting.CodeUnknownEndpoint, Detail: r.PathValue("code")}
	}
	return session, seat, nil
}

// readJSON reads a bounded body of exactly one object with known members.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(protocol.CodeTooLarge, err.Error())
	case err != nil:
		return fault.New(protocol.CodeBadRequest, err.Error())
	case protocol.HasNUL(data):
		return fault.New(protocol.CodeBadRequest, "the character U+0000 has no place in a text")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fault.New(protocol.CodeBadRequest, err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.New(protocol.CodeBadRequest, "trailing data")
	}
	return nil
}
