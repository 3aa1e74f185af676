package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/store"
	"golang.org/x/oauth2"
)

// OIDCConfig is an identity provider (OpenID Connect Core 1.0) by which people of the office may log in instead of
// by a password. Its zero value is none. Who logs in must have an account here, whose name is the Claim.
type OIDCConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Claim        string // email (which the provider must have verified), preferred_username or sub
}

const (
	oidcCookie  = "diemcau_oidc"
	oidcWithin  = 10 * time.Minute // to log in at the provider
	oidcTimeout = 10 * time.Second // of a request to the provider
)

// identityProvider is the provider; it is asked for its addresses when it is first needed, so that a server starts
// without it.
type identityProvider struct {
	cfg    OIDCConfig
	base   string // public URL of this server
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

func newIdentityProvider(cfg OIDCConfig, publicURL string) *identityProvider {
	if cfg.Issuer == "" {
		return nil
	}
	return &identityProvider{cfg: cfg, base: publicURL, client: &http.Client{Timeout: oidcTimeout}}
}

func (p *identityProvider) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil {
		// The provider's keys are fetched again long after this request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fmt.Errorf("identity provider: %w", err)
		}
		p.provider = found
	}
	return p.provider, oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: p.provider.Endpoint(),
		RedirectURL: p.base + "/oidc/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, nil
}

// serveOIDCLogin sends a browser to the provider (authorization code flow with PKCE, RFC 7636). What the answer is
// compared with stays in the browser's cookie.
func (o *office) serveOIDCLogin(w http.ResponseWriter, r *http.Request) {
	if o.provider == nil {
		http.NotFound(w, r)
		return
	}
	_, config, err := o.provider.discover(r.Context())
	if err != nil {
		o.refuseOIDC(w, r, err)
		return
	}
	state, nonce, verifier := account.NewSecret(), account.NewSecret(), oauth2.GenerateVerifier()
	http.SetCookie(w, o.oidcCookie(strings.Join([]string{state, nonce, verifier}, "."), int(oidcWithin/time.Second)))
	http.Redirect(w, r, config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusFound)
}

// oidcCookie comes back with the redirect from the provider, which SameSite=Strict would not.
func (o *office) oidcCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: o.cookieName(oidcCookie), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: reachedByTLS(o.api.publicURL),
	}
}

// serveOIDCCallback takes a browser back from the provider and logs its person in.
func (o *office) serveOIDCCallback(w http.ResponseWriter, r *http.Request) {
	if o.provider == nil {
		http.NotFound(w, r)
		return
	}
	name, err := o.oidcName(r)
	http.SetCookie(w, o.oidcCookie("", -1))
	var who account.Account
	if err == nil {
		if who, err = o.api.record.Account(r.Context(), name); err == nil && who.Disabled {
			err = errors.New("the account is disabled")
		}
	}
	if err == nil {
		err = o.letIn(w, r, &who)
	}
	if err != nil {
		o.refuseOIDC(w, r, err)
		return
	}
	http.Redirect(w, r, "/office", http.StatusSeeOther)
}

func (o *office) refuseOIDC(w http.ResponseWriter, r *http.Request, err error) {
	level := o.api.log.Warn
	if errors.Is(err, store.ErrNotFound) {
		level = o.api.log.Info
	}
	level("a login by the identity provider was refused", "from", httpguard.Client(r), "err", err)
	http.Redirect(w, r, "/office?refused", http.StatusSeeOther)
}

// oidcName returns the account name that the provider vouches for.
func (o *office) oidcName(r *http.Request) (string, error) {
	cookie, err := r.Cookie(o.cookieName(oidcCookie))
	if err != nil {
		return "", err
	}
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(r.URL.Query().Get("state"))) != 1 {
		return "", errors.New("state is not what was sent")
	}
	if fault := r.URL.Query().Get("error"); fault != "" {
		return "", fmt.Errorf("the provider answers %.100q", fault)
	}
	provider, config, err := o.provider.discover(r.Context())
	if err != nil {
		return "", err
	}
	ctx := oidc.ClientContext(r.Context(), o.provider.client)
	token, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(parts[2]))
	if err != nil {
		return "", fmt.Errorf("exchange of the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", errors.New("no ID token")
	}
	idToken, err := provider.Verifier(&oidc.Config{ClientID: o.provider.cfg.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(parts[1])) != 1 {
		return "", errors.New("nonce is not what was sent")
	}
	claims := map[string]any{}
	if err := idToken.Claims(&claims); err != nil {
		return "", err
	}
	claim := o.provider.cfg.Claim
	if lacks(claims, claim) {
		info, err := provider.UserInfo(ctx, config.TokenSource(ctx, token))
		if err != nil {
			return "", fmt.Errorf("user info: %w", err)
		}
		if info.Subject != idToken.Subject { // OpenID Connect Core 1.0, 5.3.2
			return "", errors.New("the user info is another's")
		}
		if err := info.Claims(&claims); err != nil {
			return "", err
		}
	}
	return accountName(claims, claim)
}

// accountName is the name of the account that claims tell.
func accountName(claims map[string]any, claim string) (string, error) {
	if claim == "email" && !isTrue(claims["email_verified"]) {
		if _, there := claims["email_verified"]; !there {
			return "", errors.New("the provider does not say whether it has verified the address (email_verified); see --oidc-claim in docs/operations.md")
		}
		return "", errors.New("the provider has not verified the address")
	}
	name, _ := claims[claim].(string)
	if name == "" || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("the provider gives no %s", claim)
	}
	return account.CleanName(name), nil
}

// lacks reports whether claims do not tell the name of an account, or whether an address was verified; then the user
// info is asked.
func lacks(claims map[string]any, claim string) bool {
	_, there := claims[claim]
	if claim == "email" && there {
		_, there = claims["email_verified"]
	}
	return !there
}

// isTrue reads a claim that is a boolean (OpenID Connect Core 1.0, 5.1), which some providers write as a string.
func isTrue(claim any) bool { return claim == true || claim == "true" }
