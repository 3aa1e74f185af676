package signaling_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

func p0() time.Time { return time.Now().UTC() }

func closeCode(err error) int {
	var end *client.CloseError
	if errors.As(err, &end) {
		return end.Code
	}
	return 0
}

func refusal(err error) *client.RequestError {
	var end *client.CloseError
	if errors.As(err, &end) && end.Refusal != nil {
		return end.Refusal
	}
	return &client.RequestError{}
}

func get(t *testing.T, b *bed, path, token string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close(); http.DefaultClient.CloseIdleConnections() })
	return resp
}

// Every bad input has its code, and others notice nothing.
func TestBadInput(t *testing.T) {
	b := newBed(t, "")
	witness := b.enter(meeting.HostCode)
	hello := `{"type":"hello","version":1,"token":"` + token(b.links.of("C1")) + `"}`
	for name, tc := range map[string]struct {
		send  []string
		close int
		code  string
	}{
		"not JSON":               {[]string{"GET / HTTP/1.1"}, protocol.CloseBadMessage, "bad_message"},
		"unknown type":           {[]string{`{"type":"dance"}`}, protocol.CloseBadMessage, "bad_message"},
		"unknown field":          {[]string{`{"type":"hello","version":1,"admin":true}`}, protocol.CloseBadMessage, "bad_message"},
		"no hello":               {[]string{`{"type":"start"}`}, protocol.CloseBadMessage, "bad_message"},
		"other version":          {[]string{`{"type":"hello","version":99}`}, protocol.CloseVersion, "bad_version"},
		"no token":               {[]string{`{"type":"hello","version":1}`}, protocol.CloseBadToken, "bad_token"},
		"garbage token":          {[]string{`{"type":"hello","version":1,"token":"a.b.c"}`}, protocol.CloseBadToken, "bad_token"},
		"hello twice":            {[]string{hello, hello}, protocol.CloseBadMessage, "bad_message"},
		"malformed when inside":  {[]string{hello, `{"type":`}, protocol.CloseBadMessage, "bad_message"},
		"server's type":          {[]string{hello, `{"type":"welcome","version":1}`}, protocol.CloseBadMessage, "bad_message"},
		"too large":              {[]string{hello, `{"type":"leave"}` + strings.Repeat(" ", protocol.MaxMessage)}, websocket.CloseMessageTooBig, ""},
		"too large before hello": {[]string{strings.Repeat("x", protocol.MaxMessage+1)}, websocket.CloseMessageTooBig, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.http.URL, "http")+"/ws", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer ws.Close()
			for _, text := range tc.send {
				_ = ws.WriteMessage(websocket.TextMessage, []byte(text))
			}
			last, code := readAll(ws)
			if code != tc.close || last.Code != tc.code {
				t.Errorf("got %q and close code %d", last.Code, code)
			}
			await(t, "C1 is free again", func() bool {
				_, body := b.request("GET", "/api/v1/sessions/"+b.links.ID, token(b.links.Links.Host), "")
				return strings.Contains(body, `"present":0`)
			})
		})
	}
	t.Run("binary frame", func(t *testing.T) {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.http.URL, "http")+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte(hello))
		if last, code := readAll(ws); code != protocol.CloseBadMessage || last.Code != "bad_message" {
			t.Errorf("got %q and close code %d", last.Code, code)
		}
	})
	witness.ask(protocol.Start{})
	if len(witness.errors) > 0 {
		t.Errorf("the witness was told of %v", witness.errors)
	}
}

// readAll reads to the end and returns the last error message and the close code.
func readAll(ws *websocket.Conn) (last protocol.Error, code int) {
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	codec := protocol.ServerCodec()
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			var closed *websocket.CloseError
			errors.As(err, &closed)
			if closed == nil {
				return last, 0
			}
			return last, closed.Code
		}
		if _, m, err := codec.Decode(data); err == nil {
			if e, ok := m.(protocol.Error); ok {
				last = e
			}
		}
	}
}

func TestTokens(t *testing.T) {
	b := newBed(t, "")
	other := newBed(t, "")
	if _, err := client.DialToken(t.Context(), wsURL(b), token(other.links.of("C1")), client.Options{}); closeCode(err) != protocol.CloseBadToken {
		t.Errorf("a foreign link: %v", err)
	}
	c1 := b.enter("C1")
	old := b.links.of("C1")
	var fresh struct{ Link string }
	b.admin("POST", "/api/v1/sessions/"+b.links.ID+"/links/C1/reissue", "", &fresh)
	c1.closed(protocol.CloseBadToken)
	if _, err := client.Dial(t.Context(), old, client.Options{}); closeCode(err) != protocol.CloseBadToken {
		t.Errorf("a replaced link: %v", err)
	}
	again, err := client.Dial(t.Context(), fresh.Link, client.Options{})
	if err != nil {
		t.Fatalf("the new link: %v", err)
	}
	b.admin("POST", "/api/v1/sessions/"+b.links.ID+"/links/C1/revoke", "", nil)
	<-again.Done()
	if _, err := client.Dial(t.Context(), fresh.Link, client.Options{}); closeCode(err) != protocol.CloseBadToken {
		t.Errorf("a revoked link: %v", err)
	}
	// A relay or native client may put the token into the upgrade request.
	c2, err := client.DialToken(t.Context(), wsURL(b), "", client.Options{
		Header: http.Header{"Authorization": {"Bearer " + token(b.links.of("C2"))}},
	})
	if err != nil {
		t.Fatalf("token in the header: %v", err)
	}
	c2.Close()
	b.srv.Close()
	b.logMu.Lock()
	defer b.logMu.Unlock()
	for _, secret := range []string{token(old), token(fresh.Link), token(b.links.of("C2"))} {
		if strings.Contains(b.log.String(), secret) {
			t.Error("a token stands in the log")
		}
	}
}

func wsURL(b *bed) string { return "ws" + strings.TrimPrefix(b.http.URL, "http") + "/ws" }

func TestOrigin(t *testing.T) {
	b := newBed(t, "")
	for origin, admitted := range map[string]bool{
		b.http.URL: true, strings.ToUpper(b.http.URL): true, "https://evil.example": false, "null": false, "http://127.0.0.1:1": false,
	} {
		c, err := client.DialToken(t.Context(), wsURL(b), token(b.links.of("C1")), client.Options{Header: http.Header{"Origin": {origin}}})
		if (err == nil) != admitted {
			t.Errorf("origin %s: %v", origin, err)
		}
		if c != nil {
			c.Close()
		}
	}
}

func TestNotOpen(t *testing.T) {
	start := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	b := newBed(t, `{"title":"x","units":"C1","start":"`+start.Format(time.RFC3339)+`"}`)
	_, err := b.tryEnter("C1", client.Options{})
	want := start.Add(-time.Duration(meeting.DefaultRules().OpenBeforeS) * time.Second).UnixMilli()
	if closeCode(err) != protocol.CloseNotOpen || refusal(err).Code != "not_open" || refusal(err).AtMs != want {
		t.Errorf("got %v at %d, want %d", err, refusal(err).AtMs, want)
	}
}

func TestRemoved(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Remove{Endpoint: "C1", Removed: true})
	c1.closed(protocol.CloseRemoved)
	if _, err := b.tryEnter("C1", client.Options{}); closeCode(err) != protocol.CloseRemoved {
		t.Errorf("a removed site enters: %v", err)
	}
	host.ask(protocol.Remove{Endpoint: "C1", Removed: false})
	b.enter("C1")
}

// A page that floods is told, then dropped.
func TestFlood(t *testing.T) {
	b := newBed(t, "")
	c1 := b.enter("C1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	refused := 0
	for ctx.Err() == nil {
		if err := c1.Send(protocol.RaiseHand{}); err != nil {
			break
		}
		select {
		case <-c1.Done():
			cancel()
		default:
		}
	}
	c1.closed(protocol.CloseSlow)
	c1.see(func() {
		for _, e := range c1.errors {
			if e.Code == "too_many" {
				refused++
			}
		}
	})
	if refused == 0 {
		t.Error("the page was not told")
	}
}

// A page that falls silent is lost, at the last evidence of its life and not when that was noticed.
func TestSilence(t *testing.T) {
	b := newBed(t, "")
	b.ping = 200 * time.Millisecond
	b.restart(false)
	ws, _, err := websocket.DefaultDialer.Dial(wsURL(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","version":1,"token":"`+token(b.links.of("C1"))+`"}`))
	if _, code := readAll(ws); code != protocol.CloseTimeout {
		t.Errorf("closed with %d", code)
	}
	await(t, "the loss is recorded", func() bool { l := b.ledger(); return l[len(l)-1] == "lost C1 timeout" })
	for e, err := range b.record.Entries(t.Context(), b.links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if silence := e.RecordedAt.Sub(e.At); e.Kind == "lost" && silence < b.ping {
			t.Errorf("lost is dated %s before it was noticed, the silence was longer than a ping", silence)
		}
	}
}
