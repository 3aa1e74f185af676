package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// timerSlack is how late timers may be. By default, 50 µs, the Go runtime's monitor thread wakes so often beside a
// server that works in short bursts that it takes a tenth of its processor time (docs/capacity.md). The other timers pass
// through epoll, which counts in milliseconds anyway.
const timerSlack = time.Millisecond

// relaxTimers sets the slack of the threads there are; new ones inherit it. The kernel lets a thread set that of another
// only with CAP_SYS_NICE; without it the unit file's TimerSlackNSec does the same.
func relaxTimers(log *slog.Logger) {
	threads, err := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if err == nil {
			// Not under task/: the file is there for processes only, but found by any thread's number.
			name := filepath.Join("/proc", t.Name(), "timerslack_ns")
			err = os.WriteFile(name, strconv.AppendInt(nil, int64(timerSlack), 10), 0)
		}
	}
	if err != nil {
		log.Debug("timer slack left as it is", "err", err)
	}
}
