package signaling

import (
	"log/slog"
	"sync"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/prometheus/client_golang/prometheus"
)

// clockTolerance is by how much the system's clock may be set without anybody hearing of it.
const clockTolerance = 2 * time.Second

// TimeSource is where a server reads the time. Its zero value is this machine.
type TimeSource struct {
	Wall    func() time.Time     // as the system's clock is set
	Elapsed func() time.Duration // since some moment, whatever the clock is set to
}

// clock tells the time of the server: that of the system, whatever was recorded before, so that schedules, links and
// the clocks of pages are right as soon as the system's is. Steps back within the tolerance are waited out, so order is
// kept where it matters; larger ones are followed, and told. It is safe for concurrent use.
type clock struct {
	source TimeSource
	log    *slog.Logger
	steps  prometheus.Counter

	mu       sync.Mutex
	zero     time.Time // when nothing had elapsed, by the clock as it is set now
	last     time.Time // that was told
	recorded time.Time // the last instant in the ledger of a session that is not over
}

func newClock(source TimeSource, log *slog.Logger, reg prometheus.Registerer) *clock {
	if source.Wall == nil {
		began := time.Now()
		source = TimeSource{Wall: time.Now, Elapsed: func() time.Duration { return time.Since(began) }}
	}
	c := &clock{source: source, log: log, steps: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "diemcau_clock_steps_total", Help: "Times that the system's clock was set by more than two seconds while the server ran, or the machine slept.",
	})}
	c.last = source.Wall().Round(0)
	c.zero = c.last.Add(-source.Elapsed())
	reg.MustRegister(c.steps, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_clock_behind_seconds", Help: "By how much the clock is behind the last entry of a session that is not over.",
	}, func() float64 { return c.behind().Seconds() }))
	return c
}

// Now returns the time in UTC, in whole microseconds.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, elapsed := c.source.Wall().Round(0), c.source.Elapsed()
	if step := now.Sub(c.zero) - elapsed; step.Abs() > clockTolerance {
		c.zero = now.Add(-elapsed)
		c.steps.Inc()
		c.log.Error("the system's clock was set while the server ran, or the machine slept; the time follows it",
			"by", step.Round(time.Millisecond), "from", now.Add(-step).UTC().Format(time.RFC3339), "to", now.UTC().Format(time.RFC3339))
	}
	if back := c.last.Sub(now); back > 0 && back <= clockTolerance {
		now = c.last
	}
	c.last = now
	return now.UTC().Truncate(time.Microsecond)
}

// saw notes an instant that is in the ledger of a session that is not over.
func (c *clock) saw(recorded time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if recorded.After(c.recorded) {
		c.recorded = recorded
	}
}

// behind returns by how much the clock is behind what is recorded; 0 within the tolerance. Then the clock was ahead
// once, or is behind now.
func (c *clock) behind() time.Duration {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if late := c.recorded.Sub(now); late > clockTolerance {
		return late
	}
	return 0
}

// withClock puts before a batch what has to be recorded first: that the clock is behind the ledger, once each time.
func withClock(c *coordinator, now time.Time, batch []request) []request {
	recorded := c.journal.Head().RecordedAt
	if recorded.Sub(now) <= clockTolerance {
		c.clockNoted = false
		return batch
	}
	if !isOver(&c.session.View) {
		c.clock.saw(recorded)
	}
	if c.clockNoted || len(batch) == 0 {
		return batch
	}
	c.clockNoted = true
	c.log.Error("the clock is behind what is recorded: it is wrong, or was then", "clock", now, "recorded", recorded)
	return append([]request{{cmd: meeting.NoteClock{Clock: now, Recorded: recorded}}}, batch...)
}
