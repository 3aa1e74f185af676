package signaling

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
)

const (
	// recordPatience is how long a command waits for the record before it is refused.
	recordPatience = 5 * time.Second
	// maxFacts bounds what is kept of a session while the record does not answer: beyond the end of every connection,
	// which there is one of, changes of what arrives there.
	maxFacts = 1 << 16
	// firstRetry and lastRetry bound the pauses between attempts to reach the record, which double, with jitter.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 3 * time.Second
)

// outage is the time from a commit that failed, or does not come back, until memory holds what the record holds again.
// Nothing goes on from memory meanwhile: commands wait and are refused in the end; facts, that is what happened to
// connections by itself, are kept until they can be written. Sockets and media are let be.
type outage struct {
	metrics  *metrics
	patience *atomic.Int64

	since   time.Time
	pending []outcome // decided, and handed to the record; its answer was an error or is not there yet
	held    []request // not decided
	tried   int       // attempts so far
	out     bool      // an attempt is under way
	attempt chan recovery
	timer   *time.Timer // for the next request that has waited long enough
}

// recovery is what one try to reach the record brought.
type recovery struct {
	came  bool // the append that was out came back well after all: memory is right
	again *replayed
	err   error
}

// events are where the next attempt and the end of somebody's patience show; nil without an outage.
func (o *outage) events() (<-chan recovery, <-chan time.Time) {
	if o == nil {
		return nil, nil
	}
	return o.attempt, o.timer.C
}

// fact reports whether a command tells what happened by itself: nobody waits for it, and it is recorded however late.
func fact(cmd meeting.Command) bool {
	switch cmd.(type) {
	case meeting.Disconnect, meeting.ObserveReceiving, meeting.Restart:
		return true
	}
	return false
}

// suspend begins an outage: what was decided is in memory, and nobody knows whether it is on record. inflight gives the
// outcome of the append if that is still out.
func (c *coordinator) suspend(ctx context.Context, pending []outcome, inflight chan error, why error) {
	c.log.Warn("the record does not answer: recording waits, the meeting stays", "err", why)
	c.outage = &outage{
		metrics: c.metrics, patience: c.patience,
		since: c.clock.Now(), pending: pending, attempt: make(chan recovery, 1), timer: time.NewTimer(0),
	}
	c.metrics.waiting.Add(1)
	c.audience.recording.warn(c.outage.since)
	c.try(ctx, inflight)
	c.outage.expire()
}

// try reaches for the record on a goroutine of its own: after the append that is out, if any, has come back, and a pause
// that grows with each attempt.
func (c *coordinator) try(ctx context.Context, inflight chan error) {
	o := c.outage
	o.out = true
	pause := time.Duration(0) // a moment's restart is over by now
	if c.failures > 0 {
		ceiling := min(firstRetry<<min(c.failures, 10), lastRetry)
		pause = ceiling/2 + rand.N(ceiling)
	}
	c.failures++
	node, confirmed := c.node, c.confirmed
	c.helpers.Go(func() {
		if inflight != nil {
			if err := <-inflight; err == nil {
				o.attempt <- recovery{came: true}
				return
			}
		}
		select {
		case <-time.After(pause):
		case <-c.stop:
			o.attempt <- recovery{err: errStopped}
			return
		}
		// Before anything is read: what may be on its way is written or undone once this is.
		err := c.record.Alive(ctx, c.clock.Now())
		var again *replayed
		if err == nil {
			err = contain.Run(c.panicked, func() (err error) {
				again, err = reload(ctx, c.record, c.id, node.ID(), confirmed)
				return err
			}, "session", c.id)
		}
		o.attempt <- recovery{again: again, err: err}
	})
}

// hold keeps requests for after the outage.
func (o *outage) hold(batch []request) {
	for _, r := range batch {
		r.kept = r.kept || r.cmd != nil && fact(r.cmd)
		if r.kept && len(o.held) >= maxFacts {
			if _, change := r.cmd.(meeting.ObserveReceiving); change {
				o.metrics.dropped(dropFacts)
				continue
			}
		}
		if r.kept || r.done != nil {
			o.held = append(o.held, r)
		}
	}
	o.expire()
}

// expire refuses the requests that have waited long enough, and sets the timer for the next one.
func (o *outage) expire() {
	now := time.Now()
	patience := time.Duration(o.patience.Load())
	next := patience
	over := func(r *request) bool {
		left := patience - now.Sub(r.since)
		if r.done == nil {
			return false
		}
		if left > 0 {
			next = min(next, left)
			return false
		}
		if r.cmd != nil {
			o.metrics.command(r.cmd, fault.ErrUnrecorded)
		}
		r.done(fault.ErrUnrecorded)
		r.done, r.refused = nil, true
		return true
	}
	for i := range o.pending {
		over(&o.pending[i].request)
	}
	held := o.held[:0]
	for _, r := range o.held {
		if refused := over(&r); !refused || r.kept {
			held = append(held, r)
		}
	}
	clear(o.held[len(held):])
	o.held = held
	o.timer.Reset(next + time.Millisecond)
}

// end answers all that waits for the record, which is waited for no more.
func (o *outage) end(why error) {
	if o == nil {
		return
	}
	o.timer.Stop()
	for _, p := range o.pending {
		p.answer(why)
	}
	for _, r := range o.held {
		r.answer(why)
	}
	o.metrics.waiting.Add(-1)
}

// resume takes in what an attempt brought. If memory holds again what the record holds, the outage is over: what was
// recorded is told, what never was is decided anew if somebody still waits for it, and then what was held.
func (c *coordinator) resume(ctx context.Context, a recovery) {
	o := c.outage
	if a.err != nil {
		if cut := new(ledger.BrokenError); errors.As(a.err, &cut) || poisoned(c, a.err) {
			c.breakDown(a.err)
			return
		}
		if o.tried++; errors.Is(a.err, errRolledBack) {
			c.log.Error("another copy of the record answers: the session waits for the one it wrote to", "err", a.err)
		}
		c.try(ctx, nil)
		return
	}
	o.timer.Stop()
	c.outage = nil
	c.metrics.waiting.Add(-1)
	c.log.Info("the record answers again", "after", c.clock.Now().Sub(o.since).Round(time.Millisecond))
	c.audience.recording.warn(time.Time{})
	for _, p := range o.pending {
		c.inHand = append(c.inHand, p.request)
	}
	c.inHand = append(c.inHand, o.held...) // so that a panic does not lose who waits
	again := c.settled(o, a)
	c.inHand = again
	c.audience.everyone = true
	c.audience.settle(c.clock.Now())
	for len(again) > 0 {
		n := min(len(again), maxBatch)
		c.handle(ctx, again[:n]) // holds what it gets if the record is gone once more
		again = again[n:]
	}
	c.inHand = nil
}

// settled ends what was pending, and returns what is to be decided now.
func (c *coordinator) settled(o *outage, a recovery) []request {
	if a.came {
		c.failures = 0
		c.concluded(o.pending)
		return o.held
	}
	c.adopt(a.again)
	var again []request
	var recorded []outcome
	for _, p := range o.pending {
		switch {
		case p.last > 0 && a.again.known[p.last]:
			recorded = append(recorded, p)
		case p.kept || p.done != nil:
			again = append(again, p.request)
		}
	}
	c.concluded(recorded)
	return append(append(again, c.strays()...), o.held...)
}

// adopt makes memory what the record says.
func (c *coordinator) adopt(r *replayed) {
	*c.session = *r.session
	c.listed.compare(r.row, &c.session.View)
	c.journal = ledger.NewJournal(c.session, c.node, r.head)
	c.confirmed, c.lastAlive = r.head, r.alive
	if now := c.clock.Now(); c.lastAlive.After(now) { // the clock was ahead then: nobody is lost later than now
		c.lastAlive = now
	}
	if len(c.audience.conns) == 0 {
		c.audience = c.assemble() // it may be of a session that could not be read before
	}
	if c.audience.seat() { // another writer, or an append that was taken for lost, has added sites
		c.audience.list = true
	}
	c.audience.chat.kept = r.chat
	c.budget = r.budget
	c.seats.Load(r.serials)
	publish(c)
}

// strays are the connections on record that no socket stands behind, because the page was refused before the record
// had answered, or another process wrote; and the end of sockets that the record does not know.
func (c *coordinator) strays() (batch []request) {
	if !c.taken {
		return nil
	}
	for _, code := range c.session.Order {
		ep, m := c.session.Endpoint(code), c.audience.members[code]
		switch {
		case m.conn != nil && ep.Conn != nil && ep.Conn.ID == m.conn.id:
			continue
		case m.conn != nil:
			c.audience.detach(code, m.conn.id, meeting.EndRestart)
		}
		if ep.Conn != nil {
			batch = append(batch, request{cmd: meeting.Disconnect{Endpoint: code, Conn: ep.Conn.ID, LastSeen: ep.Conn.Since, Why: meeting.EndClosed}})
		}
	}
	return batch
}

// commit hands entries to the record and waits for them to be there, though not longer than commands may wait. If the
// append is still out then, inflight will give its outcome.
func (c *coordinator) commit(ctx context.Context, entries []ledger.Entry, oldest time.Time) (inflight chan error, err error) {
	done := make(chan error, 1)
	phase := c.session.Phase
	c.helpers.Go(func() {
		err := contain.Run(c.panicked, func() error { return c.record.Append(ctx, c.id, phase, entries) }, "session", c.id)
		if errors.Is(err, store.ErrFenced) {
			c.metrics.fenced.Inc()
		}
		done <- err
	})
	patience := time.Duration(c.patience.Load())
	over := time.NewTimer(max(patience-time.Since(oldest), patience/5))
	defer over.Stop()
	var turn <-chan time.Time // what is on its way to everyone goes on meanwhile
	for {
		if again := c.audience.spreads.carryOn(time.Now()); again > 0 {
			turn = time.After(again)
		}
		select {
		case <-turn:
		case err := <-done:
			return nil, err
		case late := <-c.late:
			c.audience.recording.warn(late)
		case <-over.C:
			return done, fmt.Errorf("%d entries are not on disk after %v", len(entries), time.Since(oldest).Round(time.Millisecond))
		}
	}
}
