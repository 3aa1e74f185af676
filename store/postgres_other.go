//go:build !linux

package store

import (
	"syscall"
	"time"
)

// giveUpAfter leaves it to keep-alives to notice a dead line.
func giveUpAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
