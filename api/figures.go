package api

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/attendance"
	"github.com/diemcau/diemcau/figures"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

// figuresRecord is what the figures over sessions need of the store.
type figuresRecord interface {
	StaleFigures(ctx context.Context) (sessions []string, err error)
	PutFigures(ctx context.Context, f *figures.Session) error
	ForgetFigures(ctx context.Context) error
	Figures(ctx context.Context, from, to time.Time) iter.Seq2[*figures.Session, error]
	FiguresBefore(ctx context.Context, session string) iter.Seq2[*figures.Session, error]
}

// summariser keeps the figures of the sessions that are over as their ledgers are: after the end, the seal and each
// correction, and, after a start, of those that another program or a kill left behind.
type summariser struct {
	record   Record
	log      *slog.Logger
	panicked contain.Report
	wake     chan struct{}
	runs     atomic.Bool // since Start

	working sync.Mutex // held while sessions are summed up

	places  chan struct{} // taken by each answer that is being made
	waiting atomic.Int32  // for a place
}

// Bounds of answers that are made at once: each reads and sums up as much as a nation's year has, so more of them would only
// take the processors from meetings.
const (
	figuresAtOnce  = 2
	figuresWaiting = 16
	figuresAgain   = 5 * time.Second // who finds no room asks again after this
)

// errFiguresBusy says that too many ask at this moment.
var errFiguresBusy = errors.New("too many ask for figures at this moment")

// enter waits for a place; leave gives it back. Beyond figuresWaiting it fails with errFiguresBusy at once.
func (s *summariser) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-s.places }
	select {
	case s.places <- struct{}{}:
		return leave, nil
	default:
	}
	if s.waiting.Add(1) > figuresWaiting {
		s.waiting.Add(-1)
		return nil, errFiguresBusy
	}
	defer s.waiting.Add(-1)
	select {
	case s.places <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newSummariser(rec Record, log *slog.Logger, panicked contain.Report) *summariser {
	return &summariser{record: rec, log: log, panicked: panicked, wake: make(chan struct{}, 1), places: make(chan struct{}, figuresAtOnce)}
}

// notify says that a ledger has grown.
func (s *summariser) notify() {
	select {
	case s.wake <- struct{}{}:
	default: // it is told already
	}
}

// lookEvery is how often the record is asked what has to be summed up, while sessions run.
const lookEvery = 2 * time.Second

// run sums up what has to be until ctx ends.
func (s *summariser) run(ctx context.Context) {
	rest := time.NewTicker(lookEvery)
	defer rest.Stop()
	for {
		err := contain.Run(s.panicked, func() error { _, err := s.catchUp(ctx); return err })
		if err != nil && ctx.Err() == nil {
			s.log.Error("figures of sessions that are over were not brought up to date", "err", err)
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-rest.C:
		case <-ctx.Done():
			return
		}
	}
}

// catchUp sums up every session whose figures are not those of its ledger. A ledger that cannot be used is passed over,
// and tried again the next time.
func (s *summariser) catchUp(ctx context.Context) (made int, err error) {
	s.working.Lock()
	defer s.working.Unlock()
	stale, err := s.record.StaleFigures(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range stale {
		var f *figures.Session
		err := contain.Run(s.panicked, func() (err error) { f, err = s.summarise(ctx, id); return err }, "session", id)
		if err != nil {
			if ctx.Err() != nil {
				return made, ctx.Err()
			}
			s.log.Warn("a session has no figures: its ledger cannot be used", "session", id, "err", err)
			continue
		}
		if err := s.record.PutFigures(ctx, f); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

func (s *summariser) summarise(ctx context.Context, session string) (*figures.Session, error) {
	b := attendance.NewBuilder()
	entries := 0
	for e, err := range ledger.CheckedFrom(ledger.Head{Hash: ledger.Genesis()}, s.record.Entries(ctx, session, 1)) {
		if err == nil {
			err = b.Add(e)
		}
		if err != nil {
			return nil, err
		}
		entries++
	}
	if entries == 0 {
		return nil, ledger.ErrEmpty
	}
	return b.Figures(), nil
}

// rebuild makes all figures anew from the ledgers.
func (s *summariser) rebuild(ctx context.Context) (made int, err error) {
	if err := s.record.ForgetFigures(ctx); err != nil {
		return 0, err
	}
	return s.catchUp(ctx)
}

// organisation is the map in force with what became of former units.
type organisation struct {
	tree   *roster.Tree // nil before the first import
	former map[string]string
}

// Unit implements figures.Map.
func (o organisation) Unit(code string) (meeting.Unit, bool) {
	if o.tree == nil {
		return meeting.Unit{}, false
	}
	return o.tree.Unit(code)
}

// Follow implements figures.Map.
func (o organisation) Follow(code string) string {
	for range maxFollowed {
		if _, there := o.Unit(code); there {
			return code
		}
		next, ok := o.former[code]
		if !ok {
			return code
		}
		code = next
	}
	return code
}

// maxFollowed bounds how often a unit became part of another; a circle ends there.
const maxFollowed = 16

// table sums up the sessions of a period.
func (s *summariser) table(ctx context.Context, org figures.Map, from, to time.Time, q figures.Query) (*figures.Table, error) {
	sum := figures.NewAdder(org, q)
	for f, err := range s.record.Figures(ctx, from, to) {
		if err != nil {
			return nil, err
		}
		sum.Add(f)
	}
	return sum.Table(), nil
}

// compare sets a session beside the one before it that concerned some of the same units; nil if there are no figures of
// the session.
func (s *summariser) compare(ctx context.Context, org figures.Map, session string, q figures.Query) (*figures.Comparison, error) {
	var now, before *figures.Session
	for f, err := range s.record.FiguresBefore(ctx, session) {
		if err != nil {
			return nil, err
		}
		if now == nil {
			if f.ID != session {
				return nil, nil
			}
			now = f
			now.Sites = slices.Clone(f.Sites) // which the next one takes over
			continue
		}
		sum := figures.NewAdder(org, q)
		sum.Add(f)
		if sum.Table().Total.Convened > 0 {
			before = f
			break
		}
	}
	if now == nil {
		return nil, nil
	}
	return figures.Compare(org, q, before, now), nil
}

// organisation returns the map by which figures are counted.
func (s *API) organisation(ctx context.Context) (organisation, error) {
	version, err := s.record.RosterVersion(ctx)
	if err != nil || version == 0 {
		return organisation{}, err
	}
	tree, err := s.office.units(ctx)
	if err != nil {
		return organisation{}, err
	}
	edits, err := s.record.RosterEdits(ctx)
	if err != nil {
		return organisation{}, err
	}
	changes := make([]roster.Edit, len(edits))
	for i, e := range edits {
		changes[i] = e.Edit
	}
	former, err := roster.Reform2025()
	if err != nil {
		return organisation{}, err
	}
	maps.Copy(former, roster.Former(changes)) // what the office says goes before what codes tell
	return organisation{tree: tree, former: former}, nil
}

// Recorded says that the ledger of a session has grown.
func (s *API) Recorded(string) { s.figures.notify() }
