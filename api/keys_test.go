package api_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// After a rotation new files are signed by the new key, also over a restart, and old ones verify with the old key.
func TestRotateLedgerKey(t *testing.T) {
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	secretary := servertest.Token(b.Links.Links.Secretary)
	key := func(pem string) ed25519.PublicKey {
		public, err := ledger.DecodePublicKey([]byte(pem))
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
	export := func() string {
		_, file := b.Request("GET", "/api/v1/sessions/"+b.Links.ID+"/ledger.jsonl", secretary, "")
		return file
	}
	_, pem := b.Request("GET", "/api/v1/ledger-key", secretary, "")
	former, old := key(pem), export()
	if status, _ := b.Request("POST", "/api/v1/ledger-key/rotate", secretary, ""); status != 403 {
		t.Errorf("the secretary rotates the key: %d", status)
	}
	status, pem := b.Request("POST", "/api/v1/ledger-key/rotate", admin.Token, "")
	if status != 200 {
		t.Fatalf("%d %s", status, pem)
	}
	newer := key(pem)
	b.Restart(false)
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
	b := servertest.NewBed(t, "")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	session, before := "/api/v1/sessions/"+b.Links.ID, b.Links
	codes := b.SheetCodes(b.Links.ID)
	type keys struct {
		Keys []struct {
			Kid   string
			Signs bool
		}
	}
	var list keys
	b.Admin("GET", "/api/v1/token-keys", "", &list)
	if len(list.Keys) != 1 || !list.Keys[0].Signs {
		t.Fatalf("%+v", list)
	}
	former := list.Keys[0].Kid
	if status, _ := b.Request("POST", "/api/v1/token-keys/rotate", servertest.Token(b.Links.Links.Host), ""); status != 403 {
		t.Errorf("the host rotates the keys: %d", status)
	}
	if status, body := b.Request("POST", "/api/v1/token-keys/rotate", admin.Token, ""); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	b.Links = servertest.Links{}
	b.Admin("GET", session+"/links", "", &b.Links)
	b.Restart(false)
	list = keys{}
	b.Admin("GET", "/api/v1/token-keys", "", &list)
	if len(list.Keys) != 2 || !list.Keys[0].Signs || list.Keys[1].Kid != former || list.Keys[1].Signs {
		t.Fatalf("%+v", list)
	}
	opens := func(bearer string, want int) {
		t.Helper()
		if status, body := b.Request("GET", "/api/v1/me", bearer, ""); status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	old, now := servertest.Token(before.Of("C1")), servertest.Token(b.Links.Of("C1"))
	if old == now {
		t.Error("the new key signs nothing")
	}
	opens(old, 200)
	opens(now, 200)
	for kid, want := range map[string]int{list.Keys[0].Kid: 409, "nobody": 404} {
		if status, body := b.Request("DELETE", "/api/v1/token-keys/"+kid, admin.Token, ""); status != want {
			t.Errorf("%s: %d %s", kid, status, body)
		}
	}
	for i, e := range b.Links.Endpoints {
		if e.Code == "C1" {
			b.Links.Endpoints[i].Link = b.HTTP.URL + "/join#" + old
		}
	}
	in := b.Enter("C1")
	b.Links = servertest.Links{}
	b.Admin("GET", session+"/links", "", &b.Links)
	stays := b.Enter("C2")
	b.Admin("DELETE", "/api/v1/token-keys/"+former, "", nil)
	in.Closed(protocol.CloseBadToken)
	stays.Ask(protocol.Headcount{Headcount: 3})
	opens(old, 401)
	opens(now, 200)
	if status, _ := b.Request("GET", "/api/v1/tokens", admin.Token, ""); status != 401 {
		t.Errorf("an administrator's token of the former key: %d", status)
	}
	b.Restart(false)
	opens(old, 401)
	opens(now, 200)
	if status, body := b.Join(codes["C3"]); status != 200 {
		t.Errorf("a short code: %d %s", status, body)
	}
}
