package signaling_test

import (
	"slices"
	"testing"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// publisher waits until a person has a publisher peer.
func publisher(b *servertest.Bed, code string) (p signaling.Peer) {
	b.Helper()
	servertest.Await(b.T, code+" publishes", func() bool {
		p = b.Media.Of(code, signaling.PeerPublisher)
		return p.ID != ""
	})
	return p
}

func TestWhoSpeaksReachesEveryone(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
	hears := func(p *servertest.Person, slots ...string) {
		t.Helper()
		p.Sees("who speaks", func() bool {
			return len(p.ActiveSpeakers) > 0 && slices.Equal(p.ActiveSpeakers[len(p.ActiveSpeakers)-1], slots)
		})
	}
	host.Ask(protocol.Start{})
	host.Ask(protocol.Grant{Endpoint: "C1"})
	main, floor := publisher(b, meeting.HostCode), publisher(b, "C1")
	b.Srv.Speaking(main, true)
	for _, p := range []*servertest.Person{host, c1, c2} {
		hears(p, "main")
	}
	b.Srv.Speaking(floor, true)
	hears(c2, "main", "floor")
	late := b.Enter("C3") // is told at once
	hears(late, "main", "floor")

	// However quickly it changes, few messages go out, and the last counts.
	var before int
	c2.See(func() { before = len(c2.ActiveSpeakers) })
	for i := range 2000 {
		b.Srv.Speaking(main, i%2 == 0)
	}
	hears(c2, "floor")
	c2.See(func() {
		if n := len(c2.ActiveSpeakers) - before; n > 50 {
			t.Errorf("%d messages for 2,000 changes", n)
		}
	})

	// Nobody is said to speak whom nobody hears: muted, or off the floor, although the media plane still hears them.
	host.Ask(protocol.Mute{Endpoint: "C1", Muted: true})
	hears(c2)
	c1.Ask(protocol.Mute{Muted: false})
	hears(c2, "floor")
	host.Ask(protocol.Revoke{Endpoint: "C1"})
	hears(c2)

	// A site that is heard without being on the stage is nobody's news.
	b.Srv.Speaking(b.Media.Of("C2", signaling.PeerViewer), true)
	b.Srv.Speaking(main, true)
	hears(late, "main")
	host.Close()
	hears(late)
}

func TestDemandReachesThePublisher(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	p := publisher(b, meeting.HostCode)
	b.Srv.Demand(p, -1)
	host.Sees("that nobody is shown its camera", func() bool {
		return slices.Equal(host.Demands, []protocol.Demand{{Peer: p.ID, Top: -1}})
	})
	b.Srv.Demand(signaling.Peer{Session: p.Session, Endpoint: p.Endpoint, Conn: p.Conn, ID: "publisher-gone"}, 0)
	b.Srv.Demand(p, 2)
	host.Sees("that all of it is wanted", func() bool { return len(host.Demands) == 2 && host.Demands[1].Top == 2 })
	c1.See(func() {
		if len(c1.Demands) > 0 {
			t.Errorf("C1 was told %v", c1.Demands)
		}
	})
}

func TestSiteChoosesItsPictures(t *testing.T) {
	b := servertest.NewBed(t, "")
	c1 := b.Enter("C1")
	var viewer signaling.Peer
	open := func() {
		t.Helper()
		servertest.Await(t, "C1 watches", func() bool {
			p := b.Media.Of("C1", signaling.PeerViewer)
			defer func() { viewer = p }()
			return p.ID != "" && p.ID != viewer.ID
		})
	}
	gets := func(want signaling.Wanted) {
		t.Helper()
		servertest.Await(t, string(want)+" is set", func() bool {
			b.Media.Mu.Lock()
			defer b.Media.Mu.Unlock()
			return b.Media.Pictures[viewer.ID] == want
		})
	}
	open()
	gets(signaling.AllPictures)
	c1.Ask(protocol.Receive{Pictures: "none"})
	gets(signaling.NoPictures)
	c1.Refused("bad_value", protocol.Receive{Pictures: "some"})
	c1.Ask(protocol.PeerFailed{Peer: viewer.ID})
	open() // a new peer goes on as the one before
	gets(signaling.NoPictures)
	c1.Ask(protocol.Receive{Pictures: "low"})
	gets(signaling.LowPictures)
}
