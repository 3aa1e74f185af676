package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	maxQueue   = 1024 // requests that may wait for a coordinator; who comes later waits in its own connection
	maxBatch   = 256  // requests that share one commit
	aliveEvery = 2 * time.Second
)

var (
	errBroken  = refusal(protocol.Broken, "the record cannot be written")
	errStopped = refusal(protocol.Restarting, "the server is going away")
	errGone    = errors.New("the socket ended before hello")
	errFault   = errors.New("a fault of the program") // its log has the details
)

// request is something for the coordinator to do in its turn: a command of the meeting, or work on its state
// that leaves no trace in the record. All functions run on the coordinator's goroutine.
type request struct {
	cmd     meeting.Command
	prepare func() meeting.Command // makes cmd when its turn has come
	by      meeting.Actor
	work    func() error // runs once the command's events are on disk; not after a refusal
	done    func(error)  // told the outcome, at last
}

// coordinator owns one session: the only goroutine that reads or changes its state. It decides and applies a
// batch of requests, commits all their events at once, and only then answers and tells people.
type coordinator struct {
	id       string
	record   Record
	clock    *ledger.Clock
	metrics  *metrics
	log      *slog.Logger
	session  *meeting.Session
	chain    *ledger.Chain
	audience *audience
	news     *news
	rounds   rounds
	budget   ledgerBudget
	recorded func(session string) // is told after each commit
	broken   error                // why it refuses everything; it never goes on from memory after a failed commit

	requests chan request
	stop     chan struct{} // closed by the owner
	done     chan struct{} // closed when run has returned
}

// replay rebuilds a session from its ledger, whose chain has to be whole, letting seen, if given, look at each event on the way.
func replay(ctx context.Context, rec Record, id string, seen func(meeting.Event, time.Time)) (*meeting.Session, ledger.Head, error) {
	s, head := meeting.New(id), ledger.Head{}
	for e, err := range ledger.Checked(rec.Entries(ctx, id, 1)) {
		if err != nil {
			return nil, head, fmt.Errorf("session %s: %w", id, err)
		}
		ev, err := e.Event()
		if err != nil {
			return nil, head, fmt.Errorf("session %s, entry %d: %w", id, e.Seq, err)
		}
		s.Apply(ev, e.At)
		if seen != nil {
			seen(ev, e.At)
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash, RecordedAt: e.RecordedAt}
	}
	if head.Seq == 0 {
		return nil, head, fmt.Errorf("session %s: its ledger is empty", id)
	}
	return s, head, nil
}

// loadCoordinator replays a session and takes it over: connections of a server that is no more are lost, at
// the last evidence of its life.
func loadCoordinator(ctx context.Context, srv *Server, id string) (*coordinator, error) {
	var before mail
	session, head, err := replay(ctx, srv.record, id, func(ev meeting.Event, at time.Time) {
		if m, ok := ev.(*meeting.MessageSent); ok && m.Text != "" { // empty once erased
			before.keep(written{m, at})
		}
	})
	if err != nil {
		return nil, err
	}
	lastAlive, err := srv.record.LastAlive(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("session %s: %w", id, err)
	}
	if head.RecordedAt.After(lastAlive) {
		lastAlive = head.RecordedAt
	}
	c := newCoordinator(srv, session, head)
	c.audience.mail.kept = before.kept
	if err := c.handle(ctx, []request{{cmd: meeting.Restart{LastSeen: lastAlive}}}); err != nil {
		return nil, err
	}
	return c, nil
}

func newCoordinator(srv *Server, session *meeting.Session, head ledger.Head) *coordinator {
	id := session.ID
	return &coordinator{
		id: id, record: srv.record, clock: srv.clock, metrics: srv.metrics, log: srv.log.With("session", id), session: session,
		chain:    ledger.NewChain(id, srv.node, head),
		audience: newAudience(session, srv.media, srv.metrics, func() { srv.snapshots.drop(id) }),
		news:     newNews(),
		recorded: srv.webhooks.Tell,
		requests: make(chan request, maxQueue),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
}

// brokenCoordinator stands for a session that cannot be rebuilt: it refuses everything, and says which entry of
// the ledger is to blame if one is.
func brokenCoordinator(srv *Server, id string, why error) *coordinator {
	c := newCoordinator(srv, meeting.New(id), ledger.Head{})
	c.broken = errBroken
	if cut := new(ledger.BrokenError); errors.As(why, &cut) {
		c.broken = cut
	}
	c.metrics.broken.Add(1)
	return c
}

// do hands a request over, waiting for a place in the queue. It fails when the coordinator has ended.
func (c *coordinator) do(ctx context.Context, r request) error {
	select {
	case <-c.done: // a full stop goes before a free place in the queue
		return errStopped
	default:
	}
	select {
	case c.requests <- r:
		return nil
	case <-c.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call is do, and waits for the outcome.
func (c *coordinator) call(ctx context.Context, r request) error {
	outcome := make(chan error, 1)
	r.done = func(err error) { outcome <- err }
	if err := c.do(ctx, r); err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	case <-c.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the coordinator's goroutine. It returns when the owner closes stop.
func (c *coordinator) run(ctx context.Context) {
	defer close(c.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	flush := time.NewTimer(0)
	defer flush.Stop()
	var flushAt time.Time
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	evidence := time.NewTicker(evidenceEvery)
	defer evidence.Stop()
	for {
		// Not left to the select alone, which would let it wait behind requests on a busy server.
		if c.broken == nil && !time.Now().Before(flushAt) { // once broken, what memory holds may not be on record
			flushAt = time.Now().Add(c.audience.flush())
			flush.Reset(time.Until(flushAt))
		}
		var batch []request
		select {
		case r := <-c.requests:
			batch = c.drain(r)
		case <-c.news.wake:
			batch = c.heard(c.news.take())
		case <-evidence.C:
			batch = c.evidence(c.clock.Now())
		case <-timer.C:
			batch = c.due()
		case <-flush.C:
			continue
		case <-alive.C:
			c.heartbeat(ctx)
			continue
		case <-c.stop:
			c.goodbye(ctx)
			return
		}
		if err := c.handle(ctx, batch); err != nil {
			c.log.Error("the record cannot be written: session stopped", "err", err)
		}
		c.arm(timer)
	}
}

// drain takes what else is waiting, up to a batch.
func (c *coordinator) drain(first request) []request {
	batch := []request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-c.requests:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// due returns the command that time gives now, if any.
func (c *coordinator) due() []request {
	at, cmd, ok := c.session.NextTimer()
	if !ok || at.After(c.clock.Now()) {
		return nil
	}
	return []request{{cmd: cmd, done: func(err error) {
		if err != nil {
			c.log.Warn("a timer's command was refused", "command", fmt.Sprintf("%T", cmd), "err", err)
		}
	}}}
}

// arm sets the timer to the next command that time will give.
func (c *coordinator) arm(timer *time.Timer) {
	at, _, ok := c.session.NextTimer()
	if !ok || c.broken != nil {
		timer.Stop()
		return
	}
	timer.Reset(max(at.Sub(c.clock.Now()), time.Millisecond))
}

// outcome is what became of a request before it was committed.
type outcome struct {
	request
	events []meeting.Event
	err    error
}

// handle decides and applies requests in order, commits their events together, then answers and tells people.
// An error means that the commit failed and the session is broken.
func (c *coordinator) handle(ctx context.Context, batch []request) error {
	if c.broken != nil {
		for _, r := range batch {
			r.answer(c.broken)
		}
		return nil
	}
	now := c.clock.Now()
	var entries []ledger.Entry
	outcomes := make([]outcome, 0, len(batch))
	for _, r := range batch {
		if r.prepare != nil {
			r.cmd = r.prepare()
		}
		o := outcome{request: r}
		if r.cmd != nil {
			var made []ledger.Entry
			var err error
			if made, err = c.decide(&o, now); err != nil {
				return c.breakDown(batch, err)
			}
			entries = append(entries, made...)
		}
		outcomes = append(outcomes, o)
	}
	if len(entries) > 0 {
		begun := time.Now()
		if err := c.record.Append(ctx, c.id, c.session.Phase, entries); err != nil {
			return c.breakDown(batch, err)
		}
		c.metrics.committed(len(entries), time.Since(begun))
		c.recorded(c.id)
	}
	for _, o := range outcomes {
		for _, ev := range o.events {
			c.audience.happened(ev, now)
		}
		if o.err == nil && o.work != nil {
			o.err = o.work()
		}
		if o.cmd != nil {
			c.metrics.command(o.cmd, o.err)
		}
		o.answer(o.err)
	}
	last := c.ending(outcomes)
	c.audience.settle(now)
	if len(last) > 0 {
		return c.handle(ctx, last)
	}
	return nil
}

// ending returns what is to be recorded because the session has just ended.
func (c *coordinator) ending(outcomes []outcome) []request {
	for _, o := range outcomes {
		for _, ev := range o.events {
			if _, ended := ev.(*meeting.EndedEvent); ended {
				return c.lastQuality()
			}
		}
	}
	return nil
}

func (r request) answer(err error) {
	if r.done != nil {
		r.done(err)
	}
}

// decide turns one command into applied events and their entries. An error is a fault, not a refusal, which
// stands in the outcome.
func (c *coordinator) decide(o *outcome, now time.Time) ([]ledger.Entry, error) {
	if err := c.budget.check(o.by, o.cmd, now); err != nil {
		o.err = err
		return nil, nil
	}
	events, err := c.session.Decide(o.cmd, o.by, now)
	if err != nil {
		o.err = c.dated(o.by, err)
		return nil, nil
	}
	entries := make([]ledger.Entry, 0, len(events))
	for _, ev := range events {
		e, err := c.chain.Next(time.Time{}, now, o.by.Endpoint, ev)
		if err != nil {
			return nil, err
		}
		c.session.Apply(ev, e.At)
		c.budget.spend(o.by, o.cmd, e)
		entries = append(entries, e)
	}
	o.events = events
	return entries, nil
}

// dated adds the time that belongs to a refusal.
func (c *coordinator) dated(by meeting.Actor, err error) error {
	var refused *meeting.Error
	if !errors.As(err, &refused) {
		return err
	}
	if at, _, ok := c.session.NextTimer(); ok && refused.Code == meeting.NotOpen {
		return &datedError{error: err, atMs: ms(at)}
	}
	if ep := c.session.Endpoints[by.Endpoint]; refused.Code == meeting.Occupied && ep.Conn != nil {
		return &datedError{error: err, atMs: ms(ep.Conn.Since)}
	}
	return err
}

// breakDown ends the session for everyone: what memory holds is not what the record holds.
func (c *coordinator) breakDown(batch []request, err error) error {
	c.broken = errBroken
	c.metrics.broken.Add(1)
	for _, r := range batch {
		r.answer(errBroken)
	}
	c.audience.closeAll(faultOf(errBroken))
	return fmt.Errorf("session %s: %w", c.id, err)
}

// heartbeat leaves evidence of life for the case that the server is killed.
func (c *coordinator) heartbeat(ctx context.Context) {
	if c.broken != nil || len(c.audience.conns) == 0 {
		return
	}
	if err := c.record.Alive(ctx, c.id, c.clock.Now()); err != nil {
		c.log.Warn("no heartbeat in the record", "err", err)
	}
}

// goodbye tells everyone when to come back and records the losses, then answers what still waits.
func (c *coordinator) goodbye(ctx context.Context) {
	c.audience.broadcast(protocol.Reconnect{AfterMs: reconnectAfterMs, SpreadMs: reconnectSpreadMs(len(c.audience.conns))})
	var last []request
	if !isOver(c.session) {
		last = c.lastQuality()
	}
	if err := c.handle(ctx, append(last, request{cmd: meeting.Restart{LastSeen: c.clock.Now()}})); err != nil {
		c.log.Error("the end of the connections was not recorded", "err", err)
	}
	c.audience.closeAll(faultOf(errStopped))
	for {
		select {
		case r := <-c.requests:
			r.answer(errStopped)
		default:
			return
		}
	}
}
