package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

const (
	maxQueue = 1024 // requests that may wait for a coordinator; who comes later waits in its own connection
	maxBatch = 256  // requests that share one commit
)

var (
	errBroken  = refusal(protocol.CodeBroken, "the record of the session cannot be read")
	errStopped = refusal(protocol.CodeRestarting, "the server is going away")
	errGone    = errors.New("the socket ended before hello")
	errFault   = contain.ErrPanic
)

// request is something for the coordinator to do in its turn: a command of the meeting, or work on its state
// that leaves no trace in the record. All functions run on the coordinator's goroutine.
type request struct {
	admit   func() error // refuses who may not, before anything else
	cmd     meeting.Command
	prepare func() meeting.Command // makes cmd when its turn has come
	by      meeting.Actor
	work    func() error // runs once the command's events are on disk; not after a refusal
	done    func(error)  // told the outcome, at last
	kept    bool         // goes on record however late: see fact
	since   time.Time    // when it was handed over
	refused bool         // its patience ended while the record did not answer
}

// coordinator owns one session: the only goroutine that reads or changes its state. It decides and applies a
// batch of requests, commits all their events at once, and only then answers and tells people. While the record does
// not answer there is an outage; see there.
type coordinator struct {
	id          string
	record      Record
	clock       *clock
	clockNoted  bool // it is on record that the clock is behind
	metrics     *metrics
	log         *slog.Logger
	node        *ledger.Node
	session     *meeting.Session
	seats       *link.Seats
	journal     *ledger.Journal // of session
	confirmed   ledger.Head     // what the record is known to hold
	lastAlive   time.Time       // as it was when the session was read
	audience    *audience
	assemble    func() *audience // an audience of the session without anybody in it
	mediaEvents *mediaEvents
	rounds      rounds
	budget      ledgerBudget
	recorded    func(session string) // is told after each commit
	shut        func(code string)    // ends what a seat that was removed has open besides its connection
	listed      *contradictions
	outage      *outage       // nil while memory holds what the record holds
	failures    int           // attempts to reach the record since the last commit
	patience    *atomic.Int64 // of commands with the record, in nanoseconds
	taken       bool          // the connections of the server before are ended
	unread      error         // why the session could not be rebuilt, so that nothing is known of its seats
	broken      error         // why it refuses everything: the ledger is not whole, or turns panic again and again
	faults      faults        // turns that panicked
	inHand      []request     // the batch of this turn
	panicked    contain.Report

	requests chan request
	late     chan time.Time // since when evidence of life cannot be written; zero when it can
	attended atomic.Bool    // somebody is connected
	current  current        // the session as it is on record, for whoever reads it
	seated   sync.Map       // *conn by endpoint, of those who are connected, for whoever reads it
	stop     chan struct{}  // closed by the owner
	done     chan struct{}  // closed when run has returned
	helpers  sync.WaitGroup // what waits for the record beside run
}

// loadCoordinator replays a session and takes it over: connections of a server that is no more are lost, at the last
// evidence of its life. If the record does not answer, the session begins with an outage.
func loadCoordinator(ctx context.Context, srv *Server, id string) (*coordinator, error) {
	c := newCoordinator(srv, meeting.New(id), ledger.Head{})
	r, err := srv.warm.load(ctx, srv.record, id, srv.node.ID())
	first := append(begin(c, srv.epoch.Load()), takeOver(c))
	if store.Unavailable(err) {
		c.suspend(context.WithoutCancel(ctx), nil, nil, err)
		c.outage.held = first
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.adopt(r)
	c.handle(context.WithoutCancel(ctx), first)
	return c, nil
}

// begin has the ledger say who decides in the session from an epoch on, unless it is over. 0 is none.
func begin(c *coordinator, epoch int64) []request {
	if epoch == 0 {
		return nil
	}
	return []request{{kept: true, prepare: func() meeting.Command {
		if isOver(&c.session.View) || c.session.Epoch >= epoch {
			return nil
		}
		return meeting.TakeOwnership{Node: c.node.ID(), Epoch: epoch}
	}}}
}

func newCoordinator(srv *Server, session *meeting.Session, head ledger.Head) *coordinator {
	id := session.ID
	c := &coordinator{
		id: id, record: srv.record, clock: srv.clock, metrics: srv.metrics, log: srv.log.With("session", id), node: srv.node,
		session:     session,
		seats:       &link.Seats{},
		journal:     ledger.NewJournal(session, srv.node, head),
		confirmed:   head,
		mediaEvents: newMediaEvents(),
		recorded:    srv.recorded,
		listed:      srv.listed,
		patience:    &srv.patience,
		panicked:    srv.panicked,
		requests:    make(chan request, maxQueue),
		late:        make(chan time.Time, 1),
		stop:        make(chan struct{}),
		done:        make(chan struct{}),
	}
	c.assemble = func() *audience {
		c.seated.Clear()
		return newAudience(&session.View, &c.seated, srv.media, srv.metrics, func() { srv.over(id); srv.lines.endAll(id) })
	}
	c.shut = func(code string) { srv.Links().shut(c, code) }
	c.audience = c.assemble()
	return c
}

// brokenCoordinator stands for a session that cannot be rebuilt: it refuses everything, and says which entry of
// the ledger is to blame if one is.
func brokenCoordinator(srv *Server, id string, why error) *coordinator {
	c := newCoordinator(srv, meeting.New(id), ledger.Head{})
	c.breakDown(why)
	c.unread = c.broken
	return c
}

// do hands a request over, waiting for a place in the queue. It fails when the coordinator has ended.
func (c *coordinator) do(ctx context.Context, r request) error {
	r.since = time.Now()
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
	r.done = func(err error) {
		select {
		case outcome <- err:
		default: // after a panic, that it was answered before it is not known
		}
	}
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
	defer c.helpers.Wait()
	for !guarded(ctx, c) { // it starts over, or refuses from then on
	}
}

func (c *coordinator) turns(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	flush := time.NewTimer(0)
	defer flush.Stop()
	spread := time.NewTimer(0)
	defer spread.Stop()
	var flushAt time.Time
	evidence := time.NewTicker(evidenceEvery)
	defer evidence.Stop()
	for {
		// Not left to the select alone, which would let it wait behind requests on a busy server.
		if c.sure() && !time.Now().Before(flushAt) {
			flushAt = time.Now().Add(c.audience.flush())
			flush.Reset(time.Until(flushAt))
		}
		if again := c.audience.spreads.carryOn(time.Now()); again > 0 {
			spread.Reset(again)
		}
		attempts, expired := c.outage.events()
		var batch []request
		select {
		case r := <-c.requests:
			batch = drain(r, c.requests)
		case <-c.mediaEvents.wake:
			batch = c.onMediaEvents(c.mediaEvents.drain())
		case <-evidence.C:
			batch = c.rounds.evidence(c.audience, c.clock.Now(), c.sure())
		case <-timer.C:
			batch = c.due()
		case <-flush.C:
			continue
		case <-spread.C:
			continue
		case since := <-c.late:
			if c.sure() {
				c.audience.recording.warn(since)
			}
			continue
		case a := <-attempts:
			c.outage.out = false
			c.resume(ctx, a)
		case <-expired:
			c.outage.expire()
			continue
		case <-c.stop:
			c.shutdown(ctx)
			return
		}
		c.inHand = batch
		c.handle(ctx, batch)
		c.inHand = nil
		c.arm(timer)
	}
}

// sure reports whether memory holds what the record holds.
func (c *coordinator) sure() bool { return c.broken == nil && c.outage == nil }

// drain takes what else is waiting, up to a batch.
func drain(first request, waiting <-chan request) []request {
	batch := []request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-waiting:
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
	if !ok || !c.sure() || at.After(c.clock.Now()) {
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
	if !ok || !c.sure() {
		timer.Stop()
		return
	}
	timer.Reset(min(max(at.Sub(c.clock.Now()), time.Millisecond), time.Minute)) // the clock may be set meanwhile
}

// outcome is what became of a request before it was committed.
type outcome struct {
	request
	events []meeting.Event
	last   uint64 // its node's number of the last entry; 0 without one
	err    error
}

// handle decides and applies requests in order, commits their events together, then answers and tells people.
func (c *coordinator) handle(ctx context.Context, batch []request) {
	switch {
	case c.broken != nil:
		for _, r := range batch {
			r.answer(c.broken)
		}
		return
	case c.outage != nil:
		c.outage.hold(batch)
		return
	}
	now, oldest := c.clock.Now(), time.Now()
	batch = withClock(c, now, batch)
	var entries []ledger.Entry
	outcomes := make([]outcome, 0, len(batch))
	for _, r := range batch {
		o := outcome{request: r}
		if r.admit != nil {
			o.err = r.admit()
		}
		if r.prepare != nil && o.err == nil {
			r.cmd = r.prepare()
			o.cmd = r.cmd
		}
		if r.done != nil && r.since.Before(oldest) && !r.since.IsZero() {
			oldest = r.since
		}
		if r.cmd != nil && o.err == nil {
			o.kept = r.kept || fact(r.cmd)
			made, err := c.decide(&o, now)
			if err != nil {
				c.breakDown(err)
				c.handle(ctx, batch)
				return
			}
			entries = append(entries, made...)
		}
		outcomes = append(outcomes, o)
	}
	if len(entries) > 0 {
		begun := time.Now()
		if inflight, err := c.commit(ctx, entries, oldest); err != nil {
			c.suspend(ctx, outcomes, inflight, err)
			return
		}
		c.failures = 0
		c.metrics.committed(len(entries), time.Since(begun))
		c.recorded(c.id)
	}
	c.concluded(outcomes)
	for _, o := range outcomes {
		contested(c, o, now)
	}
	var last []request
	if endsSession(outcomes) { // everyone who is there is summed up
		last = c.audience.sumUp(c.session.Order)
	}
	c.audience.settle(now)
	c.audience.recording.doubt(c.clock.behind(), c.listed.of(c.id) != "")
	c.attended.Store(len(c.audience.conns) > 0)
	if len(last) > 0 {
		c.handle(ctx, last)
	}
}

// concluded answers and tells people what is on record.
func (c *coordinator) concluded(outcomes []outcome) {
	now := c.clock.Now()
	if head := c.journal.Head(); head.Seq != c.confirmed.Seq {
		c.confirmed = head
		linkSites(c, outcomes)
		publish(c)
	}
	if slices.ContainsFunc(outcomes, addsSites) { // whoever comes within the same batch is shown them
		c.audience.seat()
	}
	for _, o := range outcomes {
		for _, ev := range o.events {
			c.audience.happened(ev, now)
			switch e := ev.(type) {
			case *meeting.RemovalChanged:
				c.shut(e.Endpoint)
			case *meeting.SiteWithdrawn:
				c.shut(e.Endpoint)
			}
		}
		if o.err == nil && o.work != nil && !o.refused {
			o.err = o.work()
		}
		if o.cmd != nil {
			c.metrics.command(o.cmd, o.err)
		}
		o.answer(o.err)
	}
}

// endsSession reports whether one of the outcomes ended the session.
func endsSession(outcomes []outcome) bool {
	return slices.ContainsFunc(outcomes, func(o outcome) bool {
		return slices.ContainsFunc(o.events, func(ev meeting.Event) bool {
			_, ended := ev.(*meeting.Ended)
			return ended
		})
	})
}

func addsSites(o outcome) bool {
	return slices.ContainsFunc(o.events, func(ev meeting.Event) bool {
		_, adds := ev.(*meeting.SitesAdded)
		return adds
	})
}

func (r request) answer(err error) {
	if r.done != nil {
		r.done(err)
	}
}

// decide carries out one command. An error is a fault, not a refusal, which stands in the outcome. A fact that had to
// wait for the record is dated when it came.
func (c *coordinator) decide(o *outcome, now time.Time) ([]ledger.Entry, error) {
	if err := c.budget.check(o.by, o.cmd, now); err != nil {
		o.err = dated(&c.session.View, o.by, err)
		return nil, nil
	}
	var happened time.Time
	if o.kept {
		happened = o.came(now)
	}
	done, err := c.journal.Do(o.cmd, o.by, happened, now)
	if unwritable := new(ledger.UnwritableError); errors.As(err, &unwritable) {
		return nil, err
	}
	if err != nil {
		o.err = dated(&c.session.View, o.by, err)
		return nil, nil
	}
	for i, e := range done.Entries {
		c.budget.spend(e, done.Events[i])
	}
	o.events = done.Events
	if n := len(done.Entries); n > 0 {
		o.last = done.Entries[n-1].NodeSeq
	}
	return done.Entries, nil
}

// came is when a request was handed over that had to wait for the record until now; zero if it did not wait.
func (r request) came(now time.Time) time.Time {
	const prompt = time.Second
	waited := time.Since(r.since)
	if r.since.IsZero() || waited < prompt {
		return time.Time{}
	}
	return now.Add(-waited)
}

// dated adds the time that belongs to a refusal.
func dated(s *meeting.View, by meeting.Actor, err error) error {
	var refused *meeting.Error
	if !errors.As(err, &refused) {
		return err
	}
	if at, _, ok := s.NextTimer(); ok && refused.Code == meeting.CodeNotOpen {
		return fault.At(err, ms(at))
	}
	if ep := s.Endpoint(by.Endpoint); refused.Code == meeting.CodeOccupied && ep.Conn != nil {
		return fault.At(err, ms(ep.Conn.Since))
	}
	return err
}

// breakDown ends the session for everyone: its ledger, or what memory holds of it, cannot be used.
func (c *coordinator) breakDown(why error) {
	c.log.Error("the session is stopped: its record cannot be used", "err", why)
	c.broken = errBroken
	if cut := new(ledger.BrokenError); errors.As(why, &cut) {
		c.broken = cut
	}
	c.metrics.broken.Add(1)
	c.current.fail(c.broken)
	c.outage.end(c.broken)
	c.outage = nil
	c.audience.closeAll(fault.Of(c.broken))
}

// shutdown tells everyone when to come back and records the losses, then answers what still waits.
func (c *coordinator) shutdown(ctx context.Context) {
	c.audience.broadcast(protocol.Reconnect{AfterMs: reconnectAfterMs, SpreadMs: reconnectSpreadMs(len(c.audience.conns))})
	var last []request
	if c.sure() && !isOver(&c.session.View) {
		last = c.audience.sumUp(c.session.Order)
	}
	c.handle(ctx, append(last, request{cmd: meeting.Restart{LastSeen: c.clock.Now()}}))
	if c.outage != nil {
		c.log.Error("the record does not answer: the ends of the connections will be dated by the last heartbeat in it")
		c.outage.end(errStopped)
		c.outage = nil
	}
	c.audience.closeAll(fault.Of(errStopped))
	for {
		select {
		case r := <-c.requests:
			r.answer(errStopped)
		default:
			return
		}
	}
}
