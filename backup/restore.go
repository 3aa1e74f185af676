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
	stamp := "." + now.UTC().Format("before-20060102T150405Z")
	for _, name := range []string{recordFile, recordFile + "-wal", recordFile + "-shm"} {
		if r.Aside, err = aside(r.Aside, filepath.Join(dir, name), stamp); err != nil {
			return r, errors.Join(err, os.Remove(fresh))
		}
	}
	if err := errors.Join(os.Rename(fresh, target), syncDir(dir)); err != nil {
		return r, err
	}
	return r, r.compare(ctx, dir, stamp, log)
}

// hold keeps servers away from a data folder.
func hold(dir string) (free func() error, err error) {
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = fmt.Errorf("%w: %s", store.ErrInUse, dir)
	}
	return lock.Close, err
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
