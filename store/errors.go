package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that a caller can act on. Each says in one line what to do.
var (
	// ErrInUse: another process holds the data folder.
	ErrInUse = errors.New("the data folder is in use by another diemcau process; stop that one, or give a command its --server URL")
	// ErrServed: another process is the writer of the PostgreSQL record.
	ErrServed = errors.New("another diemcau is the writer of this database; stop that one, or give a command its --server URL or --data folder")
	// ErrFenced: another process has become the owner of the PostgreSQL record since this one was; nothing was written.
	ErrFenced = errors.New("another diemcau owns the record now")
	// ErrNotWritable: the data folder cannot be written.
	ErrNotWritable = errors.New("the data folder cannot be written; give it to the user that runs diemcau, or choose another with --data")
	// ErrNewerSchema: a later diemcau wrote the database.
	ErrNewerSchema = errors.New("the database was written by a later diemcau; install that version or a later one")
	// ErrNotADatabase: the file is damaged or something else.
	ErrNotADatabase = errors.New("the file is not a diemcau database or is damaged; restore a backup or choose another folder with --data")
	// ErrNotFound: there is no such session, link or setting.
	ErrNotFound = errors.New("not found")
	// ErrExists: a session of that id is already there.
	ErrExists = errors.New("already there")
	// ErrRevoked: the link was revoked.
	ErrRevoked = errors.New("the link was revoked")
	// ErrForked: entries do not continue the ledger as it stands in the record. The session must stop.
	ErrForked = errors.New("the entries do not continue the recorded ledger")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("the store is closed")
)

// taken reports whether a row was refused because another has its key.
func taken(err error) bool {
	var se *sqlite.Error
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &se):
		return se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	case errors.As(err, &pe):
		return pe.Code == "23505" // unique_violation
	}
	return false
}

// Unavailable reports whether an error says that the record cannot be reached, read or written at the moment, through no
// fault of who asked.
func Unavailable(err error) bool {
	var (
		se *sqlite.Error
		pe *pgconn.PgError
		ce *pgconn.ConnectError
		ne net.Error
	)
	switch {
	case err == nil:
		return false
	case errors.As(err, &se):
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
			sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PERM:
			return true
		}
		return false
	case errors.As(err, &pe):
		if pe.Code == "25006" { // read_only_sql_transaction: a primary that was demoted
			return true
		}
		// Connection, resources, operator's intervention, system, transaction rolled back, lock not available.
		return len(pe.Code) == 5 && slices.Contains([]string{"08", "53", "57", "58", "40", "55"}, pe.Code[:2])
	}
	return errors.Is(err, ErrServed) || errors.Is(err, ErrFenced) ||
		errors.As(err, &ce) || errors.As(err, &ne) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrClosed)
}

func notWritable(dir string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrNotWritable, dir, err)
}

// sqliteError names the errors that have another cause than the program.
func sqliteError(err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrNotADatabase, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}
