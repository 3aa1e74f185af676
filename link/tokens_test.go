package link_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestTokens(t *testing.T) {
	b := servertest.NewBed(t, "")
	other := servertest.NewBed(t, "")
	if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(other.Links.Of("C1")),
		client.Options{}); servertest.CloseCode(err) != protocol.CloseBadToken {
		t.Errorf("a foreign link: %v", err)
	}
	c1 := b.Enter("C1")
	old := b.Links.Of("C1")
	var fresh struct{ Link string }
	b.Admin("POST", "/api/v1/sessions/"+b.Links.ID+"/links/C1/reissue", "", &fresh)
	c1.Closed(protocol.CloseBadToken)
	if _, err := client.Dial(t.Context(), old, client.Options{}); servertest.CloseCode(err) != protocol.CloseBadToken {
		t.Errorf("a replaced link: %v", err)
	}
	again, err := client.Dial(t.Context(), fresh.Link, client.Options{})
	if err != nil {
		t.Fatalf("the new link: %v", err)
	}
	b.Admin("POST", "/api/v1/sessions/"+b.Links.ID+"/links/C1/revoke", "", nil)
	<-again.Done()
	if _, err := client.Dial(t.Context(), fresh.Link, client.Options{}); servertest.CloseCode(err) != protocol.CloseBadToken {
		t.Errorf("a revoked link: %v", err)
	}
	// A relay or native client may put the token into the upgrade request.
	c2, err := client.DialToken(t.Context(), servertest.SocketURL(b), "", client.Options{
		Header: http.Header{"Authorization": {"Bearer " + servertest.Token(b.Links.Of("C2"))}},
	})
	if err != nil {
		t.Fatalf("token in the header: %v", err)
	}
	c2.Close()
	b.Srv.Close()
	b.LogMu.Lock()
	defer b.LogMu.Unlock()
	for _, secret := range []string{servertest.Token(old), servertest.Token(fresh.Link), servertest.Token(b.Links.Of("C2"))} {
		if strings.Contains(b.LogText.String(), secret) {
			t.Error("a token stands in the log")
		}
	}
}
