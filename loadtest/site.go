package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	joinTimeout = 20 * time.Second
	// maxEvents bounds the messages that wait while a site connects its media.
	maxEvents = 256
)

var errKeptOut = errors.New("no viewer connection was offered in time")

// site is one endpoint: it behaves as the page does, without a person.
type site struct {
	test     *test
	code     string
	link     string
	full     bool // its viewer decrypts everything
	observe  observer
	program  program // what it sends when it is asked to
	opened   time.Time
	events   chan protocol.Message
	client   *client.Client // from the welcome on
	viewing  string         // id of the viewer connection
	sending  string         // id of the publisher connection
	sawFirst atomic.Bool    // the first whole keyframe of main

	mu      sync.Mutex
	viewers []*viewer // the last one is in use
	sender  *sender
	state   protocol.State
	sends   chan struct{} // see sendingNow
}

func newSite(t *test, code, link string, program program, observe observer) *site {
	return &site{
		test: t, code: code, link: link, program: program, observe: observe, events: make(chan protocol.Message, maxEvents),
		sends: make(chan struct{}),
	}
}

// run opens the link and stays until ctx ends or the server ends the connection. entered is called once, when the
// viewer connection stands.
func (s *site) run(ctx context.Context, entered func()) error {
	s.opened = time.Now()
	joining, cancel := context.WithTimeoutCause(ctx, joinTimeout, errKeptOut)
	defer cancel()
	c, err := client.Dial(joining, s.link, client.Options{Device: "diemcau loadtest", Handle: func(m protocol.Message) {
		select {
		case s.events <- m:
		case <-ctx.Done():
		}
	}})
	if err != nil {
		return err
	}
	s.client = c
	defer s.leave()
	prefer := addressOf(s.link)
	deadline := joining.Done()
	for {
		select {
		case m := <-s.events:
			if err := s.handle(ctx, m, prefer); err != nil {
				return err
			}
			if deadline != nil && s.current() != nil {
				deadline = nil
				entered()
			}
		case <-deadline:
			return context.Cause(joining)
		case <-c.Done():
			return c.Err()
		case <-ctx.Done():
			return nil
		}
	}
}

// begin starts the session as its host. If it was live before, this host has come back: it takes up what was held for
// it and opens its microphone again, which is never done for a person.
func (s *site) begin(ctx context.Context) error {
	s.mu.Lock()
	live := s.state.Phase == "live"
	var held, muted bool
	for _, slot := range s.state.Stage {
		if slot.Endpoint == s.client.Welcome().Self.Code {
			held, muted = slot.State == "held", slot.Muted
		}
	}
	s.mu.Unlock()
	if !live {
		return s.client.Request(ctx, protocol.Start{})
	}
	var errs []error
	if held {
		errs = append(errs, s.client.Request(ctx, protocol.Confirm{}))
	}
	if muted {
		errs = append(errs, s.client.Request(ctx, protocol.Mute{Muted: false}))
	}
	return errors.Join(errs...)
}

// leave closes everything.
func (s *site) leave() {
	s.mu.Lock()
	viewers, sender := s.viewers, s.sender
	s.mu.Unlock()
	if len(viewers) > 0 {
		viewers[len(viewers)-1].peer.Close()
	}
	if sender != nil {
		sender.Close()
	}
	s.client.Close()
}

func (s *site) handle(ctx context.Context, m protocol.Message, prefer netip.Addr) error {
	switch m := m.(type) {
	case protocol.Offer:
		return s.accept(ctx, m, prefer)
	case protocol.ClosePeer:
		s.drop(m.Peer)
	case protocol.State:
		s.mu.Lock()
		s.state = m
		s.mu.Unlock()
		s.test.stage(m)
	}
	return nil
}

// accept answers an offer and connects; the connection that it replaces is closed.
func (s *site) accept(ctx context.Context, m protocol.Offer, prefer netip.Addr) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	o, err := parseOffer(m.SDP)
	if err != nil {
		return err
	}
	switch m.Kind {
	case "viewer":
		s.drop(s.viewing)
		v, err := newViewer(o, s.test.me, s.observe, s.opened, s.full)
		if err != nil {
			return err
		}
		answer, err := v.peer.answer(nil)
		if err != nil {
			return err
		}
		if err := s.client.Send(protocol.Answer{Peer: m.Peer, SDP: answer}); err != nil {
			return err
		}
		if err := v.peer.connect(ctx, prefer); err != nil {
			return fmt.Errorf("viewer connection: %w", err)
		}
		s.viewing = m.Peer
		s.mu.Lock()
		s.viewers = append(s.viewers, v)
		s.mu.Unlock()
		s.test.add(v)
	case "publisher":
		s.drop(s.sending)
		sender, answer, err := newSender(o, s.test.me, s.code, s.program)
		if err != nil {
			return err
		}
		if err := s.client.Send(protocol.Answer{Peer: m.Peer, SDP: answer}); err != nil {
			return err
		}
		if err := sender.start(ctx, prefer); err != nil {
			return fmt.Errorf("publisher connection: %w", err)
		}
		s.sending = m.Peer
		s.mu.Lock()
		s.sender = sender
		close(s.sends)
		s.mu.Unlock()
	}
	return nil
}

// drop closes a media connection.
func (s *site) drop(id string) {
	if id == "" {
		return
	}
	s.mu.Lock()
	var v *viewer
	var out *sender
	switch id {
	case s.viewing:
		v, s.viewing = s.viewers[len(s.viewers)-1], ""
	case s.sending:
		out, s.sending, s.sender, s.sends = s.sender, "", nil, make(chan struct{})
	}
	s.mu.Unlock()
	if v != nil {
		s.test.remove(v)
		v.peer.Close()
	}
	if out != nil {
		out.Close()
	}
}

// current is the viewer in use, nil before there is one.
func (s *site) current() *viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.viewers) == 0 {
		return nil
	}
	return s.viewers[len(s.viewers)-1]
}

// all are the viewers that it has had.
func (s *site) all() []*viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.viewers)
}

// sendingNow is closed while the site's publisher connection stands.
func (s *site) sendingNow() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sends
}

// addressOf is the address in a link, the zero Addr when it is a name other than localhost.
func addressOf(link string) netip.Addr {
	u, err := url.Parse(link)
	if err != nil {
		return netip.Addr{}
	}
	if u.Hostname() == "localhost" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return netip.Addr{}
	}
	return addr
}
