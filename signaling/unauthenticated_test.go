package signaling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// Silent sockets go, the oldest first, and a site comes in.
func TestSilentSocketsMakeRoom(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Unauthenticated = admission.Limits{Unauthenticated: 8, PerAddress: 4}
	b.Restart(false)
	var silent []*websocket.Conn
	for range 6 {
		ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), servertest.SocketURL(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		silent = append(silent, ws)
	}
	var reading sync.WaitGroup
	defer reading.Wait()
	ended := make(chan int, len(silent))
	for i, ws := range silent {
		defer ws.Close()
		reading.Go(func() {
			var err error
			for err == nil { // it may be told why before it is closed
				_, _, err = ws.ReadMessage()
			}
			ended <- i
		})
	}
	// A socket takes its place after its answer has left, so that neighbours may change places.
	for range 2 {
		if i := <-ended; i > 3 {
			t.Errorf("socket %d of 6 made room, one of the oldest should", i+1)
		}
	}
	for _, code := range []string{"C1", "C2", "C3"} {
		b.Enter(code)
	}
}

func TestHelloIsSmall(t *testing.T) {
	b := servertest.NewBed(t, "")
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), servertest.SocketURL(b), nil)
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
	b := servertest.NewBed(t, "")
	entered := 0
	for range 100 {
		p, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(b.Links.Of("C1")), client.Options{TakeOver: true})
		if err != nil {
			if servertest.CloseCode(err) != protocol.CloseSlow {
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
	b.Enter("C2") // others are not concerned
}

func TestPongsCount(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1, c2 := b.Enter("C1"), b.Enter("C2")
	for i := 0; i < 100_000; i++ {
		if c1.Send(protocol.Pong{}) != nil {
			break
		}
	}
	c1.Closed(protocol.CloseSlow)
	c2.Ask(protocol.RaiseHand{})
}

// The ledger takes half a megabyte of one site in a day, over socket and HTTP together.
func TestLedgerBudgetOfASeat(t *testing.T) {
	b := servertest.LooseBed(t, "")
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
		status, text := b.Request("PUT", "/api/v1/me/delegates", servertest.Token(b.Links.Of("C1")), string(body))
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
	for e, err := range b.Record.Entries(t.Context(), b.Links.ID, 1) {
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
	if c1 := b.Enter("C1"); c1.Try(protocol.RaiseHand{}) == nil {
		t.Error("the socket is a way around")
	}
	b.Enter("C2").Ask(protocol.RaiseHand{})
	b.Restart(true)
	if status, text := b.Request("PUT", "/api/v1/me/headcount", servertest.Token(b.Links.Of("C1")), `{"headcount":1}`); status != 429 {
		t.Errorf("a restart is a way around: %d %s", status, text)
	}
	b.Enter("C2").Ask(protocol.Headcount{Headcount: 2})
}

// One link's requests share a bucket, whatever way they come.
func TestSeatBucketIsShared(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1 := b.Enter("C1")
	refused := 0
	for range 300 {
		if status, _ := b.Request("GET", "/api/v1/me", servertest.Token(b.Links.Of("C1")), ""); status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("three hundred requests in a row were all answered")
	}
	if err := c1.Try(protocol.RaiseHand{}); err == nil {
		t.Error("the socket has a bucket of its own")
	}
	if status, body := b.Request("GET", "/api/v1/me", servertest.Token(b.Links.Of("C2")), ""); status != 200 {
		t.Errorf("another seat: %d %s", status, body)
	}
}
