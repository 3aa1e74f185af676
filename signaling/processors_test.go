package signaling_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tick is the unit of processor time in /proc (USER_HZ).
const tick = 10 * time.Millisecond

// processors is the processor time used so far by this process, by the one that loads it, and by all of the machine.
type processors struct {
	at                 time.Time
	load               int // process id
	server, other, all time.Duration
	idle               time.Duration
}

// processorsNow reads it from /proc; without one nothing is reported.
func processorsNow(b *testing.B, load int) (p processors) {
	b.Helper()
	p = processors{at: time.Now(), load: load, server: processTicks(os.Getpid()), other: processTicks(load)}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return p
	}
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		n, _ := strconv.ParseInt(field, 10, 64)
		switch i {
		case 4, 5: // idle, waiting for a disk
			p.idle += time.Duration(n) * tick
		case 1, 2, 3, 6, 7, 8: // guests are counted in the first two
			p.all += time.Duration(n) * tick
		}
	}
	return p
}

// processTicks is what a process used, its threads included.
func processTicks(pid int) (used time.Duration) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	for i, field := range strings.Fields(rest) {
		if i == 11 || i == 12 { // utime, stime
			n, _ := strconv.ParseInt(field, 10, 64)
			used += time.Duration(n) * tick
		}
	}
	return used
}

// report gives what was used since, as processors.
func (p processors) report(b *testing.B) {
	b.Helper()
	now := processorsNow(b, p.load)
	took := now.at.Sub(p.at).Seconds()
	server, load := now.server-p.server, now.other-p.other
	b.ReportMetric(server.Seconds()/took, "server-cpus")
	b.ReportMetric(load.Seconds()/took, "load-cpus")
	b.ReportMetric((now.all-p.all-server-load).Seconds()/took, "other-cpus")
	b.ReportMetric((now.idle-p.idle).Seconds()/took, "idle-cpus")
}
