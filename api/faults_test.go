package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
)

// Where people come by TLS, browsers are told to stay with it, and cookies are bound to this host.
func TestHeadersAndCookiesOverTLS(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.PublicURL = "https://hop.example.vn"
	b.Restart(false)
	b.Admin("POST", "/api/v1/accounts", `{"name":"an","full_name":"An","role":"admin","password":"con meo cua toi"}`, nil)
	if got := servertest.Get(t, b, "/healthz", "").Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("HSTS: %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.HTTP.URL+"/api/v1/login",
		strings.NewReader(`{"name":"an","password":"con meo cua toi"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.HTTP.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusOK || len(cookies) != 2 {
		t.Fatalf("%s, cookies %v", resp.Status, cookies)
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
			t.Errorf("cookie %v", c)
		}
	}
	c := cookies[0]
	me, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+"/api/v1/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	me.AddCookie(c)
	who, err := b.HTTP.Client().Do(me)
	if err != nil {
		t.Fatal(err)
	}
	defer who.Body.Close()
	if who.StatusCode != http.StatusOK {
		t.Errorf("with that cookie: %s", who.Status)
	}
}

// A link may begin few tests of its line in a row; another link is not concerned.
func TestLineTestsAreBounded(t *testing.T) {
	b := servertest.NewBed(t, "")
	begun := 0
	for range 20 {
		status, body := b.Request("POST", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C1")), "")
		switch status {
		case http.StatusCreated:
			begun++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("%d %s", status, body)
		}
	}
	if begun == 0 || begun > 6 {
		t.Errorf("%d line tests in a row", begun)
	}
	if status, body := b.Request("POST", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C2")), ""); status != http.StatusCreated {
		t.Errorf("another site: %d %s", status, body)
	}
}
