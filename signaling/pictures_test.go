package signaling_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/api"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Pictures are kept as evidence only where that is switched on and while the session is live; the ledger commits to
// them, and they are erased with the names or when their time is over.
func TestPicturesAsEvidence(t *testing.T) {
	b := newBed(t, "")
	b.snapshotEvery = time.Second
	b.restart(false)
	site, secretary := token(b.links.of("C1")), token(b.links.Links.Secretary)
	host := b.enter(meeting.HostCode)
	b.enter("C1")
	post := func() {
		t.Helper()
		await(t, "a picture is taken", func() bool { // not too soon after another
			status, text := b.request("PUT", "/api/v1/me/snapshot", site, picture(t, 320, 180))
			if status != http.StatusNoContent && status != http.StatusTooManyRequests {
				t.Fatalf("%d %s", status, text)
			}
			return status == http.StatusNoContent
		})
	}
	host.ask(protocol.Start{})
	post()
	if n := len(events[*meeting.PictureKept](b)); n != 0 {
		t.Fatalf("%d pictures are kept though nobody asked for it", n)
	}
	b.pictures = api.Pictures{Every: time.Hour, Kept: time.Hour}
	b.restart(false)
	b.enter("C1")
	post()
	post() // too soon after the first
	kept := events[*meeting.PictureKept](b)
	if len(kept) != 1 || kept[0].Endpoint != "C1" || len(kept[0].Picture) != 64 {
		t.Fatalf("%+v", kept)
	}
	var report struct {
		Sites []struct {
			Endpoint string
			Pictures []struct{ Entry int }
		}
	}
	b.report(&report)
	if len(report.Sites[0].Pictures) != 1 {
		t.Fatalf("%+v", report)
	}
	path := "/api/v1/sessions/" + b.links.ID + "/pictures/"
	entry := strconv.Itoa(report.Sites[0].Pictures[0].Entry)
	get := func(who, entry string, status int) {
		t.Helper()
		if got, body := b.request("GET", path+entry, who, ""); got != status || status == 200 && !strings.HasPrefix(body, "\xff\xd8") {
			t.Errorf("entry %s: %d %.50q, want %d", entry, got, body, status)
		}
	}
	get(secretary, entry, 200)
	get(site, entry, 403)
	get(secretary, "1", 404)
	get(secretary, "0", 400)
	get(secretary, "999999", 404)
	host = b.enter(meeting.HostCode)
	host.ask(protocol.End{})
	b.admin("DELETE", "/api/v1/sessions/"+b.links.ID+"/names", "", nil)
	get(secretary, entry, 404)
}
