package sfu

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// keyframe sends a keyframe of n packets on a layer in an order, a delta frame of one packet after it where that has
// the number n.
func (c *site) keyframe(layer, n int, order ...int) {
	first, id := c.seq[layer], c.frame[layer]+1
	for _, i := range order {
		if i < n {
			c.push(SourceCamera, layer, first+uint16(i), i == n-1, vp8(i == 0, true, id, c.mark))
			continue
		}
		ahead := uint16(i - n + 1)
		c.time += 3000 * uint32(ahead)
		c.push(SourceCamera, layer, first+uint16(i), true, vp8(true, false, id+ahead, c.mark))
		c.time -= 3000 * uint32(ahead)
	}
	most := slices.Max(order)
	c.seq[layer] += uint16(most) + 1
	c.frame[layer] += 1 + uint16(max(0, most-n+1))
	c.time += uint32(3000 * max(0, most-n+1))
}

// through counts from 1 to n-1 and puts 0 at a place, as if the first packet was sent again.
func through(n, at int) []int {
	list := make([]int, 0, n)
	for i := 1; i < n; i++ {
		list = append(list, i)
	}
	return slices.Insert(list, at, 0)
}

// orders in which a keyframe of n packets, and perhaps frames after it, arrive.
var orders = []struct {
	name  string
	n     int
	order []int
}{
	{"in order", 3, []int{0, 1, 2, 3}},
	{"swapped", 3, []int{1, 0, 2, 3}},
	{"after its end", 3, []int{1, 2, 0, 3}},
	{"after the next frames", 3, []int{1, 2, 3, 4, 0, 5}},
	{"of one packet", 1, []int{1, 2, 0, 3}},
	{"in the midst of a long one", 60, through(61, 40)},
	{"after a long one", 60, through(63, 62)},
	{"with others lost", 4, []int{2, 3, 0, 1, 4}},
}

// The first keyframe of a source is whole although its first packet came late.
func TestLateStart(t *testing.T) {
	for _, tt := range orders {
		for _, before := range []string{"idle", "another source", "another layer"} {
			t.Run(tt.name+", "+before, func(t *testing.T) {
				r := newRig(t)
				a := r.site(alice, markA)
				_, w := r.view("C00009", StageSlots)
				layer, sent := 0, 0
				switch before {
				case "another source":
					b := r.site(bob, markB)
					r.feed(main, bob, SourceCamera)
					b.video(0, 2, true)
					sent = 2
				case "another layer":
					r.feed(main, alice, SourceCamera)
					a.video(0, 2, true)
					layer, sent = 1, 2
				}
				r.settle()
				a.tick()
				a.video(layer, 1, false) // of which it becomes known
				r.feed(main, alice, SourceCamera)
				a.tick()
				a.video(layer, 1, false) // before the keyframe
				a.tick()
				a.keyframe(layer, tt.n, tt.order...)
				got := sorted(r.got(w, main))
				if len(got) != sent+len(tt.order) {
					t.Fatalf("%d packets, want %d and %d", len(got), sent, len(tt.order))
				}
				decodable(t, got)
			})
		}
	}
}

// A keyframe whose first packet came late is one to change rendition at, and to start from.
func TestLateStartIsASwitchPoint(t *testing.T) {
	for _, tt := range orders {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			a := r.site(alice, markA)
			r.feed(main, alice, SourceCamera)
			v, w := r.view(bob, StageSlots)
			_, onM := r.view("C00008", StageSlots)
			aim := func(top int) {
				v.SetTop(top)
				v.shard.do(func(now time.Duration) { v.adapt.divide(v.shard, now) })
			}
			aim(0)
			a.video(0, 1, true)
			a.video(1, 2, true)
			a.tick()
			a.video(0, 1, false)
			a.video(1, 2, false)
			r.settle()
			aim(1)
			a.tick()
			a.keyframe(1, tt.n, tt.order...)
			got := r.got(w, main)
			if mainLeg(v).rendition.Load() != 1 || len(got) != 2+len(tt.order) {
				t.Fatalf("on rendition %d with %d packets, want 2 and %d", mainLeg(v).rendition.Load(), len(got), len(tt.order))
			}
			decodable(t, sorted(got))
			all := r.got(onM, main)
			if len(all) != 5+len(tt.order) {
				t.Fatalf("who was on the rendition already got %d packets, want 5 and %d", len(all), len(tt.order))
			}
			decodable(t, sorted(all))
			_, late := r.view("C00007", StageSlots)
			started := r.got(late, main)
			if len(started) != len(tt.order) {
				t.Fatalf("a newcomer got %d packets, want %d", len(started), len(tt.order))
			}
			decodable(t, started)
		})
	}
}

// sorted puts packets in the order of their numbers, which do not wrap.
func sorted(packets []*rtp.Packet) []*rtp.Packet {
	list := slices.Clone(packets)
	slices.SortFunc(list, func(a, b *rtp.Packet) int { return int(a.SequenceNumber) - int(b.SequenceNumber) })
	return list
}

func TestEarly(t *testing.T) {
	start := func(seq uint16) *packet { return &packet{seq: seq, payload: vp8(true, true, 1, markA)} }
	delta := func(seq uint16) *packet { return &packet{seq: seq, payload: vp8(true, false, 1, markA)} }
	full := []uint16{5}
	for i := range uint16(latePicture) {
		full = append(full, 10+i)
	}
	for _, tt := range []struct {
		name    string
		kept    []uint16
		p       *packet
		begins  bool
		rest    []uint16
		dropped int
	}{
		{"nothing came before", nil, start(7), true, nil, 0},
		{"no start", nil, delta(7), false, nil, 0},
		{"malformed", nil, &packet{seq: 7}, false, nil, 0},
		{"all is older", []uint16{4, 5, 6}, start(7), true, nil, 3},
		{"overtaken", []uint16{65534, 1, 65535, 1}, start(0), true, []uint16{1}, 3},
		{"right before", []uint16{2, 3}, start(1), true, []uint16{2, 3}, 0},
		{"what came between is unknown", []uint16{2, 3}, start(0), false, nil, 0},
		{"too late", full, start(8), false, nil, 0},
		{"just in time", full, start(9), true, full[1:], 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e early
			dropped := 0
			for _, seq := range tt.kept {
				dropped += e.keep(delta(seq))
			}
			if got := e.begins(tt.p); got != tt.begins {
				t.Fatalf("begins: %v", got)
			}
			if !tt.begins {
				return
			}
			list, n := e.rest(tt.p.seq)
			var rest []uint16
			for _, p := range list {
				rest = append(rest, p.seq)
			}
			if !slices.Equal(rest, tt.rest) || dropped+n != tt.dropped || len(e.packets) != 0 {
				t.Fatalf("rest %v, %d dropped, %d kept", rest, dropped+n, len(e.packets))
			}
		})
	}
}
