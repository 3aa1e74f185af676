package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/diemcau/diemcau/internal/durable"
)

// ErrBackupElsewhere says that the database is PostgreSQL, which has its own tools.
var ErrBackupElsewhere = errors.New("the record is in PostgreSQL; back it up with pg_dump")

// Backup writes a whole copy of the record, as it stands at one moment, to a new file, while sessions go on. When
// it returns nil the copy is on the disk; otherwise there is none.
func (s *database) Backup(ctx context.Context, path string) error {
	if s.dollars {
		return ErrBackupElsewhere
	}
	// Made readable to its owner only, before anything is in it. SQLite takes an empty file for a new one.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer file.Close()
	err = s.vacuumInto(ctx, path)
	if err == nil {
		err = errors.Join(file.Sync(), durable.Dir(filepath.Dir(path)))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("backup: %w", err), os.Remove(path))
	}
	return nil
}

// Copy is a copy of the record to read once. It goes when it is closed; what a process that was killed left of one goes when
// the record is opened next.
type Copy struct{ *os.File }

// Close removes the copy.
func (c Copy) Close() error {
	err := c.File.Close()
	if gone := os.Remove(c.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// Copy makes a copy as Backup does, beside the record.
func (s *database) Copy(ctx context.Context) (Copy, error) {
	path := s.path + copySuffix + uuid.NewString()
	if err := s.Backup(ctx, path); err != nil {
		return Copy{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return Copy{}, errors.Join(err, os.Remove(path))
	}
	_ = os.Remove(path) // who kills the process leaves nothing; where an open file cannot be removed, Close does
	return Copy{file}, nil
}

const copySuffix = ".copy-"

// removeCopies removes what a process that was killed while it copied left beside the record. Files that people named so stay.
func removeCopies(path string) error {
	files, err := os.ReadDir(filepath.Dir(path))
	for _, f := range files {
		made, ours := strings.CutPrefix(f.Name(), filepath.Base(path)+copySuffix)
		for _, sqlite := range []string{"-journal", "-wal", "-shm"} {
			made = strings.TrimSuffix(made, sqlite)
		}
		if ours && f.Type().IsRegular() && uuid.Validate(made) == nil {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), f.Name())))
		}
	}
	return err
}

// vacuumInto copies the database over a reading connection, so that commits go on meanwhile.
func (s *database) vacuumInto(ctx context.Context, path string) error {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only(0)"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO ?", path)
	_, resetErr := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(1)")
	return errors.Join(err, resetErr)
}
