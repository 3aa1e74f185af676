package signaling_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

func p0() time.Time { return time.Now().UTC() }

func refusal(err error) *client.RequestError {
	var end *client.CloseError
	if errors.As(err, &end) && end.Refusal != nil {
		return end.Refusal
	}
	return &client.RequestError{}
}

// Every bad input has its code, and others notice nothing.
func TestBadInput(t *testing.T) {
	b := servertest.NewBed(t, "")
	witness := b.Enter(meeting.HostCode)
	hello := `{"type":"hello","version":1,"token":"` + servertest.Token(b.Links.Of("C1")) + `"}`
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
			ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.HTTP.URL, "http")+"/ws", nil)
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
			servertest.Await(t, "C1 is free again", func() bool {
				_, body := b.Request("GET", "/api/v1/sessions/"+b.Links.ID, servertest.Token(b.Links.Links.Host), "")
				return strings.Contains(body, `"present":0`)
			})
		})
	}
	t.Run("binary frame", func(t *testing.T) {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(b.HTTP.URL, "http")+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte(hello))
		if last, code := readAll(ws); code != protocol.CloseBadMessage || last.Code != "bad_message" {
			t.Errorf("got %q and close code %d", last.Code, code)
		}
	})
	witness.Ask(protocol.Start{})
	if len(witness.Errors) > 0 {
		t.Errorf("the witness was told of %v", witness.Errors)
	}
}

// readAll reads to the end and returns the last error message and the close code.
func readAll(ws *websocket.Conn) (last protocol.Error, code int) {
	_ = ws.SetReadDeadline(time.Now().Add(servertest.Patience))
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

func TestOrigin(t *testing.T) {
	b := servertest.NewBed(t, "")
	for origin, admitted := range map[string]bool{
		b.HTTP.URL: true, strings.ToUpper(b.HTTP.URL): true, "https://evil.example": false, "null": false, "http://127.0.0.1:1": false,
	} {
		c, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(b.Links.Of("C1")),
			client.Options{Header: http.Header{"Origin": {origin}}})
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
	b := servertest.NewBed(t, `{"title":"x","units":"C1","start":"`+start.Format(time.RFC3339)+`"}`)
	_, err := b.TryEnter("C1", client.Options{})
	want := start.Add(-time.Duration(meeting.DefaultRules().OpenBeforeS) * time.Second).UnixMilli()
	if servertest.CloseCode(err) != protocol.CloseNotOpen || refusal(err).Code != "not_open" || refusal(err).AtMs != want {
		t.Errorf("got %v at %d, want %d", err, refusal(err).AtMs, want)
	}
}

func TestRemoved(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: true})
	c1.Closed(protocol.CloseRemoved)
	if _, err := b.TryEnter("C1", client.Options{}); servertest.CloseCode(err) != protocol.CloseRemoved {
		t.Errorf("a removed site enters: %v", err)
	}
	host.Ask(protocol.Remove{Endpoint: "C1", Removed: false})
	b.Enter("C1")
}

// A page that floods is told, then dropped.
func TestFlood(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1 := b.Enter("C1")
	ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
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
	c1.Closed(protocol.CloseSlow)
	c1.See(func() {
		for _, e := range c1.Errors {
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
	b := servertest.NewBed(t, "")
	const ping = 200 * time.Millisecond
	b.Prepare = func(srv *signaling.Server) { srv.SetPingEvery(ping) }
	b.Restart(false)
	ws, _, err := websocket.DefaultDialer.Dial(servertest.SocketURL(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","version":1,"token":"`+servertest.Token(b.Links.Of("C1"))+`"}`))
	if _, code := readAll(ws); code != protocol.CloseTimeout {
		t.Errorf("closed with %d", code)
	}
	servertest.Await(t, "the loss is recorded", func() bool { l := b.Ledger(); return l[len(l)-1] == "lost C1 timeout" })
	for e, err := range b.Record.Entries(t.Context(), b.Links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if silence := e.RecordedAt.Sub(e.At); e.Kind == "lost" && silence < ping {
			t.Errorf("lost is dated %s before it was noticed, the silence was longer than a ping", silence)
		}
	}
}
