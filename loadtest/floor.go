package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	floorSlot  = "floor"
	floorVideo = "v-floor"
	mainAudio  = "a-main"
)

// change is one change of the floor: who sees it, and when.
type change struct {
	mid      string
	endpoint string
	source   uint32

	mu      sync.Mutex
	viewers int       // that should see it
	at      time.Time // when the first of us was told that the source is on air; zero before
	seen    []time.Time
}

// settle adds how long each viewer took. One that has not seen it counts with the time it has waited.
func (c *change) settle(now time.Time, to *durations) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return
	}
	for _, at := range c.seen {
		to.add(max(at.Sub(c.at), 0)) // the picture may overtake the message
	}
	for range c.viewers - len(c.seen) {
		to.add(now.Sub(c.at))
	}
}

// steer lets sites raise their hands and gives one after the other the floor, each from stand-by. It returns at the
// end of the window.
func (t *test) steer(ctx context.Context) error {
	ticker := time.NewTicker(t.cfg.FloorEvery)
	defer ticker.Stop()
	for i := 0; ; i++ {
		s := t.speaker(i)
		if s == nil {
			return errors.New("floor: fewer than two sites have entered")
		}
		if err := t.prepare(ctx, s); err != nil {
			return unlessOver(ctx, fmt.Errorf("floor: %s: %w", s.code, err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		t.expect(s)
		if err := t.operator.client.Request(ctx, protocol.Grant{Endpoint: s.code, Slot: floorSlot}); err != nil {
			return unlessOver(ctx, fmt.Errorf("floor: grant %s: %w", s.code, err))
		}
	}
}

// unlessOver is err, or nil when the end of the window caused it.
func unlessOver(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// speaker picks the i-th site that is there.
func (t *test) speaker(i int) *site {
	t.mu.Lock()
	defer t.mu.Unlock()
	var there []*site
	for _, s := range t.sites {
		if t.entered[s] {
			there = append(there, s)
		}
	}
	if len(there) < 2 {
		return nil
	}
	return there[i%len(there)]
}

// prepare lets a site raise its hand and puts it on stand-by; it returns when the site sends.
func (t *test) prepare(ctx context.Context, s *site) error {
	if err := s.client.Request(ctx, protocol.RaiseHand{}); err != nil {
		return err
	}
	if err := t.operator.client.Request(ctx, protocol.StandBy{Endpoint: s.code, On: true}); err != nil {
		return err
	}
	return wait(ctx, s.sendingNow(), joinTimeout, "sends on stand-by")
}

// expect makes every other site look for the picture of the next speaker.
func (t *test) expect(speaker *site) {
	if c := t.change.Load(); c != nil {
		c.settle(time.Now(), &t.switches)
	}
	c := &change{mid: floorVideo, endpoint: speaker.code, source: sourceOf(speaker.code)}
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.entered {
		if s != speaker {
			if v := s.current(); v != nil {
				v.await(c.mid, c.source)
				c.viewers++
			}
		}
	}
	t.change.Store(c)
}

// stage takes a state of the session; the first that shows the expected source on air begins the measurement.
func (t *test) stage(m protocol.State) {
	c := t.change.Load()
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, slot := range m.Stage {
		if c.at.IsZero() && slot.Slot == floorSlot && slot.Endpoint == c.endpoint && slot.State == "on_air" {
			c.at = time.Now()
		}
	}
}

// sawSwitch takes the first whole keyframe of a source at a viewer.
func (t *test) sawSwitch(source uint32, at time.Time) {
	c := t.change.Load()
	if c == nil || c.source != source {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, at)
}
