// Package store is the record: sessions with their ledgers, the roster, join links and settings, in SQLite or
// PostgreSQL. What it has acknowledged survives kill -9 and power loss.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the SQLite driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open record: one database, and what each area of the product keeps in it. It is safe for concurrent
// use.
type Store struct {
	*database
	sessions
	ledgers
	links
	accounts
	drafts
	rehearsals
	webhooks
	pictures
	summaries
}

// The areas of the record; their methods are those of Store.
type (
	sessions   struct{ *database }
	ledgers    struct{ *database }
	links      struct{ *database }
	accounts   struct{ *database }
	drafts     struct{ *database }
	rehearsals struct{ *database }
	webhooks   struct{ *database }
	pictures   struct{ *database }
	summaries  struct{ *database } // figures over sessions
)

// database is the open database with its one committer.
type database struct {
	committer
	read *sql.DB
	lock *flock.Flock
	path string // of SQLite's file
}

// Open opens the record as its one writer, making or migrating it where needed. dsn is the path of a SQLite file, whose
// folder this process then holds alone (ErrInUse), or a postgres:// URL (ErrServed).
func Open(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	return open(ctx, dsn, asWriter, log)
}

// OpenBeside is Open for a short command. On PostgreSQL another process may be serving the record: what changes a
// session that is already there then fails with ErrServed, everything else goes on beside it.
func OpenBeside(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	return open(ctx, dsn, asGuest, log)
}

// place is what a process is beside others on a PostgreSQL record.
type place int

const (
	asWriter place = iota // the only one that changes sessions
	asGuest               // the writer, unless another is
	asMember              // one of several nodes, of which one owns the record
)

func open(ctx context.Context, dsn string, as place, log *slog.Logger) (*Store, error) {
	s := &database{committer: newCommitter(log)}
	var err error
	if isPostgres(dsn) {
		err = s.openPostgres(ctx, dsn, as)
	} else {
		err = s.openSQLite(ctx, dsn)
	}
	if err != nil {
		return nil, errors.Join(err, s.closeDatabases())
	}
	go s.run()
	return &Store{s, sessions{s}, ledgers{s}, links{s}, accounts{s}, drafts{s}, rehearsals{s}, webhooks{s}, pictures{s}, summaries{s}}, nil
}

// Close finishes the commits that are queued and closes the record.
func (s *database) Close() error {
	close(s.stopping)
	<-s.stopped
	return s.closeDatabases()
}

func (s *database) closeDatabases() error {
	var err error
	s.settle()
	if s.read != nil && s.read != s.write {
		err = s.read.Close()
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	if s.lease != nil {
		s.lease.release()
		err = errors.Join(err, s.lease.db.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// settle waits for the commits that were left to themselves, though not for ever.
func (s *database) settle() {
	done := make(chan struct{})
	go func() {
		s.left.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(lineDead):
		s.log.Error("the record is closed while nobody knows what became of a commit")
	}
}

// busyTimeout is how long a connection to SQLite waits for another one.
const busyTimeout = 10 * time.Second

func (s *database) openSQLite(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return notWritable(dir, err)
	}
	s.lock = flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	switch held, err := s.lock.TryLock(); {
	case err != nil:
		return notWritable(dir, err)
	case !held:
		return fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	// A file of our own first: SQLite would make it readable to all.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return notWritable(dir, err)
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := errors.Join(removeCopies(path), reportLeftover(s.log, path+"-wal")); err != nil {
		return notWritable(dir, err)
	}
	s.path = path
	open := func(options url.Values, connections int) (*sql.DB, error) {
		options.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
		options.Add("_pragma", "synchronous(FULL)") // a commit is on the disk
		options.Add("_pragma", "secure_delete(1)")  // what is erased is overwritten
		db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String())
		if err == nil {
			db.SetMaxOpenConns(connections)
			db.SetMaxIdleConns(connections)
		}
		return db, err
	}
	if s.write, err = open(url.Values{"_pragma": {"journal_mode(WAL)"}, "_txlock": {"immediate"}}, 1); err != nil {
		return err
	}
	if s.read, err = open(url.Values{"_pragma": {"query_only(1)"}}, 4); err != nil {
		return err
	}
	if err := s.migrate(ctx, goose.DialectSQLite3); err != nil {
		return fmt.Errorf("database %s: %w", path, sqliteError(err))
	}
	return nil
}

func (s *database) schema(dialect goose.Dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.write, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(picturesAsBytes(dialect)))
}

// sameSchema refuses a database whose schema another version of the program made: the one that serves it.
func (s *database) sameSchema(ctx context.Context, dialect goose.Dialect) error {
	provider, err := s.schema(dialect)
	if err != nil {
		return err
	}
	current, known, err := provider.GetVersions(ctx)
	if err == nil && current != known {
		err = fmt.Errorf("%w: its server has schema version %d, this program version %d", ErrServed, current, known)
	}
	return err
}

func (s *database) migrate(ctx context.Context, dialect goose.Dialect) error {
	provider, err := s.schema(dialect)
	if err != nil {
		return err
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > known {
		return fmt.Errorf("%w: its schema is version %d, this program knows up to %d", ErrNewerSchema, current, known)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		s.log.Info("migrated the database", "version", r.Source.Version, "took", r.Duration.Round(time.Millisecond))
	}
	return err
}

// bind writes a query's placeholders as the database wants them. No query has a ? that is not a placeholder.
func (s *database) bind(query string) string {
	if !s.dollars {
		return query
	}
	var out strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			out.WriteRune(r)
			continue
		}
		n++
		out.WriteString("$" + strconv.Itoa(n))
	}
	return out.String()
}

// micros is a time as the database keeps it.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
