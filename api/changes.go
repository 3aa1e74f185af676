package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/prepare"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling"
)

// changeRoutes enters the requests that change what was convened, until the seal.
func (a draftsAPI) changeRoutes(mux *http.ServeMux) {
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/title", func(_ *http.Request, b struct {
		Title string `json:"title"`
	}) meeting.Command {
		return meeting.SetTitle{Title: b.Title}
	})
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/agenda", func(_ *http.Request, b struct {
		Base   int                  `json:"base"`
		Agenda []meeting.AgendaItem `json:"agenda"`
	}) meeting.Command {
		return meeting.SetAgenda{Base: b.Base, Agenda: b.Agenda}
	})
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/help-phone", func(_ *http.Request, b struct {
		HelpPhone string `json:"help_phone"`
	}) meeting.Command {
		return meeting.SetHelpPhone{Phone: b.HelpPhone}
	})
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/sites/{code}/withdraw", func(r *http.Request, b struct {
		Reason string `json:"reason"`
	}) meeting.Command {
		return meeting.WithdrawSite{Endpoint: r.PathValue("code"), Reason: b.Reason}
	})
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/sites/{code}/restore", func(r *http.Request, _ struct{}) meeting.Command {
		return meeting.RestoreSite{Endpoint: r.PathValue("code")}
	})
	a.route(mux, "GET /api/v1/sessions/{id}/sites", a.listSites)
	a.route(mux, "POST /api/v1/sessions/{id}/sites", a.addSites)
}

// convenedSite is a site of a session, withdrawn or not, for those who change it.
type convenedSite struct {
	Code      string   `json:"code"`
	Unit      string   `json:"unit,omitempty"`
	Name      string   `json:"name"`
	Parents   []string `json:"parents,omitempty"` // names of the units above, the nearest first
	Phone     string   `json:"phone,omitempty"`
	ByPhone   bool     `json:"by_phone,omitempty"`
	Withdrawn bool     `json:"withdrawn,omitempty"`
	Reason    string   `json:"reason,omitempty"` // of that
}

// listSites searches the sites of a session (q), names those of codes, or lists those that were withdrawn (withdrawn=1). It
// says how many there are in all and how many of them were withdrawn.
func (a draftsAPI) listSites(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	const most, usual = 1000, 50
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > most {
		limit = usual
	}
	words, codes := strings.Fields(roster.Plain(q.Get("q"))), strings.Split(q.Get("codes"), ",")
	wanted := func(site convenedSite) bool {
		switch {
		case q.Has("codes"):
			return slices.Contains(codes, site.Code)
		case q.Get("withdrawn") == "1" && !site.Withdrawn:
			return false
		}
		plain := roster.Plain(strings.Join(append([]string{site.Code, site.Name}, site.Parents...), " "))
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(plain, word) })
	}
	var body struct {
		Convened  int            `json:"convened"`
		Withdrawn int            `json:"withdrawn"`
		Sites     []convenedSite `json:"sites"`
	}
	body.Sites = []convenedSite{}
	err = a.read(r.Context(), r.PathValue("id"), func(s *meeting.View) error {
		for _, code := range s.Order {
			ep := s.Endpoint(code)
			if ep.Role != meeting.RoleSite || !inScope(s, code, who.Scope()) {
				continue
			}
			if ep.Withdrawn {
				body.Withdrawn++
			} else {
				body.Convened++
			}
			if len(body.Sites) == limit {
				continue
			}
			site := convenedSite{
				Code: code, Unit: ep.Unit, Name: ep.Name, Parents: signaling.ParentNames(s, code), Phone: ep.Phone, ByPhone: ep.ByPhone,
				Withdrawn: ep.Withdrawn, Reason: ep.WithdrawnFor,
			}
			if wanted(site) {
				body.Sites = append(body.Sites, site)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// addedSite is a site that was convened later, with its links; one that takes part by telephone has none.
type addedSite struct {
	endpointLink
	ShortLink string `json:"short_link,omitempty"`
}

// addSites convenes further sites and answers with their links.
func (a draftsAPI) addSites(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req prepare.Addition
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	tree, err := a.api.office.units(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	err = a.read(ctx, id, func(s *meeting.View) error {
		for ep := range s.Endpoints() {
			there[ep.Code] = !ep.Withdrawn
		}
		return nil
	})
	if err != nil {
		return err
	}
	cmd, problems := req.Sites(tree, there)
	if len(problems) > 0 {
		return &draftError{problems}
	}
	if err := a.api.live.Command(ctx, id, cmd, who.Actor()); err != nil {
		return err
	}
	added, err := a.linksOfSites(ctx, id, cmd.Endpoints)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, struct {
		Endpoints []addedSite `json:"endpoints"`
	}{added})
	return nil
}

// linksOf are the links of some sites of a session.
func (a draftsAPI) linksOfSites(ctx context.Context, id string, sites []meeting.Endpoint) ([]addedSite, error) {
	given, err := a.api.record.Links(ctx, id)
	if err != nil {
		return nil, err
	}
	serials := make(map[string]int, len(given))
	for _, l := range given {
		if l.RevokedAt.IsZero() {
			serials[l.Endpoint] = l.Serial
		}
	}
	var issues []link.Issue
	for _, ep := range sites {
		if !ep.ByPhone && serials[ep.Code] > 0 {
			issues = append(issues, link.Issue{Endpoint: ep.Code, Serial: serials[ep.Code]})
		}
	}
	codes, err := a.api.office.codes.Of(ctx, id, issues)
	if err != nil {
		return nil, err
	}
	list := make([]addedSite, 0, len(sites))
	for _, ep := range sites {
		one := addedSite{endpointLink: endpointLink{Code: ep.Code, Unit: ep.Unit, Name: ep.Name}}
		if code := codes[link.Issue{Endpoint: ep.Code, Serial: serials[ep.Code]}]; code != "" {
			one.ShortLink = a.api.office.codes.Address(code)
			if one.Link, err = a.api.linkFor(&meeting.View{ID: id}, &ep, serials[ep.Code], nil); err != nil {
				return nil, err
			}
		}
		list = append(list, one)
	}
	return list, nil
}
