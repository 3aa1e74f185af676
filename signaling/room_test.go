package signaling_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestAScreenOfTheCentralRoomSteersNothingAndCountsNowhere(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"C1,C2","start":"now","guests":[{"name":"Khách","phone":"0912 345 678"}]}`)
	host, screen, c1 := b.enter(meeting.HostCode), b.enter(meeting.RoomCode), b.enter("C1")
	b.enter(meeting.Room2Code)
	host.ask(protocol.Start{})
	host.sees("the session live", func() bool { return host.state.Phase == "live" })
	screen.sees("the sites", func() bool { return len(screen.sites) == 3 })
	screen.see(func() {
		if len(screen.phones) > 0 {
			t.Errorf("the whole room reads %v", screen.phones)
		}
	})
	host.see(func() {
		if len(host.phones) != 1 {
			t.Errorf("the host has %v", host.phones)
		}
		if host.state.Present > 1 {
			t.Errorf("%d are present: the screens count", host.state.Present)
		}
	})
	// Of all messages only those about its own peers are taken.
	own := map[string]bool{"hello": true, "leave": true, "pong": true, "answer": true, "peer_failed": true, "received": true, "receive": true, "frozen": true, "microphone": true}
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
		if err := screen.try(filled); err == nil {
			t.Errorf("%s is taken from a screen", m.MessageType())
		}
	}
	c1.ask(protocol.SendMessage{To: meeting.ToSecretariat, Text: "riêng"})
	host.sees("the message", func() bool { return len(host.mail) == 1 })
	screen.see(func() {
		if len(screen.mail) > 0 {
			t.Error("the whole room reads what is for the secretariat")
		}
	})
	token := token(b.links.Links.Room)
	for _, path := range []string{"", "/attendance.json", "/ledger.jsonl", "/acts", "/consoles"} {
		if status, _ := b.request("GET", "/api/v1/sessions/"+b.links.ID+path, token, ""); status != 403 {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	if status, text := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/snapshots", token, ""); status != 200 {
		t.Errorf("the pictures of the mosaic: %d %s", status, text)
	}
	if !strings.Contains(b.links.Links.Room, "/room#") {
		t.Errorf("its link is %s", b.links.Links.Room)
	}
}
