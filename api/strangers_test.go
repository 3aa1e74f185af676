package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/internal/servertest"
)

func behindProxy(t *testing.T, b *servertest.Bed) {
	t.Helper()
	proxies, err := httpguard.ParseProxies([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	b.Guard.SetProxies(proxies)
}

// Sixty wrong passwords at once are not sixty tries, and shut nobody out who comes from elsewhere, even by the same name.
func TestParallelLoginsCountBeforeTheHash(t *testing.T) {
	b := servertest.NewBed(t, "")
	behindProxy(t, b)
	b.Admin("POST", "/api/v1/accounts", `{"name":"an","full_name":"An","role":"admin","password":"con meo cua toi"}`, nil)
	var mu sync.Mutex
	answers := map[int]int{}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			// One line of IPv6, many addresses.
			status, _ := b.From(fmt.Sprintf("2001:db8::%x", i+1), "POST", "/api/v1/login", `{"name":"an","password":"wrong"}`)
			mu.Lock()
			answers[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	if answers[401] > 6 || answers[401]+answers[429]+answers[503] != 60 {
		t.Errorf("answers: %v; at most 6 may be tries", answers)
	}
	if status, body := b.From("203.0.113.9", "POST", "/api/v1/login", `{"name":"an","password":"con meo cua toi"}`); status != 200 {
		t.Errorf("the right password from elsewhere: %d %s", status, body)
	}
}

func TestLineOfAnUnknownSession(t *testing.T) {
	b := servertest.NewBed(t, "")
	var made struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"test"}`, &made)
	for _, path := range []string{"/lines/C1", "/snapshots/C1", "", "/acts", "/attendance.csv", "/links"} {
		if status, body := b.Request("GET", "/api/v1/sessions/nobody-knows-it"+path, made.Token, ""); status != http.StatusNotFound {
			t.Errorf("%q: %d %s", path, status, body)
		}
	}
	if got := servertest.Get(t, b, "/readyz", ""); got.StatusCode != http.StatusOK {
		t.Errorf("readyz: %s", got.Status)
	}
}

func TestHeadersOfSecurity(t *testing.T) {
	b := servertest.NewBed(t, "")
	got := servertest.Get(t, b, "/healthz", "")
	for name, want := range map[string]string{
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
}
