// Command soak makes a real session change: sites over real WebSockets join, leave, raise hands and declare their
// headcounts at a steady rate, without media. e2e/soak.mjs measures a console in a browser meanwhile.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// What a site does at each of its turns, in thousandths; otherwise it declares a headcount.
const (
	rejoins    = 20 // leaves and joins again: two changes
	hands      = 50 // raises its hand, or lowers it
	dialWithin = 30 * time.Second
)

// Result is what was done, printed as JSON.
type Result struct {
	Seats    int     `json:"seats"`
	Seconds  float64 `json:"seconds"`
	Changes  int64   `json:"changes"` // acknowledged by the server
	PerS     float64 `json:"per_s"`
	Joins    int64   `json:"joins"`
	Hands    int64   `json:"hands"`
	Broken   int64   `json:"broken"`    // connections that ended against the site's will
	LongestS float64 `json:"longest_s"` // that a site waited for its acknowledgement

	Refused map[string]int `json:"refused"` // by reason
}

type counters struct {
	changes, joins, hands, broken, longest atomic.Int64

	mu      sync.Mutex
	refused map[string]int
}

// refuse counts a change that was not made under the reason given.
func (n *counters) refuse(err error) {
	reason := err.Error()
	var refusal *client.RequestError
	var closed *client.CloseError
	if errors.As(err, &refusal) || errors.As(err, &closed) && closed.Refusal != nil {
		if refusal == nil {
			refusal = closed.Refusal
		}
		reason = refusal.Code
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[reason]++
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	file := flag.String("links", "", "file with what session create --json printed")
	seats := flag.Int("seats", 600, "sites that are connected at a time")
	rate := flag.Float64("rate", 1000, "changes per second")
	duration := flag.Duration("duration", 10*time.Minute, "how long, once all are connected")
	flag.Parse()
	data, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	var session struct {
		Endpoints []struct{ Link string }
	}
	if err := json.Unmarshal(data, &session); err != nil {
		return fmt.Errorf("%s: %w", *file, err)
	}
	if *seats < 1 || *seats > len(session.Endpoints) {
		return fmt.Errorf("%d seats of %d links", *seats, len(session.Endpoints))
	}
	n := counters{refused: map[string]int{}}
	var sites sync.WaitGroup
	var ready sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := make(chan struct{})
	// One link in so many, so that all provinces change.
	step := len(session.Endpoints) / *seats
	turn := time.Duration(float64(*seats) / *rate * float64(time.Second))
	for i := range *seats {
		ready.Add(1)
		sites.Go(func() {
			s := &site{link: session.Endpoints[i*step].Link, n: &n}
			s.join(ctx)
			ready.Done()
			<-begin
			s.live(ctx, turn)
		})
	}
	ready.Wait()
	n.changes.Store(0)
	started := time.Now()
	fmt.Fprintln(os.Stderr, "connected")
	close(begin)
	select {
	case <-time.After(*duration):
	case <-ctx.Done():
	}
	took := time.Since(started).Seconds()
	changes := n.changes.Load()
	cancel()
	sites.Wait()
	return json.NewEncoder(os.Stdout).Encode(Result{
		Seats: *seats, Seconds: took, Changes: changes, PerS: float64(changes) / took, Joins: n.joins.Load(), Hands: n.hands.Load(),
		Refused: n.refused, Broken: n.broken.Load(), LongestS: time.Duration(n.longest.Load()).Seconds(),
	})
}

// site is one seat and its connection, nil while it is out.
type site struct {
	link string
	n    *counters
	conn *client.Client
	hand bool
}

func (s *site) join(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := client.Dial(within, s.link, client.Options{Device: "soak", TakeOver: true})
	if err != nil {
		if ctx.Err() == nil {
			s.n.refuse(err)
		}
		return
	}
	s.conn, s.hand = conn, false
	s.n.changes.Add(1)
	s.n.joins.Add(1)
}

// live takes a turn again and again until the context ends. Sites take theirs spread over the time of a turn.
func (s *site) live(ctx context.Context, turn time.Duration) {
	defer func() {
		if s.conn != nil {
			s.conn.Drop()
		}
	}()
	first := rand.N(turn)
	next := time.NewTimer(first)
	defer next.Stop()
	due := time.Now().Add(first)
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		s.act(ctx)
		due = due.Add(turn)
		next.Reset(max(0, time.Until(due)))
	}
}

func (s *site) act(ctx context.Context) {
	if s.conn == nil {
		s.join(ctx)
		return
	}
	switch dice := rand.IntN(1000); {
	case dice < rejoins:
		s.conn.Close()
		s.conn = nil
		s.n.changes.Add(1)
		s.join(ctx)
	case dice < rejoins+hands || s.hand: // a hand stays up for one turn, so that the queue stays short
		s.n.hands.Add(1)
		if s.hand {
			s.ask(ctx, protocol.LowerHand{})
		} else {
			s.ask(ctx, protocol.RaiseHand{})
		}
		s.hand = !s.hand
	default:
		s.ask(ctx, protocol.Headcount{Headcount: 1 + rand.IntN(200)})
	}
}

// ask counts a change once the server has recorded it.
func (s *site) ask(ctx context.Context, m protocol.Message) {
	asked := time.Now()
	err := s.conn.Request(ctx, m)
	var refusal *client.RequestError
	switch {
	case err == nil:
		s.n.changes.Add(1)
		took := int64(time.Since(asked))
		for longest := s.n.longest.Load(); took > longest && !s.n.longest.CompareAndSwap(longest, took); {
			longest = s.n.longest.Load()
		}
	case ctx.Err() != nil:
	case errors.As(err, &refusal):
		s.n.refuse(err)
	default:
		s.n.broken.Add(1)
		s.conn.Drop()
		s.conn = nil
	}
}
