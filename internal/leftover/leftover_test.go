package leftover

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

func TestDir(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ended := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(os.TempDir(), "kind-"+strconv.Itoa(ended.Process.Pid)+"-1")
	own, err := Dir("kind", nil)
	if err != nil {
		t.Fatal(err)
	}
	others := []string{own, filepath.Join(os.TempDir(), "kind-x-1"), filepath.Join(os.TempDir(), "other-"+strconv.Itoa(ended.Process.Pid)+"-1")}
	for _, dir := range append(others[1:], left) {
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var before []string
	if _, err := Dir("kind", func(dir string) { before = append(before, dir) }); err != nil {
		t.Fatal(err)
	}
	if len(before) != 1 || before[0] != left {
		t.Errorf("ended before their folders were removed: %v", before)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a process left that is gone: %v", err)
	}
	for _, dir := range others {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}
