package pace

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

func (p *Pacer[T]) waiting() int { return p.again.n + p.first.n }

// drain pops what may go at now.
func drain(p *Pacer[int], now time.Duration) []int {
	var out []int
	for {
		item, ok := p.Pop(now)
		if !ok {
			return out
		}
		out = append(out, item)
	}
}

func TestUnpaced(t *testing.T) {
	for _, rate := range []int{0, -1, Threshold + 1, 10 * Threshold} {
		var p Pacer[int]
		p.SetRate(rate, Burst)
		for i := range 1000 {
			if v := p.Offer(0, 0, i%10 == 0, 1200, i); v != Send {
				t.Fatalf("rate %d: packet %d: %v", rate, i, v)
			}
		}
	}
}

// TestKeyframeOnAWeakLine: 100 packets to a line of 400 kbit/s arrive whole, in order, never faster than the line.
func TestKeyframeOnAWeakLine(t *testing.T) {
	const rate, size, packets = 400_000, 1000, 100
	var p Pacer[int]
	var s Schedule[int]
	p.SetRate(rate, Burst)
	var sent []int
	var at []time.Duration
	for i := range packets {
		switch p.Offer(0, 0, i == 0, size, i) {
		case Send:
			sent, at = append(sent, i), append(at, 0)
		case Dropped:
			t.Fatalf("packet %d dropped", i)
		case Queued:
			s.Update(&p)
		}
	}
	for due, ok := s.Next(); ok; due, ok = s.Next() {
		if s.Due(due-1) != nil || s.Due(due) != &p {
			t.Fatal("not due when it says")
		}
		for _, i := range drain(&p, due) {
			sent, at = append(sent, i), append(at, due)
		}
		s.Update(&p)
	}
	if len(sent) != packets || !slices.IsSorted(sent) {
		t.Fatalf("%d packets, in order %v", len(sent), slices.IsSorted(sent))
	}
	for i := range at { // from any packet on, the line is never owed more than Burst and one packet
		for j := i; j < len(at); j++ {
			line := time.Duration((j-i+1)*size*8) * time.Second / rate
			if line > at[j]-at[i]+Burst+2*size*8*time.Second/rate {
				t.Fatalf("packets %d..%d left within %v, the line needs %v", i, j, at[j]-at[i], line)
			}
		}
	}
	if last, want := at[packets-1], time.Duration(packets*size*8)*time.Second/rate; last > want || last < want-Burst-40*ms {
		t.Errorf("the last left after %v, the line needs %v", last, want)
	}
}

func TestBurst(t *testing.T) {
	var p Pacer[int]
	p.SetRate(2_000_000, Burst) // 10 ms are 2,500 bytes
	verdicts := make([]Verdict, 6)
	for i := range verdicts {
		verdicts[i] = p.Offer(0, 0, i == 0, 1000, i)
	}
	if want := []Verdict{Send, Send, Send, Queued, Queued, Queued}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts %v, want %v", verdicts, want)
	}
	if got := drain(&p, 3*ms); !slices.Equal(got, []int{3}) {
		t.Errorf("after 3 ms %v", got)
	}
	if got := drain(&p, time.Second); len(got) != 2 {
		t.Errorf("after a second %v", got)
	}
	if v := p.Offer(2*time.Second, 0, true, 1000, 9); v != Send {
		t.Errorf("after a pause: %v", v)
	}
}

func TestQueuedPacketsGoFirst(t *testing.T) {
	var p Pacer[int]
	p.SetRate(100_000, Burst)
	p.Offer(0, 0, true, 1000, 0)
	p.Offer(0, 0, false, 1000, 1)
	if v := p.Offer(time.Hour, 0, false, 1000, 2); v != Queued {
		t.Errorf("overtook the queue: %v", v)
	}
	p.SetRate(0, Burst)
	if got := drain(&p, time.Hour); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("drained %v", got)
	}
}

func TestSoundIsCharged(t *testing.T) {
	var p Pacer[int]
	p.SetRate(80_000, Burst) // 10 bytes a millisecond
	p.Charge(0, 100)         // occupies 10 ms
	p.Charge(0, 100)         // and 10 more
	p.Offer(0, 0, true, 100, 1)
	if due, ok := p.Due(); !ok || due != 10*ms+1 {
		t.Errorf("due at %v, %v", due, ok)
	}
}

// TestDropsToTheEndOfTheFrame: a full queue costs a stream the rest of the frame, and another stream nothing once
// there is room.
func TestDropsToTheEndOfTheFrame(t *testing.T) {
	var p Pacer[int]
	p.SetRate(100_000, Burst) // 80 ms for each packet
	for i := range MaxQueue + 1 {
		if v := p.Offer(0, 1, i == 0, 1000, i); v == Dropped {
			t.Fatalf("packet %d dropped", i)
		}
	}
	if v := p.Offer(0, 1, false, 1000, 0); v != Dropped {
		t.Fatalf("more than the queue holds: %v", v)
	}
	drain(&p, 200*ms)
	drain(&p, 300*ms)
	for _, step := range []struct {
		name   string
		stream uint8
		start  bool
		want   Verdict
	}{
		{"rest of the frame", 1, false, Dropped},
		{"another stream", 2, false, Queued},
		{"next frame", 1, true, Queued},
	} {
		if v := p.Offer(300*ms, step.stream, step.start, 1000, 0); v != step.want {
			t.Errorf("%s: %v, want %v", step.name, v, step.want)
		}
	}
	if n := p.Clear(); n != MaxQueue || p.waiting() != 0 {
		t.Errorf("cleared %d, %d left", n, p.waiting())
	}
}

// TestForgetsOneStream: what waits of the others keeps its order, also where the ring has turned.
func TestForgetsOneStream(t *testing.T) {
	var p Pacer[int]
	p.SetRate(800_000, Burst) // 1 ms for 100 bytes
	for i := range 40 {
		p.Offer(0, uint8(i%2), true, 100, i)
	}
	waited := drain(&p, 15*ms) // the ring's head has moved
	for i := 40; i < 60; i++ {
		p.Offer(15*ms, uint8(i%2), true, 100, i)
	}
	before := p.waiting()
	if n := p.Forget(1); n != before/2 || p.waiting() != before-n {
		t.Fatalf("forgot %d of %d, %d left", n, before, p.waiting())
	}
	p.SetRate(0, Burst)
	rest := drain(&p, 15*ms)
	if len(waited) == 0 || len(rest) == 0 || !slices.IsSorted(rest) || slices.ContainsFunc(rest, func(i int) bool { return i%2 == 1 }) {
		t.Fatalf("%v, then %v", waited, rest)
	}
	if p.Forget(0) != 0 || p.waiting() != 0 {
		t.Fatal("an empty pacer forgets something")
	}
}

// A new line takes a common frame at once; a keyframe is spread.
func TestFirstBurst(t *testing.T) {
	var p Pacer[int]
	p.SetRate(Threshold, FirstBurst)
	at := map[Verdict]int{}
	for i := range 30 {
		at[p.Offer(0, 0, i == 0, 1080, i)]++
	}
	if at[Send] != 11 || at[Queued] != 19 {
		t.Errorf("%v", at)
	}
}

// What is sent again goes before what has not been sent, at the rate of the line, and leaves when it was said to.
func TestRepeat(t *testing.T) {
	var p Pacer[int]
	var s Schedule[int]
	p.SetRate(800_000, Burst) // 1 ms for 100 bytes
	for i := range 5 {
		p.Offer(0, 0, i == 0, 1000, i) // one leaves, the next after 10 ms
	}
	leaves := map[int]time.Duration{}
	for i := 10; i < 13; i++ {
		at, v := p.Repeat(0, 0, 1000, i)
		if v != Queued {
			t.Fatalf("%d: %v", i, v)
		}
		leaves[i] = at
	}
	s.Update(&p)
	var order []int
	at := map[int]time.Duration{}
	for due, ok := s.Next(); ok; due, ok = s.Next() {
		for _, i := range drain(&p, due) {
			order, at[i] = append(order, i), due
		}
		s.Update(&p)
	}
	if want := []int{10, 11, 12, 1, 2, 3, 4}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	for n, i := range order {
		if want := time.Duration(10*n)*ms + 1; at[i] != want {
			t.Errorf("%d left at %v, want %v", i, at[i], want)
		}
		if said, ok := leaves[i]; ok && said != at[i] {
			t.Errorf("%d left at %v, was to leave at %v", i, at[i], said)
		}
	}

	if at, v := p.Repeat(time.Second, 0, 1000, 0); v != Send || at != time.Second {
		t.Errorf("on a free line: %v at %v", v, at)
	}
	for i := range MaxQueue {
		if _, v := p.Repeat(time.Second, uint8(i%2), 1000, 0); v != Queued {
			t.Fatalf("%d: %v", i, v)
		}
	}
	if _, v := p.Repeat(time.Second, 0, 1000, 0); v != Dropped {
		t.Errorf("more than the queue holds: %v", v)
	}
	if n := p.Forget(1); n != MaxQueue/2 || p.waiting() != MaxQueue/2 {
		t.Errorf("forgot %d, %d left", n, p.waiting())
	}
}

// TestScheduleAgainstSorting drives a schedule at random and compares it with a search of all pacers.
func TestScheduleAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pacers := make([]Pacer[int], 50)
	var s Schedule[int]
	now := time.Duration(0)
	for range 20_000 {
		p := &pacers[rng.IntN(len(pacers))]
		switch rng.IntN(6) {
		case 0:
			p.SetRate(rng.IntN(4_000_000), []time.Duration{Burst, FirstBurst}[rng.IntN(2)])
		case 1:
			p.Clear()
		case 2:
			p.Repeat(now, 0, 1+rng.IntN(1200), 0)
		default:
			p.Offer(now, 0, true, 1+rng.IntN(1200), 0)
		}
		s.Update(p)
		now += time.Duration(rng.IntN(int(ms)))
		for q := s.Due(now); q != nil; q = s.Due(now) {
			if len(drain(q, now)) == 0 {
				t.Fatal("due, but nothing to send")
			}
			s.Update(q)
		}
		first, any := time.Duration(0), false
		for i := range pacers {
			if due, ok := pacers[i].Due(); ok && (!any || due < first) {
				first, any = due, true
			}
		}
		if next, ok := s.Next(); ok != any || next != first {
			t.Fatalf("next %v %v, want %v %v", next, ok, first, any)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	var p Pacer[int]
	var s Schedule[int]
	p.SetRate(500_000, Burst)
	now := time.Duration(0)
	frame := func() {
		for i := range 4 {
			p.Offer(now, 0, i == 0, 500, i)
		}
		s.Update(&p)
		now += 40 * ms
		for _, ok := p.Pop(now); ok; _, ok = p.Pop(now) {
		}
		s.Update(&p)
	}
	frame()
	if n := testing.AllocsPerRun(100, frame); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func BenchmarkOffer(b *testing.B) {
	var p Pacer[int]
	var s Schedule[int]
	p.SetRate(1_000_000, Burst)
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += 8 * ms
		if p.Offer(now, 0, true, 1000, 0) == Queued {
			s.Update(&p)
		}
		for q := s.Due(now); q != nil; q = s.Due(now) {
			q.Pop(now)
			s.Update(q)
		}
	}
}
