package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/roster"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// officeRecord is what the office needs of the store.
type officeRecord interface {
	Account(ctx context.Context, name string) (account.Account, error)
	Accounts(ctx context.Context) ([]account.Account, error)
	CreateAccount(ctx context.Context, a account.Account) error
	ChangeAccount(ctx context.Context, name string, change func(*account.Account) error, endLogins bool, keep string) error
	DeleteAccount(ctx context.Context, name string) error
	CreateLogin(ctx context.Context, l account.Login) error
	Login(ctx context.Context, id string) (account.Login, account.Account, error)
	Logins(ctx context.Context, name string) ([]account.Login, error)
	SeeLogin(ctx context.Context, id string, at time.Time) error
	EndLogin(ctx context.Context, name, id string) error

	PutAdminToken(ctx context.Context, t link.AdminToken) error
	AdminToken(ctx context.Context, id string) (link.AdminToken, error)
	AdminTokens(ctx context.Context) ([]link.AdminToken, error)
	RevokeAdminToken(ctx context.Context, id string, at time.Time) error
	RevokeAdminTokensBy(ctx context.Context, account string, at time.Time) error

	PutDraft(ctx context.Context, row store.DraftRow, based int64) (version int64, err error)
	Draft(ctx context.Context, id string, version int64) (store.DraftRow, error)
	DraftOf(ctx context.Context, session string) (store.DraftRow, error)
	Drafts(ctx context.Context) ([]store.DraftRow, error)
	ConveneDraft(ctx context.Context, id string, version int64, session string) error
	ReleaseDraft(ctx context.Context, id, session string) error
	DeleteDraft(ctx context.Context, id string) error

	PutShortCodes(ctx context.Context, codes []link.Code) error
	ShortCode(ctx context.Context, hash string) (link.Code, error)
	ShortCodes(ctx context.Context, session, endpoint string) ([]link.Code, error)
	PutRehearsal(ctx context.Context, r store.Rehearsal) error
	Rehearsals(ctx context.Context, session string) ([]store.Rehearsal, error)
	Rehearsal(ctx context.Context, session, endpoint string) (store.Rehearsal, error)

	RosterVersion(ctx context.Context) (int64, error)
	RosterEdits(ctx context.Context) ([]store.RosterEdit, error)
	EditRoster(ctx context.Context, tree *roster.Tree, edit store.RosterEdit, based int64) (version int64, err error)
}

const (
	loginCookie  = "diemcau_login"
	hashesAtOnce = 2
	seenEvery    = 5 * time.Minute // how exactly a login knows when it was used last
)

// office is what the days before a session need besides the record.
type office struct {
	api      *API
	hasher   *account.Hasher
	guesses  guesses
	devices  *devices
	codes    *link.Codes
	origins  *http.CrossOriginProtection
	provider *identityProvider // nil = passwords only

	convening sync.Mutex // held while a draft becomes a session

	mu      sync.Mutex
	tree    *roster.Tree // the map in force
	version int64        // of tree
}

func newOffice(s *API, cfg Config) (*office, error) {
	codes, err := link.NewCodes(cfg.Record, cfg.CodeKey, s.publicURL)
	if err != nil {
		return nil, err
	}
	known, err := newDevices(cfg.CodeKey)
	if err != nil {
		return nil, err
	}
	origins := http.NewCrossOriginProtection()
	if s.publicURL != "" {
		if err := origins.AddTrustedOrigin(s.publicURL); err != nil {
			s.log.Warn("pages of the public URL may not send requests", "url", s.publicURL, "err", err)
		}
	}
	hasher := cfg.Hasher
	if hasher == nil {
		hasher = account.NewHasher(hashesAtOnce)
	}
	return &office{
		api: s, hasher: hasher, codes: codes, origins: origins,
		provider: newIdentityProvider(cfg.OIDC, s.publicURL),
		guesses:  newGuesses(), devices: known,
	}, nil
}

// identify returns who is logged in by the cookie of a request; nobody if there is none or it has run out.
func (o *office) identify(r *http.Request) (access.Identity, error) {
	cookie, err := r.Cookie(o.cookieName(loginCookie))
	if err != nil {
		return access.Identity{}, nil //nolint:nilerr // no cookie, nobody
	}
	if err := o.sameOrigin(r); err != nil {
		return access.Identity{}, err
	}
	ctx, now := r.Context(), o.api.now()
	login, who, err := o.api.record.Login(ctx, account.LoginID(cookie.Value))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return access.Identity{}, nil
	case err != nil:
		return access.Identity{}, err
	case !login.Valid(now) || who.Disabled:
		return access.Identity{}, nil
	}
	if now.Sub(login.SeenAt) > seenEvery {
		if err := o.api.record.SeeLogin(ctx, login.ID, now); err != nil {
			return access.Identity{}, err
		}
	}
	o.remember(r, &who)
	id := access.Identity{Holder: link.Holder{Endpoint: who.Name}, Account: &who, Login: login.ID}
	if who.Role == account.RoleAdmin {
		id.Role = link.RoleAdmin
	}
	return id, nil
}

// sameOrigin refuses requests that change something and come from pages of other sites, by which a browser would
// send its cookie. The cookie's SameSite and the types of bodies, which forms cannot send, say the same again.
func (o *office) sameOrigin(r *http.Request) error {
	if err := o.origins.Check(r); err != nil {
		return fault.New(protocol.CodeBadOrigin, err.Error())
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.ContentLength != 0 {
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded":
			return fault.New(protocol.CodeBadOrigin, "a body of this type can come from any page")
		}
	}
	return nil
}

// units returns the organisation map in force.
func (o *office) units(ctx context.Context) (*roster.Tree, error) {
	version, err := o.api.record.RosterVersion(ctx)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tree != nil && o.version == version {
		return o.tree, nil
	}
	all, err := o.api.record.Units(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(protocol.CodeNotFound, "no roster was imported yet (diemcau roster import)")
	}
	tree, err := roster.New(all)
	if err != nil {
		return nil, fmt.Errorf("the roster of the record: %w", err)
	}
	o.tree, o.version = tree, version
	return tree, nil
}

// refused names the errors of store and account that a caller can act on.
func refused(err error) error {
	var problem account.ProblemError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem):
		return fault.New(protocol.CodeBadAccount, string(problem.Problem))
	case errors.Is(err, store.ErrNotFound):
		return fault.New(protocol.CodeNotFound, err.Error())
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict):
		return fault.New(protocol.CodeConflict, err.Error())
	}
	return err
}
