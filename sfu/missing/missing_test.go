package missing

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// arrive takes numbers at one time.
func arrive(n *Numbers, now time.Duration, seqs ...uint16) {
	for _, seq := range seqs {
		n.Arrived(seq, now)
	}
}

func TestDue(t *testing.T) {
	const trip = 40 * ms // so 70 ms between two requests
	var n Numbers
	arrive(&n, 0, 65533, 65534, 2, 3)
	for _, step := range []struct {
		at   time.Duration
		come []uint16
		want []uint16
	}{
		{at: 5 * ms}, // perhaps they were only overtaken
		{at: 10 * ms, come: []uint16{0}, want: []uint16{65535, 1}},
		{at: 30 * ms},
		{at: 79 * ms, come: []uint16{1}},
		{at: 80 * ms, want: []uint16{65535}},
		{at: 100 * ms, come: []uint16{6}},
		{at: 110 * ms, want: []uint16{4, 5}},
		{at: 180 * ms, want: []uint16{65535, 4, 5}},
		{at: 250 * ms, want: []uint16{65535, 4, 5}},
		{at: 320 * ms, want: []uint16{65535, 4, 5}},
		{at: 390 * ms, want: []uint16{4, 5}}, // the other has had its five
		{at: 460 * ms},
	} {
		arrive(&n, step.at, step.come...)
		got := n.Due(step.at, trip, nil)
		slices.Sort(got)
		slices.Sort(step.want)
		if !slices.Equal(got, step.want) {
			t.Errorf("at %v: asked for %v, want %v", step.at, got, step.want)
		}
	}
	if lost, back := n.Counts(); lost != 3 || back != 1 {
		t.Errorf("%d lost, %d came after all", lost, back)
	}
}

// Of what came before a keyframe nothing is asked for twice.
func TestKeyframe(t *testing.T) {
	var n Numbers
	arrive(&n, 0, 10, 12)
	n.Due(10*ms, 0, nil)
	arrive(&n, 15*ms, 14)
	if !n.Arrived(15, 16*ms) {
		t.Error("15 is not ahead")
	}
	n.Keyframe(15)
	arrive(&n, 17*ms, 17)
	if got := n.Due(30*ms, 0, nil); !slices.Equal(got, []uint16{13, 16}) {
		t.Errorf("asked for %v", got)
	}
	if got := n.Due(60*ms, 0, nil); !slices.Equal(got, []uint16{16}) {
		t.Errorf("asked for %v", got)
	}
}

// Numbers that never come do not keep those waiting that would: a sender that itself lost much of what it was sent.
func TestUnrepairableDoesNotStarve(t *testing.T) {
	var n Numbers
	var now time.Duration
	arrive(&n, now, 0, 200) // 199 that will never come
	for range 3 {
		now += least
		n.Due(now, 0, nil)
	}
	arrive(&n, now, 202)
	now += settle
	if got := n.Due(now, 0, nil); !slices.Contains(got, 201) {
		t.Errorf("the fresh number is not among %v", got)
	}
}

func TestBounds(t *testing.T) {
	var n Numbers
	arrive(&n, 0, 0, 3000)
	if len(n.list) != maxNumbers || n.list[0].seq != 3000-maxNumbers {
		t.Errorf("%d numbers are waited for, from %d", len(n.list), n.list[0].seq)
	}
	if got := n.Due(settle, 0, nil); len(got) != maxAsked {
		t.Errorf("%d numbers are asked for at once", len(got))
	}
	arrive(&n, 0, 3000+maxGap)
	if len(n.list) != 0 {
		t.Error("another stream is taken for a loss")
	}
	arrive(&n, 0, 3002+maxGap)
	n.Forget()
	if got := n.Due(settle, 0, nil); len(got) != 0 || !n.Arrived(7, 0) {
		t.Errorf("not forgotten: %v", got)
	}
	arrive(&n, 0, 9)
	if n.Due(maxAge, 0, nil) != nil {
		t.Error("asked for what is too old")
	}
}

// On a path that loses a twentieth of everything both ways, while as much never reached the sender, all but a few in ten
// thousand of what the sender has come, with little more than one request each.
func TestLossBothWays(t *testing.T) {
	for _, trip := range []time.Duration{0, 40 * ms, 160 * ms} {
		rnd := rand.New(rand.NewPCG(1, uint64(trip)))
		lost := func() bool { return rnd.IntN(20) == 0 }
		type arrival struct {
			at  time.Duration
			seq uint16
		}
		var n Numbers
		var under []arrival
		have, came := map[uint16]bool{}, map[uint16]bool{}
		asked := 0
		const total = 30_000
		for i := range total {
			now := time.Duration(i) * 4 * ms
			seq := uint16(i)
			if !lost() { // on the way to the sender
				have[seq] = true
				if !lost() {
					under = append(under, arrival{now + trip/2, seq})
				}
			} else {
				delete(have, seq)
			}
			delete(came, seq)
			for len(under) > 0 && under[0].at <= now {
				n.Arrived(under[0].seq, now)
				came[under[0].seq] = true
				under = under[1:]
			}
			if i%5 == 0 {
				for _, s := range n.Due(now, trip, nil) {
					asked++
					if have[s] && !lost() && !lost() {
						at, _ := slices.BinarySearchFunc(under, now+trip, func(a arrival, b time.Duration) int { return int(a.at - b) })
						under = slices.Insert(under, at, arrival{now + trip, s})
					}
				}
			}
		}
		missing, of := 0, 0
		for i := total - 20_000; i < total-1000; i++ {
			if have[uint16(i)] {
				of++
				if !came[uint16(i)] {
					missing++
				}
			}
		}
		if missing*1000 > of || of < 15_000 {
			t.Errorf("round trip %v: %d of %d are missing", trip, missing, of)
		}
		if per := float64(asked) / (total / 20); per > 6.5 { // one for what comes, five for what does not
			t.Errorf("round trip %v: %.2f requests for each loss", trip, per)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add([]byte{1, 2, 200, 5, 0, 255, 128, 64})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var n Numbers
		var now time.Duration
		var seq uint16
		asked := map[uint16]int{}
		for _, s := range steps {
			now += time.Duration(s%16) * ms
			seq += uint16(int8(s)) * uint16(s&3)
			if n.Arrived(seq, now) && s&4 != 0 {
				n.Keyframe(seq)
			}
			clear(asked)
			for _, m := range n.Due(now, time.Duration(s)*ms, nil) {
				if asked[m]++; asked[m] > 1 || m == seq {
					t.Fatalf("asked for %d", m)
				}
			}
			if len(n.list) > maxNumbers || !slices.IsSortedFunc(n.list, func(a, b number) int { return int(int16(a.seq - b.seq)) }) {
				t.Fatalf("waits for %v", n.list)
			}
		}
	})
}
