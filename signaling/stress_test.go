package signaling_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/go-cmp/cmp"
)

// Many sites come, act, drop and come back at once while the media plane reports and consoles steer. In the
// end the record is whole, every connection in it has its end, and what consoles were told is how it is.
func TestStress(t *testing.T) {
	const sites, rounds = 24, 6
	var guests []string
	for i := range sites {
		guests = append(guests, fmt.Sprintf(`{"code":"S%d","name":"Điểm %d"}`, i, i))
	}
	b := servertest.LooseBed(t, `{"title":"x","start":"now","countdown_s":0,"guests":[`+strings.Join(guests, ",")+`]}`)
	host := b.Enter(meeting.HostCode)
	host.Ask(protocol.Start{})
	var all sync.WaitGroup
	for i := range sites {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			code, resume := fmt.Sprintf("S%d", i), ""
			for range rounds {
				p, err := b.TryEnter(code, client.Options{TakeOver: true, Resume: resume})
				if err != nil {
					t.Errorf("%s: %v", code, err)
					return
				}
				for range rng.IntN(8) {
					_ = p.Try([]protocol.Message{
						protocol.RaiseHand{}, protocol.LowerHand{}, protocol.Mute{Muted: rng.IntN(2) == 0}, protocol.Confirm{},
						protocol.Headcount{Headcount: rng.IntN(50)}, protocol.SendMessage{To: meeting.ToSecretariat, Text: "x"},
						protocol.Start{}, protocol.PeerFailed{Peer: b.Media.Of(code, signaling.PeerViewer).ID},
					}[rng.IntN(8)])
				}
				if peer := b.Media.Of(code, signaling.PeerViewer); peer.ID != "" {
					b.Srv.Receiving(peer, true, p0())
					b.Srv.Quality(peer, 1e6, rng.IntN(50))
				}
				resume = p.Welcome().Conn
				if rng.IntN(2) == 0 {
					p.Close()
				} else {
					p.Drop()
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	rng := rand.New(rand.NewPCG(2, 2))
	for steering := true; steering; {
		code := fmt.Sprintf("S%d", rng.IntN(sites))
		_ = host.Try([]protocol.Message{
			protocol.Grant{Endpoint: code}, protocol.Grant{Endpoint: code, Slot: "floor2"}, protocol.Revoke{Endpoint: code},
			protocol.StandBy{Endpoint: code, On: true}, protocol.Watch{Slot: "thumb1", Endpoint: code}, protocol.Watch{Slot: "thumb1"},
			protocol.RollCall{Open: true}, protocol.RollCall{Open: false}, protocol.Mute{Endpoint: code, Muted: true},
		}[rng.IntN(9)])
		select {
		case <-done:
			steering = false
		default:
		}
	}
	gone := func() bool {
		ok := true
		host.See(func() {
			for _, s := range host.Sites {
				ok = ok && (s.State == "absent" || s.State == "lost")
			}
		})
		return ok
	}
	servertest.Await(t, "the host sees everyone gone", gone)
	if _, err := ledgertest.Verify(b.Record.Entries(context.Background(), b.Links.ID, 1)); err != nil {
		t.Error(err)
	}
	open := map[string]string{}
	s := meeting.New(b.Links.ID)
	for e, err := range b.Record.Entries(context.Background(), b.Links.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		ev, err := e.Event()
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *meeting.Connected:
			open[ev.Endpoint] = ev.Conn
		case *meeting.Resumed:
			open[ev.Endpoint] = ev.Conn
		case *meeting.Lost:
			delete(open, ev.Endpoint)
		case *meeting.Left:
			delete(open, ev.Endpoint)
		}
		s.Apply(ev, e.At)
	}
	delete(open, meeting.HostCode)
	if len(open) > 0 {
		t.Errorf("connections without an end: %v", open)
	}
	// What the media plane shows is what the record says.
	for _, slot := range meeting.Slots() {
		want := signaling.Feed{}
		if g := s.Grants[slot]; g != nil && g.State == meeting.GrantOnAir {
			want = signaling.Feed{Endpoint: g.Endpoint, Audio: !s.Endpoint(g.Endpoint).Muted}
		}
		servertest.Await(t, "the slot shows what is recorded", func() bool { return cmp.Equal(b.Media.Feed(slot), want) })
	}
	servertest.Await(t, "only the host's peers are left", func() bool {
		b.Media.Mu.Lock()
		defer b.Media.Mu.Unlock()
		for _, p := range b.Media.Peers {
			if p.Endpoint != meeting.HostCode {
				return false
			}
		}
		return true
	})
}
