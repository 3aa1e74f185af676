package adapt

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const flat = 160 * time.Millisecond // a round trip that nothing makes longer

// What a single report does.
func TestLossIsJudgedByEvidence(t *testing.T) {
	for _, tt := range []struct {
		name              string
		used, lost, of    float64
		fell, queue       bool // evidence beside it
		budget            float64
		limited, cutAtAll bool
	}{
		{name: "a few packets of a still slide", used: 48 * k, lost: 11, of: 40, budget: Initial},
		{name: "many of them", used: 48 * k, lost: 30, of: 100, budget: Initial},
		{name: "what chance explains", used: 700 * k, lost: 8, of: 100, budget: Initial},
		{name: "near the budget it makes pictures small", used: 700 * k, lost: 30, of: 100, budget: 595 * k, cutAtAll: true},
		{name: "a queue bears it out", used: 700 * k, lost: 30, of: 100, queue: true, budget: 595 * k, limited: true, cutAtAll: true},
		{name: "so does the estimate", used: 700 * k, lost: 30, of: 100, fell: true, budget: 595 * k, limited: true, cutAtAll: true},
		{name: "at a low rate too", used: 100 * k, lost: 30, of: 100, queue: true, budget: 85 * k, limited: true, cutAtAll: true},
		{name: "nothing but a narrow line drowns so much", used: 400 * k, lost: 60, of: 100, budget: 160 * k, limited: true, cutAtAll: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewController(0)
			var now time.Duration
			for ; now < 4*time.Second; now += 500 * time.Millisecond {
				c.Delay(flat, now-flat, now)
				c.Estimate(900*k, now)
				c.Step(now, tt.used, 0, true)
			}
			c.budget, c.known = Initial, false
			if tt.queue {
				c.queueAt = now
			}
			if tt.fell {
				c.fellAt = now
			}
			c.Loss(tt.lost/tt.of, tt.of, now)
			if math.Abs(c.Budget()-tt.budget) > 1 || c.Limited() != tt.limited || c.Unknown() == tt.cutAtAll {
				t.Fatalf("budget %.0f, limited %v, unknown %v; want %+v", c.Budget(), c.Limited(), c.Unknown(), tt)
			}
			if got, want := c.Congested(now), tt.limited; got != want {
				t.Fatalf("what is above it stops at once: %v, want %v", got, want)
			}
		})
	}
}

// A cut for loss alone is undone where sending less has not made it less.
func TestCutForLossAlone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		share  float64 // lost after it
		queue  bool
		budget float64
	}{
		{"as much is lost", 0.28, false, Initial},
		{"less is lost", 0.1, false, 595 * k},
		{"a queue has grown", 0.1, true, 595 * k},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewController(0)
			c.Step(0, 700*k, 0, true)
			c.Loss(0.3, 100, step)
			if got := c.Budget(); math.Abs(got-595*k) > 1 {
				t.Fatalf("cut to %.0f", got)
			}
			c.Step(2*step, 600*k, 0, true)
			c.Loss(0.3, 100, time.Second) // of before
			if got := c.Budget(); got > 595*k+1 {
				t.Fatalf("undone too soon: %.0f", got)
			}
			now := step + settle + lossGrace
			if tt.queue {
				c.queueAt = now
			}
			c.Loss(tt.share, 100, now)
			if got := c.Budget(); math.Abs(got-tt.budget) > 1 {
				t.Fatalf("budget %.0f, want %.0f", got, tt.budget)
			}
		})
	}
}

// radio is a line that loses packets at random and beyond a rate all of them, without a queue.
type radio struct {
	loss     float64
	capacity float64 // bit/s, 0 for no limit
	rnd      *rand.Rand

	sent, lost int
	owed       float64
}

func (r *radio) carry(c *Controller, rate float64, now time.Duration) {
	loss := r.loss
	if r.capacity > 0 && rate > r.capacity {
		loss = 1 - (1-loss)*r.capacity/rate
	}
	for r.owed += rate * step.Seconds() / packetBits; r.owed >= 1; r.owed-- {
		r.sent++
		if r.rnd.Float64() < loss {
			r.lost++
		}
	}
	if now%(200*time.Millisecond) == 0 && (now%time.Second == 0 || c.Testing(now)) {
		c.Delay(flat, now-flat, now)
	}
	if now%time.Second == 0 && r.sent >= 40 {
		c.Loss(float64(r.lost)/float64(r.sent), float64(r.sent), now)
		r.sent, r.lost = 0, 0
	}
}

// A line that loses at random keeps what it is sent; one that loses what is too much does not.
func TestLossOfARadioLink(t *testing.T) {
	const sound = 100 * k // with what goes along with it
	type phase struct {
		loss, capacity float64
		lasts          time.Duration
		least          float64 // share of the time at level and above
		level          int
		most           int // highest level in the last five seconds
	}
	for _, tt := range []struct {
		name   string
		rates  [Levels]float64
		phases []phase
	}{
		{"a slide of 12 kbit/s", [Levels]float64{12 * k}, []phase{{0.05, 0, 2 * time.Minute, 1, 0, 0}}},
		{"a picture of 500", [Levels]float64{500 * k}, []phase{{0.05, 0, 2 * time.Minute, 1, 0, 0}}},
		{"three renditions", [Levels]float64{200 * k, 600 * k, 1200 * k}, []phase{{0, 0, 20 * time.Second, 0.5, 2, 2}, {0.05, 0, 2 * time.Minute, 0.97, 2, 2}}},
		{"20 % for ten seconds", [Levels]float64{200 * k, 600 * k, 1200 * k}, []phase{
			{0, 0, 20 * time.Second, 0.5, 2, 2}, {0.2, 0, 10 * time.Second, 1, 0, 2}, {0, 0, 30 * time.Second, 0.5, 2, 2},
		}},
		{"a limit without a queue", [Levels]float64{200 * k, 600 * k, 1200 * k}, []phase{
			{0, 0, 20 * time.Second, 0.5, 2, 2}, {0, 500 * k, 30 * time.Second, 0.9, 0, 0}, {0, 0, 60 * time.Second, 0.5, 2, 2},
		}},
		{"the same on a line that loses", [Levels]float64{200 * k, 600 * k, 1200 * k}, []phase{
			{0.05, 0, 40 * time.Second, 0.2, 2, 2}, {0.05, 500 * k, 30 * time.Second, 0.9, 0, 0}, {0.05, 0, 60 * time.Second, 0.1, 2, 2},
		}},
		{"less than the picture takes", [Levels]float64{500 * k}, []phase{
			{0, 0, 10 * time.Second, 1, 0, 0}, {0, 200 * k, 30 * time.Second, 0, 0, Off}, {0, 0, 60 * time.Second, 0.5, 0, 0},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(20) {
				c, r := NewController(0), &radio{rnd: rand.New(rand.NewPCG(seed, 1))}
				stream, levels := []Stream{{Rates: tt.rates, Top: 2, Current: Off}}, []int{Off}
				var now time.Duration
				for i, p := range tt.phases {
					r.loss, r.capacity = p.loss, p.capacity
					at, steps, highest := 0, 0, Off
					for end := now + p.lasts; now < end; now += step {
						next := Allocate(stream, c.Budget()-sound, spare(c), levels)
						stream[0].Current = levels[0]
						used := sound
						if levels[0] != Off {
							used += tt.rates[levels[0]]
						}
						if next > 0 {
							next += sound
						}
						padding := c.Step(now, used, next, true)
						r.carry(c, used+padding, now)
						if steps++; levels[0] >= p.level {
							at++
						}
						if end-now <= 5*time.Second {
							highest = max(highest, levels[0])
						}
					}
					if share := float64(at) / float64(steps); share < p.least || highest > p.most {
						t.Errorf("seed %d, phase %d: at level %d for %.3f of the time, up to %d in the end; want %+v", seed, i, p.level, share, highest, p)
					}
				}
			}
		})
	}
}

// A limit that is far below the budget and has no queue loses more as repairs come on top. That it has become usual is no reason
// to go on.
func TestUsualLossDoesNotHideALimit(t *testing.T) {
	c := NewController(0)
	now := time.Duration(0)
	lose := func(share float64, reports int) {
		for range reports {
			now += time.Second
			c.Step(now, 250_000, 0, false)
			c.Loss(share, 100, now)
		}
	}
	lose(0.31, 10)
	lose(0.46, 10)
	if got := c.Budget(); got > 250_000 {
		t.Errorf("%.0f bit/s may be sent while half of 250,000 is lost", got)
	}
}
