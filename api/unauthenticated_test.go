package api_test

import (
	"fmt"
	"net/http"
	"strings"
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

// Guesses of one name from very many addresses are bounded all together; whose name it is gets in where it has logged in
// before: by its address, and by its browser wherever that is, also after a restart.
func TestGuessesFromManyAddresses(t *testing.T) {
	b := servertest.NewBed(t, "")
	behindProxy(t, b)
	b.Admin("POST", "/api/v1/accounts", `{"name":"an","full_name":"An","role":"admin","password":"con meo cua toi"}`, nil)
	const right = `{"name":"an","password":"con meo cua toi"}`
	login := func(from, body, device string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.HTTP.URL+"/api/v1/login", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", from)
		if device != "" {
			req.AddCookie(&http.Cookie{Name: "diemcau_device", Value: device})
		}
		resp, err := b.HTTP.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for _, c := range resp.Cookies() {
			if c.Name == "diemcau_device" {
				device = c.Value
			}
		}
		return resp.StatusCode, device
	}
	attack := func() (answers map[int]int) {
		answers = map[int]int{}
		for i := range 60 {
			status, _ := login(fmt.Sprintf("198.51.%d.7", i), `{"name":"an","password":"wrong"}`, "")
			answers[status]++
		}
		return answers
	}
	status, device := login("203.0.113.9", right, "")
	if status != http.StatusOK || device == "" {
		t.Fatalf("the first login: %d", status)
	}
	if answers := attack(); answers[401] > 35 || answers[429] < 20 {
		t.Errorf("answers: %v; about 30 may be tries", answers)
	}
	if status, _ := login("203.0.113.9", right, ""); status != http.StatusOK {
		t.Errorf("from the known address: %d", status)
	}
	if status, _ := login("192.0.2.77", right, device); status != http.StatusOK {
		t.Errorf("from the known browser: %d", status)
	}
	if status, _ := login("192.0.2.78", right, ""); status != http.StatusTooManyRequests {
		t.Errorf("from elsewhere, while it goes on: %d", status)
	}
	if status, _ := login("192.0.2.79", right, device[:10]+"x"+device[11:]); status != http.StatusTooManyRequests {
		t.Errorf("with a forged cookie: %d", status)
	}
	if status, _ := login("192.0.2.80", `{"name":"binh","password":"wrong"}`, ""); status != http.StatusUnauthorized {
		t.Errorf("another name: %d", status)
	}
	b.Restart(false)
	behindProxy(t, b)
	attack()
	if status, _ := login("192.0.2.81", right, device); status != http.StatusOK {
		t.Errorf("from the known browser, after a restart: %d", status)
	}
	b.Admin("POST", "/api/v1/accounts/an/password", `{"password":"con cho cua toi"}`, nil)
	if status, _ := login("192.0.2.82", `{"name":"an","password":"con cho cua toi"}`, ""); status != http.StatusOK {
		t.Errorf("from elsewhere, by a new password: %d", status)
	}
	attack()
	if status, _ := login("192.0.2.83", `{"name":"an","password":"con cho cua toi"}`, device); status != http.StatusTooManyRequests {
		t.Errorf("with a cookie of the password before: %d", status)
	}
	if status, _ := login("203.0.113.9", `{"name":"an","password":"con cho cua toi"}`, ""); status != http.StatusTooManyRequests {
		t.Errorf("from an address known by the password before: %d", status)
	}
	status, device = login("192.0.2.82", `{"name":"an","password":"con cho cua toi"}`, "")
	if status != http.StatusOK {
		t.Fatalf("from the address known now: %d", status)
	}
	// A cookie that was stolen opens a few tries, not one for each address.
	answers := map[int]int{}
	for i := range 20 {
		status, _ := login(fmt.Sprintf("198.51.%d.8", i), `{"name":"an","password":"wrong"}`, device)
		answers[status]++
	}
	if answers[429] == 0 || answers[401] < 5 {
		t.Errorf("tries by one cookie: %v", answers)
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
