package api_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Who was told that the session is over is shown no picture of it, however late what was kept of it is let go.
func TestPicturesEndWithTheSession(t *testing.T) {
	b := servertest.NewBed(t, "")
	b.SnapshotEvery = time.Hour
	b.Restart(false)
	console, host, site := b.Enter(meeting.HostCode), servertest.Token(b.Links.Links.Host), servertest.Token(b.Links.Of("C1"))
	b.Enter("C1")
	console.Ask(protocol.Start{})
	console.Ask(protocol.Grant{Endpoint: "C1", Slot: string(meeting.SlotFloor)})
	wall := "/api/v1/sessions/" + b.Links.ID + "/snapshots"
	small := servertest.Picture(t, 320, 180)
	if status, body := b.Request("PUT", "/api/v1/me/snapshot", site, small); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	stuck := make(chan struct{})
	b.Media.Mu.Lock()
	b.Media.StuckFeed = stuck // the floor is taken down before anything is dropped
	b.Media.Mu.Unlock()
	t.Cleanup(func() { close(stuck) })
	console.Ask(protocol.End{})
	for path, want := range map[string]string{wall + "/C1": "not_found", wall: `{"snapshots":[]}`} {
		if _, body := b.Request("GET", path, host, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %.100q, want %s", path, body, want)
		}
	}
	if status, body := b.Request("PUT", "/api/v1/me/snapshot", site, small); status != http.StatusConflict {
		t.Errorf("one more: %d %s", status, body)
	}
}

// The relays of pages and the tests of lines end with the session, also those of a page that stays.
func TestRelaysAndLineTestsEndWithTheSession(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	if status, body := b.Request("POST", "/api/v1/rehearsal/line", servertest.Token(b.Links.Of("C2")), ""); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	servertest.Await(t, "everybody has relays", func() bool { return len(b.Relays.Holders()) == 3 })
	host.Ask(protocol.Start{})
	host.Ask(protocol.End{})
	servertest.Await(t, "nobody has relays", func() bool { return len(b.Relays.Holders()) == 0 })
	servertest.Await(t, "nothing is sent to anybody", func() bool { return len(peersOf(b)) == 0 })
	for _, page := range []*servertest.Person{host, c1} {
		page.Ask(protocol.Received{}) // it is still there
	}
}

// A test of a line that ends while it begins, by whatever, leaves nothing behind, and so does one that runs.
func TestLineTestsEnd(t *testing.T) {
	const line = "/api/v1/rehearsal/line"
	for name, act := range map[string]func(b *servertest.Bed, host *servertest.Person, session string){
		"by the page": func(b *servertest.Bed, _ *servertest.Person, _ string) {
			b.Request("DELETE", line, servertest.Token(b.Links.Of("C1")), "")
		},
		"revoked": func(b *servertest.Bed, _ *servertest.Person, s string) {
			b.Admin("POST", s+"/links/C1/revoke", "", nil)
		},
		"superseded": func(b *servertest.Bed, _ *servertest.Person, s string) {
			b.Admin("POST", s+"/links/C1/reissue", "", nil)
		},
		"removed": func(_ *servertest.Bed, h *servertest.Person, _ string) {
			h.Ask(protocol.Remove{Endpoint: "C1", Removed: true})
		},
		"withdrawn": func(b *servertest.Bed, _ *servertest.Person, s string) {
			b.Admin("POST", s+"/sites/C1/withdraw", `{"reason":"x"}`, nil)
		},
		"with the session": func(b *servertest.Bed, _ *servertest.Person, s string) { b.Admin("POST", s+"/end", "", nil) },
		"with its key": func(b *servertest.Bed, _ *servertest.Person, _ string) {
			var keys struct{ Keys []struct{ Kid string } }
			b.Admin("POST", "/api/v1/token-keys/rotate", "", &keys)
			b.Admin("DELETE", "/api/v1/token-keys/"+keys.Keys[1].Kid, "", nil)
		},
	} {
		for _, when := range []string{"while it begins", "while it runs"} {
			t.Run(name+" "+when, func(t *testing.T) {
				b := servertest.NewBed(t, "")
				host := b.Enter(meeting.HostCode)
				host.Ask(protocol.Start{})
				end := sync.OnceFunc(func() { act(b, host, "/api/v1/sessions/"+b.Links.ID) })
				if when == "while it begins" {
					b.Media.Mu.Lock()
					b.Media.Opening = func(p signaling.Peer) {
						if isCheck(p.Session) {
							end()
						}
					}
					b.Media.Mu.Unlock()
				}
				status, body := b.Request("POST", line, servertest.Token(b.Links.Of("C1")), "")
				if began := status == http.StatusCreated; began != (when == "while it runs") {
					t.Errorf("%d %s", status, body)
				}
				end()
				servertest.Await(t, "nothing is left of the test", func() bool {
					return !slices.ContainsFunc(peersOf(b), func(p signaling.Peer) bool { return isCheck(p.Session) }) &&
						!slices.ContainsFunc(b.Relays.Holders(), isCheck)
				})
			})
		}
	}
}

func isCheck(session string) bool { return strings.HasPrefix(session, "check/") }

// peersOf are the peers that the media plane has now.
func peersOf(b *servertest.Bed) (all []signaling.Peer) {
	b.Media.Mu.Lock()
	defer b.Media.Mu.Unlock()
	for _, p := range b.Media.Peers {
		all = append(all, p)
	}
	return all
}
