package signaling_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/go-cmp/cmp"
)

// The main job as the meeting plane sees it: people come, the host starts, a site speaks, drops out and comes
// back, the session ends.
func TestStory(t *testing.T) {
	b := servertest.NewBed(t, "")
	host := b.Enter(meeting.HostCode)
	c1, c2 := b.Enter("C1"), b.Enter("C2")
	host.SeesRow("C1", "present")
	host.SeesRow("C2", "present")
	host.SeesRow("C3", "absent")
	if w := c1.Welcome(); w.Self.Name != "Xã Phước Bình" || !slices.Equal(w.Self.Parents, []string{"Huyện Bác Ái", "Ninh Thuận"}) ||
		w.Session.Title != "Giao ban" || w.Session.TimeZone != "Asia/Ho_Chi_Minh" {
		t.Errorf("welcome: %+v", w)
	}
	c1.Sees("open", func() bool { return c1.State.Phase == "open" && c1.State.Convened == 3 })

	c1.Refused("forbidden", protocol.Start{})
	host.Ask(protocol.Start{})
	c1.Sees("the host on main", func() bool {
		return c1.State.Phase == "live" && c1.State.Present == 2 && c1.Stage(meeting.SlotMain).Endpoint == meeting.HostCode &&
			c1.Stage(meeting.SlotMain).State == "on_air"
	})
	servertest.Await(t, "the host publishes to main", func() bool {
		return b.Media.Of(meeting.HostCode, signaling.PeerPublisher).ID != "" &&
			b.Media.Feed(meeting.SlotMain) == signaling.Feed{Endpoint: meeting.HostCode, Audio: true}
	})
	if p := b.Media.Of("C1", signaling.PeerPublisher); p.ID != "" {
		t.Error("a site that only listens has a publisher")
	}

	host.Ask(protocol.Grant{Endpoint: meeting.HostCode, Slot: "presentation"})
	c2.Sees("the presentation", func() bool { return c2.Stage(meeting.SlotPresentation).Endpoint == meeting.HostCode })
	b.Srv.SlotVideo(b.Links.ID, "presentation", true)
	c2.Sees("pictures", func() bool { return c2.Stage(meeting.SlotPresentation).Video })

	c1.Ask(protocol.RaiseHand{})
	c2.Ask(protocol.RaiseHand{})
	c2.Sees("its place in the queue", func() bool { return c2.Self.HandPosition == 2 })
	host.Sees("the hand", func() bool { return host.Sites["C1"].HandAtMs > 0 })
	host.Ask(protocol.Grant{Endpoint: "C1"})
	c2.Sees("that it is next", func() bool { return c2.Self.HandPosition == 1 })
	c2.Sees("C1 on the floor", func() bool { return c2.Stage(meeting.SlotFloor).Endpoint == "C1" })
	c1.Sees("that it is to publish", func() bool {
		return c1.Self.Publish && !c1.Self.Muted && slices.Equal(c1.Self.Slots, []string{"floor"}) && c1.Self.HandPosition == 0
	})
	host.SeesRow("C1", "on-floor")
	servertest.Await(t, "C1 feeds the floor", func() bool { return b.Media.Feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1", Audio: true} })

	host.Ask(protocol.Mute{Endpoint: "C1", Muted: true})
	servertest.Await(t, "C1 is silent", func() bool { return b.Media.Feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1"} })
	host.Refused("forbidden", protocol.Mute{Endpoint: "C1", Muted: false})
	c1.Ask(protocol.Mute{Muted: false})
	servertest.Await(t, "C1 is heard", func() bool { return b.Media.Feed(meeting.SlotFloor).Audio })

	// The line of the speaker breaks: off air at once, the floor is kept for it, nobody is unmuted.
	c1.Drop()
	host.SeesRow("C1", "lost")
	servertest.Await(t, "the floor is dark", func() bool { return b.Media.Feed(meeting.SlotFloor) == signaling.Feed{} })
	c1, err := b.TryEnter("C1", client.Options{Resume: c1.Welcome().Conn})
	if err != nil {
		t.Fatal(err)
	}
	c1.Sees("its floor held", func() bool { return c1.Stage(meeting.SlotFloor).State == "held" && c1.Self.Muted })
	c1.Ask(protocol.Confirm{})
	servertest.Await(t, "C1 feeds the floor again", func() bool { return b.Media.Feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1", Audio: true} })

	host.Ask(protocol.Revoke{Endpoint: "C1"})
	servertest.Await(t, "the floor is dark", func() bool { return b.Media.Feed(meeting.SlotFloor) == signaling.Feed{} })
	host.SeesRow("C1", "present")
	c2.Close()
	host.SeesRow("C2", "absent")

	host.Ask(protocol.End{})
	c1.Sees("the end", func() bool { return c1.State.Phase == "ended" && len(c1.State.Stage) == 0 && c1.State.Present == 1 })
	servertest.Await(t, "the media plane is dark", func() bool {
		b.Media.Mu.Lock()
		defer b.Media.Mu.Unlock()
		return b.Media.Over[b.Links.ID] && len(b.Media.Peers) == 0
	})
	if _, err := b.TryEnter("C3", client.Options{}); servertest.CloseCode(err) != protocol.CloseEnded {
		t.Errorf("C3 enters after the end: %v", err)
	}
	recorded := b.Ledger()
	b.Restart(false)
	if _, err := b.TryEnter("C3", client.Options{}); servertest.CloseCode(err) != protocol.CloseEnded {
		t.Errorf("C3 enters after the end and a restart: %v", err)
	}

	want := []string{
		"convened", "opened", "connected @host", "connected C1", "connected C2", "started", "granted @host", "on_air @host",
		"granted @host", "on_air @host", "hand_raised C1", "hand_raised C2", "granted C1", "on_air C1", "mute C1", "mute C1",
		"lost C1 closed", "resumed C1", "on_air C1", "returned C1 revoked", "left C2 page_closed",
		"returned @host ended", "returned @host ended", "ended",
	}
	if d := cmp.Diff(want, recorded); d != "" {
		t.Error(d)
	}
	if _, err := ledgertest.Verify(b.Record.Entries(t.Context(), b.Links.ID, 1)); err != nil {
		t.Error(err)
	}
}

// A countdown ends by itself; what it gives is dark until then.
func TestCountdown(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1","start":"now","countdown_s":1}`)
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.Ask(protocol.Start{})
	host.Ask(protocol.Grant{Endpoint: "C1"})
	c1.Sees("the countdown", func() bool {
		return c1.Stage(meeting.SlotFloor).State == "countdown" && c1.Stage(meeting.SlotFloor).OnAirMs > 0
	})
	servertest.Await(t, "C1 publishes", func() bool { return b.Media.Of("C1", signaling.PeerPublisher).ID != "" })
	c1.Sees("itself on air", func() bool { return c1.Stage(meeting.SlotFloor).State == "on_air" })
	servertest.Await(t, "C1 feeds the floor", func() bool { return b.Media.Feed(meeting.SlotFloor).Endpoint == "C1" })
}

// Taking over needs to be asked for; the first device is told.
func TestTakeOver(t *testing.T) {
	b := servertest.NewBed(t, "")
	first := b.Enter("C1")
	_, err := b.TryEnter("C1", client.Options{})
	if servertest.CloseCode(err) != protocol.CloseOccupied || refusal(err).AtMs == 0 {
		t.Fatalf("second device: %v", err)
	}
	second, err := b.TryEnter("C1", client.Options{TakeOver: true})
	if err != nil {
		t.Fatal(err)
	}
	first.Closed(protocol.CloseTakenOver)
	servertest.Await(t, "one viewer is left", func() bool {
		p := b.Media.Of("C1", signaling.PeerViewer)
		return p.Conn == second.Welcome().Conn
	})
	// The same page comes back before its old socket is given up: no question is asked.
	third, err := b.TryEnter("C1", client.Options{Resume: second.Welcome().Conn})
	if err != nil {
		t.Fatal(err)
	}
	second.Closed(protocol.CloseTakenOver)
	third.Close()
	servertest.Await(t, "the ledger has it all", func() bool {
		return cmp.Equal(b.Ledger()[2:], []string{
			"connected C1", "left C1 taken_over", "connected C1", "lost C1 resumed", "resumed C1", "left C1 page_closed",
		})
	})
}

// After kill -9 the session is what it was, and the links still open it.
func TestRestart(t *testing.T) {
	for name, kill := range map[string]bool{"clean": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			b := servertest.NewBed(t, "")
			host, c1, c2 := b.Enter(meeting.HostCode), b.Enter("C1"), b.Enter("C2")
			host.Ask(protocol.Start{})
			c2.Ask(protocol.RaiseHand{})
			host.Ask(protocol.Grant{Endpoint: "C1"})
			b.Restart(kill)
			if !kill {
				c1.Sees("when to come back", func() bool { return c1.Reconnect != nil && c1.Reconnect.AfterMs > 0 && c1.Reconnect.SpreadMs > 0 })
				c1.Closed(protocol.CloseRestart)
			}
			if f := b.Media.Feed(meeting.SlotMain); f.Endpoint != meeting.HostCode || f.Audio {
				t.Errorf("main after the restart: %+v", f)
			}
			host, err := b.TryEnter(meeting.HostCode, client.Options{Resume: host.Welcome().Conn})
			if err != nil {
				t.Fatal(err)
			}
			host.Sees("the session live", func() bool {
				return host.State.Phase == "live" && host.Stage(meeting.SlotFloor).Endpoint == "C1" &&
					host.Stage(meeting.SlotFloor).State == "held" && host.Sites["C2"].HandAtMs > 0 && host.Self.Muted
			})
			host.SeesRow("C1", "lost")
			if _, err := b.TryEnter("C1", client.Options{Resume: c1.Welcome().Conn}); err != nil {
				t.Fatal(err)
			}
			host.SeesRow("C1", "on-floor")
			lost := slices.DeleteFunc(b.Ledger(), func(s string) bool { return s[:4] != "lost" })
			slices.Sort(lost)
			if d := cmp.Diff([]string{"lost @host server_restart", "lost C1 server_restart", "lost C2 server_restart"}, lost); d != "" {
				t.Error(d)
			}
			if _, err := ledgertest.Verify(b.Record.Entries(t.Context(), b.Links.ID, 1)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A session whose ledger cannot be read stays shut; the others meet.
func TestDamagedSession(t *testing.T) {
	b := servertest.NewBed(t, "")
	var other servertest.Links
	b.Admin("POST", "/api/v1/sessions", `{"title":"y","units":"C1","start":"now"}`, &other)
	b.Srv.Close()
	b.HTTP.Close()
	b.Record = &servertest.Record{Store: b.Record.Store, Damaged: other.ID}
	b.Serve()
	for range 2 {
		if _, err := client.DialToken(t.Context(), servertest.SocketURL(b), servertest.Token(other.Of("C1")),
			client.Options{}); servertest.CloseCode(err) != protocol.CloseBroken {
			t.Errorf("enter the damaged session: %v", err)
		}
	}
	b.Admin("GET", "/api/v1/sessions/"+b.Links.ID+"/links", "", &b.Links)
	b.Enter("C1")
	if got := servertest.Get(t, b, "/readyz", ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz: %s", got.Status)
	}
}

// A session opens by itself an hour before its time.
func TestOpensByTime(t *testing.T) {
	before := time.Duration(meeting.DefaultRules().OpenBeforeS) * time.Second
	b := servertest.LooseBed(t, `{"title":"x","units":"C1","start":"`+time.Now().Add(before+2*time.Second).UTC().Format(time.RFC3339)+`"}`)
	servertest.Await(t, "C1 may enter", func() bool {
		_, err := b.TryEnter("C1", client.Options{})
		if err != nil && servertest.CloseCode(err) != protocol.CloseNotOpen {
			t.Fatal(err)
		}
		return err == nil
	})
	if l := b.Ledger(); l[1] != "opened" {
		t.Errorf("ledger: %v", l)
	}
}

// A host may open a session before its time.
func TestOpenEarly(t *testing.T) {
	b := servertest.NewBed(t, `{"title":"x","units":"C1","start":"2100-01-01T08:00:00+07:00"}`)
	if _, err := b.TryEnter("C1", client.Options{}); servertest.CloseCode(err) != protocol.CloseNotOpen {
		t.Errorf("enter a draft: %v", err)
	}
	if status, body := b.Request("POST", "/api/v1/sessions/"+b.Links.ID+"/open", servertest.Token(b.Links.Links.Host), ""); status != http.StatusNoContent {
		t.Fatalf("open: %d %s", status, body)
	}
	b.Enter("C1")
}

func TestPeers(t *testing.T) {
	b := servertest.NewBed(t, "")
	host, c1 := b.Enter(meeting.HostCode), b.Enter("C1")
	host.SeesRow("C1", "present")

	t.Run("the page asks for a new one", func(t *testing.T) {
		old := b.Media.Of("C1", signaling.PeerViewer).ID
		c1.Ask(protocol.PeerFailed{Peer: old, Reason: "ice"})
		servertest.Await(t, "another viewer", func() bool { id := b.Media.Of("C1", signaling.PeerViewer).ID; return id != "" && id != old })
		host.SeesRow("C1", "present")
		c1.Refused("unknown_peer", protocol.PeerFailed{Peer: old})
	})
	t.Run("the media plane gives one up", func(t *testing.T) {
		old := b.Media.Of("C1", signaling.PeerViewer)
		c1.See(func() { c1.Deaf = true })
		b.Srv.PeerFailed(old, "consent lost")
		host.SeesRow("C1", "connecting")
		servertest.Await(t, "another viewer", func() bool { id := b.Media.Of("C1", signaling.PeerViewer).ID; return id != "" && id != old.ID })
		c1.Sees("the old one closed", func() bool { return len(c1.Peers) == 1 && c1.Peers[old.ID] == "" })
		c1.See(func() { c1.Deaf = false })
		c1.Ask(protocol.Answer{Peer: b.Media.Of("C1", signaling.PeerViewer).ID, SDP: "v=0"})
		host.SeesRow("C1", "present")
	})
	t.Run("garbage SDP", func(t *testing.T) {
		c1.See(func() { c1.Deaf = true })
		old := b.Media.Of("C1", signaling.PeerViewer).ID
		c1.Ask(protocol.PeerFailed{Peer: old})
		servertest.Await(t, "another viewer", func() bool { id := b.Media.Of("C1", signaling.PeerViewer).ID; return id != "" && id != old })
		id := b.Media.Of("C1", signaling.PeerViewer).ID
		c1.Sees("the offer", func() bool { return c1.Peers[id] != "" })
		c1.Refused("bad_sdp", protocol.Answer{Peer: id, SDP: "garbage"})
		c1.Refused("unknown_peer", protocol.Answer{Peer: "viewer-zz", SDP: "v=0"})
		c1.Refused("unknown_peer", protocol.Answer{Peer: b.Media.Of(meeting.HostCode, signaling.PeerViewer).ID, SDP: "v=0"})
		c1.Ask(protocol.Answer{Peer: id, SDP: "v=0"})
		host.SeesRow("C1", "present")
		c1.See(func() { c1.Deaf = false })
	})
	t.Run("monitor", func(t *testing.T) {
		c1.Refused("forbidden", protocol.Watch{Slot: "preview", Endpoint: "C1"})
		host.Refused("bad_value", protocol.Watch{Slot: "floor", Endpoint: "C1"})
		host.Refused("unknown_endpoint", protocol.Watch{Slot: "preview", Endpoint: "C9"})
		host.Ask(protocol.Watch{Slot: "preview", Endpoint: "C1"})
		servertest.Await(t, "the preview", func() bool {
			id := b.Media.Of(meeting.HostCode, signaling.PeerMonitor).ID
			b.Media.Mu.Lock()
			defer b.Media.Mu.Unlock()
			return id != "" && b.Media.Watches[id+"/preview"] == "C1"
		})
		c1.Sees("that it is previewed", func() bool { return c1.Self.Publish })
		host.Ask(protocol.Watch{Slot: "preview"})
		c1.Sees("that it is not", func() bool { return !c1.Self.Publish })
	})
	t.Run("reports", func(t *testing.T) {
		p := b.Media.Of("C1", signaling.PeerViewer)
		b.Srv.Receiving(p, true, p0())
		b.Srv.Quality(p, 200e6, 3)
		host.Sees("the line", func() bool {
			return host.Sites["C1"].Receiving && host.Sites["C1"].RTTMs == 200 && host.Sites["C1"].LossPct == 3
		})
		b.Srv.PeerFailed(p, "consent lost")
		host.Sees("that nothing arrives there", func() bool { return !host.Sites["C1"].Receiving && host.Sites["C1"].State == "present" })
		b.Srv.Receiving(b.Media.Of("C1", signaling.PeerViewer), true, p0())
		host.Sees("that the new one receives", func() bool { return host.Sites["C1"].Receiving })
		b.Srv.Receiving(p, false, p0()) // of the one that was replaced
		b.Srv.Quality(b.Media.Of("C1", signaling.PeerViewer), 400e6, 0)
		host.Sees("the line", func() bool { return host.Sites["C1"].RTTMs == 400 })
		host.See(func() {
			if !host.Sites["C1"].Receiving {
				t.Error("a replaced viewer's reports count")
			}
		})
	})
	t.Run("all end with the connection", func(t *testing.T) {
		c1.Close()
		host.Close()
		servertest.Await(t, "no peer is left", func() bool { b.Media.Mu.Lock(); defer b.Media.Mu.Unlock(); return len(b.Media.Peers) == 0 })
	})
}
