package api

import (
	"net/http"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// commandRoutes enters the requests that are commands of the meeting: what is done outside the socket, after
// the session too. The meeting decides who may.
func (a recordAPI) commandRoutes(mux *http.ServeMux) {
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/open", func(_ *http.Request, _ struct{}) meeting.Command {
		return meeting.OpenSession{}
	})
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/end", func(_ *http.Request, _ struct{}) meeting.Command {
		return meeting.EndSession{}
	})
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/seal", func(_ *http.Request, _ struct{}) meeting.Command {
		return meeting.SealSession{}
	})
	type rules struct {
		GraceS     int    `json:"grace_s"`
		LateAfterS int    `json:"late_after_s"`
		PartialPct int    `json:"partial_pct"`
		Reason     string `json:"reason"`

		// What is not given stays.
		ReceivingOnly *bool `json:"receiving_only"`
		CountdownS    *int  `json:"countdown_s"`
		OpenBeforeS   *int  `json:"open_before_s"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/rules", func(_ *http.Request, b rules) meeting.Command {
		return meeting.ChangeRules{
			GraceS: b.GraceS, LateAfterS: b.LateAfterS, PartialPct: b.PartialPct, Reason: b.Reason,
			ReceivingOnly: b.ReceivingOnly, CountdownS: b.CountdownS, OpenBeforeS: b.OpenBeforeS,
		}
	})
	type verdict struct {
		Verdict string `json:"verdict"`
		Reason  string `json:"reason"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/sites/{code}/verdict", func(r *http.Request, b verdict) meeting.Command {
		return meeting.OverrideVerdict{Endpoint: r.PathValue("code"), Verdict: meeting.Verdict(b.Verdict), Reason: b.Reason}
	})
	type attended struct {
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
		Means  string    `json:"means"`
		Reason string    `json:"reason"`
	}
	commandRoute(a.router, mux, "POST /api/v1/sessions/{id}/sites/{code}/attended", func(r *http.Request, b attended) meeting.Command {
		return meeting.AddAttendance{Endpoint: r.PathValue("code"), From: instant(b.From), To: instant(b.To), Means: b.Means, Reason: b.Reason}
	})
	type declaration struct {
		Headcount *int                `json:"headcount"`
		Delegates *[]meeting.Delegate `json:"delegates"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/sessions/{id}/sites/{code}/declared", func(r *http.Request, b declaration) meeting.Command {
		return meeting.DeclareFor{Endpoint: r.PathValue("code"), Headcount: b.Headcount, Delegates: b.Delegates}
	})
	type headcount struct {
		Headcount int `json:"headcount"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/me/headcount", func(_ *http.Request, b headcount) meeting.Command {
		return meeting.DeclareHeadcount{Headcount: b.Headcount}
	})
	type delegates struct {
		Delegates []meeting.Delegate `json:"delegates"`
	}
	commandRoute(a.router, mux, "PUT /api/v1/me/delegates", func(_ *http.Request, b delegates) meeting.Command {
		return meeting.DeclareDelegates{Delegates: b.Delegates}
	})
}

// commandRoute enters one: its body becomes the command; 204 when that is on record.
func commandRoute[B any](a *router, mux *http.ServeMux, pattern string, command func(*http.Request, B) meeting.Command) {
	a.route(mux, pattern, func(w http.ResponseWriter, r *http.Request, who access.Identity) error {
		var body B
		if r.ContentLength != 0 {
			if err := readJSON(w, r, &body); err != nil {
				return err
			}
		}
		id := who.Session
		if id == "" { // an admin, or an account that the rule let in
			id = r.PathValue("id")
		}
		if err := a.known(r.Context(), id); err != nil {
			return err
		}
		if err := a.api.live.Command(r.Context(), id, command(r, body), who.Actor()); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// instant is a time as the ledger keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// declared is what a site said of its room, for its page to begin with.
func declared(ep *meeting.Endpoint) (headcount int, delegates []protocol.Delegate) {
	delegates = []protocol.Delegate{}
	for _, d := range ep.Delegates {
		delegates = append(delegates, protocol.Delegate(d))
	}
	return ep.Headcount, delegates
}
