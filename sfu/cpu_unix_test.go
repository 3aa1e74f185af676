//go:build unix

package sfu

import (
	"syscall"
	"testing"
	"time"
)

// processTime is the processor time of this process, the kernel's included.
func processTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
