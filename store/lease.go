package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Advisory locks on PostgreSQL. Both are those of a transaction, so that they hold behind a pooler too, which may give
// every transaction another connection.
const (
	commitLock = 0x6469656d636175 // "diemcau": every commit holds it, shared
	writerLock = commitLock + 1   // the writer holds it as long as it lives; nodes that share the record hold it together
	schemaLock = commitLock + 2   // who changes the schema holds it meanwhile
)

const (
	leaseEvery = 2 * time.Second // how often the writer looks whether it still is
	leaseIdle  = "30s"           // after so long without a look the server ends the connection, and with it the lock
	soleIdle   = "10s"           // of a commit: after so long between two statements the server undoes it
	memberIdle = "2s"            // the same where another node waits: one that was stopped in its commit holds nothing up for longer
	lockWithin = 5 * time.Second // how long to wait for a writer that is going
	lockAgain  = 250 * time.Millisecond
)

// lease is the right to be the one writer of a PostgreSQL record. It is an advisory lock of a transaction that stays
// open for the life of its connection, and an epoch in the record that each new holder raises: every commit compares
// it, so that who lost the lock without noticing writes nothing more. It belongs to the committer once the store is
// open.
type lease struct {
	log    *slog.Logger
	db     *sql.DB // of one connection
	write  *sql.DB // the committer's
	left   *sync.WaitGroup
	owner  string
	guest  bool         // another process is the writer
	member bool         // one of several nodes: the lock is shared with them, and the epoch comes from Shared.Take
	epoch  atomic.Int64 // 0 while it has to be taken

	conn    *sql.Conn // nil without the lock
	checked time.Time
	unsure  bool // a commit failed since the last look
}

func newLease(db, write *sql.DB, left *sync.WaitGroup, log *slog.Logger) *lease {
	return &lease{log: log, db: db, write: write, left: left, owner: uuid.NewString()[:8]}
}

// lock takes the lock, if nobody else holds it. Otherwise the error is an ErrServed.
func (l *lease) lock(ctx context.Context) (err error) {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			discard(conn)
		}
	}()
	if _, err = conn.ExecContext(ctx, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '"+leaseIdle+"'"); err != nil {
		return err
	}
	var held bool
	try := "SELECT pg_try_advisory_xact_lock($1)"
	if l.member {
		try = "SELECT pg_try_advisory_xact_lock_shared($1)"
	}
	if err = conn.QueryRowContext(ctx, try, int64(writerLock)).Scan(&held); err != nil {
		return err
	}
	if !held {
		return ErrServed
	}
	l.conn, l.checked, l.unsure = conn, time.Now(), false
	return nil
}

// lockWithin takes the lock, waiting for a writer that is going.
func (l *lease) lockWithin(ctx context.Context, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; {
		attempt, cancel := context.WithTimeout(ctx, 2*connectWithin)
		err := l.lock(attempt)
		cancel()
		if !errors.Is(err, ErrServed) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(lockAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hold sees to it that the lock is held: it looks now and then, and takes it anew if its connection broke.
func (l *lease) hold(ctx context.Context) error {
	if l.conn != nil && !l.unsure && time.Since(l.checked) < leaseEvery {
		return nil
	}
	if l.conn != nil {
		if _, err := l.conn.ExecContext(ctx, "SELECT 1"); err == nil {
			l.checked, l.unsure = time.Now(), false
			return nil
		}
		l.release()
	}
	return l.lock(ctx)
}

// release gives the lock back.
func (l *lease) release() {
	if l.conn != nil {
		discard(l.conn)
		l.conn = nil
		if !l.member {
			l.epoch.Store(0)
		}
	}
}

// discard closes a connection instead of giving it back to its pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// takeEpoch makes this process the writer, after it has the lock. Before, it waits until what the writer before it had
// handed over is committed or undone: PostgreSQL goes on for a moment without its client, and who read the record
// before that would continue another ledger.
func (l *lease) takeEpoch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, postgresCommit)
	defer cancel()
	var epoch int64
	err := transact(ctx, l.write, l.left, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(commitLock)); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO leases (session, owner, epoch) VALUES ('', $1, 1)
			ON CONFLICT (session) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1 RETURNING epoch`, l.owner).Scan(&epoch)
	})
	if err == nil {
		l.epoch.Store(epoch)
	}
	return err
}

// fence begins a commit on PostgreSQL. After a commit of which nobody knows whether it was made it waits until
// PostgreSQL has decided; and it fails if another process has become the writer, which none can before this commit ends.
func (l *lease) fence(ctx context.Context, tx *sql.Tx, unsettled bool) error {
	lock, idle := "pg_advisory_xact_lock_shared", soleIdle
	if unsettled {
		lock = "pg_advisory_xact_lock"
	}
	if l.member {
		idle = memberIdle
	}
	_, err := tx.ExecContext(ctx, "SELECT set_config('idle_in_transaction_session_timeout', $2, true), "+lock+"($1)", int64(commitLock), idle)
	if err != nil || l.guest {
		return err
	}
	var epoch int64
	if err := tx.QueryRowContext(ctx, "SELECT epoch FROM leases WHERE session = '' FOR SHARE").Scan(&epoch); err != nil {
		return err
	}
	if own := l.epoch.Load(); epoch != own {
		return fmt.Errorf("%w: the record is in epoch %d, this one had %d", ErrFenced, epoch, own)
	}
	return nil
}

// standsBy reports whether another member of the cluster owns the record, which is no fault.
func (l *lease) standsBy() bool { return l != nil && l.member && l.epoch.Load() == 0 }

// keep sees to it that this process is the writer, as far as that is known before a commit.
func (l *lease) keep(ctx context.Context) error {
	if l == nil || l.guest {
		return nil
	}
	if err := l.hold(ctx); err != nil {
		return err
	}
	if l.epoch.Load() != 0 {
		return nil
	}
	if l.member {
		return fmt.Errorf("%w: this one does not own it", ErrFenced)
	}
	if err := l.takeEpoch(ctx); err != nil {
		return err
	}
	l.log.Info("this server is the writer of the record again", "epoch", l.epoch.Load())
	return nil
}

// owned refuses to change a session that is already there while another process serves the record.
func (s *database) owned() error {
	if s.lease != nil && s.lease.guest {
		return ErrServed
	}
	return nil
}
