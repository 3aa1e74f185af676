package sfu

import (
	"net"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/diemcau/diemcau/sfu/turn"
)

// TestForwardThroughTURN: two sites that have nothing but a relay publish and watch through it.
func TestForwardThroughTURN(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			n := newNode(t, nil)
			cfg := turn.Config{Host: "127.0.0.1", Media: n.LocalAddr(), Announced: n.Announced}
			var err error
			if transport == "udp" {
				cfg.UDP, err = net.ListenPacket("udp4", "127.0.0.1:0")
			} else {
				cfg.TCP, err = net.Listen("tcp4", "127.0.0.1:0")
			}
			if err != nil {
				t.Fatal(err)
			}
			server, err := turn.New(cfg, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Close(); err != nil {
					t.Error(err)
				}
			})
			relayed := func(owner string) *line {
				ice := server.ICEServers(owner)[0]
				return &line{relays: []webrtc.ICEServer{{URLs: ice.URLs, Username: ice.Username, Credential: ice.Credential}}}
			}
			s := n.Stage("s")
			if err := s.Feed(VideoSlot("main"), alice, SourceCamera); err != nil {
				t.Fatal(err)
			}
			a := publish(t, s, alice, markA, relayed(alice))
			w := watch(t, s, ViewerParams{ID: "w", Owner: bob}, relayed(bob))
			eventually(t, "a hundred packets from alice", func() bool { return len(w.got(VideoSlot("main"))) > 100 })
			clean(t, w.got(VideoSlot("main")))
			a.Close()
		})
	}
}
