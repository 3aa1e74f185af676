package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Bounds of a connection to PostgreSQL.
const (
	connectWithin = 5 * time.Second
	lineDead      = 10 * time.Second // without an answer of the other side's kernel
	readers       = 8
	writers       = 3 // the committer's one, and room for commits that do not come back
)

// isPostgres tells the URL of a PostgreSQL database from a path.
func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// postgresConfig reads the URL of a database. What it does not say otherwise: no statement outlives its execution on
// the server, so that a pooler may hand every transaction to another of its connections; and a server that can only be
// read, such as a primary that was demoted, is not connected to.
func postgresConfig(dsn string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(dsn, "default_query_exec_mode=") {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	if cfg.ConnectTimeout == 0 || cfg.ConnectTimeout > connectWithin {
		cfg.ConnectTimeout = connectWithin
	}
	dialer := &net.Dialer{
		Timeout: cfg.ConnectTimeout, Control: giveUpAfter(lineDead),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: lineDead / 2, Interval: lineDead / 5, Count: 3},
	}
	cfg.DialFunc = dialer.DialContext
	if cfg.ValidateConnect == nil {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return cfg, nil
}

// postgresPool opens so many connections to the database of a URL.
func postgresPool(dsn string, connections int) (*sql.DB, error) {
	cfg, err := postgresConfig(dsn)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// openPostgres connects to the database of a URL and becomes its writer. A guest may leave that to another process, and then
// changes nothing of a session that is already there. A member leaves it to the node that owns the record.
func (s *database) openPostgres(ctx context.Context, dsn string, as place) (err error) {
	s.dollars, s.refresh = true, s.dropIdle
	if s.write, err = postgresPool(dsn, writers); err != nil {
		return err
	}
	if s.read, err = postgresPool(dsn, readers); err != nil {
		return err
	}
	lock, err := postgresPool(dsn, 1)
	if err != nil {
		return err
	}
	s.lease = newLease(lock, s.write, &s.left, s.log)
	s.lease.member = as == asMember
	err = s.lease.lockWithin(ctx, lockWithin)
	if as == asGuest && errors.Is(err, ErrServed) {
		s.lease.guest = true
		return s.sameSchema(ctx, goose.DialectPostgres)
	}
	if err == nil {
		err = s.migrateAlone(ctx)
	}
	if err == nil && as != asMember {
		err = s.lease.takeEpoch(ctx)
	}
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	return nil
}

// migrateAlone changes the schema while no other node does. The lock is that of a transaction, as poolers want it.
func (s *database) migrateAlone(ctx context.Context) error {
	return transact(ctx, s.read, &s.left, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(schemaLock)); err != nil {
			return err
		}
		return s.migrate(ctx, goose.DialectPostgres)
	})
}

// dropIdle closes the connections that nobody uses: they may lead to a server that was stopped or is primary no more.
func (s *database) dropIdle() {
	for db, n := range map[*sql.DB]int{s.write: writers, s.read: readers} {
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(n)
	}
}
