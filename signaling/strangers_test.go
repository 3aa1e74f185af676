package signaling_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// from sends a request as a proxy of this machine does for a client.
func (b *bed) from(client, method, path, body string) (int, string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.http.URL+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", client)
	resp, err := b.http.Client().Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func behindProxy(t *testing.T, b *bed) {
	t.Helper()
	proxies, err := httpguard.ParseProxies([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	b.guard.SetProxies(proxies)
}

// Sixty wrong passwords at once are not sixty tries, and shut nobody out who comes from elsewhere, even by the same name.
func TestParallelLoginsCountBeforeTheHash(t *testing.T) {
	b := newBed(t, "")
	behindProxy(t, b)
	b.admin("POST", "/api/v1/accounts", `{"name":"an","full_name":"An","role":"admin","password":"con meo cua toi"}`, nil)
	var mu sync.Mutex
	answers := map[int]int{}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			// One line of IPv6, many addresses.
			status, _ := b.from(fmt.Sprintf("2001:db8::%x", i+1), "POST", "/api/v1/login", `{"name":"an","password":"wrong"}`)
			mu.Lock()
			answers[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	if answers[401] > 6 || answers[401]+answers[429]+answers[503] != 60 {
		t.Errorf("answers: %v; at most 6 may be tries", answers)
	}
	if status, body := b.from("203.0.113.9", "POST", "/api/v1/login", `{"name":"an","password":"con meo cua toi"}`); status != 200 {
		t.Errorf("the right password from elsewhere: %d %s", status, body)
	}
}

// Whoever has a right code comes in, whatever others behind the same address have typed.
func TestRightCodeIsNeverRefused(t *testing.T) {
	b := newBed(t, "")
	var sheet struct {
		Sites []struct {
			Code string `json:"code"`
			Link string `json:"link"`
		} `json:"sites"`
	}
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/sheet", "", &sheet)
	refused := 0
	for range 60 {
		status, _ := b.from("192.0.2.1", "POST", "/api/v1/join", `{"code":"AAAA-AAAA-AAAA-AAAA"}`)
		if status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("sixty wrong codes and no wait")
	}
	link := sheet.Sites[0].Link
	for i := range 3 {
		code := link[strings.LastIndexAny(link, "/#")+1:]
		if status, body := b.from("192.0.2.1", "POST", "/api/v1/join", `{"code":"`+code+`"}`); status != 200 {
			t.Fatalf("the right code, time %d: %d %s", i, status, body)
		}
	}
}

// Silent sockets go, the oldest first, and a site comes in.
func TestSilentSocketsMakeRoom(t *testing.T) {
	b := newBed(t, "")
	b.strangers = admission.Limits{Unauthenticated: 8, PerAddress: 4}
	b.restart(false)
	var silent []*websocket.Conn
	for range 6 {
		ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), wsURL(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		defer ws.Close()
		silent = append(silent, ws)
	}
	for _, ws := range silent[:2] {
		_ = ws.SetReadDeadline(time.Now().Add(5 * time.Second)) // less than a hello may take
		var err error
		for err == nil { // it may be told why before it is closed
			_, _, err = ws.ReadMessage()
		}
		if strings.Contains(err.Error(), "timeout") {
			t.Errorf("one of the oldest is still open: %v", err)
		}
	}
	for _, code := range []string{"C1", "C2", "C3"} {
		b.enter(code)
	}
}

func TestHelloIsSmall(t *testing.T) {
	b := newBed(t, "")
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), wsURL(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer ws.Close()
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","version":1,"token":"`+strings.Repeat("x", 65<<10)+`"}`))
	if _, code := readAll(ws); code != websocket.CloseMessageTooBig && code != websocket.CloseAbnormalClosure {
		t.Errorf("closed with %d", code)
	}
}

// One link may not enter again and again: each time is recorded, told and opens peer connections.
func TestTakeOversAreBounded(t *testing.T) {
	b := newBed(t, "")
	entered := 0
	for range 100 {
		p, err := client.DialToken(t.Context(), wsURL(b), token(b.links.of("C1")), client.Options{TakeOver: true})
		if err != nil {
			if closeCode(err) != protocol.CloseSlow {
				t.Fatal(err)
			}
			break
		}
		entered++
		p.Close()
	}
	if entered < 5 || entered > 50 {
		t.Errorf("one link entered %d times in a row", entered)
	}
	b.enter("C2") // others are not concerned
}

func TestPongsCount(t *testing.T) {
	b := newBed(t, "")
	c1, c2 := b.enter("C1"), b.enter("C2")
	for i := 0; i < 100_000; i++ {
		if c1.Send(protocol.Pong{}) != nil {
			break
		}
	}
	c1.closed(protocol.CloseSlow)
	c2.ask(protocol.RaiseHand{})
}

// The ledger takes half a megabyte of one site in a day, over socket and HTTP together.
func TestLedgerBudgetOfASeat(t *testing.T) {
	b := looseBed(t, "")
	var room []meeting.Delegate
	for i := range 50 {
		room = append(room, meeting.Delegate{Name: fmt.Sprint(i, strings.Repeat("ơ", 90)), Title: strings.Repeat("ư", 90)})
	}
	refused := 0
	for i := range 200 {
		room[0].Name = fmt.Sprint("lần ", i)
		body, err := json.Marshal(map[string]any{"delegates": room})
		if err != nil {
			t.Fatal(err)
		}
		status, text := b.request("PUT", "/api/v1/me/delegates", token(b.links.of("C1")), string(body))
		switch {
		case status == 429 && strings.Contains(text, "too_many"):
			refused++
		case status != 204:
			t.Fatalf("%d %s", status, text)
		}
	}
	if refused == 0 {
		t.Error("everything was written")
	}
	bytes := 0
	for e, err := range b.record.Entries(t.Context(), b.links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if e.By == "C1" {
			bytes += len(e.Data)
			if e.Personal != nil {
				bytes += len(e.Personal.Value)
			}
		}
	}
	if bytes > 600<<10 {
		t.Errorf("one site wrote %d bytes", bytes)
	}
	if c1 := b.enter("C1"); c1.try(protocol.RaiseHand{}) == nil {
		t.Error("the socket is a way around")
	}
	b.enter("C2").ask(protocol.RaiseHand{})
	b.restart(true)
	if status, text := b.request("PUT", "/api/v1/me/headcount", token(b.links.of("C1")), `{"headcount":1}`); status != 429 {
		t.Errorf("a restart is a way around: %d %s", status, text)
	}
	b.enter("C2").ask(protocol.Headcount{Headcount: 2})
}

// One link's requests share a bucket, whatever way they come.
func TestSeatBucketIsShared(t *testing.T) {
	b := newBed(t, "")
	c1 := b.enter("C1")
	refused := 0
	for range 300 {
		if status, _ := b.request("GET", "/api/v1/me", token(b.links.of("C1")), ""); status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("three hundred requests in a row were all answered")
	}
	if err := c1.try(protocol.RaiseHand{}); err == nil {
		t.Error("the socket has a bucket of its own")
	}
	if status, body := b.request("GET", "/api/v1/me", token(b.links.of("C2")), ""); status != 200 {
		t.Errorf("another seat: %d %s", status, body)
	}
}

func TestLineOfAnUnknownSession(t *testing.T) {
	b := newBed(t, "")
	var made struct{ Token string }
	b.admin("POST", "/api/v1/tokens", `{"name":"test"}`, &made)
	for _, path := range []string{"/lines/C1", "/snapshots/C1", "", "/acts", "/attendance.csv", "/links"} {
		if status, body := b.request("GET", "/api/v1/sessions/nobody-knows-it"+path, made.Token, ""); status != http.StatusNotFound {
			t.Errorf("%q: %d %s", path, status, body)
		}
	}
	if got := get(t, b, "/readyz", ""); got.StatusCode != http.StatusOK {
		t.Errorf("readyz: %s", got.Status)
	}
}

func TestHeadersOfSecurity(t *testing.T) {
	b := newBed(t, "")
	got := get(t, b, "/healthz", "")
	for name, want := range map[string]string{
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
}
