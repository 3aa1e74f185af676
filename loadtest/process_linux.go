package loadtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc; Linux shows 100 of them a second to every process.
const clockTick = 10 * time.Millisecond

// processUsage reads the user and system time and the resident memory of a process (proc(5)).
func processUsage(pid int) (cpu time.Duration, rss int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	return parseStat(stat, int64(os.Getpagesize()))
}

func parseStat(stat []byte, pageSize int64) (cpu time.Duration, rss int64, err error) {
	// The name in parentheses may hold anything; the fields behind it start with the third.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime, stime, resident = 14 - 3, 15 - 3, 24 - 3
	if len(fields) <= resident {
		return 0, 0, errors.New("process statistics cut short")
	}
	var numbers [3]int64
	for i, at := range []int{utime, stime, resident} {
		if numbers[i], err = strconv.ParseInt(string(fields[at]), 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(numbers[0]+numbers[1]) * clockTick, numbers[2] * pageSize, nil
}
