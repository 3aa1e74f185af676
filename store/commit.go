package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Bounds of the group commit.
const (
	maxQueue      = 1024             // changes that wait for the next commit; a further caller waits too
	maxGroup      = 256              // changes that share one commit
	commitTimeout = 30 * time.Second // a database that takes longer has failed
)

// commit is a change that waits to be made durable.
type commit struct {
	change func(ctx context.Context, tx *sql.Tx) error
	done   chan error
}

// do makes a change durable. Changes of concurrent callers share one transaction and one fsync. Once queued, a
// change is not taken back by the context: the caller learns what became of it.
func (s *database) do(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
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

// commitLoop is the only writer.
func (s *database) commitLoop() {
	defer close(s.stopped)
	for {
		select {
		case first := <-s.commits:
			s.commitGroup(s.gather(first))
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
func (s *database) gather(first *commit) []*commit {
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

// commitGroup makes several changes in one transaction. One that fails is undone alone.
func (s *database) commitGroup(group []*commit) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	results := make([]error, len(group))
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if s.dollars { // see awaitCommits
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock_shared($1)", int64(commitLock)); err != nil {
				return err
			}
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
	})
	if err != nil {
		s.log.Error("commit failed", "changes", len(group), "err", err)
	}
	for i, c := range group {
		if err != nil && results[i] == nil {
			results[i] = fmt.Errorf("commit: %w", err)
		}
		c.done <- results[i]
	}
}

func (s *database) transact(ctx context.Context, body func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := body(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
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
