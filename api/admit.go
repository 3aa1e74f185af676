package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// The reasons for which the API gives a request up.
const (
	dropSeat   = "seat_rate"   // over the rate of its seat
	dropLogins = "login_queue" // too many logins wait already

	dropFigures = "figures_queue" // too many answers over many sessions are asked for
)

const (
	costLineTest = 30       // a stage and two peer connections
	costBytes    = 10       // 2 MiB to measure a line by
	maxUpload    = 16 << 20 // of an authenticated request, the largest of all; most have a smaller bound
)

// authorise refuses a request that the table does not open to somebody.
func (a *router) authorise(r *http.Request, row access.Row, who access.Identity) error {
	const opens = "this token does not open this"
	if who.Account != nil && who.Account.MustChange && row.Of(who) == "" {
		return fault.New(protocol.CodeMustChange, "the password was chosen by somebody else: change it first")
	}
	cell := row.Of(who)
	switch {
	case cell == "":
		return access.Forbidden(opens)
	case who.Session != "" && strings.HasPrefix(r.URL.Path, "/api/v1/sessions/") && who.Session != r.PathValue("id"):
		return access.Forbidden("a link opens its own session")
	case who.Seat.Withdrawn:
		return &shutOutError{&meeting.Error{Code: meeting.CodeWithdrawn, Detail: who.Seat.Reason}, who.Seat.HelpPhone}
	case who.Seat.Removed:
		return &shutOutError{&meeting.Error{Code: meeting.CodeRemoved, Detail: who.Endpoint}, who.Seat.HelpPhone}
	}
	code := r.PathValue("code")
	if code == "" {
		return nil
	}
	return a.read(r.Context(), r.PathValue("id"), func(s *meeting.View) error {
		if !cell.Admits(access.SeatFor(s, who, code)) {
			return access.Forbidden(opens)
		}
		return nil
	})
}

// shutOutError refuses a seat that may do nothing any more, and says whom its people call.
type shutOutError struct {
	error
	helpPhone string
}

func (e *shutOutError) Unwrap() error { return e.error }

// costOf is what a request of the API costs its seat.
func costOf(pattern string) int {
	switch pattern {
	case "POST /api/v1/rehearsal/line":
		return costLineTest
	case "GET /api/v1/rehearsal/bytes":
		return costBytes
	}
	return 1
}

// admit counts a request against its seat, and lets its connection and its body be those of somebody known.
func (a *router) admit(w http.ResponseWriter, r *http.Request, who access.Identity, pattern string) error {
	if !a.api.seats.Of(who).AllowN(time.Now(), costOf(pattern)) {
		a.api.dropped(dropSeat)
		w.Header().Set("Retry-After", strconv.Itoa(1+costOf(pattern)/access.SiteRate))
		return fault.New(protocol.CodeTooMany, "too many requests of this seat")
	}
	seat := who.SeatKey()
	if seat == "" {
		seat = "@@" + who.Endpoint
	}
	admission.FromContext(r.Context()).Known(seat)
	httpguard.Admit(r, maxUpload)
	return nil
}

// untilRevoked cuts the answer to a request that only reads when the right to it ends. Who may is looked at once more when
// the answer is noted: it may have ended since the first time.
func (a *router) untilRevoked(row access.Row, f endpointFunc) endpointFunc {
	return func(w http.ResponseWriter, r *http.Request, who access.Identity) error {
		if r.Method != http.MethodGet {
			return f(w, r, who)
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer a.api.downloads.Begin(who, func() { cancel(); httpguard.Cut(w) })()
		who, err := again(a, r, row)
		if err != nil {
			return err
		}
		return f(w, r.WithContext(ctx), who)
	}
}

// again looks once more at who makes a request and whether he may.
func again(a *router, r *http.Request, row access.Row) (access.Identity, error) {
	who, err := a.identify(r)
	if err == nil {
		err = a.authorise(r, row, who)
	}
	return who, err
}
