package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// open enters a request that needs no token.
func (a *router) open(mux *http.ServeMux, pattern string, f func(http.ResponseWriter, *http.Request) error) {
	if !a.api.access[pattern].Public {
		panic("access.txt has no public row for " + pattern)
	}
	a.routes = append(a.routes, pattern)
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		err := a.api.office.sameOrigin(r)
		if err == nil {
			err = f(w, r)
		}
		if err != nil {
			writeError(w, r, a.log, err)
		}
	})
}

func (a accountsAPI) accountRoutes(mux *http.ServeMux) {
	a.open(mux, "POST /api/v1/login", a.login)
	a.open(mux, "GET /api/v1/login", a.waysIn)
	a.open(mux, "POST /api/v1/logout", a.logout)
	a.route(mux, "GET /api/v1/account", a.showAccount)
	a.route(mux, "POST /api/v1/account/password", a.changePassword)
	a.route(mux, "DELETE /api/v1/account/logins/{id}", a.endLogin)
	a.route(mux, "GET /api/v1/accounts", a.listAccounts)
	a.route(mux, "POST /api/v1/accounts", a.createAccount)
	a.route(mux, "PUT /api/v1/accounts/{name}", a.putAccount)
	a.route(mux, "POST /api/v1/accounts/{name}/password", a.setPassword)
	a.route(mux, "DELETE /api/v1/accounts/{name}", a.deleteAccount)
}

// accountView is an account as the outside sees it.
type accountView struct {
	Name       string          `json:"name"`
	FullName   string          `json:"full_name"`
	Role       account.Role    `json:"role"`
	Scope      string          `json:"scope,omitempty"`
	Phone      string          `json:"phone,omitempty"`
	Disabled   bool            `json:"disabled,omitempty"`
	MustChange bool            `json:"must_change,omitempty"`
	Rights     []account.Right `json:"rights,omitempty"` // of one's own account
	Logins     []loginView     `json:"logins,omitempty"` // likewise
}

type loginView struct {
	ID        string    `json:"id"`
	Device    string    `json:"device"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	Current   bool      `json:"current,omitempty"`
}

func viewAccount(a account.Account) accountView {
	return accountView{Name: a.Name, FullName: a.FullName, Role: a.Role, Scope: a.Scope, Phone: a.Phone, Disabled: a.Disabled, MustChange: a.MustChange}
}

// waysIn says how people can log in.
func (a accountsAPI) waysIn(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, struct {
		Password bool `json:"password"`
		OIDC     bool `json:"oidc"`
	}{true, a.api.office.provider != nil})
	return nil
}

// login lets a person in by name and password. Who fails often has to wait, by name and by address.
func (a accountsAPI) login(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	o, ctx, name := a.api.office, r.Context(), account.CleanName(req.Name)
	var who *account.Account
	switch found, err := a.api.record.Account(ctx, name); {
	case err == nil:
		who = &found
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	try, err := o.attempt(w, r, name, who)
	if err != nil {
		return err
	}
	if err := try.verify(w, who, req.Password, "name or password is wrong"); err != nil {
		return err
	}
	if err := o.letIn(w, r, who); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, viewAccount(*who))
	return nil
}

// letIn begins a login of an account and gives its browser the cookie.
func (o *office) letIn(w http.ResponseWriter, r *http.Request, who *account.Account) error {
	const longest = 200
	device, now, secret := []rune(r.UserAgent()), o.api.now(), account.NewSecret()
	l := account.Login{ID: account.LoginID(secret), Account: who.Name, Device: string(device[:min(longest, len(device))]), CreatedAt: now, SeenAt: now}
	if err := o.api.record.CreateLogin(r.Context(), l); err != nil {
		return err
	}
	o.remember(r, who)
	http.SetCookie(w, o.cookie(loginCookie, secret, int(account.LoginLife/time.Second)))
	http.SetCookie(w, o.cookie(deviceCookie, o.devices.cookie(who), deviceLife))
	return nil
}

func (o *office) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: o.cookieName(name), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: reachedByTLS(o.api.publicURL),
	}
}

func (a accountsAPI) logout(w http.ResponseWriter, r *http.Request) error {
	who, err := a.api.office.identify(r)
	if err != nil {
		return err
	}
	if who.Account != nil {
		if err := a.api.record.EndLogin(r.Context(), who.Account.Name, who.Login); err != nil {
			return err
		}
	}
	http.SetCookie(w, a.api.office.cookie(loginCookie, "", -1))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a accountsAPI) showAccount(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	v := viewAccount(*who.Account)
	for _, right := range []account.Right{
		account.RightManageAccounts, account.RightChangeRoster, account.RightPrepare, account.RightReadSessions, account.RightGiveLinks,
		account.RightReadRehearsal, account.RightEnterConsoles,
	} {
		if who.Account.May(right) {
			v.Rights = append(v.Rights, right)
		}
	}
	logins, err := a.api.record.Logins(r.Context(), who.Account.Name)
	if err != nil {
		return err
	}
	for _, l := range logins {
		v.Logins = append(v.Logins, loginView{ID: l.ID, Device: l.Device, CreatedAt: l.CreatedAt, SeenAt: l.SeenAt, Current: l.ID == who.Login})
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// changePassword changes one's own password and ends all one's other logins.
func (a accountsAPI) changePassword(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	name := who.Account.Name
	try, err := a.api.office.attempt(w, r, name, who.Account)
	if err != nil {
		return err
	}
	if err := try.verify(w, who.Account, req.Old, "the old password is wrong"); err != nil {
		return err
	}
	return a.writePassword(w, r, name, req.New, false, who.Login)
}

// setPassword gives somebody a password to begin with; all that person's logins end.
func (a accountsAPI) setPassword(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req struct {
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	name := r.PathValue("name")
	return a.writePassword(w, r, name, req.Password, who.Account == nil || who.Account.Name != name, "")
}

func (a accountsAPI) writePassword(w http.ResponseWriter, r *http.Request, name, password string, mustChange bool, keep string) error {
	if err := account.CheckPassword(name, password); err != nil {
		return refused(err)
	}
	hash, err := a.api.office.hasher.Hash(r.Context(), password)
	if err != nil {
		return err
	}
	change, grant := regrant(func(a *account.Account) error { a.Hash, a.MustChange = hash, mustChange; return nil })
	if err := a.api.record.ChangeAccount(r.Context(), name, change, true, keep); err != nil {
		return refused(err)
	}
	if err := a.api.endGiven(context.WithoutCancel(r.Context()), name, grant); err != nil {
		return err
	}
	if keep != "" { // who changes it stays known where that is
		as := &account.Account{Name: name, LinkGrant: grant}
		a.api.office.remember(r, as)
		http.SetCookie(w, a.api.office.cookie(deviceCookie, a.api.office.devices.cookie(as), deviceLife))
	}
	for _, t := range []*account.Throttle{a.api.office.guesses.byName, a.api.office.guesses.byDevice} {
		t.Forget(func(key string) bool { return strings.HasPrefix(key, name+pairMark) })
	}
	a.api.office.guesses.byAnybody.Forget(func(key string) bool { return key == shorten(name) })
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a accountsAPI) endLogin(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	if err := a.api.record.EndLogin(r.Context(), who.Account.Name, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a accountsAPI) listAccounts(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	all, err := a.api.record.Accounts(r.Context())
	if err != nil {
		return err
	}
	list := make([]accountView, 0, len(all))
	for _, one := range all {
		list = append(list, viewAccount(one))
	}
	writeJSON(w, http.StatusOK, struct {
		Accounts []accountView `json:"accounts"`
	}{list})
	return nil
}

// accountRequest is an account as an administrator wants it.
type accountRequest struct {
	Name     string       `json:"name"` // of a new one
	FullName string       `json:"full_name"`
	Role     account.Role `json:"role"`
	Scope    string       `json:"scope"`
	Phone    string       `json:"phone"`
	Disabled bool         `json:"disabled"`
	Password string       `json:"password"` // of a new one; empty = by the identity provider only
}

func (req accountRequest) into(a *account.Account) error {
	a.FullName, a.Role, a.Scope, a.Phone, a.Disabled = strings.TrimSpace(req.FullName), req.Role, req.Scope, strings.TrimSpace(req.Phone), req.Disabled
	return a.Check()
}

func (a accountsAPI) checkScope(r *http.Request, scope string) error {
	if scope == "" {
		return nil
	}
	tree, err := a.api.office.units(r.Context())
	if err != nil {
		return err
	}
	if _, ok := tree.Unit(scope); !ok {
		return fault.New(protocol.CodeBadAccount, string(account.ProblemBadScope))
	}
	return nil
}

func (a accountsAPI) createAccount(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req accountRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	ctx := r.Context()
	made := account.Account{LinkGrant: link.NewID(), Name: account.CleanName(req.Name), CreatedAt: a.api.now(),
		MustChange: req.Password != "" && who.Endpoint != localAdmin}
	if err := req.into(&made); err != nil {
		return refused(err)
	}
	if err := a.checkScope(r, req.Scope); err != nil {
		return err
	}
	if req.Password != "" {
		if err := account.CheckPassword(made.Name, req.Password); err != nil {
			return refused(err)
		}
		var err error
		if made.Hash, err = a.api.office.hasher.Hash(ctx, req.Password); err != nil {
			return err
		}
	}
	if err := a.api.record.CreateAccount(ctx, made); err != nil {
		return refused(err)
	}
	writeJSON(w, http.StatusCreated, viewAccount(made))
	return nil
}

// putAccount changes an account but for its name and password. Its logins end: what they opened may be shut now.
func (a accountsAPI) putAccount(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	var req accountRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if req.Name != "" || req.Password != "" {
		return fault.New(protocol.CodeBadRequest, "name and password are not changed here")
	}
	if err := a.checkScope(r, req.Scope); err != nil {
		return err
	}
	change, grant := regrant(req.into)
	if err := a.api.record.ChangeAccount(r.Context(), r.PathValue("name"), change, true, who.Login); err != nil {
		return refused(err)
	}
	if err := a.api.endGiven(context.WithoutCancel(r.Context()), r.PathValue("name"), grant); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a accountsAPI) deleteAccount(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	name := r.PathValue("name")
	if err := a.api.record.DeleteAccount(r.Context(), name); err != nil {
		return refused(err)
	}
	if err := a.api.endGiven(context.WithoutCancel(r.Context()), name, link.NewID()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
