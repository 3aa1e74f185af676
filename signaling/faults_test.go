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
	"github.com/diemcau/diemcau/signaling/client"
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

// A session whose coordinator panics in its turn starts over from its ledger, without a restart of the server: its pages
// come back by themselves, nothing that was recorded is lost, and the others notice nothing.
func TestPanicOfACoordinatorStartsItsSessionOver(t *testing.T) {
	b := servertest.NewBed(t, "")
	first, second := b.Links, servertest.Links{}
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	c1.Ask(protocol.Headcount{Headcount: 3})
	c1.Ask(protocol.RaiseHand{})
	host.Ask(protocol.Grant{Endpoint: "C1", Slot: string(meeting.SlotFloor)})
	servertest.Await(t, "C1 is on the stage", func() bool { return b.Media.Feed(meeting.SlotFloor).Endpoint == "C1" })
	b.Admin("POST", "/api/v1/sessions", `{"title":"Other","units":"D582/*","start":"now","countdown_s":0}`, &second)
	b.Links = second
	other := b.Enter("C1")
	b.Links = first
	if err := b.Srv.Upset(t.Context(), first.ID); err == nil || !strings.Contains(err.Error(), "unrecorded") {
		t.Errorf("who asked is told: %v", err)
	}
	c1.Closed(protocol.CloseRestart)
	host.Closed(protocol.CloseRestart)
	other.Ask(protocol.RaiseHand{})
	told(t, b)
	again := b.Enter("C1")
	again.Ask(protocol.Headcount{Headcount: 5})
	b.Enter(meeting.HostCode).SeesRow("C1", "on-floor")
	if fed := b.Media.Feed(meeting.SlotFloor); fed.Audio {
		t.Errorf("who spoke comes back unmuted: %v", fed)
	}
	servertest.Await(t, "readyz is ready", func() bool { code, _ := ready(b); return code == http.StatusOK })
	var counts []int
	lost := 0
	for _, e := range b.Entries(first.ID) {
		ev, err := e.Event()
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *meeting.HeadcountDeclared:
			counts = append(counts, ev.Headcount)
		case *meeting.Lost:
			lost++
		}
	}
	if fmt.Sprint(counts) != "[3 5]" || lost != 2 {
		t.Errorf("on record: %v, %d lost", counts, lost)
	}
	whole(b)
}

// What makes a session panic again and again stops it in the end, so that it does not spin. A restart tries it again.
func TestPoisonedSessionIsStopped(t *testing.T) {
	for what, poison := range map[string]func(b *servertest.Bed){
		"a turn": func(b *servertest.Bed) {
			for range 6 {
				_ = b.Srv.Upset(t.Context(), b.Links.ID)
			}
		},
		"its ledger": func(b *servertest.Bed) {
			id := b.Links.ID
			b.Record.Upset.Store(&id)
			_ = b.Srv.Upset(t.Context(), id)
		},
	} {
		t.Run(what, func(t *testing.T) {
			b := servertest.NewBed(t, "")
			b.T = t
			b.Enter("C1").Ask(protocol.Headcount{Headcount: 3})
			poison(b)
			servertest.Await(t, "it is stopped", func() bool {
				_, err := b.TryEnter("C1", client.Options{})
				return servertest.CloseCode(err) == protocol.CloseBroken && strings.Contains(err.Error(), "broken")
			})
			if n := panics(t, b); n != 6 {
				t.Errorf("it panicked %d times", n)
			}
			b.Record.Upset.Store(nil)
			b.Restart(false)
			b.Enter("C1").Ask(protocol.Headcount{Headcount: 4})
			whole(b)
		})
	}
}

// A ledger that makes its reader panic keeps neither the server from starting nor the others from meeting.
func TestPoisonedLedgerAtTheStart(t *testing.T) {
	b := servertest.NewBed(t, "")
	var poisoned servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"Other","units":"D582/*","start":"now","countdown_s":0}`, &poisoned)
	b.Record.Upset.Store(&poisoned.ID)
	b.Restart(false)
	if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(poisoned.Of("C1")),
		client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken {
		t.Errorf("entering it: %v", err)
	}
	b.Enter("C1").Ask(protocol.RaiseHand{})
	var list struct {
		Sessions []struct {
			ID     string
			Broken bool
		}
	}
	b.Admin("GET", "/api/v1/sessions", "", &list)
	for _, s := range list.Sessions {
		if s.Broken != (s.ID == poisoned.ID) {
			t.Errorf("in the list: %+v", s)
		}
	}
	if len(list.Sessions) != 2 {
		t.Errorf("listed: %+v", list.Sessions)
	}
}

// panics is how many faults were counted.
func panics(t *testing.T, b *servertest.Bed) (n int) {
	t.Helper()
	resp := servertest.Get(t, b, "/metrics", "")
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, ok := strings.Cut(string(text), "\ndiemcau_panics_total "); ok {
		_, _ = fmt.Sscan(rest, &n)
	}
	return n
}

// told checks that one fault is in the log, with its stack, and counted.
func told(t *testing.T, b *servertest.Bed) {
	t.Helper()
	if panics(t, b) != 1 {
		t.Error("the fault is not counted")
	}
	b.LogMu.Lock()
	defer b.LogMu.Unlock()
	if log := b.LogText.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "goroutine ") {
		t.Errorf("the log has no stack: %s", log)
	}
}
