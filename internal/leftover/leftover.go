// Package leftover gives tests folders that do not stay behind, not even when the tests are killed: whoever makes the next one
// removes those whose makers are gone.
package leftover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Dir makes a folder in the folder of temporary files, named by prefix and this process, and removes those of the same prefix
// whose processes have ended, after end was called with each.
func Dir(prefix string, end func(dir string)) (string, error) {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"-*-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix+"-"), "-")
		if n, err := strconv.Atoi(pid); err != nil || Alive(n) {
			continue
		}
		if end != nil {
			end(dir)
		}
		_ = os.RemoveAll(dir) // another process may be about it as well
	}
	return os.MkdirTemp("", fmt.Sprintf("%s-%d-", prefix, os.Getpid()))
}

// Alive tells whether a process runs.
func Alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
