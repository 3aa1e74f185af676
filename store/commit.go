package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Bounds of the group commit.
const (
	maxQueue       = 1024             // changes that wait for the next commit; a further caller waits too
	maxGroup       = 256              // changes that share one commit
	commitTimeout  = 30 * time.Second // a disk that takes longer has failed
	postgresCommit = 10 * time.Second // so has a PostgreSQL
	tellAgain      = 30 * time.Second // how often the log tells of commits that go on failing
)

// commit is a change that waits to be made durable.
type commit struct {
	change func(ctx context.Context, tx *sql.Tx) error
	done   chan error
}

// committer is the one writer of a record. What it is told to do waits in its queue; its goroutine makes it durable.
type committer struct {
	log      *slog.Logger
	write    *sql.DB        // the committer's alone
	dollars  bool           // placeholders are $1, $2 … instead of ?
	lease    *lease         // on PostgreSQL
	refresh  func()         // on PostgreSQL: leaves connections that may lead to a server that is primary no more
	left     sync.WaitGroup // commits that were not waited for to their end
	trouble                 // its goroutine's
	commits  chan *commit
	stopping chan struct{} // closed by Close
	stopped  chan struct{} // closed when its goroutine has ended
}

func newCommitter(log *slog.Logger) committer {
	return committer{log: log, commits: make(chan *commit, maxQueue), stopping: make(chan struct{}), stopped: make(chan struct{})}
}

// do makes a change durable. Changes of concurrent callers share one transaction and one fsync. Once queued, a
// change is not taken back by the context: the caller learns what became of it.
func (s *committer) do(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
	c := &commit{change: change, done: make(chan error, 1)}
	select {
	case <-s.stopping:
		return ErrClosed
	default:
	}
	select {
	case s.commits <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopping:
		return ErrClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-s.stopped:
		// The committer answers all that it took before it stops.
		select {
		case err := <-c.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// run is the only writer.
func (s *committer) run() {
	defer close(s.stopped)
	look := time.NewTicker(leaseEvery)
	defer look.Stop()
	for {
		select {
		case first := <-s.commits:
			s.commitGroup(s.gather(first))
		case <-look.C:
			s.renew()
		case <-s.stopping:
			for {
				select {
				case first := <-s.commits:
					s.commitGroup(s.gather(first))
				default:
					return
				}
			}
		}
	}
}

// gather takes what else is waiting.
func (s *committer) gather(first *commit) []*commit {
	group := []*commit{first}
	for len(group) < maxGroup {
		select {
		case c := <-s.commits:
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// trouble is what the committer knows of commits that failed.
type trouble struct {
	unsettled bool      // nobody knows yet whether the last commit was made
	since     time.Time // commits fail; zero while they do not
	told      time.Time // the log was told last
}

// renew keeps the lease while nothing is written.
func (s *committer) renew() {
	ctx, cancel := context.WithTimeout(context.Background(), s.limit())
	defer cancel()
	if err := s.lease.keep(ctx); err != nil && !s.lease.standsBy() {
		s.failed(err)
	}
}

// limit is how long a commit may take.
func (s *committer) limit() time.Duration {
	if s.dollars {
		return postgresCommit
	}
	return commitTimeout
}

// commitGroup makes several changes in one transaction. One that fails is undone alone.
func (s *committer) commitGroup(group []*commit) {
	ctx, cancel := context.WithTimeout(context.Background(), s.limit())
	defer cancel()
	results := make([]error, len(group))
	err := s.lease.keep(ctx)
	if err == nil {
		err = transact(ctx, s.write, &s.left, func(tx *sql.Tx) error { return s.changes(ctx, tx, group, results) })
		if errors.Is(err, errUndone) {
			err = nil
		}
		s.unsettled = err != nil
	}
	cause := err
	for i, c := range group {
		if err != nil && results[i] == nil {
			results[i] = fmt.Errorf("commit: %w", err)
		}
		if cause == nil && Unavailable(results[i]) {
			cause = results[i]
		}
		c.done <- results[i]
	}
	if cause != nil {
		s.failed(cause)
	} else {
		s.worked()
	}
}

// errUndone says that the only change of a transaction failed.
var errUndone = errors.New("undone")

// changes makes the changes of a group one after the other, noting what became of each.
func (s *committer) changes(ctx context.Context, tx *sql.Tx, group []*commit, results []error) error {
	if s.dollars {
		if err := s.lease.fence(ctx, tx, s.unsettled); err != nil {
			return err
		}
	}
	if len(group) == 1 { // it is undone with its transaction
		if results[0] = group[0].change(ctx, tx); results[0] != nil {
			return errUndone
		}
		return nil
	}
	for i, c := range group {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
			return err
		}
		end := "RELEASE SAVEPOINT change"
		if results[i] = c.change(ctx, tx); results[i] != nil {
			end = "ROLLBACK TO SAVEPOINT change"
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			return errors.Join(results[i], err)
		}
	}
	return nil
}

// failed takes note that the record cannot be written, and tells the log, though not every time.
func (s *committer) failed(err error) {
	now := time.Now()
	if s.since.IsZero() {
		s.since = now
	}
	if now.Sub(s.told) >= tellAgain {
		s.told = now
		s.log.Error("the record cannot be written", "since", s.since.UTC().Round(time.Millisecond), "err", err)
	}
	if s.lease != nil {
		s.lease.unsure = true
		s.refresh()
	}
}

func (s *committer) worked() {
	if !s.since.IsZero() {
		s.log.Info("the record can be written again", "after", time.Since(s.since).Round(time.Millisecond))
	}
	s.since, s.told = time.Time{}, time.Time{}
}

// transact makes changes in one transaction. The context bounds the changes and how long the commit is waited for, but never
// cancels that: PostgreSQL with a synchronous stand-by shows a commit that was cancelled though it is on one machine alone.
// One that does not come back is left to itself, counted in left until it does, and the error says that nobody knows what
// became of it.
func transact(ctx context.Context, db *sql.DB, left *sync.WaitGroup, body func(*sql.Tx) error) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	sealed := context.AfterFunc(ctx, cancel)
	tx, err := db.BeginTx(inner, nil) // its context is the one of the commit
	if err != nil {
		cancel()
		return err
	}
	if err = body(tx); err == nil && !sealed() {
		err = ctx.Err()
	}
	if err != nil {
		err = errors.Join(err, tx.Rollback())
		cancel()
		return err
	}
	done := make(chan error, 1)
	left.Go(func() {
		done <- tx.Commit()
		cancel()
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the commit does not come back: %w", ctx.Err())
	}
}

// insertMany inserts rows of equal length, many to a statement.
func (s *database) insertMany(ctx context.Context, tx *sql.Tx, into string, values [][]any) error {
	const rowsAtOnce = 500
	for len(values) > 0 {
		n := min(rowsAtOnce, len(values))
		one := "(" + strings.Repeat("?, ", len(values[0])-1) + "?)"
		query := "INSERT INTO " + into + " VALUES " + strings.Repeat(one+", ", n-1) + one
		var args []any
		for _, row := range values[:n] {
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, s.bind(query), args...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
