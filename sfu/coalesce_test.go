package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/diemcau/diemcau/sfu/packetcache"
	"github.com/diemcau/diemcau/sfu/transport"
)

// audience opens so many viewers on a node of one shard.
func (r *rig) audience(n int) []*wire {
	r.t.Helper()
	var list []*wire
	for i := range n {
		v, err := r.stage.OpenViewer(ViewerParams{ID: fmt.Sprint(i), Owner: "viewer", Slots: StageSlots})
		if err != nil {
			r.t.Fatal(err)
		}
		w := r.wires.last()
		if err := v.Answer(""); err != nil {
			r.t.Fatal(err)
		}
		w.params.OnState(transport.Connected)
		list = append(list, w)
	}
	return list
}

func TestSoundRidesWithPicture(t *testing.T) {
	const ms = time.Millisecond
	type step struct {
		at    time.Duration
		slot  SlotID // none: what is due is sent
		count int    // that each viewer has got by then
	}
	sound := AudioSlot("main")
	const merged, plain = "merged", "plain" // of that slot, on a node that merges
	for _, tt := range []struct {
		name    string
		viewers int
		steps   []step
	}{
		{"together", coalesceLegs, []step{{0, sound, 1}, {5 * ms, main, 1}, {20 * ms, sound, 3}, {40 * ms, sound, 4}}},
		{"two frames", coalesceLegs, []step{{0, sound, 1}, {5 * ms, main, 1}, {8 * ms, main, 1}, {20 * ms, sound, 4}}},
		{"no sound after", coalesceLegs, []step{{0, sound, 1}, {5 * ms, main, 1}, {24 * ms, "", 1}, {25 * ms, "", 2}}},
		{"no sound before", coalesceLegs, []step{{0, main, 1}, {20 * ms, main, 2}}},
		{"silence", coalesceLegs, []step{{0, sound, 1}, {40 * ms, main, 2}, {60 * ms, main, 3}}},
		{"few viewers", coalesceLegs - 1, []step{{0, sound, 1}, {5 * ms, main, 2}, {20 * ms, sound, 3}}},
		{"more than may wait", coalesceLegs, slices.Concat(
			[]step{{0, sound, 1}}, slices.Repeat([]step{{1 * ms, main, 1}}, coalesceBursts), []step{{1 * ms, main, coalesceBursts + 2}},
		)},
		{"together with merged sound", coalesceLegs, []step{
			{0, merged, 1}, {5 * ms, main, 1}, {25 * ms, main, 1}, {40 * ms, merged, 4}, {80 * ms, merged, 5},
		}},
		{"sound of the other form is not waited for", coalesceLegs, []step{{0, merged, 1}, {5 * ms, main, 1}, {20 * ms, plain, 1}, {40 * ms, merged, 3}}},
		{"no merged sound after", coalesceLegs, []step{{0, merged, 1}, {5 * ms, main, 1}, {44 * ms, "", 1}, {45 * ms, "", 2}}},
		{"merged sound has ceased", coalesceLegs, []step{{0, merged, 1}, {80 * ms, main, 2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &wires{accept: accepted()}
			n := newNode(t, func(c *Config) {
				c.viewers, c.Writers = f, 1
				if slices.ContainsFunc(tt.steps, func(s step) bool { return s.slot == merged }) {
					c.SoundPacket = 40 * ms
				}
			})
			r := &rig{t, n, n.Stage("s"), f}
			wires := r.audience(tt.viewers)
			s, began, seq := n.shards[0], n.now(), uint16(0)
			s.do(func(time.Duration) {
				for i, step := range tt.steps {
					seq++
					b := burst{slot: r.stage.slots[step.slot]}
					if step.slot == merged || step.slot == plain {
						b.slot, b.rendition = r.stage.slots[sound], plainSound
						if step.slot == merged {
							b.rendition = mergedSound
						}
					}
					if step.slot == "" {
						s.sendDue(began + step.at)
					} else {
						p := &packetcache.Packet{Seq: seq, Time: uint32(seq) * 3000, Start: true, Keyframe: true, Marker: true, Payload: []byte{1}}
						b.packets = []*packetcache.Packet{p}
						s.accept(b, began+step.at)
					}
					for _, w := range wires {
						if len(w.rtp) != step.count {
							t.Errorf("after step %d a viewer has %d packets, want %d", i, len(w.rtp), step.count)
						}
					}
				}
			})
			for _, w := range wires {
				if tt.name == "together" && (w.rtp[1].SSRC != ssrcOf(w, main) || w.rtp[2].SSRC != ssrcOf(w, sound)) {
					t.Error("the sound went before the picture")
				}
				if !slices.IsSortedFunc(w.rtp, func(a, b *rtp.Packet) int { return int(int32(a.Timestamp - b.Timestamp)) }) && tt.name != "together" {
					t.Error("out of order")
				}
			}
		})
	}
}
