//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// alone checks that a folder holds these names and nothing else, such as half a file.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != len(names) {
		t.Errorf("the folder holds %v, %v, want %v", list, err, names)
	}
}

func TestWriteFileKeepsLinksAndModes(t *testing.T) {
	dir := t.TempDir()
	file, link, broken := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "broken")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o640), os.Chmod(file, 0o640), os.Symlink("file", link), os.Symlink("new", broken)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, broken} {
		if err := writeFile(t.Context(), path, text("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v, %v", path, info, err)
		}
		if content(t, path) != "new" {
			t.Errorf("%s leads to %q", path, content(t, path))
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	failed := errors.New("failed")
	if err := writeFile(t.Context(), file, func(w io.Writer) error { return errors.Join(text("half")(w), failed) }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if content(t, file) != "new" {
		t.Errorf("a failed write left %q", content(t, file))
	}
	alone(t, dir, "file", "link", "broken", "new")
}

// What is no regular file is written through, and stays what it is.
func TestWriteThrough(t *testing.T) {
	for name, write := range map[string]func(context.Context, string, func(io.Writer) error) error{"writeFile": writeFile, "writeNew": writeNew} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo, device, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "device"), filepath.Join(dir, "link")
			if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.Symlink("/dev/null", device), os.Symlink("fifo", link)); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{fifo, link} {
				read := make(chan string)
				go func() {
					b, err := os.ReadFile(fifo)
					if err != nil {
						t.Error(err)
					}
					read <- string(b)
				}()
				if err := write(t.Context(), path, text("through")); err != nil {
					t.Fatal(err)
				}
				if got := <-read; got != "through" {
					t.Errorf("%s: the reader got %q", path, got)
				}
			}
			if err := write(t.Context(), device, text("gone")); err != nil {
				t.Error(err)
			}
			if err := write(t.Context(), "/dev/full", text("no space")); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("a full device: %v", err)
			}
			for path, mode := range map[string]fs.FileMode{fifo: fs.ModeNamedPipe, device: fs.ModeSymlink, "/dev/full": fs.ModeDevice} {
				if info, err := os.Lstat(path); err != nil || info.Mode()&mode == 0 {
					t.Errorf("%s was replaced: %v, %v", path, info, err)
				}
			}
			if err := write(t.Context(), dir, text("x")); err == nil {
				t.Error("a folder was written to")
			}
			alone(t, dir, "fifo", "device", "link")
		})
	}
}

func TestAFIFOWithoutReaderEndsWithTheContext(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := writeFile(ctx, fifo, text("x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPublish(t *testing.T) {
	none := func(string, string) error { return syscall.EPERM } // as FAT answers
	for name, link := range map[string]func(string, string) error{"hard links": os.Link, "no hard links": none} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			temp, target := filepath.Join(dir, "temp"), filepath.Join(dir, "target")
			if err := os.WriteFile(temp, []byte("whole"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := publish(temp, target, link); err != nil || content(t, target) != "whole" {
				t.Fatalf("%q, %v", content(t, target), err)
			}
			if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // the same file by another name
				t.Fatal(err)
			}
			if err := os.WriteFile(temp, []byte("other"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := publish(temp, target, link); !errors.Is(err, fs.ErrExist) || content(t, target) != "whole" {
				t.Errorf("what was there became %q, %v", content(t, target), err)
			}
			missing := filepath.Join(dir, "none")
			if err := publish(missing, filepath.Join(dir, "b"), link); err == nil {
				t.Error("nothing was published")
			}
			if _, err := os.Stat(filepath.Join(dir, "b")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a reserved name stays: %v", err)
			}
		})
	}
}
