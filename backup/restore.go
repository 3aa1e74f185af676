package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/diemcau/diemcau/anchor"
	"github.com/diemcau/diemcau/internal/durable"
	"github.com/diemcau/diemcau/store"
)

// ErrRecordThere says that the folder has a record, which is not overwritten.
var ErrRecordThere = errors.New("the folder has a record already")

// Restored is what a restore did.
type Restored struct {
	Summary
	Aside []string // files that were there before, by their new names
	Lost  []string // what the file of heads knows and the copy does not, a sentence each
}

// Restore puts a copy into a data folder that no server uses. The copy is proved by a drill first. A record that is there is
// put aside with replace, and refused otherwise; so is a file of heads that knows more than the copy. now names what is put aside.
func Restore(ctx context.Context, file, dir string, replace bool, now time.Time, log *slog.Logger) (r Restored, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, err
	}
	free, err := hold(dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, free()) }()
	target := filepath.Join(dir, recordFile)
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) && !replace {
		return r, errors.Join(err, fmt.Errorf("%w: %s", ErrRecordThere, target))
	}
	if r.Summary, err = Drill(ctx, file, log); err != nil {
		return r, err
	}
	fresh := filepath.Join(dir, ".diemcau-restored")
	if err := os.RemoveAll(fresh); err != nil { // of a restore that was killed
		return r, err
	}
	if err := copyFile(ctx, file, fresh); err != nil {
		return r, err
	}
	if err := GiveToOwner(dir, fresh, filepath.Join(dir, lockFile)); err != nil {
		return r, errors.Join(err, os.Remove(fresh))
	}
	stamp := "." + now.UTC().Format("before-20060102T150405Z")
	if r.Aside, err = recordAside(ctx, target, target+stamp); err != nil {
		return r, errors.Join(err, os.Remove(fresh))
	}
	if err := errors.Join(os.Rename(fresh, target), durable.Dir(dir)); err != nil {
		return r, err
	}
	return r, r.compare(ctx, dir, stamp, log)
}

// hold keeps servers away from a data folder.
func hold(dir string) (free func() error, err error) {
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = fmt.Errorf("%w: %s", store.ErrInUse, dir)
	}
	return lock.Close, err
}

// recordAside gives a record another name, with its write-ahead log under the name that SQLite looks for, so that what a
// process that was killed recorded last is still of it. A power cut leaves the record whole under the old name, or whole under
// the other and nothing under the old; never a record without its log, or another beside it.
func recordAside(ctx context.Context, target, kept string) (list []string, err error) {
	const wal, shm = "-wal", "-shm"
	dir := filepath.Dir(target)
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s: %w", kept, fs.ErrExist))
	}
	switch err := os.Link(target+wal, kept+wal); { // before the record moves: it has its log at any moment
	case errors.Is(err, fs.ErrNotExist):
	case err != nil: // a file system without links
		if err := copyFile(ctx, target+wal, kept+wal); err != nil {
			return nil, err
		}
		fallthrough
	default:
		list = append(list, kept+wal)
	}
	if err := durable.Dir(dir); err != nil {
		return list, err
	}
	switch err := os.Rename(target, kept); {
	case err == nil:
		list = append([]string{kept}, list...)
	case !errors.Is(err, fs.ErrNotExist):
		return list, err
	}
	if err := durable.Dir(dir); err != nil {
		return list, err
	}
	if err := os.Remove(target + wal); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return list, err
	}
	switch err := os.Rename(target+shm, kept+shm); { // an index of the log, which is made anew when it is wrong
	case err == nil:
		list = append(list, kept+shm)
	case !errors.Is(err, fs.ErrNotExist):
		return list, err
	}
	return list, durable.Dir(dir)
}

// aside gives a file that is there another name.
func aside(list []string, path, stamp string) ([]string, error) {
	err := os.Rename(path, path+stamp)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	return append(list, path+stamp), err
}

// compare says what the file of heads knows beyond the restored record, and puts it aside then: the next start would otherwise
// take the restore for a rewritten past. It reads a copy, since the folder is held.
func (r *Restored) compare(ctx context.Context, dir, stamp string, log *slog.Logger) error {
	heads := filepath.Join(dir, anchor.HeadsFile)
	if _, err := os.Stat(heads); err != nil {
		return nil // there is none
	}
	temp, err := os.MkdirTemp(dir, ".diemcau-drill-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	copied := filepath.Join(temp, recordFile)
	if err := errors.Join(copyFile(ctx, filepath.Join(dir, recordFile), copied), copyFile(ctx, heads, filepath.Join(temp, anchor.HeadsFile))); err != nil {
		return err
	}
	_, err = open(ctx, copied, log, func(st *store.Store) error {
		list, err := anchor.Compare(ctx, temp, st)
		for _, c := range list {
			r.Lost = append(r.Lost, c.Error())
		}
		return err
	})
	if err == nil && len(r.Lost) > 0 {
		r.Aside, err = aside(r.Aside, heads, stamp)
	}
	return err
}
