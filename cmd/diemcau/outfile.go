package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// fifoEvery is how often a FIFO is asked whether somebody reads it.
const fifoEvery = 50 * time.Millisecond

// writeFile lets write make the content of a file. A regular file appears whole or not at all, and takes the place of
// what was there before; a link stays, and leads to it. What is no regular file (a device, a FIFO) is written through.
func writeFile(ctx context.Context, path string, write func(io.Writer) error) error {
	target, info, err := resolve(path)
	switch {
	case err != nil:
		return err
	case info != nil && !info.Mode().IsRegular():
		return writeThrough(ctx, path, info, write)
	}
	mode := fs.FileMode(0o600)
	if info != nil {
		mode = info.Mode().Perm()
	}
	return writeBeside(target, write, func(temp string) error {
		if err := os.Chmod(temp, mode); err != nil {
			return err
		}
		return os.Rename(temp, target)
	})
}

// writeNew is writeFile for a file that must not be there yet.
func writeNew(ctx context.Context, path string, write func(io.Writer) error) error {
	target, info, err := resolve(path)
	switch {
	case err != nil:
		return err
	case info != nil && info.Mode().IsRegular():
		return fmt.Errorf("%s is there already, and nothing is overwritten", path)
	case info != nil:
		return writeThrough(ctx, path, info, write)
	}
	return writeBeside(target, write, func(temp string) error { return publish(temp, target, os.Link) })
}

// publish gives a finished file its name without taking that of another. A file system without hard links (FAT, SMB)
// gets an empty file of that name first, which the finished one replaces.
func publish(temp, target string, link func(from, to string) error) error {
	err := link(temp, target)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	reserved, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = reserved.Close()
	if err == nil {
		err = os.Rename(temp, target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(target))
	}
	return nil
}

// resolve follows links, also to a file that is not there yet, for which info is nil.
func resolve(path string) (target string, info fs.FileInfo, err error) {
	const most = 40 // as the kernel has it
	for range most {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil, nil
		}
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, info, err
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return path, info, nil // such as /dev/stdout, whose link need not be a name
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", nil, fmt.Errorf("%s: too many links", path)
}

// writeBeside writes a file of another name in the folder of target, which place then gives its own.
func writeBeside(target string, write func(io.Writer) error, place func(temp string) error) error {
	dir := filepath.Dir(target)
	f, err := os.CreateTemp(dir, ".diemcau-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name()); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil && runtime.GOOS != "windows" {
		_ = d.Sync() // not every file system knows it of folders
		d.Close()
	}
	return nil
}

// writeThrough writes into what is there. A FIFO waits for its reader, or until ctx ends.
func writeThrough(ctx context.Context, path string, info fs.FileInfo, write func(io.Writer) error) error {
	if info.IsDir() {
		return fmt.Errorf("%s is a folder", path)
	}
	f, err := openThrough(ctx, path, info)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// openThrough opens what is there. Nobody is kept waiting by a FIFO that nobody reads: it is asked again and again, since an
// open that waits cannot be called off.
func openThrough(ctx context.Context, path string, info fs.FileInfo) (*os.File, error) {
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: nobody reads it: %w", path, ctx.Err())
		case <-time.After(fifoEvery):
		}
	}
}
