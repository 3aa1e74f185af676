package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Durability is what a PostgreSQL server does with what it acknowledged, and the version of our tables there.
type Durability struct {
	Version           int // server_version_num, such as 150004
	Fsync             bool
	FullPageWrites    bool
	SynchronousCommit string
	MaxConnections    int
	Schema, Known     int64 // of our tables; 0 where there are none yet, and what this program would make them
}

// Examine asks a PostgreSQL database for its settings. It changes nothing and may be asked beside a running server.
func Examine(ctx context.Context, dsn string) (d Durability, err error) {
	cfg, err := postgresConfig(dsn)
	if err != nil {
		return d, err
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	for name, into := range map[string]any{
		"server_version_num": &d.Version, "fsync": onOff{&d.Fsync}, "full_page_writes": onOff{&d.FullPageWrites},
		"synchronous_commit": &d.SynchronousCommit, "max_connections": &d.MaxConnections,
	} {
		if err := db.QueryRowContext(ctx, "SELECT current_setting($1)", name).Scan(into); err != nil {
			return d, fmt.Errorf("PostgreSQL: %w", err)
		}
	}
	d.Schema, d.Known, err = schemaVersions(ctx, db)
	return d, err
}

// schemaVersions reads the versions without making goose's table where there is none.
func schemaVersions(ctx context.Context, db *sql.DB) (there, known int64, err error) {
	provider, err := (&database{committer: committer{write: db}}).schema(goose.DialectPostgres)
	if err != nil {
		return 0, 0, err
	}
	known = newest(provider)
	var exists bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&exists); err != nil || !exists {
		return 0, known, err
	}
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&there)
	return there, known, err
}

// onOff reads a boolean setting.
type onOff struct{ to *bool }

// Scan implements sql.Scanner.
func (o onOff) Scan(value any) error {
	*o.to = value == "on"
	return nil
}

// CheckFile reads a file that should be a whole SQLite record of this program or an older one, and changes nothing.
// ErrNotADatabase, ErrNewerSchema.
func CheckFile(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return sqliteError(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrNotADatabase, verdict)
	}
	var there int64
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied").Scan(&there); err != nil {
		return fmt.Errorf("%w: %w", ErrNotADatabase, err)
	}
	provider, err := (&database{committer: committer{write: db}}).schema(goose.DialectSQLite3)
	if err != nil {
		return err
	}
	if known := newest(provider); there > known {
		return fmt.Errorf("%w: its schema is version %d, this program knows up to %d", ErrNewerSchema, there, known)
	}
	return nil
}

// newest is the version up to which a provider migrates.
func newest(provider *goose.Provider) (version int64) {
	for _, source := range provider.ListSources() {
		version = max(version, source.Version)
	}
	return version
}
