package link_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A link that was checked before it was revoked opens nothing after: neither a connection that is just coming, nor its
// commands, nor a request.
func TestRevocationRace(t *testing.T) {
	b := servertest.NewBed(t, "")
	session := "/api/v1/sessions/" + b.Links.ID
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	for round := range 60 {
		var fresh struct{ Link string }
		b.Admin("POST", session+"/links/C1/reissue", "", &fresh)
		var came *client.Client
		var coming sync.WaitGroup
		coming.Go(func() {
			if c, err := client.Dial(context.Background(), fresh.Link, client.Options{TakeOver: true}); err == nil {
				came = c
			}
		})
		time.Sleep(time.Duration(round%12) * 250 * time.Microsecond) // somewhere between the first byte and the welcome
		b.Admin("POST", session+"/links/C1/revoke", "", nil)
		coming.Wait()
		if came == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), servertest.Patience)
		err := came.Request(ctx, protocol.Headcount{Headcount: round + 1})
		cancel()
		var refused *client.RequestError
		switch {
		case err == nil:
			t.Errorf("round %d: a revoked link acts", round)
		case errors.As(err, &refused) && refused.Code != "bad_token":
			t.Errorf("round %d: %v", round, err)
		}
		select {
		case <-came.Done():
		case <-time.After(servertest.Patience):
			t.Errorf("round %d: a revoked link stays", round)
		}
		if status, body := b.Request("GET", "/api/v1/me", servertest.Token(fresh.Link), ""); status != 401 {
			t.Errorf("round %d: a revoked link reads: %d %s", round, status, body)
		}
		came.Close()
		if t.Failed() {
			return
		}
	}
}

// Links follow a session that is moved, also those that were given out before and name an end.
func TestLinksFollowTheSession(t *testing.T) {
	b := servertest.NewBed(t, fmt.Sprintf(`{"title":"x","units":"C1","start":%q}`, time.Now().Add(24*time.Hour).Format(time.RFC3339)))
	before := servertest.Token(b.Links.Of("C1"))
	b.Admin("POST", "/api/v1/sessions/"+b.Links.ID+"/move", fmt.Sprintf(`{"start":%q}`, time.Now().Add(90*24*time.Hour).Format(time.RFC3339)), nil)
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &b.Links)
	if after := servertest.Token(b.Links.Of("C1")); after != before {
		t.Error("the link changed")
	}
	if status, body := b.Request("GET", "/api/v1/me", before, ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}
