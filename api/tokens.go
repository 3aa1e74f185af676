package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

const (
	adminLife    = 365 * 24 * time.Hour
	maxAdminDays = 3650
	maxTokenName = 200 // bytes
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
	if req.Name == "" || len(req.Name) > maxTokenName || req.Days < 0 || req.Days > maxAdminDays {
		return fault.New(protocol.CodeBadRequest, "name is empty or long, or days is not within 0 to "+strconv.Itoa(maxAdminDays))
	}
	life, now := adminLife, a.api.now()
	if req.Days > 0 {
		life = time.Duration(req.Days) * 24 * time.Hour
	}
	made := link.AdminToken{ID: link.NewID(), Name: req.Name, CreatedAt: now, ExpiresAt: now.Add(life)}
	if who.Account != nil {
		made.CreatedBy = who.Account.Name
	}
	token, err := a.api.tokens.SignAdmin(link.Holder{Endpoint: req.Name, Role: link.RoleAdmin, ID: made.ID}, made.ExpiresAt)
	if err != nil {
		return err
	}
	if err := a.api.record.PutAdminToken(r.Context(), made); err != nil {
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
	all, err := a.api.record.AdminTokens(r.Context())
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
	if err := a.api.record.RevokeAdminToken(r.Context(), id, a.api.now()); err != nil {
		return refused(err)
	}
	a.api.downloads.End(func(holder access.Identity) bool { return holder.Account == nil && holder.Admin() && holder.ID == id })
	a.log.Info("an administrator's token was revoked", "id", id, "by", who.Endpoint)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// regrant is a change of an account that ends what it was given.
func regrant(change func(*account.Account) error) (func(*account.Account) error, string) {
	grant := link.NewID()
	return func(a *account.Account) error {
		a.LinkGrant = grant
		return change(a)
	}, grant
}

// endGiven ends what an account was given with another grant: its links, and the tokens it made, if it may no longer make any.
func (s *API) endGiven(ctx context.Context, name, grant string) error {
	s.links.EndGiven(ctx, name, grant)
	switch a, err := s.record.Account(ctx, name); {
	case errors.Is(err, store.ErrNotFound), err == nil && !a.May(account.RightManageAccounts):
		return s.record.RevokeAdminTokensBy(ctx, name, s.now())
	default:
		return err
	}
}
