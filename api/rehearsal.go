package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

func (a rehearsalsAPI) rehearsalRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/rehearsal", a.ownRehearsal)
	a.route(mux, "PUT /api/v1/rehearsal", a.putRehearsal)
	a.route(mux, "POST /api/v1/rehearsal/line", a.openLine)
	a.route(mux, "POST /api/v1/rehearsal/line/answer", a.answerLine)
	a.route(mux, "DELETE /api/v1/rehearsal/line", a.closeLine)
	a.route(mux, "GET /api/v1/rehearsal/bytes", a.testBytes)
	a.route(mux, "GET /api/v1/sessions/{id}/rehearsals", a.listRehearsals)
}

// rehearsalView is a site's rehearsal with its judgement.
type rehearsalView struct {
	Light   prepare.Light      `json:"light"`
	Reasons []prepare.Reason   `json:"reasons,omitempty"`
	At      time.Time          `json:"at,omitzero"`
	Result  *prepare.Rehearsal `json:"result,omitempty"`
}

func viewRehearsal(r store.Rehearsal) rehearsalView {
	light, reasons := prepare.Judge(r.Result)
	return rehearsalView{Light: light, Reasons: reasons, At: r.At, Result: &r.Result}
}

// ownRehearsal tells a site's page what is around the session: the last rehearsal, whom to call, what became of it.
func (a rehearsalsAPI) ownRehearsal(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var v struct {
		rehearsalView
		HelpPhone     string `json:"help_phone,omitempty"`
		CalledOff     bool   `json:"called_off,omitempty"`
		CallOffReason string `json:"call_off_reason,omitempty"`
	}
	v.Light = prepare.LightUntested
	ctx := r.Context()
	said := false
	err := a.read(ctx, who.Session, func(s *meeting.View) error {
		v.HelpPhone, said = s.HelpPhone, s.HelpPhoneSet
		v.CalledOff, v.CallOffReason = s.CalledOff, s.CallOffReason
		return nil
	})
	if err != nil {
		return err
	}
	switch own, err := a.api.record.Rehearsal(ctx, who.Session, who.Endpoint); {
	case err == nil:
		v.rehearsalView = viewRehearsal(own)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	if !said {
		draft, err := a.preparedAs(ctx, who.Session)
		if err != nil {
			return err
		}
		v.HelpPhone = draft.HelpPhone
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// beforeEnd refuses what makes no sense once a session is over, and checks that a link is a site's.
func (a rehearsalsAPI) beforeEnd(ctx context.Context, who access.Identity) error {
	return a.read(ctx, who.Session, func(s *meeting.View) error {
		if over(s.Phase) {
			return &meeting.Error{Code: meeting.CodeSessionEnded}
		}
		return nil
	})
}

func (a rehearsalsAPI) putRehearsal(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var result prepare.Rehearsal
	if err := readJSON(w, r, &result); err != nil {
		return err
	}
	if !result.Valid() {
		return fault.New(protocol.CodeBadRequest, "a value is out of range")
	}
	if err := a.beforeEnd(r.Context(), who); err != nil {
		return err
	}
	made := store.Rehearsal{Session: who.Session, Endpoint: who.Endpoint, At: a.api.now(), Result: result}
	if err := a.api.record.PutRehearsal(r.Context(), made); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, viewRehearsal(made))
	return nil
}

func (a rehearsalsAPI) openLine(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	if err := a.beforeEnd(r.Context(), who); err != nil {
		return err
	}
	offer, err := a.api.lines.Open(r.Context(), who)
	if err != nil {
		return err
	}
	if _, err = again(a.router, r, a.api.access[r.Pattern]); err == nil {
		err = a.beforeEnd(r.Context(), who)
	}
	if err != nil { // what ended meanwhile did not find the test yet
		a.api.lines.End(who.SeatKey(), offer.Test)
		return err
	}
	writeJSON(w, http.StatusCreated, offer)
	return nil
}

func (a rehearsalsAPI) answerLine(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req signaling.LineOffer
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if err := a.api.lines.Answer(r.Context(), who.Session, who.Endpoint, req.Test, req.Publisher, req.Viewer); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a rehearsalsAPI) closeLine(w http.ResponseWriter, _ *http.Request, who access.Identity) error {
	a.api.lines.End(who.SeatKey(), "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// testBytes sends what cannot be compressed, for a page to time. The page goes away when it has seen enough.
func (a rehearsalsAPI) testBytes(w http.ResponseWriter, _ *http.Request, _ access.Identity) error {
	const size, block = 2 << 20, 16 << 10
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(size))
	buf := make([]byte, block)
	_, _ = rand.Read(buf) // never fails
	for range size / block {
		if _, err := w.Write(buf); err != nil {
			return nil //nolint:nilerr // the page has seen enough
		}
	}
	return nil
}

// rehearsedSite is a site on the rehearsal board.
type rehearsedSite struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Parents  []string `json:"parents,omitempty"`
	Province string   `json:"province,omitempty"`
	Phone    string   `json:"phone,omitempty"` // of the site, else of who rehearsed
	Contact  string   `json:"contact,omitempty"`
	rehearsalView
}

// rehearsedProvince counts the lights of a province.
type rehearsedProvince struct {
	Code   string                `json:"code"` // empty = sites outside any province
	Name   string                `json:"name"`
	Lights map[prepare.Light]int `json:"lights"`
}

func (a rehearsalsAPI) listRehearsals(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	all, err := a.api.record.Rehearsals(ctx, id)
	if err != nil {
		return err
	}
	done := make(map[string]store.Rehearsal, len(all))
	for _, one := range all {
		done[one.Endpoint] = one
	}
	provinces, sites := []*rehearsedProvince{}, []rehearsedSite{}
	err = a.read(ctx, id, func(s *meeting.View) error {
		scope := who.Scope()
		for _, code := range s.Order {
			ep := s.Endpoint(code)
			if !ep.Convened() || !inScope(s, code, scope) {
				continue
			}
			up := province(s, ep)
			site := rehearsedSite{Code: code, Name: ep.Name, Parents: signaling.ParentNames(s, code), Province: up.Code, Phone: ep.Phone}
			site.Light = prepare.LightUntested
			if one, tested := done[code]; tested {
				site.rehearsalView = viewRehearsal(one)
				site.Contact = one.Result.Contact
				if site.Phone == "" {
					site.Phone = one.Result.Phone
				}
			} else if ep.ByPhone {
				site.Light = prepare.LightByPhone
			}
			i := slices.IndexFunc(provinces, func(p *rehearsedProvince) bool { return p.Code == up.Code })
			if i < 0 {
				i = len(provinces)
				provinces = append(provinces, &rehearsedProvince{Code: up.Code, Name: up.Name, Lights: map[prepare.Light]int{}})
			}
			provinces[i].Lights[site.Light]++
			sites = append(sites, site)
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Provinces []*rehearsedProvince `json:"provinces"`
		Sites     []rehearsedSite      `json:"sites"`
	}{provinces, sites})
	return nil
}
