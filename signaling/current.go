package signaling

import (
	"context"
	"sync/atomic"

	"github.com/diemcau/diemcau/meeting"
)

// current is a session as its record has it, published by its coordinator after each commit. Who only reads takes what is
// there and waits neither for the coordinator nor for the record. Its zero value has nothing yet.
type current struct{ last atomic.Pointer[reading] }

type reading struct {
	view *meeting.View // frozen
	err  error         // why the session refuses everything
}

func (p *current) publish(v *meeting.View) { p.last.Store(&reading{view: v}) }

func (p *current) fail(why error) { p.last.Store(&reading{err: why}) }

// publish shows everyone what the record holds now. It is called before anybody is told, so that who was answered sees
// what it did.
func publish(c *coordinator) {
	v := c.session.Freeze()
	c.current.publish(v)
	c.seats.Follow(v)
}

// viewOf returns the session as it is on record. One that could not be read yet is waited for like a command.
func viewOf(ctx context.Context, c *coordinator) (*meeting.View, error) {
	last := c.current.last.Load()
	if last == nil {
		if err := c.call(ctx, request{work: func() error { return nil }}); err != nil {
			return nil, err
		}
		last = c.current.last.Load()
	}
	return last.view, last.err
}
