package signaling_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
)

// While a coordinator is busy, whatever only reads is answered, with what was acknowledged last.
func TestReadsDoNotWaitForTheCoordinator(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.SnapshotEvery = time.Minute
	b.Restart(false)
	site, secretary := servertest.Token(b.Links.Of("C1")), servertest.Token(b.Links.Of(meeting.SecretaryCode))
	b.Enter("C1")
	var admin struct{ Token string }
	b.Admin("POST", "/api/v1/tokens", `{"name":"ops"}`, &admin)
	if status, text := b.Request("PUT", "/api/v1/me/headcount", site, `{"headcount":7}`); status != http.StatusNoContent {
		t.Fatal(status, text)
	}
	release := b.Srv.Stall(b.Links.ID)
	defer release()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	session := "/api/v1/sessions/" + b.Links.ID
	for _, tt := range []struct{ method, path, token, body, want string }{
		{"GET", "/api/v1/me", site, "", `"headcount":7`},
		{"PUT", "/api/v1/me/snapshot", site, servertest.Picture(t, 320, 180), ""},
		{"GET", session, secretary, "", `"present":1`},
		{"GET", session + "/snapshots", secretary, "", `"endpoint":"C1"`},
		{"GET", session + "/snapshots/C1", secretary, "", ""},
		{"GET", session + "/notes", secretary, "", `"notes":[]`},
		{"GET", session + "/acts", secretary, "", `"acts":[`},
		{"GET", session + "/attendance.json", secretary, "", `"headcount": 7`},
		{"GET", session + "/attendance.csv", secretary, "", "C1"},
		{"GET", "/api/v1/sessions", admin.Token, "", `"convened":3`},
		{"GET", session + "/links", admin.Token, "", site},
		{"GET", session + "/sheet", admin.Token, "", "C1"},
		{"GET", session + "/sheet.csv", admin.Token, "", "C1"},
		{"GET", session + "/consoles", admin.Token, "", "/host#"},
		{"GET", session + "/calendar.ics", admin.Token, "", "VCALENDAR"},
		{"GET", session + "/rehearsals", admin.Token, "", "C1"},
	} {
		if status, text := b.RequestWithin(ctx, tt.method, tt.path, tt.token, tt.body); status >= 300 || !strings.Contains(text, tt.want) {
			t.Errorf("%s %s: %d %.200s", tt.method, tt.path, status, text)
		}
	}
}
