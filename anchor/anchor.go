// Package anchor tells others what a ledger's head is, as soon as it is recorded. Whoever holds the database can write
// history anew, chain and all; what a file beside it, another program or a time-stamp authority has of it then
// contradicts (docs/ledger.md, "Anchors").
package anchor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/ledger"
	"github.com/prometheus/client_golang/prometheus"
)

// StampsDir is the folder of time stamps in a data folder: SESSION-SEQ.tsr, responses of RFC 3161 in DER.
const StampsDir = "timestamps"

// Config is what a Keeper is made of.
type Config struct {
	Dir       string // the data folder: of the file of heads and the stamps
	Record    Record
	Authority *Authority // nil = no time stamps
	// Every is how often the head of a session that goes on is anchored outside. A sealed one is at once.
	Every time.Duration
	// Due is told of a session whose head is to go to other programs; nil tells nobody.
	Due      func(session string)
	Log      *slog.Logger
	Registry prometheus.Registerer
	Panicked contain.Report // told what a head, or the answer of the authority, made the keeper panic with; by default it is logged
}

// Keeper anchors heads. Its methods may be called from any goroutine.
type Keeper struct {
	cfg     Config
	heads   *heads
	wake    chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup
	stamps  *prometheus.CounterVec
	wrong   prometheus.Gauge

	mu      sync.Mutex
	changed map[string]struct{} // sessions; bounded by those on record
}

// Open reads the file of heads and compares the record with it. What contradicts is logged as an error, and counted, at
// each start until the file is put away: so somebody looks at it. It anchors nothing before Start.
func Open(ctx context.Context, cfg Config) (*Keeper, []*ContradictionError, error) {
	h, err := openHeads(filepath.Join(cfg.Dir, HeadsFile))
	if err != nil {
		return nil, nil, err
	}
	k := &Keeper{
		cfg: cfg, heads: h, wake: make(chan struct{}, 1), stop: func() {}, changed: map[string]struct{}{},
		stamps: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "diemcau_ledger_timestamps_total", Help: "Time stamps asked for."}, []string{"result"}),
		wrong: prometheus.NewGauge(prometheus.GaugeOpts{Name: "diemcau_ledger_contradictions",
			Help: "Ledgers that were shorter than the file of heads at the start, or different."}),
	}
	if k.cfg.Panicked == nil {
		k.cfg.Panicked = contain.Log(cfg.Log)
	}
	cfg.Registry.MustRegister(k.stamps, k.wrong)
	if h.torn > 0 {
		cfg.Log.Warn("the last line of the file of heads was cut, as by a crash; it is dropped, and what the ledgers hold is noted anew", "file", h.path,
			"bytes", h.torn)
	}
	list, err := h.compare(ctx, cfg.Record)
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	for _, c := range list {
		cfg.Log.Error("a ledger was changed behind the server's back; if an older backup was restored, move "+h.path+" away", "session", c.Session, "err", c)
	}
	k.wrong.Set(float64(len(list)))
	return k, list, nil
}

// Start begins with the heads of all sessions.
func (k *Keeper) Start(ctx context.Context) error {
	rows, err := k.cfg.Record.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		k.Tell(row.ID)
	}
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	k.running.Go(func() { k.run(ctx) })
	return nil
}

// Close notes the last heads and ends.
func (k *Keeper) Close() error {
	k.stop()
	k.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for session := range k.drain() {
		if _, err := k.note(ctx, session); err != nil {
			return errors.Join(err, k.heads.close())
		}
	}
	return k.heads.close()
}

// Tell says that a session has recorded something. It never waits.
func (k *Keeper) Tell(session string) {
	k.mu.Lock()
	k.changed[session] = struct{}{}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) drain() map[string]struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	taken := k.changed
	k.changed = map[string]struct{}{}
	return taken
}

func (k *Keeper) run(ctx context.Context) {
	again := time.NewTicker(k.cfg.Every)
	defer again.Stop()
	outside := map[string]ledger.Anchor{} // heads that are still to go outside
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			for session, a := range outside {
				if k.send(ctx, a) {
					delete(outside, session)
				}
			}
		case <-k.wake:
			for session := range k.drain() {
				err := contain.Run(k.cfg.Panicked, func() error { return k.renew(ctx, session, outside) }, "session", session)
				if err == nil {
					continue
				}
				if ctx.Err() == nil {
					k.cfg.Log.Error("the head of a ledger was not noted", "session", session, "err", err)
				}
				k.mu.Lock()
				k.changed[session] = struct{}{} // with the next one
				k.mu.Unlock()
			}
			if err := k.heads.sync(); err != nil {
				k.cfg.Log.Error("the heads of ledgers are not on the disk", "err", err)
			}
		}
	}
}

// renew notes the head of a session, which is to go outside: at once if it seals the session, otherwise in its time.
func (k *Keeper) renew(ctx context.Context, session string, outside map[string]ledger.Anchor) error {
	a, err := k.note(ctx, session)
	if err != nil || a.Seq == 0 {
		return err
	}
	outside[session] = a
	if k.sealed(ctx, a) && k.send(ctx, a) {
		delete(outside, session)
	}
	return nil
}

// note writes the head of a session into the file.
func (k *Keeper) note(ctx context.Context, session string) (ledger.Anchor, error) {
	head, err := k.cfg.Record.Head(ctx, session)
	if err != nil || head.Seq == 0 {
		return ledger.Anchor{}, err
	}
	a := ledger.Anchor{Session: session, Seq: head.Seq, Head: head.Hash, At: head.RecordedAt}
	return a, k.heads.note(a)
}

// sealed reports whether a head is the entry that sealed its session.
func (k *Keeper) sealed(ctx context.Context, a ledger.Anchor) bool {
	for e, err := range k.cfg.Record.Entries(ctx, a.Session, a.Seq) {
		return err == nil && e.Kind == "sealed"
	}
	return false
}

// send anchors a head outside; false if it has to be tried again.
func (k *Keeper) send(ctx context.Context, a ledger.Anchor) bool {
	if k.cfg.Due != nil {
		k.cfg.Due(a.Session)
	}
	if k.cfg.Authority == nil {
		return true
	}
	path := filepath.Join(k.cfg.Dir, StampsDir, fmt.Sprintf("%s-%d.tsr", url.PathEscape(a.Session), a.Seq))
	if _, err := os.Stat(path); err == nil {
		return true
	}
	var stamp []byte
	err := contain.Run(k.cfg.Panicked, func() (err error) { // it decodes what a stranger answers
		stamp, err = k.cfg.Authority.Stamp(ctx, a.Head)
		return err
	}, "session", a.Session)
	if err == nil {
		err = keepStamp(path, stamp)
	}
	if err != nil {
		k.stamps.WithLabelValues("failed").Inc()
		if ctx.Err() == nil {
			k.cfg.Log.Warn("no time stamp for the head of a ledger; it is asked for again", "session", a.Session, "entry", a.Seq, "err", err)
		}
		return false
	}
	k.stamps.WithLabelValues("stamped").Inc()
	return true
}

// keepStamp writes a time stamp, whole or not at all.
func keepStamp(path string, stamp []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".stamp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(stamp)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return replace(f.Name(), path)
}
