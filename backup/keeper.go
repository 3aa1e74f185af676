package backup

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/internal/durable"
)

const (
	prefix     = "diemcau-"
	suffix     = ".db"
	nameFormat = "20060102T150405Z"
	retryAfter = 10 * time.Minute // at most; after a failure
)

// Source is what copies are made of; *store.Store is it.
type Source interface {
	Backup(ctx context.Context, path string) error
}

// Config is what a Keeper needs.
type Config struct {
	Record   Source
	Dir      string        // of the copies
	Every    time.Duration // from one to the next
	Keep     int           // how many stay
	Log      *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time
	Panicked contain.Report // nil = to Log alone
}

// Keeper makes a copy of the record every so often, restores it for a trial, and drops the oldest.
type Keeper struct {
	cfg      Config
	stop     context.CancelFunc
	running  sync.WaitGroup
	failures prometheus.Counter
	last     prometheus.Gauge
	size     prometheus.Gauge
}

// NewKeeper makes the folder. Nothing is copied before Start.
func NewKeeper(cfg Config) (*Keeper, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	if cfg.Panicked == nil {
		cfg.Panicked = contain.Log(cfg.Log)
	}
	k := &Keeper{
		cfg: cfg, stop: func() {},
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "diemcau_backup_failures_total",
			Help: "Copies of the record that could not be made, or not be restored for a trial."}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{Name: "diemcau_backup_last_success_timestamp_seconds",
			Help: "When the last copy was made that could be restored; 0 without any."}),
		size: prometheus.NewGauge(prometheus.GaugeOpts{Name: "diemcau_backup_bytes", Help: "Size of the last copy."}),
	}
	cfg.Registry.MustRegister(k.failures, k.last, k.size)
	return k, nil
}

// Start begins; Close ends it.
func (k *Keeper) Start(ctx context.Context) {
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	k.running.Go(func() { k.run(ctx) })
}

// Close ends a copy that is being made, and waits.
func (k *Keeper) Close() {
	k.stop()
	k.running.Wait()
}

func (k *Keeper) run(ctx context.Context) {
	if names, err := k.names(); err == nil && len(names) > 0 {
		if newest := madeAt(names[len(names)-1]); !newest.After(k.cfg.Now()) { // the future is no success of the past
			k.last.Set(float64(newest.Unix()))
		}
	}
	failed := false
	for {
		names, _ := k.names() // a folder that cannot be read is a failure below
		wait := due(names, k.cfg.Every, k.cfg.Now())
		if failed {
			wait = min(k.cfg.Every, retryAfter)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := contain.Run(k.cfg.Panicked, func() error { return k.Once(ctx) })
		if failed = err != nil; failed && ctx.Err() == nil {
			k.failures.Inc()
			k.cfg.Log.Error("the record could not be backed up", "err", err)
		}
	}
}

// Once makes a copy, tries it, and drops what is too old. A copy that cannot be restored is dropped, never one that could.
func (k *Keeper) Once(ctx context.Context) error {
	if err := k.tidy(); err != nil {
		return err
	}
	path := filepath.Join(k.cfg.Dir, nameOf(k.cfg.Now()))
	making := path + ".making"
	if err := k.cfg.Record.Backup(ctx, making); err != nil {
		return err
	}
	summary, err := Drill(ctx, making, slog.New(slog.DiscardHandler))
	if err == nil {
		err = errors.Join(os.Rename(making, path), durable.Dir(k.cfg.Dir))
	}
	if err != nil {
		return errors.Join(err, os.Remove(making))
	}
	if info, err := os.Stat(path); err == nil {
		k.size.Set(float64(info.Size()))
	}
	k.last.Set(float64(k.cfg.Now().Unix()))
	k.cfg.Log.Info("backed up", "file", path, "sessions", summary.Sessions, "entries", summary.Entries)
	names, err := k.names()
	for _, name := range surplus(names, filepath.Base(path), k.cfg.Keep) {
		err = errors.Join(err, os.Remove(filepath.Join(k.cfg.Dir, name)))
	}
	return err
}

// tidy removes what a process that was killed left half made.
func (k *Keeper) tidy() error {
	files, err := os.ReadDir(k.cfg.Dir)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) && strings.HasSuffix(f.Name(), ".making") || strings.HasPrefix(f.Name(), ".diemcau-drill-") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(k.cfg.Dir, f.Name())))
		}
	}
	return err
}

// names lists the copies in the folder, the oldest first. Those of the future were made by a clock that was ahead, and are
// older than all that a right one has made.
func (k *Keeper) names() ([]string, error) {
	files, err := os.ReadDir(k.cfg.Dir)
	var names []string
	for _, f := range files {
		if !madeAt(f.Name()).IsZero() {
			names = append(names, f.Name())
		}
	}
	return oldestFirst(names, k.cfg.Now()), err
}

func nameOf(at time.Time) string { return prefix + at.UTC().Format(nameFormat) + suffix }

// madeAt reads the time in the name of a copy; zero of other names.
func madeAt(name string) time.Time {
	text, is := strings.CutPrefix(name, prefix)
	text, ends := strings.CutSuffix(text, suffix)
	at, err := time.Parse(nameFormat, text)
	if err != nil || !is || !ends {
		return time.Time{}
	}
	return at
}

// due is how long to wait for the next copy; names are those there are, the oldest first. A copy of the future, made before a
// clock was set back, does not hold up the next for longer than every.
func due(names []string, every time.Duration, now time.Time) time.Duration {
	if len(names) == 0 {
		return 0
	}
	return min(every, max(0, madeAt(names[len(names)-1]).Add(every).Sub(now)))
}

// oldestFirst sorts names of copies; those later than now come before all others.
func oldestFirst(names []string, now time.Time) []string {
	slices.SortFunc(names, func(a, b string) int {
		if ahead := madeAt(a).After(now); ahead != madeAt(b).After(now) {
			if ahead {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// surplus are the names, the oldest first, beyond keep of them: made, which is the copy just made and stays whatever the clock
// did meanwhile, and the newest others.
func surplus(names []string, made string, keep int) []string {
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == made })
	return others[:max(0, len(others)-(keep-1))]
}
