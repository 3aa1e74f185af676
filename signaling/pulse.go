package signaling

import (
	"context"
	"sync"
	"time"
)

const (
	aliveEvery  = 2 * time.Second // how often evidence of life goes on record
	aliveWithin = 3 * time.Second // a heartbeat that takes longer has failed
	aliveFresh  = time.Second     // for how long one shows that the record can be written
)

// pulse leaves evidence of life on record, for the case that the server is killed, and so is the first to notice that
// the record cannot be written. At most one heartbeat is on its way.
type pulse struct {
	record Record
	now    func() time.Time

	mu     sync.Mutex
	beat   chan struct{} // closed when the heartbeat that is on its way has come back; nil without one
	last   time.Time     // when a heartbeat last came back well
	err    error         // of the last one that came back
	behind time.Time     // since when heartbeats fail; zero while they do not
	out    sync.WaitGroup
}

func newPulse(rec Record, now func() time.Time) *pulse {
	return &pulse{record: rec, now: now}
}

// run gives a heartbeat for the sessions that are attended every aliveEvery until ctx ends, and tells since when they
// fail; zero while they do not.
func (p *pulse) run(ctx context.Context, attended func() []string, tell func(behind time.Time)) {
	every := time.NewTicker(aliveEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if ids := attended(); len(ids) > 0 {
			_ = p.check(ctx, ids...) // told below
		}
		p.mu.Lock()
		behind := p.behind
		p.mu.Unlock()
		tell(behind)
	}
}

// check gives a heartbeat, or waits for the one that is on its way, and returns an error if it fails or does not come
// back in time.
func (p *pulse) check(ctx context.Context, sessions ...string) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	beat := p.begin(context.WithoutCancel(ctx), sessions)
	select {
	case <-beat:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.err
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.late()
		return ctx.Err()
	}
}

func (p *pulse) begin(ctx context.Context, sessions []string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.beat != nil {
		return p.beat
	}
	beat := make(chan struct{})
	p.beat = beat
	p.out.Go(func() {
		defer close(beat)
		err := p.record.Alive(ctx, p.now(), sessions...)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.beat, p.err = nil, err
		if err != nil {
			p.late()
			return
		}
		p.last, p.behind = time.Now(), time.Time{}
	})
	return beat
}

// late is called locked.
func (p *pulse) late() {
	if p.behind.IsZero() {
		p.behind = p.now()
	}
}

// well reports whether the record can be written, by the last heartbeat if it is fresh, otherwise by one of its own.
func (p *pulse) well(ctx context.Context) error {
	p.mu.Lock()
	fresh := p.behind.IsZero() && time.Since(p.last) < aliveFresh
	p.mu.Unlock()
	if fresh {
		return nil
	}
	return p.check(ctx)
}
