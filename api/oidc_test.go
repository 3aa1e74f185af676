package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

const directoryUsers = `{
"1": {"ID": "1", "Username": "an", "Password": "verysecure", "Email": "an@example.vn", "EmailVerified": true},
"2": {"ID": "2", "Username": "binh", "Password": "verysecure", "Email": "binh@example.vn"}}`

// directory is a running identity provider that knows two people; it has verified the address of the first alone.
// What it says of them passes through rewrite.
func directory(t *testing.T, redirect string, rewrite func(userInfo string) string) (issuer string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	issuer = "http://" + strings.Replace(srv.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	users := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(users, []byte(directoryUsers), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := storage.StoreFromFile(users)
	if err != nil {
		t.Fatal(err)
	}
	client := storage.WebClient("diemcau", "a secret", redirect)
	store := storage.NewStorageWithClients(known, map[string]*storage.Client{"diemcau": client})
	op := exampleop.SetupServer(issuer, store, slog.New(slog.DiscardHandler), false)
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rewrite == nil || r.URL.Path != "/userinfo" {
			op.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		op.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		io.WriteString(w, rewrite(answer.Body.String()))
	})
	srv.Start()
	t.Cleanup(srv.Close)
	return issuer
}

// withDirectory makes the bed's server one that knows an identity provider.
func withDirectory(b *servertest.Bed, claim, secret string) {
	b.Helper()
	b.HTTP.Close()
	b.Srv.Close()
	b.HTTP = httptest.NewUnstartedServer(nil)
	base := "http://" + b.HTTP.Listener.Addr().String()
	live, web := b.Configs(base)
	web.Pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page "+r.URL.RequestURI()) })
	web.OIDC = api.OIDCConfig{Issuer: directory(b.T, base+"/oidc/callback", b.Rewrite), ClientID: "diemcau", ClientSecret: secret, Claim: claim}
	b.Srv, b.API, b.Guard, b.Tokens = servertest.Wire(b.T, b.Keys, live, web)
	b.HTTP.Config.Handler = b.API.Handler()
	b.HTTP.Start()
	if err := b.Srv.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	srv, front := b.Srv, b.HTTP
	b.Cleanup(func() { srv.Close(); front.Close() })
}

// signIn goes the way of a person to the provider, logs in there and comes back; it returns what page is shown at the end.
func signIn(p *servertest.Browser, user string) string {
	p.Helper()
	visit := func(r *http.Request) (string, *url.URL) {
		resp, err := p.Client.Do(r)
		if err != nil {
			p.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			p.Fatal(err)
		}
		return string(text), resp.Request.URL
	}
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.HTTP.URL+"/oidc/login", nil)
	if err != nil {
		p.Fatal(err)
	}
	form, at := visit(r)
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(form)
	if id == nil {
		return form // refused before the provider's page
	}
	r, err = http.NewRequestWithContext(p.Context(), http.MethodPost, at.ResolveReference(&url.URL{Path: "/login/username"}).String(),
		strings.NewReader(url.Values{"id": {id[1]}, "username": {user}, "password": {"verysecure"}}.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	text, _ := visit(r)
	return text
}

func TestIdentityProvider(t *testing.T) {
	for _, tc := range []struct {
		name, claim, secret, account, user string
		status                             int // of GET /account afterwards
	}{
		{"a verified address", "email", "a secret", "an@example.vn", "an", 200},
		{"an address that is not verified", "email", "a secret", "binh@example.vn", "binh", 401},
		{"by user name", "preferred_username", "a secret", "binh", "binh", 200},
		{"without an account here", "email", "a secret", "somebody@example.vn", "an", 401},
		{"with a wrong client secret", "email", "another secret", "an@example.vn", "an", 401},
		{"a claim that is not there", "employee", "a secret", "an@example.vn", "an", 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := servertest.NewBed(t, "")
			withDirectory(b, tc.claim, tc.secret)
			b.Admin("POST", "/api/v1/accounts", `{"name":"`+tc.account+`","role":"host"}`, nil)
			p := b.Browser()
			page := signIn(p, tc.user)
			status, body := p.Ask("GET", "/api/v1/account", "")
			if status != tc.status || (status == 200) != strings.Contains(body, tc.account) || (status == 401) != (page == "page /office?refused") {
				t.Errorf("%d %s, page %q, log %s", status, body, page, b.LogText)
			}
			if strings.Contains(b.LogText.String(), "id_token") {
				t.Error("a token stands in the log")
			}
		})
	}
}

// Some providers write booleans as strings.
func TestVerifiedAsAString(t *testing.T) {
	for word, want := range map[string]int{`"true"`: 200, `"false"`: 401, `1`: 401, `null`: 401} {
		b := servertest.NewBed(t, "")
		b.Rewrite = func(body string) string {
			return strings.ReplaceAll(body, `"email_verified":true`, `"email_verified":`+word)
		}
		withDirectory(b, "email", "a secret")
		b.Admin("POST", "/api/v1/accounts", `{"name":"an@example.vn","role":"host"}`, nil)
		p := b.Browser()
		signIn(p, "an")
		if status, body := p.Ask("GET", "/api/v1/account", ""); status != want {
			t.Errorf("email_verified %s: %d %s, want %d; log %s", word, status, body, want, b.LogText)
		}
	}
}

func TestIdentityProviderRefusesStrangeAnswers(t *testing.T) {
	b := servertest.NewBed(t, "")
	withDirectory(b, "email", "a secret")
	b.Admin("POST", "/api/v1/accounts", `{"name":"an@example.vn","role":"host","disabled":true}`, nil)
	p := b.Browser()
	if page := signIn(p, "an"); page != "page /office?refused" {
		t.Errorf("a disabled account: %q", page)
	}
	for name, path := range map[string]string{
		"without a beginning": "/oidc/callback?state=x&code=y",
		"an error":            "/oidc/callback?error=access_denied",
	} {
		if _, page := p.Ask("GET", path, ""); page != "page /office?refused" {
			t.Errorf("%s: %q", name, page)
		}
	}
	// A code of another login does not fit this browser's state.
	p.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.Ask("GET", "/oidc/login", "")
	p.Client.CheckRedirect = nil
	if _, page := p.Ask("GET", "/oidc/callback?state=forged&code=stolen", ""); page != "page /office?refused" {
		t.Errorf("a forged state: %q", page)
	}
	if _, ways := p.Ask("GET", "/api/v1/login", ""); !strings.Contains(ways, `"oidc":true`) {
		t.Errorf("the page is told %s", ways)
	}
	plain := servertest.NewBed(t, "")
	if status, _ := plain.Browser().Ask("GET", "/oidc/login", ""); status != 404 {
		t.Errorf("without a provider: %d", status)
	}
}
