package signaling_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// A message that the program stumbles over ends its own socket; it is logged, counted, and others go on.
func TestPanicOfAReaderEndsItsSocket(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Srv.UpsetReaders(protocol.Mute{}.MessageType())
	c1, c2 := b.Enter("C1"), b.Enter("C2")
	if err := c1.Send(protocol.Mute{Muted: true}); err != nil {
		t.Fatal(err)
	}
	c1.Closed(websocket.CloseInternalServerErr)
	c2.Ask(protocol.RaiseHand{})
	b.Enter("C1")
	told(t, b)
}

// So does one that writes.
func TestPanicOfAWriterEndsItsSocket(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.Media.Mu.Lock()
	b.Media.Upset = "C1"
	b.Media.Mu.Unlock()
	c2, c1 := b.Enter("C2"), b.Enter("C1")
	select {
	case <-c1.Done():
	case <-time.After(servertest.Patience):
		t.Fatal("its socket goes on")
	}
	told(t, b)
	c2.Ask(protocol.Headcount{Headcount: 2})
}

// A turn of a coordinator that panics stops that session, not the server: what memory holds may be wrong, so nothing
// goes on from it. The record is whole, and a restart goes on from there.
func TestPanicOfACoordinatorStopsItsSession(t *testing.T) {
	b := servertest.NewBed(t, "")
	first, second := b.Links, servertest.Links{}
	c1 := b.Enter("C1")
	c1.Ask(protocol.Headcount{Headcount: 3})
	b.Admin("POST", "/api/v1/sessions", `{"title":"Other","units":"D582/*","start":"now","countdown_s":0}`, &second)
	b.Links = second
	other := b.Enter("C1")
	if err := b.Srv.Upset(t.Context(), first.ID); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("who asked is told: %v", err)
	}
	c1.Closed(protocol.CloseBroken)
	other.Ask(protocol.RaiseHand{})
	b.Links = first
	if status, body := b.Request("PUT", "/api/v1/me/headcount", servertest.Token(first.Of("C1")), `{"headcount":4}`); status == http.StatusNoContent {
		t.Errorf("the session goes on from what memory holds: %d %s", status, body)
	}
	told(t, b)
	b.Restart(false)
	b.Enter("C1").Ask(protocol.Headcount{Headcount: 5})
	var counts []int
	for e, err := range b.Record.Entries(t.Context(), first.ID, 1) {
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
func told(t *testing.T, b *servertest.Bed) {
	t.Helper()
	resp := servertest.Get(t, b, "/metrics", "")
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "diemcau_panics_total 1\n") {
		t.Error("the fault is not counted")
	}
	b.LogMu.Lock()
	defer b.LogMu.Unlock()
	if log := b.LogText.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "goroutine ") {
		t.Errorf("the log has no stack: %s", log)
	}
}
