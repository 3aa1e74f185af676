package signaling_test

import (
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
)

// A delegated operator gives out and ends the links of its own sites, and of nobody else.
func TestDelegateDoesNotBecomeHost(t *testing.T) {
	b := servertest.Delegated(t)
	session, bearer := "/api/v1/sessions/"+b.Links.ID, servertest.Token(b.Links.Of(servertest.Delegate))
	for _, act := range []string{"reissue", "revoke"} {
		for _, code := range []string{"P58", meeting.HostCode, meeting.OperatorCode, meeting.SecretaryCode, servertest.Delegate, "NOBODY"} {
			if code == servertest.Delegate { // its own seat is a console's too
				continue
			}
			if status, body := b.Request("POST", session+"/links/"+code+"/"+act, bearer, ""); status != 403 || !strings.Contains(body, "forbidden") {
				t.Errorf("%s of %s: %d %s", act, code, status, body)
			}
		}
	}
	b.Enter(meeting.HostCode) // its link still opens
	for path, want := range map[string]int{
		session + "/ledger.jsonl": 403, session + "/attendance.csv": 200, session + "/open": 403, session + "/end": 403, session + "/seal": 403,
	} {
		method := "GET"
		if strings.Contains(path, "/open") || strings.Contains(path, "/end") || strings.Contains(path, "/seal") {
			method = "POST"
		}
		if status, body := b.Request(method, path, bearer, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := b.Request("POST", session+"/links/C1/reissue", bearer, ""); status != 200 || !strings.Contains(body, "/join#") {
		t.Errorf("its own site: %d %s", status, body)
	}
}
