package signaling_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestAScreenOfTheCentralRoomSteersNothingAndCountsNowhere(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,C2","start":"now","guests":[{"name":"Khách","phone":"0912 345 678"}]}`)
	host, screen, c1 := b.Enter(meeting.HostCode), b.Enter(meeting.RoomCode), b.Enter("C1")
	b.Enter(meeting.Room2Code)
	host.Ask(protocol.Start{})
	host.Sees("the session live", func() bool { return host.State.Phase == "live" })
	screen.Sees("the sites", func() bool { return len(screen.Sites) == 3 })
	screen.See(func() {
		if len(screen.Phones) > 0 {
			t.Errorf("the whole room reads %v", screen.Phones)
		}
	})
	host.See(func() {
		if len(host.Phones) != 1 {
			t.Errorf("the host has %v", host.Phones)
		}
		if host.State.Present > 1 {
			t.Errorf("%d are present: the screens count", host.State.Present)
		}
	})
	// Of all messages only those about its own peers are taken.
	own := map[string]bool{"hello": true, "leave": true, "pong": true, "answer": true, "peer_failed": true, "received": true, "receive": true, "frozen": true,
		"microphone": true}
	fill := map[string]any{"Endpoint": "C1", "To": "C1", "Text": "x", "Slot": "floor"}
	for _, m := range protocol.ClientMessages() {
		if own[string(m.MessageType())] {
			continue
		}
		v := reflect.New(reflect.TypeOf(m)).Elem()
		for name, value := range fill {
			if f := v.FieldByName(name); f.IsValid() {
				f.Set(reflect.ValueOf(value))
			}
		}
		if f := v.FieldByName("Slot"); f.IsValid() && m.MessageType() == "watch" {
			f.SetString("preview")
		}
		filled, _ := v.Interface().(protocol.Message)
		if err := screen.Try(filled); err == nil {
			t.Errorf("%s is taken from a screen", m.MessageType())
		}
	}
	c1.Ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "riêng"})
	host.Sees("the message", func() bool { return len(host.Chat) == 1 })
	screen.See(func() {
		if len(screen.Chat) > 0 {
			t.Error("the whole room reads what is for the secretariat")
		}
	})
	token := servertest.Token(b.Links.Links.Room)
	for _, path := range []string{"", "/attendance.json", "/ledger.jsonl", "/acts", "/consoles"} {
		if status, _ := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+path, token, ""); status != 403 {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	if status, text := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/snapshots", token, ""); status != 200 {
		t.Errorf("the pictures of the mosaic: %d %s", status, text)
	}
	if !strings.Contains(b.Links.Links.Room, "/room#") {
		t.Errorf("its link is %s", b.Links.Links.Room)
	}
}
