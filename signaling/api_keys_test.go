package signaling_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// After a rotation new files are signed by the new key, also over a restart, and old ones verify with the old key.
func TestRotateLedgerKey(t *testing.T) {
	b := newBed(t, "")
	var admin struct{ Token string }
	b.admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	secretary := token(b.links.Links.Secretary)
	key := func(pem string) ed25519.PublicKey {
		public, err := ledger.DecodePublicKey([]byte(pem))
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
	export := func() string {
		_, file := b.request("GET", "/api/v1/sessions/"+b.links.ID+"/ledger.jsonl", secretary, "")
		return file
	}
	_, pem := b.request("GET", "/api/v1/ledger-key", secretary, "")
	former, old := key(pem), export()
	if status, _ := b.request("POST", "/api/v1/ledger-key/rotate", secretary, ""); status != 403 {
		t.Errorf("the secretary rotates the key: %d", status)
	}
	status, pem := b.request("POST", "/api/v1/ledger-key/rotate", admin.Token, "")
	if status != 200 {
		t.Fatalf("%d %s", status, pem)
	}
	newer := key(pem)
	b.restart(false)
	for _, tt := range []struct {
		name, file string
		key        ed25519.PublicKey
		whole      bool
	}{
		{"an old file, the old key", old, former, true},
		{"an old file, the new key", old, newer, false},
		{"a new file, the new key", export(), newer, true},
		{"a new file, the old key", export(), former, false},
	} {
		if _, err := ledger.Verify(strings.NewReader(tt.file), tt.key); (err == nil) != tt.whole {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What a former key of tokens signed opens until that key is retired, also over a restart; then who came in by it is out, and
// short codes still open.
func TestTokenKeys(t *testing.T) {
	b := newBed(t, "")
	var admin struct{ Token string }
	b.admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	session, before := "/api/v1/sessions/"+b.links.ID, b.links
	codes := b.sheetCodes(b.links.ID)
	type keys struct {
		Keys []struct {
			Kid   string
			Signs bool
		}
	}
	var list keys
	b.admin("GET", "/api/v1/token-keys", "", &list)
	if len(list.Keys) != 1 || !list.Keys[0].Signs {
		t.Fatalf("%+v", list)
	}
	former := list.Keys[0].Kid
	if status, _ := b.request("POST", "/api/v1/token-keys/rotate", token(b.links.Links.Host), ""); status != 403 {
		t.Errorf("the host rotates the keys: %d", status)
	}
	if status, body := b.request("POST", "/api/v1/token-keys/rotate", admin.Token, ""); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	b.links = links{}
	b.admin("GET", session+"/links", "", &b.links)
	b.restart(false)
	list = keys{}
	b.admin("GET", "/api/v1/token-keys", "", &list)
	if len(list.Keys) != 2 || !list.Keys[0].Signs || list.Keys[1].Kid != former || list.Keys[1].Signs {
		t.Fatalf("%+v", list)
	}
	opens := func(bearer string, want int) {
		t.Helper()
		if status, body := b.request("GET", "/api/v1/me", bearer, ""); status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	old, now := token(before.of("C1")), token(b.links.of("C1"))
	if old == now {
		t.Error("the new key signs nothing")
	}
	opens(old, 200)
	opens(now, 200)
	for kid, want := range map[string]int{list.Keys[0].Kid: 409, "nobody": 404} {
		if status, body := b.request("DELETE", "/api/v1/token-keys/"+kid, admin.Token, ""); status != want {
			t.Errorf("%s: %d %s", kid, status, body)
		}
	}
	for i, e := range b.links.Endpoints {
		if e.Code == "C1" {
			b.links.Endpoints[i].Link = b.http.URL + "/join#" + old
		}
	}
	in := b.enter("C1")
	b.links = links{}
	b.admin("GET", session+"/links", "", &b.links)
	stays := b.enter("C2")
	b.admin("DELETE", "/api/v1/token-keys/"+former, "", nil)
	in.closed(protocol.CloseBadToken)
	stays.ask(protocol.Headcount{Headcount: 3})
	opens(old, 401)
	opens(now, 200)
	if status, _ := b.request("GET", "/api/v1/tokens", admin.Token, ""); status != 401 {
		t.Errorf("an administrator's token of the former key: %d", status)
	}
	b.restart(false)
	opens(old, 401)
	opens(now, 200)
	if status, body := b.join(codes["C3"]); status != 200 {
		t.Errorf("a short code: %d %s", status, body)
	}
}
