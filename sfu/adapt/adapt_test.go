package adapt

import (
	"math"
	"slices"
	"testing"
	"time"
)

const k = 1000.0

func TestAllocate(t *testing.T) {
	camera := [Levels]float64{150 * k, 500 * k, 1700 * k}
	screen := [Levels]float64{400 * k}
	tests := []struct {
		name    string
		streams []Stream // presentation, main, floor
		budget  float64
		want    []int
		higher  bool
		spare   float64
	}{
		{"plenty", []Stream{{screen, 2, Off}, {camera, 2, Off}, {camera, 2, Off}}, 10_000 * k, []int{0, 2, 2}, false, 0},
		{"nothing", []Stream{{screen, 2, Off}, {camera, 2, Off}}, 0, []int{Off, Off}, true, 0},
		{"the presentation is kept longest", []Stream{{screen, 2, 0}, {camera, 2, 0}}, 400 * k, []int{0, Off}, true, 0},
		{"but a smaller stream is sent where it does not fit", []Stream{{screen, 2, Off}, {camera, 2, Off}}, 300 * k, []int{Off, 0}, true, 0},
		{"all at their lowest before any is raised", []Stream{{camera, 2, Off}, {camera, 2, Off}}, 600 * k, []int{0, 0}, true, 0},
		{"the first is raised first", []Stream{{camera, 2, Off}, {camera, 2, Off}}, 800 * k, []int{1, 0}, true, 0},
		{"a ceiling", []Stream{{camera, 0, Off}, {camera, Off, 0}}, 10_000 * k, []int{0, Off}, false, 0},
		{"a rendition that does not arrive", []Stream{{[Levels]float64{150 * k, 0, 1700 * k}, 2, Off}}, 1000 * k, []int{0}, true, 0},
		{"only the highest arrives", []Stream{{[Levels]float64{0, 0, 1000 * k}, 2, Off}}, 2000 * k, []int{2}, false, 0},
		{"nothing arrives", []Stream{{[Levels]float64{}, 2, Off}}, 2000 * k, []int{Off}, false, 0},
		{"kept though it wavers", []Stream{{camera, 2, 1}}, 450 * k, []int{1}, true, 0},
		{"an unknown line is given a picture", []Stream{{[Levels]float64{1200 * k}, 2, Off}, {camera, 2, Off}}, 800 * k, []int{0, 0}, true, math.Inf(1)},
		{"lowest renditions for what may be spent", []Stream{{camera, 2, Off}, {camera, 2, Off}, {camera, 2, Off}}, 50 * k, []int{0, 0, Off}, true, 400 * k},
		{"and no higher ones", []Stream{{camera, 2, 2}}, 50 * k, []int{0}, true, math.Inf(1)},
		{"the last picture is kept on weak evidence", []Stream{{[Levels]float64{1200 * k}, 2, 0}}, 700 * k, []int{0}, false, 0},
		{"and given up on strong", []Stream{{[Levels]float64{1200 * k}, 2, 0}}, 500 * k, []int{Off}, true, 0},
		{"not taken up as easily", []Stream{{camera, 2, 0}}, 530 * k, []int{0}, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			levels := make([]int, len(tt.streams))
			next := Allocate(tt.streams, tt.budget, tt.spare, levels)
			if !slices.Equal(levels, tt.want) || (next > 0) != tt.higher {
				t.Fatalf("levels %v, next %.0f; want %v, a next step: %v", levels, next, tt.want, tt.higher)
			}
		})
	}
}

// line is a viewer behind a bottleneck of a given rate with a queue of 300 ms, as deep as bucket in bits if that is more:
// a token bucket lets that much through at once, and holds as much. Its receiver estimates as browsers do: when the queue
// grows it says 0.85 of what arrives, at once; otherwise it grows by 8 % a second, to at most 1.5 times what arrives.
type line struct {
	capacity  float64
	bucket    float64
	tokens    float64
	queue     float64 // bits
	estimates bool

	estimate float64
	sent     float64 // bits since the last report
	lost     float64
	arrived  float64
	reported time.Duration
	echoed   time.Duration
}

// spare is what lowest renditions may cost in any case.
func spare(c *Controller) float64 {
	if c.Limited() {
		return 0
	}
	return math.Inf(1)
}

const step = 20 * time.Millisecond

// packetBits is the size of a simulated packet.
const packetBits = 8000

// delay is how long what is sent now waits in the queue.
func (l *line) delay() time.Duration {
	return time.Duration(l.queue / l.capacity * float64(time.Second))
}

// carry moves step on with a sending rate and feeds the controller what the receiver says.
func (l *line) carry(c *Controller, rate float64, now time.Duration) {
	dt := step.Seconds()
	in := rate * dt
	l.sent += in
	l.queue += in
	l.tokens = min(l.tokens+l.capacity*dt, max(l.bucket, l.capacity*dt))
	out := min(l.queue, l.tokens)
	l.queue -= out
	l.tokens -= out
	l.arrived += out
	if limit := max(l.capacity*0.3, l.bucket); l.queue > limit {
		l.lost += l.queue - limit
		l.queue = limit
	}
	l.echo(c, now)
	overuse := l.queue > l.capacity*0.1
	since := (now - l.reported).Seconds()
	if l.estimates && overuse && since > 0.2 {
		if e := 0.85 * l.arrived / since; e < 0.97*l.estimate {
			l.estimate = e
			c.Estimate(e, now)
		}
	}
	if since < 1 {
		return
	}
	if l.estimates {
		if !overuse {
			l.estimate = max(min(l.estimate*1.08, 1.5*l.arrived/since), min(l.estimate, 1e6))
		}
		c.Estimate(l.estimate, now)
	}
	if l.sent > 0 {
		c.Loss(l.lost/l.sent, l.sent/packetBits, now)
	}
	l.sent, l.lost, l.arrived, l.reported = 0, 0, 0, now
}

// echo answers a sender report: while something is tested five come in a second, and are answered 200 ms later.
func (l *line) echo(c *Controller, now time.Duration) {
	every := time.Second
	if c.Testing(now) {
		every = 200 * time.Millisecond
	}
	if now-l.echoed >= every {
		l.echoed = now
		c.Delay(5*time.Millisecond+l.delay(), now-200*time.Millisecond-l.delay(), now)
	}
}

// A line goes from 3 Mbit/s to 400 and 120 kbit/s and back, with a bucket and without. The picture steps down within 2 s,
// comes back within 20, and in between does not waver. Sound waits no longer than a listening page bears (400 ms) once the
// line is known to be bad: what is tried on it fills no queue. With estimates and without.
func TestControllerFollowsALine(t *testing.T) {
	const audio = 40 * k
	phases := []struct {
		capacity float64
		lasts    time.Duration
		level    int
		within   time.Duration
		changes  int
	}{
		{3000 * k, 40 * time.Second, 2, 20 * time.Second, 2},
		{400 * k, 60 * time.Second, 0, 3 * time.Second, 2},
		{120 * k, 60 * time.Second, Off, 3 * time.Second, 2},
		{3000 * k, 60 * time.Second, 2, 20 * time.Second, 2},
	}
	for _, tt := range []struct {
		name  string
		line  line
		worst time.Duration
	}{
		{"estimates", line{estimates: true}, 250 * time.Millisecond},
		{"estimates, with a bucket", line{estimates: true, bucket: 131 * k}, 350 * time.Millisecond},
		{"no estimates", line{}, 300 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, l := NewController(0), &tt.line
			l.estimate = 300 * k
			stream := []Stream{{Rates: [Levels]float64{150 * k, 500 * k, 1700 * k}, Top: 2, Current: Off}}
			levels := []int{Off}
			var now time.Duration
			for i, p := range phases {
				l.capacity = p.capacity
				began := now
				reached, changes := time.Duration(-1), 0
				var fall, worst time.Duration // the longest wait of the first 5 s, and of the rest
				for ; now < began+p.lasts; now += step {
					next := Allocate(stream, c.Budget()-audio, spare(c), levels)
					if levels[0] != stream[0].Current && reached >= 0 {
						changes++
					}
					stream[0].Current = levels[0]
					used := audio
					if levels[0] != Off {
						used += stream[0].Rates[levels[0]]
					}
					if next > 0 {
						next += audio
					}
					padding := c.Step(now, used, next, true)
					l.carry(c, used+padding, now)
					if levels[0] == p.level && reached < 0 {
						reached = now - began
					}
					if now-began < 5*time.Second {
						fall = max(fall, l.delay())
					} else {
						worst = max(worst, l.delay())
					}
				}
				within := p.within
				if !l.estimates {
					within = 2 * within
				}
				if reached < 0 || reached > within {
					t.Errorf("%.0f kbit/s: level %d reached after %v", p.capacity/k, p.level, reached)
				}
				if levels[0] != p.level || changes > p.changes {
					t.Errorf("%.0f kbit/s: at level %d in the end, changed %d times more", p.capacity/k, levels[0], changes)
				}
				if i > 0 && worst > tt.worst {
					t.Errorf("%.0f kbit/s: sound waited %v for what was tried", p.capacity/k, worst)
				}
				t.Logf("%.0f kbit/s: level %d after %v, budget %.0f, %d changes more, waited %v in the fall and %v after",
					p.capacity/k, levels[0], reached, c.Budget()/k, changes, fall, worst)
			}
		})
	}
}

// Without padding a step up is tried as it is.
func TestControllerWithoutProbes(t *testing.T) {
	c := NewController(0)
	for now := time.Duration(0); now < 10*time.Second; now += step {
		if p := c.Step(now, 500*k, 2000*k, false); p != 0 {
			t.Fatal("padding was asked for")
		}
	}
	if c.Budget() < 2000*k {
		t.Fatalf("budget %.0f", c.Budget())
	}
	c.Loss(0.5, 100, 10*time.Second)
	if c.Budget() >= 500*k {
		t.Fatalf("budget %.0f after heavy loss", c.Budget())
	}
}

// While a probe fills a queue, an estimate that lags far behind does not move, but the round trip does.
func TestDelayEndsAProbe(t *testing.T) {
	c := NewController(0)
	now := time.Duration(0)
	c.Estimate(100*k, now)
	c.Estimate(50*k, now+step) // the line has shown a limit
	probed := false
	for ; now < 20*time.Second; now += step {
		if now%time.Second == 0 {
			c.Estimate(16*k, now)
		}
		padding := c.Step(now, 40*k, 250*k, true)
		probed = probed || padding > 100*k
		trip := 40 * time.Millisecond
		if padding > 100*k {
			trip = 300 * time.Millisecond
		}
		if now%(200*time.Millisecond) == 0 {
			c.Delay(trip, now-trip, now)
		}
		if c.Budget() >= 250*k {
			t.Fatalf("after %v the step was taken in spite of the queue", now)
		}
	}
	if !probed {
		t.Fatal("no probe")
	}
}

// A round trip that wavers is no queue.
func TestWaveringDelay(t *testing.T) {
	c := NewController(0)
	c.Estimate(500*k, 0)
	c.Estimate(100*k, step)
	for now := 2 * step; now < 20*time.Second && c.Budget() < 250*k; now += step {
		if now%(200*time.Millisecond) == 0 {
			c.Delay(100*time.Millisecond+now/time.Second%3*40*time.Millisecond, now-100*time.Millisecond, now)
			c.Estimate(150*k*(1+now.Seconds()/20), now)
		}
		c.Step(now, 130*k, 250*k, true)
	}
	if c.Budget() < 250*k {
		t.Fatalf("budget %.0f", c.Budget())
	}
}

// A computer that was busy for a moment took its packets late, so its estimate fell, though the line carries what it
// carried before. Pictures go on, at their lowest. On a line that has become narrow they are given up: a longer round
// trip bears the estimate out, before it or after.
func TestFallOfTheEstimateAlone(t *testing.T) {
	const short, long, longer = 30 * time.Millisecond, 300 * time.Millisecond, 400 * time.Millisecond
	for _, tt := range []struct {
		name           string
		before, after  time.Duration // round trips
		lost           float64
		estimate, used float64
		picture        bool
	}{
		{"alone", short, short, 0, 60 * k, 55 * k, true},
		{"alone, of an estimate that lags behind", short, short, 0, 35 * k, 55 * k, true},
		{"alone, from a high rate", short, short, 0, 900 * k, 1000 * k, true},
		{"the computer was still busy a little later", short, long, 0, 60 * k, 55 * k, true},
		{"some packets were lost", short, short, 0.15, 35 * k, 55 * k, true},
		{"a queue is seen after it", short, longer, 0, 60 * k, 55 * k, false},
		{"a queue was seen before it", longer, short, 0, 35 * k, 55 * k, false},
		{"many packets were lost", short, short, 0.3, 60 * k, 55 * k, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewController(0)
			var now time.Duration
			for ; now < 10*time.Second; now += time.Second {
				c.Delay(short, now-short, now)
				c.Estimate(tt.estimate, now)
				c.Step(now, tt.used, 0, true)
			}
			trips := func(trip, at time.Duration) {
				c.Delay(trip, at-trip, at)
				next := short
				if trip == longer { // a queue that grows
					next = 2 * longer
				}
				c.Delay(next, at+queueLasts-next, at+queueLasts)
			}
			trips(tt.before, now-queueLasts)
			c.Estimate(8*k, now+step)
			trips(tt.after, now+10*step)
			c.Loss(tt.lost, 100, now+settle+2*step)
			levels := []int{0}
			stream := []Stream{{Rates: [Levels]float64{33 * k, 300 * k}, Top: 2}}
			Allocate(stream, c.Budget()-36*k, spare(c)-36*k, levels)
			if picture := levels[0] != Off; picture != tt.picture || levels[0] > 0 {
				t.Fatalf("level %d with a budget of %.0f", levels[0], c.Budget())
			}
			if c.Doubtful() != tt.picture {
				t.Fatalf("doubtful: %v", c.Doubtful())
			}
			if !tt.picture { // until a step up has held
				for ; c.Limited(); now += step {
					c.Step(now, 36*k, 80*k, true)
					if now%time.Second == 0 {
						c.Estimate(c.estimate*1.08, now)
					}
					if now > 40*time.Second {
						t.Fatalf("still limited: %+v", c)
					}
				}
			}
		})
	}
}

// An estimate right after a collapse is too high: less is sent until the queue has drained, then what it says.
func TestCollapseDrains(t *testing.T) {
	c := NewController(0)
	c.Estimate(1000*k, 0)
	c.Estimate(1100*k, step)
	c.Step(step, 900*k, 0, true)
	c.Estimate(500*k, 2*step)
	if got := c.Budget(); got != 500*k*drainShare {
		t.Fatalf("budget %.0f right after the collapse", got)
	}
	c.Estimate(500*k, 3*step)
	if got := c.Budget(); got != 500*k*drainShare {
		t.Fatalf("budget %.0f: the estimate was believed too soon", got)
	}
	c.Step(2*step+drainTime, 300*k, 0, true)
	if got := c.Budget(); got != 500*k {
		t.Fatalf("budget %.0f after the drain", got)
	}
}

func FuzzController(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 250, 251, 252})
	f.Fuzz(func(t *testing.T, steps []byte) {
		c := NewController(0)
		var now time.Duration
		for _, s := range steps {
			now += time.Duration(s) * 10 * time.Millisecond
			switch s % 5 {
			case 0:
				c.Estimate(float64(s)*10*k, now)
			case 1:
				c.Loss(float64(s)/255, float64(1+s), now)
			case 2:
				c.Delay(time.Duration(s)*5*time.Millisecond, now-time.Duration(s)*7*time.Millisecond, now)
			default:
				if p := c.Step(now, float64(s)*k, float64(s)*20*k, s&4 == 0); p < 0 || p > 255*20*k*carefulSlack {
					t.Fatalf("padding %f", p)
				}
			}
			if c.Budget() < floor {
				t.Fatalf("budget %f", c.Budget())
			}
		}
	})
}
