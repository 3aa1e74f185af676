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

// openPostgres connects to the database of a URL and becomes its writer. As a guest it may leave that to another
// process, and then changes nothing of a session that is already there.
func (s *database) openPostgres(ctx context.Context, dsn string, guest bool) error {
	cfg, err := postgresConfig(dsn)
	if err != nil {
		return err
	}
	pool := func(connections int) *sql.DB {
		db := stdlib.OpenDB(*cfg)
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		return db
	}
	s.dollars, s.refresh = true, s.dropIdle
	s.write, s.read = pool(2), pool(readers)
	s.lease = newLease(pool(1), s.write, s.log)
	err = s.lease.lockWithin(ctx, lockWithin)
	if guest && errors.Is(err, ErrServed) {
		s.lease.guest = true
		return s.sameSchema(ctx, goose.DialectPostgres)
	}
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	if err := s.migrate(ctx, goose.DialectPostgres); err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	if err := s.lease.takeEpoch(ctx); err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	return nil
}

// dropIdle closes the connections that nobody uses: they may lead to a server that was stopped or is primary no more.
func (s *database) dropIdle() {
	for db, n := range map[*sql.DB]int{s.write: 2, s.read: readers} {
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(n)
	}
}
