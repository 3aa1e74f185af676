package servertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Person is a page: it answers offers and keeps what it was last told.
type Person struct {
	*client.Client
	T    *testing.T
	Code string

	mu             sync.Mutex
	State          protocol.State
	Session        protocol.SessionInfo // as it was changed last
	Self           protocol.Self
	Sites          map[string]protocol.SiteState
	Phones         map[string]string // of sites that it was told
	Peers          map[string]string // id -> kind
	Errors         []protocol.Error
	Chat           []string // "from: text"
	Reconnect      *protocol.Reconnect
	Recording      []protocol.Recording
	Demands        []protocol.Demand
	ActiveSpeakers [][]string // each that was told
	states         int        // State messages so far
	Deaf           bool
}

func (b *Bed) Enter(code string) *Person {
	b.Helper()
	p, err := b.TryEnter(code, client.Options{})
	if err != nil {
		b.Fatalf("%s enters: %v", code, err)
	}
	return p
}

func (b *Bed) TryEnter(code string, opts client.Options) (*Person, error) {
	b.Helper()
	p := &Person{T: b.T, Code: code, Sites: map[string]protocol.SiteState{}, Phones: map[string]string{}, Peers: map[string]string{}}
	ready := make(chan struct{})
	opts.Device = "test"
	opts.Handle = func(m protocol.Message) { <-ready; p.handle(m) }
	c, err := client.Dial(context.Background(), b.Links.Of(code), opts)
	if err != nil {
		return nil, err
	}
	p.Client = c
	close(ready)
	b.Cleanup(p.Close)
	return p, nil
}

func (p *Person) handle(m protocol.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case protocol.State:
		p.State = m
		p.states++
	case protocol.Self:
		p.Self = m
	case protocol.Session:
		p.Session = m.Session
	case protocol.Sites:
		clear(p.Sites)
		for _, s := range m.Endpoints {
			p.Sites[s.Code] = s.SiteState
			if s.Phone != "" {
				p.Phones[s.Code] = s.Phone
			}
		}
	case protocol.Presence:
		for _, s := range m.Changes {
			p.Sites[s.Code] = s
		}
	case protocol.Offer:
		p.Peers[m.Peer] = m.Kind
		if !p.Deaf {
			_ = p.Send(protocol.Answer{Peer: m.Peer, SDP: "v=0 answer"})
		}
	case protocol.ClosePeer:
		delete(p.Peers, m.Peer)
	case protocol.ChatMessage:
		p.Chat = append(p.Chat, m.From+": "+m.Text)
	case protocol.Error:
		p.Errors = append(p.Errors, m)
	case protocol.Reconnect:
		p.Reconnect = &m
	case protocol.Recording:
		p.Recording = append(p.Recording, m)
	case protocol.Demand:
		p.Demands = append(p.Demands, m)
	case protocol.Speaking:
		p.ActiveSpeakers = append(p.ActiveSpeakers, m.Slots)
	}
}

// See looks at what the person was told.
func (p *Person) See(look func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	look()
}

// Sees waits until what the person was told fits.
func (p *Person) Sees(what string, fits func() bool) {
	p.T.Helper()
	Await(p.T, p.Code+" sees "+what, func() (ok bool) {
		p.See(func() { ok = fits() })
		return ok
	})
}

func (p *Person) SeesRow(code, state string) {
	p.T.Helper()
	p.Sees(fmt.Sprintf("%s as %s", code, state), func() bool { return p.Sites[code].State == state })
}

// Stage returns a slot of the last State; its Endpoint is empty when nobody has it.
func (p *Person) Stage(slot meeting.Slot) protocol.StageSlot {
	for _, s := range p.State.Stage {
		if s.Slot == string(slot) {
			return s
		}
	}
	return protocol.StageSlot{}
}

// Ask makes a request that must succeed.
func (p *Person) Ask(m protocol.Message) {
	p.T.Helper()
	if err := p.Try(m); err != nil {
		p.T.Fatalf("%s asks %T: %v", p.Code, m, err)
	}
}

func (p *Person) Try(m protocol.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	return p.Request(ctx, m)
}

// Refused makes a request that must be refused with a code.
func (p *Person) Refused(code string, m protocol.Message) {
	p.T.Helper()
	err := p.Try(m)
	var refusal *client.RequestError
	if !errors.As(err, &refusal) || refusal.Code != code {
		p.T.Errorf("%s asks %T: got %v, want %s", p.Code, m, err, code)
	}
}

// Closed waits for the end of the connection and compares its close code.
func (p *Person) Closed(code int) {
	p.T.Helper()
	select {
	case <-p.Done():
	case <-time.After(Patience):
		p.T.Fatalf("%s: the connection does not end", p.Code)
	}
	var end *client.CloseError
	if !errors.As(p.Err(), &end) || end.Code != code {
		p.T.Errorf("%s: closed with %v, want %d", p.Code, p.Err(), code)
	}
}
