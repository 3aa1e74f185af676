package signaling_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/ledger"
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
