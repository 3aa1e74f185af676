package sfu

import (
	"net"
	"strings"
	"testing"
)

// newTCPNode makes a node with a TCP port beside its UDP port.
func newTCPNode(t *testing.T) *Node {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newNode(t, func(c *Config) { c.TCP = l })
}

// TestForwardOverTCP: two sites that have only TCP publish and watch over the node's one TCP port.
func TestForwardOverTCP(t *testing.T) {
	n := newTCPNode(t)
	s := n.Stage("s")
	video, audio := VideoSlot("main"), AudioSlot("main")
	for slot, kind := range map[SlotID]SourceKind{video: SourceCamera, audio: SourceMicrophone} {
		if err := s.Feed(slot, alice, kind); err != nil {
			t.Fatal(err)
		}
	}
	overTCP := &line{tcp: true}
	a := publish(t, s, alice, markA, overTCP)
	if got := strings.Count(a.Offer(), " 1 tcp "); got != 1 {
		t.Errorf("%d TCP candidates in the offer\n%s", got, a.Offer())
	}
	w := watch(t, s, ViewerParams{ID: "w", Owner: bob}, overTCP)
	eventually(t, "a hundred packets from alice", func() bool { return len(w.got(video)) > 100 && len(w.got(audio)) > 30 })
	if sent := n.port.Stats().Packets; sent != 0 {
		t.Errorf("%d packets were sent by UDP", sent)
	}
	clean(t, w.got(video))
	b := publish(t, s, bob, markB, nil) // another by UDP meanwhile
	if err := s.Feed(video, bob, SourceCamera); err != nil {
		t.Fatal(err)
	}
	other := watch(t, s, ViewerParams{ID: "other", Owner: "C00009"}, overTCP)
	eventually(t, "bob is seen", func() bool { return lastMark(other.got(video)) == markB })
	for _, p := range []*sender{a, b} {
		p.Close()
	}
	if n.tcp.Dropped() != 0 {
		t.Errorf("%d packets towards publishers were dropped", n.tcp.Dropped())
	}
}
