package api_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func TestSnapshots(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1,C2,P58","start":"now","operators":[{"scope":"D582"}]}`)
	site, host := servertest.Token(b.Links.Of("C1")), servertest.Token(b.Links.Links.Host)
	wall := "/api/v1/sessions/" + b.Links.ID + "/snapshots/"
	expect := func(name, method, path, who, body string, status int, want string) {
		t.Helper()
		if got, text := b.Request(method, path, who, body); got != status || !strings.Contains(text, want) {
			t.Errorf("%s: %d %.100q, want %d %q", name, got, text, status, want)
		}
	}
	small := servertest.Picture(t, 320, 180)
	expect("switched off", "PUT", "/api/v1/me/snapshot", site, small, 503, "unavailable")

	b.SnapshotEvery = time.Hour
	b.Restart(false)
	expect("not connected", "PUT", "/api/v1/me/snapshot", site, small, 409, "not_connected")
	console, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	if s := c1.Welcome().SnapshotS; s != 3600 {
		t.Errorf("welcome asks for a picture every %d s", s)
	}
	noise := make([]byte, 50<<10)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	expect("no picture yet", "GET", wall+"C1", host, "", 404, "not_found")
	expect("no JPEG", "PUT", "/api/v1/me/snapshot", site, "<script>", 400, "bad_request")
	expect("too wide", "PUT", "/api/v1/me/snapshot", site, servertest.Picture(t, 1280, 720), 400, "bad_request")
	expect("too large", "PUT", "/api/v1/me/snapshot", site, string(noise), 413, "too_large")
	expect("a console", "PUT", "/api/v1/me/snapshot", host, small, 403, "forbidden")
	expect("none is listed", "GET", strings.TrimSuffix(wall, "/"), host, "", 200, `{"snapshots":[]}`)
	expect("posted", "PUT", "/api/v1/me/snapshot", site, small, 204, "")
	expect("too soon", "PUT", "/api/v1/me/snapshot", site, small, 429, "too_many")
	expect("seen by the host", "GET", wall+"C1", host, "", 200, small)
	expect("seen by the secretary", "GET", wall+"C1", servertest.Token(b.Links.Links.Secretary), "", 200, small)
	expect("not by another site", "GET", wall+"C1", servertest.Token(b.Links.Of("C2")), "", 403, "forbidden")
	var all struct{ Operators []struct{ Link string } }
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &all)
	delegated := servertest.Token(all.Operators[0].Link)
	expect("seen by the operator of the district", "GET", wall+"C1", delegated, "", 200, small)
	list := strings.TrimSuffix(wall, "/")
	expect("listed to the host", "GET", list, host, "", 200, `{"snapshots":[{"endpoint":"C1",`)
	expect("listed to the operator", "GET", list+"?codes=C2,C1", delegated, "", 200, `{"snapshots":[{"endpoint":"C1",`)
	expect("not of others", "GET", list+"?codes=C2", host, "", 200, `{"snapshots":[]}`)
	expect("not to a site", "GET", list, servertest.Token(b.Links.Of("C2")), "", 403, "forbidden")
	expect("too many codes", "GET", list+"?codes="+strings.Repeat("C,", 200), host, "", 400, "bad_request")
	expect("not outside the scope", "GET", wall+"P58", delegated, "", 403, "forbidden")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.HTTP.URL+wall+"C1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+host)
	resp, err := b.HTTP.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	r.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	if resp, err = b.HTTP.Client().Do(r); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotModified {
		t.Errorf("the same picture again: %s", resp.Status)
	}

	console.Ask(protocol.End{})
	expect("forgotten at the end", "GET", wall+"C1", host, "", 404, "not_found")
}
