package signaling

import (
	"context"
	"errors"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// A session starts over after a turn that panicked, but not for ever: one more than maxFaults within faultWindow stops it
// for good, as something in its ledger or in what pages send makes it panic each time.
const (
	maxFaults   = 5
	faultWindow = 10 * time.Minute
)

// faults are when the turns of a session have panicked, the last maxFaults of them.
type faults []time.Time

// another takes note of one, and returns how many there were within the window, with this one.
func (f *faults) another(now time.Time) int {
	kept := (*f)[:0]
	for _, at := range *f {
		if now.Sub(at) < faultWindow {
			kept = append(kept, at)
		}
	}
	*f = append(kept, now)
	return len(*f)
}

// guarded takes turns until the owner closes stop, and reports true, or until one panics. What such a turn has left in
// memory is nothing to go on from; the record itself has whole batches alone. So the session starts over from its ledger,
// as after a restart of the server. Other sessions go on.
func guarded(ctx context.Context, c *coordinator) (stopped bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		c.panicked(p, "session", c.id)
		inHand := c.inHand
		c.inHand = nil
		if c.broken == nil && contain.Run(c.panicked, func() error { startOver(ctx, c); return nil }, "session", c.id) != nil {
			c.breakDown(errFault)
		}
		why := fault.ErrUnrecorded // it may be, or not
		if c.broken != nil {
			why = c.broken
		}
		for _, r := range inHand {
			r.answer(why)
		}
	}()
	c.turns(ctx)
	return true
}

// startOver ends every socket, so that the pages come back by themselves, forgets what memory holds, and reads the session
// again from its ledger. It begins with an outage, which goes on as any other: with pauses that grow, requests waiting.
func startOver(ctx context.Context, c *coordinator) {
	n := c.faults.another(time.Now())
	if n > maxFaults {
		c.breakDown(errFault)
		return
	}
	c.log.Error("the session starts over from its ledger", "fault", n, "of", maxFaults)
	forget(c)
	first := takeOver(c)
	next := &outage{
		metrics: c.metrics, patience: c.patience,
		since: c.clock.Now(), attempt: make(chan recovery, 1), timer: time.NewTimer(0), held: []request{first},
	}
	var before chan error // an attempt that is out: nothing is read before it is back
	if o := c.outage; o == nil {
		c.metrics.waiting.Add(1)
	} else {
		o.timer.Stop()
		next.since, next.held = o.since, takenOver(o.held, first)
		for _, p := range o.pending {
			p.answer(fault.ErrUnrecorded)
		}
		if o.out {
			before = make(chan error, 1)
			c.helpers.Go(func() {
				<-o.attempt
				before <- errFault
			})
		}
	}
	c.outage = next
	c.failures = max(c.failures, n)
	c.try(ctx, before)
	next.expire()
}

// forget ends who is there and what the session was, and has its stage show nothing.
func forget(c *coordinator) {
	lost := c.audience
	for conn := range lost.conns {
		c.metrics.connections.WithLabelValues(conn.who.Role).Dec()
		conn.send(protocol.Reconnect{AfterMs: reconnectAfterMs, SpreadMs: reconnectSpreadMs(len(lost.conns))})
		conn.close(fault.Of(errStopped))
	}
	for _, slot := range meeting.Slots() {
		lost.stage.media.SetFeed(c.id, string(slot), Feed{})
	}
	lost.stage.media.SetBudget(c.id, 0)
	c.attended.Store(false)
	*c.session = *meeting.New(c.id)
	c.audience = c.assemble()
}

// takeOver ends, on record, the connections of the life before: of the server, or of the session.
func takeOver(c *coordinator) request {
	c.taken = false
	return request{
		kept:    true,
		prepare: func() meeting.Command { return meeting.Restart{LastSeen: c.lastAlive} },
		work:    func() error { c.taken = true; return nil },
	}
}

// takenOver puts the end of the connections of the life before where it belongs among what was held: behind the facts of that
// life, and before the others, who are of the new one.
func takenOver(held []request, first request) []request {
	var facts, others []request
	for _, r := range held {
		if r.kept {
			facts = append(facts, r)
		} else {
			others = append(others, r)
		}
	}
	return append(append(facts, first), others...)
}

// poisoned reports whether an attempt to read the ledger again has panicked once too often.
func poisoned(c *coordinator, err error) bool {
	return errors.Is(err, contain.ErrPanic) && c.faults.another(time.Now()) > maxFaults
}
