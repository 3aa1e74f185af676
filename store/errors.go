package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that a caller can act on. Each says in one line what to do.
var (
	// ErrInUse: another process holds the data folder.
	ErrInUse = errors.New("the data folder is in use by another diemcau process; stop that one, or give a command its --server URL")
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
