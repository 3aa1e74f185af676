// Package cluster lets several central nodes share one record: one of them owns it and runs the sessions, the others stand by
// and take over when it falls silent.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/cluster/lease"
	"github.com/diemcau/diemcau/store"
)

// Record is what the nodes share; *store.Shared is it.
type Record interface {
	Ownership(ctx context.Context) (store.Ownership, error)
	Take(ctx context.Context, saw store.Ownership, owner string) (store.Ownership, bool, error)
	Renew(ctx context.Context, epoch int64) (bool, error)
	GiveUp(ctx context.Context, epoch int64) error
	Nodes(ctx context.Context) ([]store.NodeRow, error)
	Announce(ctx context.Context, n store.NodeRow) error
	Withdraw(ctx context.Context, n store.NodeRow) error
}

var (
	// ErrLost says that the node cannot show any more that it owns the record. It has to be silent, and its process to end, at once.
	ErrLost = errors.New("this node owns the record no more; it ends, so that another can go on")
	// ErrName says that another process of the node's name is there.
	ErrName = errors.New("another diemcau of this name is running; stop that one, or choose another with --node")
	// ErrKeys says that the node's keys are not those of the others.
	ErrKeys = errors.New("the keys of this node are not those of the others; copy the files token.key, ledger.key and codes.key from them")
)

// Bounds of what is asked of the record.
const (
	askWithin   = 1500 * time.Millisecond // a renewal or a look
	takeWithin  = 3 * time.Second         // a take, which waits for a commit of the owner before: less than lease.Hold
	quietFor    = 3 * time.Second         // a node that is not heard for so long is not there
	fresh       = 2200 * time.Millisecond // an owner that was heard within this time can be sent people to
	betweenAsks = 200 * time.Millisecond  // after a question that failed
)

// Config is what a Node is made of.
type Config struct {
	Record   Record
	Self     store.NodeRow // without its keys
	Keys     func() (digest string, err error)
	Log      *slog.Logger
	Registry prometheus.Registerer
	// Own is called once, when the node has become the owner, with its epoch. It is waited for by nobody; the node gives up if
	// it fails.
	Own func(epoch int64) error
}

// Node is one of the central nodes.
type Node struct {
	cfg    Config
	log    *slog.Logger
	others atomic.Pointer[[]Peer]
	owner  atomic.Pointer[sight]
	owning atomic.Bool
	failed chan error
	retire context.CancelFunc // ends standing by
	end    context.CancelFunc
	begun  sync.WaitGroup // standing by, and then Own
	tasks  sync.WaitGroup

	takeovers prometheus.Counter
}

// sight is the owner as it was seen last.
type sight struct {
	store.Ownership
	changed time.Time // when something of it changed last
}

// Join announces a node. It refuses a name that another process has, ErrName, and keys that are not those of the others,
// ErrKeys.
func Join(ctx context.Context, cfg Config) (*Node, error) {
	before, err := cfg.Record.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Self.Keys, err = cfg.Keys(); err != nil {
		return nil, err
	}
	now := before
	if slices.ContainsFunc(before, func(n store.NodeRow) bool { return opposes(n, cfg.Self) }) { // by a process that is gone, or not
		select {
		case <-time.After(quietFor):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if now, err = cfg.Record.Nodes(ctx); err != nil {
			return nil, err
		}
		if err := refuse(cfg.Self, before, now); err != nil {
			return nil, err
		}
	}
	if err := cfg.Record.Announce(ctx, cfg.Self); err != nil {
		return nil, err
	}
	after, err := cfg.Record.Nodes(ctx) // another may have begun at the same time
	if err != nil {
		return nil, err
	}
	if err := refuse(cfg.Self, now, after); errors.Is(err, ErrKeys) {
		return nil, errors.Join(err, cfg.Record.Withdraw(ctx, cfg.Self))
	}
	n := &Node{cfg: cfg, log: cfg.Log, failed: make(chan error, 1), retire: func() {}, end: func() {}}
	n.takeovers = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "diemcau_lease_takeovers_total", Help: "Times that this node became the owner of the record.",
	})
	cfg.Registry.MustRegister(n.takeovers, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_lease_owner", Help: "1 on the node that owns the record, 0 on one that stands by.",
	}, func() float64 {
		if n.owning.Load() {
			return 1
		}
		return 0
	}))
	return n, nil
}

// opposes reports whether a node, if it is alive, keeps another from joining: it has its name, or other keys.
func opposes(n, self store.NodeRow) bool {
	return n.Incarnation != "" && (n.Name == self.Name || n.Keys != self.Keys)
}

// refuse gives the error for which a node may not join, by those that have announced themselves between two readings.
func refuse(self store.NodeRow, before, now []store.NodeRow) error {
	for _, n := range now {
		switch {
		case n.Incarnation == self.Incarnation || !opposes(n, self) || !alive(n.Name, before, now):
		case n.Name == self.Name:
			return fmt.Errorf("%w (%s)", ErrName, n.Name)
		default:
			return fmt.Errorf("%w (%s)", ErrKeys, n.Name)
		}
	}
	return nil
}

// alive reports whether the node of a name has announced itself between two readings.
func alive(name string, before, now []store.NodeRow) bool {
	find := func(list []store.NodeRow) (row store.NodeRow) {
		for _, n := range list {
			if n.Name == name {
				row = n
			}
		}
		return row
	}
	return find(before) != find(now)
}

// Start begins to stand by, and to own the record once nobody else does.
func (n *Node) Start(ctx context.Context) {
	ctx, n.end = context.WithCancel(context.WithoutCancel(ctx))
	standing, retire := context.WithCancel(ctx)
	n.retire = retire
	n.begun.Go(func() {
		epoch, sent := n.standBy(standing)
		if epoch == 0 {
			return
		}
		n.owning.Store(true)
		n.takeovers.Inc()
		n.log.Info("this node owns the record", "epoch", epoch)
		n.tasks.Go(func() { n.keep(ctx, epoch, sent) })
		if err := n.cfg.Own(epoch); err != nil {
			n.fail(err)
		}
	})
	n.tasks.Go(func() { n.announce(ctx) })
}

// Retire has the node not become the owner any more. When it returns, Own has returned or will not be called.
func (n *Node) Retire() {
	n.retire()
	n.begun.Wait()
}

// Close gives up what the node owns, so that another need not wait.
func (n *Node) Close() {
	n.Retire()
	n.end()
	n.tasks.Wait()
}

// Failed gives the error for which the node cannot go on, such as ErrLost.
func (n *Node) Failed() <-chan error { return n.failed }

func (n *Node) fail(err error) {
	select {
	case n.failed <- err:
	default: // it has failed already
	}
}

// Owning reports whether this node owns the record.
func (n *Node) Owning() bool { return n.owning.Load() }

// Peer is another node as this one knows it.
type Peer struct {
	store.NodeRow
	Heard time.Time // when it announced itself last; zero if not since this node is there
}

// Here reports whether the node is there at a moment.
func (p Peer) Here(now time.Time) bool { return now.Sub(p.Heard) < quietFor }

// Peers are the other nodes, by name.
func (n *Node) Peers() []Peer {
	if list := n.others.Load(); list != nil {
		return *list
	}
	return nil
}

// Others are the addresses of the other nodes' pages, of those that have one of their own.
func (n *Node) Others() (urls []string) {
	for _, o := range n.Peers() {
		if o.URL != "" {
			urls = append(urls, o.URL)
		}
	}
	return urls
}

// Name is the name of this node.
func (n *Node) Name() string { return n.cfg.Self.Name }

// IsOwner reports whether another node is the one that was seen to own the record last.
func (n *Node) IsOwner(p Peer) bool {
	seen := n.owner.Load()
	return !n.Owning() && seen != nil && seen.Owner == p.Incarnation
}

// Owner is the address of the node that owns the record; empty if that is this one, or none that was heard within the last
// seconds.
func (n *Node) Owner() string {
	seen := n.owner.Load()
	if n.Owning() || seen == nil || time.Since(seen.changed) > fresh {
		return ""
	}
	for _, o := range n.Peers() {
		if n.IsOwner(o) {
			return o.URL
		}
	}
	return ""
}

// standBy waits until this node has taken the record, and returns the epoch and when the taking was sent; 0 at the end.
func (n *Node) standBy(ctx context.Context) (epoch int64, sent time.Time) {
	var w lease.Watcher[store.Ownership]
	for ctx.Err() == nil {
		asked := time.Now()
		saw, err := ask(ctx, askWithin, n.cfg.Record.Ownership)
		if err != nil {
			n.log.Warn("the record does not say who owns it", "err", err)
			pause(ctx, lease.LookEvery)
			continue
		}
		stale := w.Saw(saw, asked, time.Now())
		n.owner.Store(&sight{saw, time.Now().Add(-w.Quiet(time.Now()))})
		if !stale && saw.Owner != "" {
			pause(ctx, lease.LookEvery)
			continue
		}
		sent = time.Now()
		taking, cancel := context.WithTimeout(ctx, takeWithin)
		got, ok, err := n.cfg.Record.Take(taking, saw, n.cfg.Self.Incarnation)
		cancel()
		if err != nil {
			n.log.Warn("the record cannot be taken", "err", err)
			pause(ctx, lease.LookEvery)
		}
		if ok {
			return got.Epoch, sent
		}
	}
	return 0, sent
}

// keep renews until the end, when it gives up, or until another owns the record.
func (n *Node) keep(ctx context.Context, epoch int64, sent time.Time) {
	var h lease.Holder
	h.Renewed(sent)
	for ctx.Err() == nil {
		sent := time.Now()
		if !h.Holds(sent) { // it was stopped, or the record does not answer
			n.fail(fmt.Errorf("%w: for %v nothing shows that no other has begun", ErrLost, lease.Hold))
			return
		}
		asking, cancel := context.WithDeadline(ctx, earlier(sent.Add(askWithin), h.Until()))
		mine, err := n.cfg.Record.Renew(asking, epoch)
		cancel()
		switch {
		case err != nil:
			if ctx.Err() == nil {
				n.log.Warn("the ownership cannot be renewed", "err", err)
				pause(ctx, betweenAsks)
			}
		case !mine:
			n.fail(fmt.Errorf("%w: another has begun", ErrLost))
			return
		default:
			h.Renewed(sent)
			pause(ctx, lease.RenewEvery-time.Since(sent))
		}
	}
	n.owning.Store(false)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
	defer cancel()
	if err := n.cfg.Record.GiveUp(end, epoch); err != nil {
		n.log.Warn("the record could not be given up: another node waits until it takes over", "err", err)
	}
}

// announce says that the node is there, and looks who else is.
func (n *Node) announce(ctx context.Context) {
	self := n.cfg.Self
	for ctx.Err() == nil {
		if keys, err := n.cfg.Keys(); err == nil { // they may have been rotated
			self.Keys = keys
		}
		_, err := ask(ctx, askWithin, func(ctx context.Context) (struct{}, error) { return struct{}{}, n.cfg.Record.Announce(ctx, self) })
		if err == nil {
			var list []store.NodeRow
			if list, err = ask(ctx, askWithin, n.cfg.Record.Nodes); err == nil {
				n.others.Store(n.heard(list, time.Now()))
			}
		}
		if err != nil && ctx.Err() == nil {
			n.log.Debug("the node cannot announce itself", "err", err)
		}
		pause(ctx, lease.RenewEvery)
	}
	_, err := ask(context.WithoutCancel(ctx), askWithin, func(ctx context.Context) (struct{}, error) { return struct{}{}, n.cfg.Record.Withdraw(ctx, self) })
	if err != nil {
		n.log.Debug("the node cannot say that it has ended", "err", err)
	}
}

// heard are the other nodes of a list that was read at a moment.
func (n *Node) heard(list []store.NodeRow, now time.Time) *[]Peer {
	before := map[string]Peer{}
	for _, p := range n.Peers() {
		before[p.Name] = p
	}
	var others []Peer
	for _, row := range list {
		if row.Name == n.cfg.Self.Name {
			continue
		}
		p := Peer{NodeRow: row}
		if was, known := before[row.Name]; known {
			p.Heard = was.Heard
			if was.NodeRow != row {
				p.Heard = now
			}
		}
		if row.Incarnation == "" {
			p.Heard = time.Time{}
		}
		others = append(others, p)
	}
	return &others
}

func ask[T any](ctx context.Context, within time.Duration, what func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return what(ctx)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
