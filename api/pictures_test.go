package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Pictures are kept as evidence only where that is switched on and while the session is live; the ledger commits to
// them, and they are erased with the names or when their time is over.
func TestPicturesAsEvidence(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.SnapshotEvery = time.Second
	b.Restart(false)
	site, secretary := servertest.Token(b.Links.Of("C1")), servertest.Token(b.Links.Links.Secretary)
	host := b.Enter(meeting.HostCode)
	b.Enter("C1")
	post := func() {
		t.Helper()
		servertest.Await(t, "a picture is taken", func() bool { // not too soon after another
			status, text := b.Request("PUT", "/api/v1/me/snapshot", site, servertest.Picture(t, 320, 180))
			if status != http.StatusNoContent && status != http.StatusTooManyRequests {
				t.Fatalf("%d %s", status, text)
			}
			return status == http.StatusNoContent
		})
	}
	host.Ask(protocol.Start{})
	post()
	if n := len(servertest.Events[*meeting.PictureKept](b)); n != 0 {
		t.Fatalf("%d pictures are kept though nobody asked for it", n)
	}
	b.Pictures = api.Pictures{Every: time.Hour, Kept: time.Hour}
	b.Restart(false)
	b.Enter("C1")
	post()
	post() // too soon after the first
	kept := servertest.Events[*meeting.PictureKept](b)
	if len(kept) != 1 || kept[0].Endpoint != "C1" || len(kept[0].Picture) != 64 {
		t.Fatalf("%+v", kept)
	}
	var report struct {
		Sites []struct {
			Endpoint string
			Pictures []struct{ Entry int }
		}
	}
	b.Report(&report)
	if len(report.Sites[0].Pictures) != 1 {
		t.Fatalf("%+v", report)
	}
	path := "/api/v1/sessions/" + b.Links.ID + "/pictures/"
	entry := strconv.Itoa(report.Sites[0].Pictures[0].Entry)
	get := func(who, entry string, status int) {
		t.Helper()
		if got, body := b.Request("GET", path+entry, who, ""); got != status || status == 200 && !strings.HasPrefix(body, "\xff\xd8") {
			t.Errorf("entry %s: %d %.50q, want %d", entry, got, body, status)
		}
	}
	get(secretary, entry, 200)
	get(site, entry, 403)
	get(secretary, "1", 404)
	get(secretary, "0", 400)
	get(secretary, "999999", 404)
	host = b.Enter(meeting.HostCode)
	host.Ask(protocol.End{})
	b.Admin("DELETE", "/api/v1/sessions/"+b.Links.ID+"/names", "", nil)
	get(secretary, entry, 404)
}
