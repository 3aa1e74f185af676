// Package loadtest puts real load on a server: sites that enter by their links through the real signalling and
// receive the stage over ICE, DTLS and SRTP, and a host that sends a synthetic one.
package loadtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	// pulse is how often feedback is looked after; libwebrtc batches its requests as long.
	pulse = 20 * time.Millisecond
	// settling is how long after the window repairs of it may still arrive.
	settling = time.Second
	// fullShare is one viewer in how many decrypts and checks all that it receives: 5 %.
	fullShare = 20
)

// Site is a site's code and join link.
type Site struct {
	Code, Link string
}

// Config of a load test.
type Config struct {
	Host, Operator string // links
	Sites          []Site
	Rate           float64       // sites that enter per second; 0 lets all enter at once
	Duration       time.Duration // of the window
	Publish        bool          // enter by the host link, start the session and send the reference stage
	Simulcast      bool          // in three renditions
	Bitrate        int           // of its picture, and at most of the floor's, in bits per second; 0 = as the reference
	Video, Audio   *Recording    // sent instead, nil = synthetic
	FloorEvery     time.Duration // give another site the floor this often; 0 never
	End            bool          // end the session after the window
	ServerPID      int           // of the server on this machine, 0 = unknown
	Progress       func(Progress)
}

// stage is what the host sends.
func (c Config) stage() program {
	what := program{picture: referencePicture(c.Simulcast), video: c.Video, audio: c.Audio}
	if c.Bitrate > 0 {
		what.picture = pictureOf(c.Bitrate)
	}
	return what
}

// Progress of a load test.
type Progress struct {
	Joined, Failed, Endpoints int
	Window                    time.Duration // how much of the window has passed
}

// test is one run.
type test struct {
	cfg Config
	me  *credentials

	host     *site
	operator *site
	sites    []*site

	joins, firsts, latencies, switches durations

	mu        sync.Mutex
	ticking   []*viewer
	measuring bool
	entered   map[*site]bool
	failures  map[string]int
	window    time.Duration

	change atomic.Pointer[change] // of the floor, the last one
}

// Run runs a load test. An error means that it could not be carried out; failed sites are in the result.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	switch {
	case cfg.Simulcast && (cfg.Video != nil || cfg.Bitrate > 0):
		return nil, errors.New("simulcast is of the reference stage only")
	case cfg.Bitrate != 0 && cfg.Bitrate < MinBitrate:
		return nil, fmt.Errorf("a picture takes at least %d bit/s", MinBitrate)
	}
	me, err := newCredentials()
	if err != nil {
		return nil, err
	}
	if cfg.ServerPID != 0 {
		if _, _, err := processUsage(cfg.ServerPID); err != nil {
			return nil, fmt.Errorf("server process: %w", err)
		}
	}
	t := &test{cfg: cfg, me: me, entered: map[*site]bool{}, failures: map[string]int{}}
	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel(nil)
	running.Go(func() { t.tick(ctx) })
	if err := t.openConsoles(ctx, cancel, &running); err != nil {
		return nil, err
	}
	if err := t.join(ctx, &running); err != nil {
		return nil, err
	}
	result, err := t.measure(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, err
	}
	if cfg.End {
		console := t.host
		if console == nil {
			console = t.operator
		}
		if err := console.client.Request(ctx, protocol.End{}); err != nil {
			return nil, fmt.Errorf("end the session: %w", err)
		}
	}
	return result, nil
}

// openConsoles enters as host and operator, as far as they are needed, and starts the session.
func (t *test) openConsoles(ctx context.Context, fail context.CancelCauseFunc, running *sync.WaitGroup) error {
	open := func(name, link string, what program) (*site, error) {
		s := newSite(t, name, link, what, observer{})
		entered := make(chan struct{})
		running.Go(func() {
			if err := s.run(ctx, func() { close(entered) }); err != nil {
				fail(fmt.Errorf("%s: %w", name, err))
			}
		})
		return s, wait(ctx, entered, joinTimeout, name+" enters")
	}
	var err error
	if t.cfg.Publish {
		if t.host, err = open("host", t.cfg.Host, t.cfg.stage()); err != nil {
			return err
		}
		if err := t.host.begin(ctx); err != nil {
			return fmt.Errorf("start the session: %w", err)
		}
		if err := wait(ctx, t.host.sendingNow(), joinTimeout, "host sends"); err != nil {
			return err
		}
	}
	if t.cfg.FloorEvery > 0 || t.cfg.End && t.host == nil {
		if t.operator, err = open("operator", t.cfg.Operator, program{}); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for a channel to be closed.
func wait(ctx context.Context, closed <-chan struct{}, atMost time.Duration, what string) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
}

// join lets the sites enter and returns when each has entered or failed.
func (t *test) join(ctx context.Context, running *sync.WaitGroup) error {
	done := make(chan struct{}, len(t.cfg.Sites))
	begin := time.Now()
	observe := observer{latency: t.latencies.add, switched: t.sawSwitch}
	for i, c := range t.cfg.Sites {
		s := newSite(t, c.Code, c.Link, program{picture: floorPicture(t.cfg.Bitrate)}, observe)
		s.observe.firstFrame = func(after time.Duration) {
			if !s.sawFirst.Swap(true) {
				t.firsts.add(after)
			}
		}
		s.full = i%fullShare == 0
		t.sites = append(t.sites, s)
		if t.cfg.Rate > 0 {
			if err := sleep(ctx, time.Until(begin.Add(time.Duration(float64(i)/t.cfg.Rate*float64(time.Second))))); err != nil {
				return err
			}
		}
		running.Go(func() { t.attend(ctx, s, func() { done <- struct{}{} }) })
	}
	for range t.cfg.Sites {
		select {
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// attend runs one site. settled is called once, when it has entered or failed.
func (t *test) attend(ctx context.Context, s *site, settled func()) {
	once := sync.OnceFunc(settled)
	err := s.run(ctx, func() {
		t.joins.add(time.Since(s.opened))
		t.mu.Lock()
		t.entered[s] = true
		t.mu.Unlock()
		once()
	})
	if err != nil && ctx.Err() == nil {
		t.mu.Lock()
		delete(t.entered, s)
		t.failures[err.Error()]++
		t.mu.Unlock()
	}
	once()
}

// measure holds the window.
func (t *test) measure(ctx context.Context) (*Result, error) {
	before, _, err := t.usage()
	if err != nil {
		return nil, err
	}
	t.each((*viewer).begin, true)
	sent := t.sent()
	steering, stop := context.WithTimeout(ctx, t.cfg.Duration)
	defer stop()
	group, steering := errgroup.WithContext(steering)
	if t.cfg.FloorEvery > 0 {
		group.Go(func() error { return t.steer(steering) })
	}
	group.Go(func() error { return t.watchWindow(steering) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	t.each((*viewer).end, false)
	sent = t.sent() - sent
	after, rss, err := t.usage()
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, settling); err != nil {
		return nil, err
	}
	return t.result(after-before, rss, sent), nil
}

// sent is how many packets of its picture the host has sent so far.
func (t *test) sent() int64 {
	if t.host == nil {
		return 0
	}
	t.host.mu.Lock()
	defer t.host.mu.Unlock()
	if t.host.sender == nil {
		return 0
	}
	return t.host.sender.sentOfPicture()
}

func (t *test) usage() (cpu time.Duration, rss int64, err error) {
	if t.cfg.ServerPID == 0 {
		return 0, 0, nil
	}
	return processUsage(t.cfg.ServerPID)
}

// watchWindow waits for the end of the window and tells of progress.
func (t *test) watchWindow(ctx context.Context) error {
	begin := time.Now()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			t.mu.Lock()
			t.window = now.Sub(begin)
			t.mu.Unlock()
		}
	}
}

// each calls f on every viewer of the sites, lost ones included, and sets whether new ones measure.
func (t *test) each(f func(*viewer), measuring bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.measuring = measuring
	for _, s := range t.sites {
		for _, v := range s.all() {
			f(v)
		}
	}
}

// result adds up what the viewers have measured.
func (t *test) result(cpu time.Duration, rss, sent int64) *Result {
	if c := t.change.Load(); c != nil {
		c.settle(time.Now(), &t.switches)
	}
	t.mu.Lock()
	r := &Result{Endpoints: len(t.sites), Joined: len(t.entered), Failures: maps.Clone(t.failures)}
	var main int64
	var expected []int64
	var waiting []time.Duration // of sites that have not seen main yet
	for _, s := range t.sites {
		var sound int64
		for _, v := range s.all() {
			tally := v.settle()
			r.PacketsReceived += tally.received
			r.PacketsLost += tally.lost
			r.Duplicates += tally.duplicates
			r.FramesChecked += tally.checked
			r.FramesUnsound += tally.unsound
			sound += tally.sound
			main += tally.main
		}
		if t.entered[s] {
			expected = append(expected, sound)
			if !s.sawFirst.Load() {
				waiting = append(waiting, time.Since(s.opened))
			}
		}
	}
	t.mu.Unlock()
	r.Failed = r.Endpoints - r.Joined
	// Sound of main is sent to all alike; a picture may be left out on purpose.
	r.PacketsLost += silent(expected)
	if !t.firsts.empty() { // otherwise there is nothing to see
		for _, d := range waiting {
			t.firsts.add(d)
		}
	}
	r.JoinMs, r.FirstFrameMs = t.joins.percentiles(), t.firsts.percentiles()
	if t.cfg.Publish {
		r.LatencyMs = t.latencies.percentiles()
	}
	if t.cfg.FloorEvery > 0 {
		r.SwitchMs = t.switches.percentiles()
	}
	if sent > 0 && r.Joined > 0 && !t.cfg.Simulcast {
		share := float64(main) / float64(sent) / float64(r.Joined)
		r.Delivered = &share
	}
	if t.cfg.ServerPID != 0 {
		r.ServerRSSBytes = &rss
		if r.PacketsReceived > 0 {
			perPacket := float64(cpu.Nanoseconds()) / 1000 / float64(r.PacketsReceived)
			r.ServerCPUUsPerPacket = &perPacket
		}
	}
	return r
}

// add starts looking after a viewer's feedback.
func (t *test) add(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.measuring {
		v.begin()
	}
	t.ticking = append(t.ticking[:len(t.ticking):len(t.ticking)], v)
}

func (t *test) remove(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rest []*viewer
	for _, other := range t.ticking {
		if other != v {
			rest = append(rest, other)
		}
	}
	t.ticking = rest
}

// tick looks after the feedback of all viewers.
func (t *test) tick(ctx context.Context) {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			t.mu.Lock()
			viewers := t.ticking
			p := Progress{Joined: len(t.entered), Endpoints: len(t.cfg.Sites), Window: t.window}
			for _, n := range t.failures {
				p.Failed += n
			}
			t.mu.Unlock()
			for _, v := range viewers {
				v.tick(now)
			}
			if t.cfg.Progress != nil && now.Sub(told) >= 500*time.Millisecond {
				told = now
				t.cfg.Progress(p)
			}
		}
	}
}

// sleep waits for a time that may be past.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
