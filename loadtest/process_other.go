//go:build !linux

package loadtest

import (
	"errors"
	"time"
)

func processUsage(int) (cpu time.Duration, rss int64, err error) {
	return 0, 0, errors.New("the cost of the server is measured on Linux only")
}
