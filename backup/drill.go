// Package backup keeps copies of an SQLite record, proves that they can be restored, and restores them.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/diemcau/diemcau/internal/durable"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/store"
)

// Names in a data folder.
const (
	recordFile = "diemcau.db"
	lockFile   = "lock" // held by the server that uses the folder
)

// Summary is what a copy holds.
type Summary struct {
	Sessions, Entries int
	Newest            time.Time // when the last entry was recorded; zero without entries
}

// String is one line about the copy.
func (s Summary) String() string {
	if s.Entries == 0 {
		return fmt.Sprintf("%d sessions without entries", s.Sessions)
	}
	return fmt.Sprintf("%d sessions, %d entries, the last of %s; every ledger whole", s.Sessions, s.Entries, s.Newest.UTC().Format(time.RFC3339))
}

// Drill restores a copy into a folder of its own beside it, opens it as a server would, and reads every ledger from its first
// entry. The copy is not changed. It wants as much room as the copy.
func Drill(ctx context.Context, file string, log *slog.Logger) (Summary, error) {
	if err := store.CheckFile(ctx, file); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", file, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(file), ".diemcau-drill-*")
	if err != nil {
		return Summary{}, err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, recordFile)
	if err := copyFile(ctx, file, copied); err != nil {
		return Summary{}, err
	}
	return open(ctx, copied, log, nil)
}

// open reads a record whole, and lets look at it.
func open(ctx context.Context, path string, log *slog.Logger, look func(*store.Store) error) (s Summary, err error) {
	st, err := store.Open(ctx, path, log)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	rows, err := st.Sessions(ctx)
	if err != nil {
		return s, err
	}
	for _, row := range rows {
		_, head, err := ledger.Replay(row.ID, st.Entries(ctx, row.ID, 1), nil)
		if err != nil {
			return s, err
		}
		s.Sessions++
		s.Entries += int(head.Seq)
		if head.RecordedAt.After(s.Newest) {
			s.Newest = head.RecordedAt
		}
	}
	if look != nil {
		err = look(st)
	}
	return s, err
}

// copyFile copies into a new file, which is on the disk when it returns nil and is not there otherwise.
func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, readFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return in.Read(p)
	}))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return durable.Dir(filepath.Dir(to))
}

type readFunc func(p []byte) (int, error)

// Read implements io.Reader.
func (f readFunc) Read(p []byte) (int, error) { return f(p) }
