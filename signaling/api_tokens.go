package signaling

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

const (
	adminLife    = 365 * 24 * time.Hour
	maxAdminDays = 3650
)

// tokenRoutes enters the requests about administrators' tokens.
func (a accountsAPI) tokenRoutes(mux *http.ServeMux) {
	a.route(mux, "GET /api/v1/tokens", a.listTokens)
	a.route(mux, "POST /api/v1/tokens", a.createToken)
	a.route(mux, "DELETE /api/v1/tokens/{id}", a.revokeToken)
}

func (a accountsAPI) createToken(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Name string `json:"name"`
		Days int    `json:"days"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if req.Name == "" || len(req.Name) > maxDevice || req.Days < 0 || req.Days > maxAdminDays {
		return refusal(protocol.BadRequest, "name is empty or long, or days is not within 0 to "+strconv.Itoa(maxAdminDays))
	}
	life, now := adminLife, a.srv.clock.Now()
	if req.Days > 0 {
		life = time.Duration(req.Days) * 24 * time.Hour
	}
	made := link.AdminToken{ID: link.NewID(), Name: req.Name, CreatedAt: now, ExpiresAt: now.Add(life)}
	if who.Account != nil {
		made.CreatedBy = who.Account.Name
	}
	token, err := a.srv.tokens.SignAdmin(link.Holder{Endpoint: req.Name, Role: link.RoleAdmin, ID: made.ID}, made.ExpiresAt)
	if err != nil {
		return err
	}
	if err := a.srv.record.PutAdminToken(r.Context(), made); err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, struct {
		Token string `json:"token"`
		ID    string `json:"id"`
	}{token, made.ID})
	return nil
}

// tokenView is an administrator's token without the token itself.
type tokenView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedBy string    `json:"created_by,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

func (a accountsAPI) listTokens(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	all, err := a.srv.record.AdminTokens(r.Context())
	if err != nil {
		return err
	}
	list := make([]tokenView, 0, len(all))
	for _, t := range all {
		list = append(list, tokenView(t))
	}
	writeJSON(w, http.StatusOK, struct {
		Tokens []tokenView `json:"tokens"`
	}{list})
	return nil
}

func (a accountsAPI) revokeToken(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	id := r.PathValue("id")
	if err := a.srv.record.RevokeAdminToken(r.Context(), id, a.srv.clock.Now()); err != nil {
		return refused(err)
	}
	a.log.Info("an administrator's token was revoked", "id", id, "by", who.Endpoint)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// checkToken refuses an administrator's token that was revoked, or that the record has never had.
func (s seating) checkToken(ctx context.Context, h link.Holder) error {
	id := h.ID
	if id == "" {
		id = link.UnnumberedTokens
	}
	switch t, err := s.record.AdminToken(ctx, id); {
	case errors.Is(err, store.ErrNotFound), err == nil && !t.RevokedAt.IsZero():
		return refusal(protocol.BadToken, "the token was revoked")
	default:
		return err
	}
}

// given are the links of consoles that accounts were given, as far as they have ended while this server runs: what an account
// was given before is in force only if it carries the grant that stands here.
type given struct {
	mu     sync.Mutex
	grants map[string]string
}

func (g *given) set(name, grant string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.grants == nil {
		g.grants = map[string]string{}
	}
	g.grants[name] = grant
}

// check refuses a link that was given to an account and has ended with what that was.
func (g *given) check(h link.Holder) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if grant, changed := g.grants[h.Given]; h.Given != "" && changed && grant != h.Grant {
		return errGiven
	}
	return nil
}

var errGiven = refusal(protocol.BadToken, "the account that was given this link is not what it was")

// checkGiven refuses the link of a console whose account was disabled, removed or changed.
func (s seating) checkGiven(ctx context.Context, h link.Holder) error {
	if h.Given == "" {
		return nil
	}
	switch a, err := s.record.Account(ctx, h.Given); {
	case errors.Is(err, store.ErrNotFound), err == nil && (a.Disabled || a.LinkGrant != h.Grant):
		return errGiven
	default:
		return err
	}
}

// regrant is a change of an account that ends what it was given.
func regrant(change func(*account.Account) error) (func(*account.Account) error, string) {
	grant := link.NewID()
	return func(a *account.Account) error {
		a.LinkGrant = grant
		return change(a)
	}, grant
}

// endGiven ends the connections of links that an account was given with another grant. Which tokens it made end too, if it may no
// longer make any.
func (s seating) endGiven(ctx context.Context, name, grant string) error {
	s.given.set(name, grant)
	for _, coord := range s.all() {
		_ = coord.call(ctx, request{work: func() error {
			for c := range coord.audience.conns {
				if s.given.check(c.who.Holder) != nil {
					s.expelConn(coord, c)
				}
			}
			return nil
		}})
	}
	switch a, err := s.record.Account(ctx, name); {
	case errors.Is(err, store.ErrNotFound), err == nil && !a.May(account.ManageAccounts):
		return s.record.RevokeAdminTokensBy(ctx, name, s.clock.Now())
	default:
		return err
	}
}

// expelConn ends a connection in a later turn of the coordinator, in whose turn it is called.
func (s seating) expelConn(coord *coordinator, c *conn) {
	select {
	case coord.requests <- request{cmd: meeting.Disconnect{Endpoint: c.who.Endpoint, Conn: c.id, Clean: true, Why: "revoked"}}:
	default: // the queue is full: the socket ends, and what it was is lost to the meeting as any other
		c.close(ending("revoked"))
	}
}
