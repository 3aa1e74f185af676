package sfu

import (
	"fmt"
	"testing"

	"github.com/diemcau/diemcau/sfu/transport/peertest"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/codec"
)

const (
	alice, bob = "C00001", "C00002"
	markA      = 0xaa
	markB      = 0xbb
)

// follows checks that a stream never ran backwards and has no gap in its numbers.
func follows(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	for i, p := range packets[1:] {
		before := packets[i]
		if p.SequenceNumber != before.SequenceNumber+1 {
			t.Fatalf("packet %d: number %d after %d", i+1, p.SequenceNumber, before.SequenceNumber)
		}
		if int32(p.Timestamp-before.Timestamp) < 0 {
			t.Fatalf("packet %d: timestamp %d after %d", i+1, p.Timestamp, before.Timestamp)
		}
	}
}

// clean checks a video stream: it begins with a keyframe, every change of source is one, and picture ids
// only grow, elsewhere without a gap.
func clean(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	follows(t, packets)
	var last uint16
	for i, p := range packets {
		v, err := codec.ParseVP8(p.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if (i == 0 || mark(p) != mark(packets[i-1])) && !v.Keyframe {
			t.Fatalf("packet %d: another source does not begin with a keyframe", i)
		}
		if step := (v.PictureID - last) & 0x7fff; i > 0 && step > 1 && !v.Keyframe {
			t.Fatalf("packet %d: picture id %d after %d", i, v.PictureID, last)
		}
		last = v.PictureID
	}
}

func lastMark(packets []*rtp.Packet) byte {
	if len(packets) == 0 {
		return 0
	}
	return mark(packets[len(packets)-1])
}

func TestForward(t *testing.T) {
	for _, peers := range []bool{false, true} {
		t.Run(fmt.Sprintf("PeerConnections=%v", peers), func(t *testing.T) {
			testForward(t, newNode(t, func(c *Config) {
				if peers {
					c.peers = peertest.New
				}
			}))
		})
	}
}

func testForward(t *testing.T, n *Node) {
	t.Helper()
	s := n.Stage("s")
	feed := func(owner string) {
		t.Helper()
		for slot, kind := range map[SlotID]SourceKind{VideoSlot("main"): SourceCamera, AudioSlot("main"): SourceMicrophone} {
			if err := s.Feed(slot, owner, kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	feed(alice) // before she is there
	a := publish(t, s, alice, markA, nil)
	w := watch(t, s, ViewerParams{ID: "w", Owner: "C00009"}, nil)
	own := watch(t, s, ViewerParams{ID: "own", Owner: bob}, nil)
	video, audio := VideoSlot("main"), AudioSlot("main")
	eventually(t, "a hundred packets from alice", func() bool { return len(w.got(video)) > 100 && len(w.got(audio)) > 30 })

	late := watch(t, s, ViewerParams{ID: "late", Owner: "C00008"}, nil)
	eventually(t, "a newcomer sees alice", func() bool { return len(late.got(video)) > 30 && len(late.got(audio)) > 5 })

	publish(t, s, bob, markB, nil)
	feed(bob)
	for _, v := range []*watcher{w, late} {
		eventually(t, "bob is seen and heard", func() bool {
			return lastMark(v.got(video)) == markB && lastMark(v.got(audio)) == markB
		})
	}
	feed(alice)
	for _, v := range []*watcher{w, late, own} {
		eventually(t, "alice is back", func() bool {
			return lastMark(v.got(video)) == markA && lastMark(v.got(audio)) == markA
		})
	}
	for _, p := range append(own.got(audio), own.got(video)...) {
		if mark(p) == markB {
			t.Fatal("bob was sent his own sound or picture")
		}
	}

	// The publisher goes away: nothing more comes.
	a.Close()
	for _, v := range []*watcher{w, late, own} {
		follows(t, v.got(video))
		follows(t, v.got(audio))
		if v != own { // whose picture is left out for a while
			clean(t, v.got(video))
		}
		if first := v.got(video)[0]; first.SequenceNumber >= 1<<15 {
			t.Errorf("the first number, %d, is not low", first.SequenceNumber)
		}
	}
}
