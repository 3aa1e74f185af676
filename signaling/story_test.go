package signaling_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/google/go-cmp/cmp"
)

// The main job as the meeting plane sees it: people come, the host starts, a site speaks, drops out and comes
// back, the session ends.
func TestStory(t *testing.T) {
	b := newBed(t, "")
	host := b.enter(meeting.HostCode)
	c1, c2 := b.enter("C1"), b.enter("C2")
	host.seesRow("C1", "present")
	host.seesRow("C2", "present")
	host.seesRow("C3", "absent")
	if w := c1.Welcome(); w.Self.Name != "Xã Phước Bình" || !slices.Equal(w.Self.Parents, []string{"Huyện Bác Ái", "Ninh Thuận"}) ||
		w.Session.Title != "Giao ban" || w.Session.TimeZone != "Asia/Ho_Chi_Minh" {
		t.Errorf("welcome: %+v", w)
	}
	c1.sees("open", func() bool { return c1.state.Phase == "open" && c1.state.Convened == 3 })

	c1.refused("forbidden", protocol.Start{})
	host.ask(protocol.Start{})
	c1.sees("the host on main", func() bool {
		return c1.state.Phase == "live" && c1.state.Present == 2 && c1.stage(meeting.SlotMain).Endpoint == meeting.HostCode && c1.stage(meeting.SlotMain).State == "on_air"
	})
	await(t, "the host publishes to main", func() bool {
		return b.media.of(meeting.HostCode, signaling.PeerPublisher).ID != "" &&
			b.media.feed(meeting.SlotMain) == signaling.Feed{Endpoint: meeting.HostCode, Audio: true}
	})
	if p := b.media.of("C1", signaling.PeerPublisher); p.ID != "" {
		t.Error("a site that only listens has a publisher")
	}

	host.ask(protocol.Grant{Endpoint: meeting.HostCode, Slot: "presentation"})
	c2.sees("the presentation", func() bool { return c2.stage(meeting.SlotPresentation).Endpoint == meeting.HostCode })
	b.srv.SlotVideo(b.links.ID, "presentation", true)
	c2.sees("pictures", func() bool { return c2.stage(meeting.SlotPresentation).Video })

	c1.ask(protocol.RaiseHand{})
	c2.ask(protocol.RaiseHand{})
	c2.sees("its place in the queue", func() bool { return c2.self.HandPosition == 2 })
	host.sees("the hand", func() bool { return host.sites["C1"].HandAtMs > 0 })
	host.ask(protocol.Grant{Endpoint: "C1"})
	c2.sees("that it is next", func() bool { return c2.self.HandPosition == 1 })
	c2.sees("C1 on the floor", func() bool { return c2.stage(meeting.SlotFloor).Endpoint == "C1" })
	c1.sees("that it is to publish", func() bool {
		return c1.self.Publish && !c1.self.Muted && slices.Equal(c1.self.Slots, []string{"floor"}) && c1.self.HandPosition == 0
	})
	host.seesRow("C1", "on-floor")
	await(t, "C1 feeds the floor", func() bool { return b.media.feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1", Audio: true} })

	host.ask(protocol.Mute{Endpoint: "C1", Muted: true})
	await(t, "C1 is silent", func() bool { return b.media.feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1"} })
	host.refused("forbidden", protocol.Mute{Endpoint: "C1", Muted: false})
	c1.ask(protocol.Mute{Muted: false})
	await(t, "C1 is heard", func() bool { return b.media.feed(meeting.SlotFloor).Audio })

	// The line of the speaker breaks: off air at once, the floor is kept for it, nobody is unmuted.
	c1.Drop()
	host.seesRow("C1", "lost")
	await(t, "the floor is dark", func() bool { return b.media.feed(meeting.SlotFloor) == signaling.Feed{} })
	c1, err := b.tryEnter("C1", client.Options{Resume: c1.Welcome().Conn})
	if err != nil {
		t.Fatal(err)
	}
	c1.sees("its floor held", func() bool { return c1.stage(meeting.SlotFloor).State == "held" && c1.self.Muted })
	c1.ask(protocol.Confirm{})
	await(t, "C1 feeds the floor again", func() bool { return b.media.feed(meeting.SlotFloor) == signaling.Feed{Endpoint: "C1", Audio: true} })

	host.ask(protocol.Revoke{Endpoint: "C1"})
	await(t, "the floor is dark", func() bool { return b.media.feed(meeting.SlotFloor) == signaling.Feed{} })
	host.seesRow("C1", "present")
	c2.Close()
	host.seesRow("C2", "absent")

	host.ask(protocol.End{})
	c1.sees("the end", func() bool { return c1.state.Phase == "ended" && len(c1.state.Stage) == 0 && c1.state.Present == 1 })
	await(t, "the media plane is dark", func() bool {
		b.media.mu.Lock()
		defer b.media.mu.Unlock()
		return b.media.over[b.links.ID] && len(b.media.peers) == 0
	})
	if _, err := b.tryEnter("C3", client.Options{}); closeCode(err) != protocol.CloseEnded {
		t.Errorf("C3 enters after the end: %v", err)
	}
	recorded := b.ledger()
	b.restart(false)
	if _, err := b.tryEnter("C3", client.Options{}); closeCode(err) != protocol.CloseEnded {
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
	if _, err := ledger.VerifyChain(b.record.Entries(t.Context(), b.links.ID, 1)); err != nil {
		t.Error(err)
	}
}

// A countdown ends by itself; what it gives is dark until then.
func TestCountdown(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"C1","start":"now","countdown_s":1}`)
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.ask(protocol.Start{})
	host.ask(protocol.Grant{Endpoint: "C1"})
	c1.sees("the countdown", func() bool {
		return c1.stage(meeting.SlotFloor).State == "countdown" && c1.stage(meeting.SlotFloor).OnAirMs > 0
	})
	await(t, "C1 publishes", func() bool { return b.media.of("C1", signaling.PeerPublisher).ID != "" })
	c1.sees("itself on air", func() bool { return c1.stage(meeting.SlotFloor).State == "on_air" })
	await(t, "C1 feeds the floor", func() bool { return b.media.feed(meeting.SlotFloor).Endpoint == "C1" })
}

// Taking over needs to be asked for; the first device is told.
func TestTakeOver(t *testing.T) {
	b := newBed(t, "")
	first := b.enter("C1")
	_, err := b.tryEnter("C1", client.Options{})
	if closeCode(err) != protocol.CloseOccupied || refusal(err).AtMs == 0 {
		t.Fatalf("second device: %v", err)
	}
	second, err := b.tryEnter("C1", client.Options{TakeOver: true})
	if err != nil {
		t.Fatal(err)
	}
	first.closed(protocol.CloseTakenOver)
	await(t, "one viewer is left", func() bool {
		p := b.media.of("C1", signaling.PeerViewer)
		return p.Conn == second.Welcome().Conn
	})
	// The same page comes back before its old socket is given up: no question is asked.
	third, err := b.tryEnter("C1", client.Options{Resume: second.Welcome().Conn})
	if err != nil {
		t.Fatal(err)
	}
	second.closed(protocol.CloseTakenOver)
	third.Close()
	await(t, "the ledger has it all", func() bool {
		return cmp.Equal(b.ledger()[2:], []string{
			"connected C1", "left C1 taken_over", "connected C1", "lost C1 resumed", "resumed C1", "left C1 page_closed",
		})
	})
}

// After kill -9 the session is what it was, and the links still open it.
func TestRestart(t *testing.T) {
	for name, kill := range map[string]bool{"clean": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, "")
			host, c1, c2 := b.enter(meeting.HostCode), b.enter("C1"), b.enter("C2")
			host.ask(protocol.Start{})
			c2.ask(protocol.RaiseHand{})
			host.ask(protocol.Grant{Endpoint: "C1"})
			b.restart(kill)
			if !kill {
				c1.sees("when to come back", func() bool { return c1.reconnect != nil && c1.reconnect.AfterMs > 0 && c1.reconnect.SpreadMs > 0 })
				c1.closed(protocol.CloseRestart)
			}
			if f := b.media.feed(meeting.SlotMain); f.Endpoint != meeting.HostCode || f.Audio {
				t.Errorf("main after the restart: %+v", f)
			}
			host, err := b.tryEnter(meeting.HostCode, client.Options{Resume: host.Welcome().Conn})
			if err != nil {
				t.Fatal(err)
			}
			host.sees("the session live", func() bool {
				return host.state.Phase == "live" && host.stage(meeting.SlotFloor).Endpoint == "C1" &&
					host.stage(meeting.SlotFloor).State == "held" && host.sites["C2"].HandAtMs > 0 && host.self.Muted
			})
			host.seesRow("C1", "lost")
			if _, err := b.tryEnter("C1", client.Options{Resume: c1.Welcome().Conn}); err != nil {
				t.Fatal(err)
			}
			host.seesRow("C1", "on-floor")
			lost := slices.DeleteFunc(b.ledger(), func(s string) bool { return s[:4] != "lost" })
			slices.Sort(lost)
			if d := cmp.Diff([]string{"lost @host server_restart", "lost C1 server_restart", "lost C2 server_restart"}, lost); d != "" {
				t.Error(d)
			}
			if _, err := ledger.VerifyChain(b.record.Entries(t.Context(), b.links.ID, 1)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A session whose ledger cannot be read stays shut; the others meet.
func TestDamagedSession(t *testing.T) {
	b := newBed(t, "")
	var other links
	b.admin("POST", "/api/v1/sessions", `{"title":"y","units":"C1","start":"now"}`, &other)
	b.srv.Close()
	b.http.Close()
	b.record = &record{Store: b.record.Store, damaged: other.ID}
	b.serve()
	for range 2 {
		if _, err := client.DialToken(t.Context(), wsURL(b), token(other.of("C1")), client.Options{}); closeCode(err) != protocol.CloseBroken {
			t.Errorf("enter the damaged session: %v", err)
		}
	}
	b.admin("GET", "/api/v1/sessions/"+b.links.ID+"/links", "", &b.links)
	b.enter("C1")
	if got := get(t, b, "/readyz", ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz: %s", got.Status)
	}
}

// A session opens by itself an hour before its time.
func TestOpensByTime(t *testing.T) {
	before := time.Duration(meeting.DefaultRules().OpenBeforeS) * time.Second
	b := looseBed(t, `{"title":"x","units":"C1","start":"`+time.Now().Add(before+2*time.Second).UTC().Format(time.RFC3339)+`"}`)
	await(t, "C1 may enter", func() bool {
		_, err := b.tryEnter("C1", client.Options{})
		if err != nil && closeCode(err) != protocol.CloseNotOpen {
			t.Fatal(err)
		}
		return err == nil
	})
	if l := b.ledger(); l[1] != "opened" {
		t.Errorf("ledger: %v", l)
	}
}

// A host may open a session before its time.
func TestOpenEarly(t *testing.T) {
	b := newBed(t, `{"title":"x","units":"C1","start":"2100-01-01T08:00:00+07:00"}`)
	if _, err := b.tryEnter("C1", client.Options{}); closeCode(err) != protocol.CloseNotOpen {
		t.Errorf("enter a draft: %v", err)
	}
	if status, body := b.request("POST", "/api/v1/sessions/"+b.links.ID+"/open", token(b.links.Links.Host), ""); status != http.StatusNoContent {
		t.Fatalf("open: %d %s", status, body)
	}
	b.enter("C1")
}

func TestPeers(t *testing.T) {
	b := newBed(t, "")
	host, c1 := b.enter(meeting.HostCode), b.enter("C1")
	host.seesRow("C1", "present")

	t.Run("the page asks for a new one", func(t *testing.T) {
		old := b.media.of("C1", signaling.PeerViewer).ID
		c1.ask(protocol.PeerFailed{Peer: old, Reason: "ice"})
		await(t, "another viewer", func() bool { id := b.media.of("C1", signaling.PeerViewer).ID; return id != "" && id != old })
		host.seesRow("C1", "present")
		c1.refused("unknown_peer", protocol.PeerFailed{Peer: old})
	})
	t.Run("the media plane gives one up", func(t *testing.T) {
		old := b.media.of("C1", signaling.PeerViewer)
		c1.see(func() { c1.deaf = true })
		b.srv.PeerFailed(old, "consent lost")
		host.seesRow("C1", "connecting")
		await(t, "another viewer", func() bool { id := b.media.of("C1", signaling.PeerViewer).ID; return id != "" && id != old.ID })
		c1.sees("the old one closed", func() bool { return len(c1.peers) == 1 && c1.peers[old.ID] == "" })
		c1.see(func() { c1.deaf = false })
		c1.ask(protocol.Answer{Peer: b.media.of("C1", signaling.PeerViewer).ID, SDP: "v=0"})
		host.seesRow("C1", "present")
	})
	t.Run("garbage SDP", func(t *testing.T) {
		c1.see(func() { c1.deaf = true })
		old := b.media.of("C1", signaling.PeerViewer).ID
		c1.ask(protocol.PeerFailed{Peer: old})
		await(t, "another viewer", func() bool { id := b.media.of("C1", signaling.PeerViewer).ID; return id != "" && id != old })
		id := b.media.of("C1", signaling.PeerViewer).ID
		c1.sees("the offer", func() bool { return c1.peers[id] != "" })
		c1.refused("bad_sdp", protocol.Answer{Peer: id, SDP: "garbage"})
		c1.refused("unknown_peer", protocol.Answer{Peer: "viewer-zz", SDP: "v=0"})
		c1.refused("unknown_peer", protocol.Answer{Peer: b.media.of(meeting.HostCode, signaling.PeerViewer).ID, SDP: "v=0"})
		c1.ask(protocol.Answer{Peer: id, SDP: "v=0"})
		host.seesRow("C1", "present")
		c1.see(func() { c1.deaf = false })
	})
	t.Run("monitor", func(t *testing.T) {
		c1.refused("forbidden", protocol.Watch{Slot: "preview", Endpoint: "C1"})
		host.refused("bad_value", protocol.Watch{Slot: "floor", Endpoint: "C1"})
		host.refused("unknown_endpoint", protocol.Watch{Slot: "preview", Endpoint: "C9"})
		host.ask(protocol.Watch{Slot: "preview", Endpoint: "C1"})
		await(t, "the preview", func() bool {
			id := b.media.of(meeting.HostCode, signaling.PeerMonitor).ID
			b.media.mu.Lock()
			defer b.media.mu.Unlock()
			return id != "" && b.media.watches[id+"/preview"] == "C1"
		})
		c1.sees("that it is previewed", func() bool { return c1.self.Publish })
		host.ask(protocol.Watch{Slot: "preview"})
		c1.sees("that it is not", func() bool { return !c1.self.Publish })
	})
	t.Run("reports", func(t *testing.T) {
		p := b.media.of("C1", signaling.PeerViewer)
		b.srv.Receiving(p, true, p0())
		b.srv.Quality(p, 200e6, 3)
		host.sees("the line", func() bool {
			return host.sites["C1"].Receiving && host.sites["C1"].RTTMs == 200 && host.sites["C1"].LossPct == 3
		})
		b.srv.PeerFailed(p, "consent lost")
		host.sees("that nothing arrives there", func() bool { return !host.sites["C1"].Receiving && host.sites["C1"].State == "present" })
		b.srv.Receiving(b.media.of("C1", signaling.PeerViewer), true, p0())
		host.sees("that the new one receives", func() bool { return host.sites["C1"].Receiving })
		b.srv.Receiving(p, false, p0()) // of the one that was replaced
		b.srv.Quality(b.media.of("C1", signaling.PeerViewer), 400e6, 0)
		host.sees("the line", func() bool { return host.sites["C1"].RTTMs == 400 })
		host.see(func() {
			if !host.sites["C1"].Receiving {
				t.Error("a replaced viewer's reports count")
			}
		})
	})
	t.Run("all end with the connection", func(t *testing.T) {
		c1.Close()
		host.Close()
		await(t, "no peer is left", func() bool { b.media.mu.Lock(); defer b.media.mu.Unlock(); return len(b.media.peers) == 0 })
	})
}
