package signaling_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// A message that the program stumbles over ends its own socket; it is logged, counted, and others go on.
func TestPanicOfAReaderEndsItsSocket(t *testing.T) {
	b := newBed(t, "")
	b.srv.UpsetReaders(protocol.Mute{}.MessageType())
	c1, c2 := b.enter("C1"), b.enter("C2")
	if err := c1.Send(protocol.Mute{Muted: true}); err != nil {
		t.Fatal(err)
	}
	c1.closed(websocket.CloseInternalServerErr)
	c2.ask(protocol.RaiseHand{})
	b.enter("C1")
	told(t, b)
}

// So does one that writes.
func TestPanicOfAWriterEndsItsSocket(t *testing.T) {
	b := newBed(t, "")
	b.media.mu.Lock()
	b.media.upset = "C1"
	b.media.mu.Unlock()
	c2, c1 := b.enter("C2"), b.enter("C1")
	select {
	case <-c1.Done():
	case <-time.After(patience):
		t.Fatal("its socket goes on")
	}
	told(t, b)
	c2.ask(protocol.Headcount{Headcount: 2})
}

// A turn of a coordinator that panics stops that session, not the server: what memory holds may be wrong, so nothing
// goes on from it. The record is whole, and a restart goes on from there.
func TestPanicOfACoordinatorStopsItsSession(t *testing.T) {
	b := newBed(t, "")
	first, second := b.links, links{}
	c1 := b.enter("C1")
	c1.ask(protocol.Headcount{Headcount: 3})
	b.admin("POST", "/api/v1/sessions", `{"title":"Other","units":"D582/*","start":"now","countdown_s":0}`, &second)
	b.links = second
	other := b.enter("C1")
	if err := b.srv.Upset(t.Context(), first.ID); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("who asked is told: %v", err)
	}
	c1.closed(protocol.CloseBroken)
	other.ask(protocol.RaiseHand{})
	b.links = first
	if status, body := b.request("PUT", "/api/v1/me/headcount", token(first.of("C1")), `{"headcount":4}`); status == http.StatusNoContent {
		t.Errorf("the session goes on from what memory holds: %d %s", status, body)
	}
	told(t, b)
	b.restart(false)
	b.enter("C1").ask(protocol.Headcount{Headcount: 5})
	var counts []int
	for e, err := range b.record.Entries(t.Context(), first.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		ev, err := e.Event()
		if err != nil {
			t.Fatal(err)
		}
		if declared, ok := ev.(*meeting.HeadcountDeclared); ok {
			counts = append(counts, declared.Headcount)
		}
	}
	if fmt.Sprint(counts) != "[3 5]" {
		t.Errorf("on record: %v", counts)
	}
}

// told checks that one fault is in the log, with its stack, and counted.
func told(t *testing.T, b *bed) {
	t.Helper()
	resp := get(t, b, "/metrics", "")
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "diemcau_panics_total 1\n") {
		t.Error("the fault is not counted")
	}
	b.logMu.Lock()
	defer b.logMu.Unlock()
	if log := b.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "goroutine ") {
		t.Errorf("the log has no stack: %s", log)
	}
}

// Where people come by TLS, browsers are told to stay with it, and cookies are bound to this host.
func TestHeadersAndCookiesOverTLS(t *testing.T) {
	b := newBed(t, "")
	b.publicURL = "https://hop.example.vn"
	b.restart(false)
	b.admin("POST", "/api/v1/accounts", `{"name":"an","full_name":"An","role":"admin","password":"con meo cua toi"}`, nil)
	if got := get(t, b, "/healthz", "").Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("HSTS: %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/api/v1/login",
		strings.NewReader(`{"name":"an","password":"con meo cua toi"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.http.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("%s, cookies %v", resp.Status, cookies)
	}
	c := cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %v", c)
	}
	me, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/api/v1/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	me.AddCookie(c)
	who, err := b.http.Client().Do(me)
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
	b := newBed(t, "")
	begun := 0
	for range 20 {
		status, body := b.request("POST", "/api/v1/rehearsal/line", token(b.links.of("C1")), "")
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
	if status, body := b.request("POST", "/api/v1/rehearsal/line", token(b.links.of("C2")), ""); status != http.StatusCreated {
		t.Errorf("another site: %d %s", status, body)
	}
}
