package signaling_test

import (
	"slices"
	"testing"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// publisher waits until a person has a publisher peer.
func (b *bed) publisher(code string) (p signaling.Peer) {
	b.Helper()
	await(b.T, code+" publishes", func() bool {
		p = b.media.of(code, signaling.PeerPublisher)
		return p.ID != ""
	})
	return p
}

func TestWhoSpeaksReachesEveryone(t *testing.T) {
	b := newBed(t, "")
	host, c1, c2 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2")
	hears := func(p *person, slots ...string) {
		t.Helper()
		p.sees("who speaks", func() bool { return len(p.voices) > 0 && slices.Equal(p.voices[len(p.voices)-1], slots) })
	}
	host.ask(protocol.Start{})
	host.ask(protocol.Grant{Endpoint: "C1"})
	main, floor := b.publisher(meeting.HostCode), b.publisher("C1")
	b.srv.Speaking(main, true)
	for _, p := range []*person{host, c1, c2} {
		hears(p, "main")
	}
	b.srv.Speaking(floor, true)
	hears(c2, "main", "floor")
	late := b.enter("C3") // is told at once
	hears(late, "main", "floor")

	// However quickly it changes, few messages go out, and the last counts.
	var before int
	c2.see(func() { before = len(c2.voices) })
	for i := range 2000 {
		b.srv.Speaking(main, i%2 == 0)
	}
	hears(c2, "floor")
	c2.see(func() {
		if n := len(c2.voices) - before; n > 50 {
			t.Errorf("%d messages for 2,000 changes", n)
		}
	})

	// Nobody is said to speak whom nobody hears: muted, or off the floor, although the media plane still hears them.
	host.ask(protocol.Mute{Endpoint: "C1", Muted: true})
	hears(c2)
	c1.ask(protocol.Mute{Muted: false})
	hears(c2, "floor")
	host.ask(protocol.Revoke{Endpoint: "C1"})
	hears(c2)

	// A site that is heard without being on the stage is nobody's news.
	b.srv.Speaking(b.media.of("C2", signaling.PeerViewer), true)
	b.srv.Speaking(main, true)
	hears(late, "main")
	host.Close()
	hears(late)
}

func TestDemandReachesThePublisher(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	p := b.publisher(meeting.HostCode)
	b.srv.Demand(p, -1)
	host.sees("that nobody is shown its camera", func() bool {
		return slices.Equal(host.demands, []protocol.Demand{{Peer: p.ID, Top: -1}})
	})
	b.srv.Demand(signaling.Peer{Session: p.Session, Endpoint: p.Endpoint, Conn: p.Conn, ID: "publisher-gone"}, 0)
	b.srv.Demand(p, 2)
	host.sees("that all of it is wanted", func() bool { return len(host.demands) == 2 && host.demands[1].Top == 2 })
	c1.see(func() {
		if len(c1.demands) > 0 {
			t.Errorf("C1 was told %v", c1.demands)
		}
	})
}

func TestSiteChoosesItsPictures(t *testing.T) {
	b := newBed(t, "")
	c1 := b.enter("C1")
	var viewer signaling.Peer
	open := func() {
		t.Helper()
		await(t, "C1 watches", func() bool {
			p := b.media.of("C1", signaling.PeerViewer)
			defer func() { viewer = p }()
			return p.ID != "" && p.ID != viewer.ID
		})
	}
	gets := func(want signaling.Wanted) {
		t.Helper()
		await(t, string(want)+" is set", func() bool {
			b.media.mu.Lock()
			defer b.media.mu.Unlock()
			return b.media.pictures[viewer.ID] == want
		})
	}
	open()
	gets(signaling.AllPictures)
	c1.ask(protocol.Receive{Pictures: "none"})
	gets(signaling.NoPictures)
	c1.refused("bad_value", protocol.Receive{Pictures: "some"})
	c1.ask(protocol.PeerFailed{Peer: viewer.ID})
	open() // a new peer goes on as the one before
	gets(signaling.NoPictures)
	c1.ask(protocol.Receive{Pictures: "low"})
	gets(signaling.LowPictures)
}
