package api_test

import (
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// The character U+0000 is refused wherever a text comes in, before anything is recorded.
func TestNULIsRefused(t *testing.T) {
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/api/v1/sessions", `{"title":"Giao\u0000ban","units":"C1","start":"now"}`},
		{"POST", "/api/v1/tokens", `{"name":"\\\u0000"}`},
		{"POST", "/api/v1/drafts", `{"draft":{"title":"x\u0000"}}`},
		{"GET", "/api/v1/sessions/%00/links", ""},
		{"GET", "/api/v1/sessions/" + b.Links.ID + "/attendance.csv?as_of=%00", ""},
		{"GET", "/j/%00", ""},
		{"GET", "/oidc/callback?state=%00", ""},
		{"POST", "/api/v1/roster", "code,parent_code,level,name\nTW,,central,Trung\x00 ương\n"},
	} {
		status, body := b.Request(r.method, r.path, admin.Token, r.body)
		if status != 400 && status != 422 {
			t.Errorf("%s %s %s: %d %s", r.method, r.path, r.body, status, body)
		}
	}
	if status, body := b.Request("POST", "/api/v1/tokens", admin.Token, `{"name":"\\u0000"}`); status != 200 && status != 201 { // a backslash before it: no NUL
		t.Errorf("an escaped backslash: %d %s", status, body)
	}
	before := len(b.Entries(b.Links.ID))
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+b.HTTP.URL[len("http"):]+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	hello := `{"type":"hello","version":1,"token":"` + servertest.Token(b.Links.Of(meeting.HostCode)) + `","device":"x\u0000"}`
	if err := ws.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err = ws.ReadMessage(); err != nil {
			break
		}
	}
	if !websocket.IsCloseError(err, protocol.CloseBadMessage) {
		t.Errorf("over the socket: %v", err)
	}
	if after := len(b.Entries(b.Links.ID)); after != before {
		t.Errorf("%d entries more", after-before)
	}
}
