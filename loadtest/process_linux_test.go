package loadtest

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 5200 0 3 0 1234 66 0 0 20 0 11 0 8810 1753595904 2500 18446744073709551615 1 1"
	cpu, rss, err := parseStat([]byte(stat), 4096)
	if err != nil || cpu != 13*time.Second || rss != 2500*4096 {
		t.Errorf("got %v, %d, %v", cpu, rss, err)
	}
	for _, bad := range []string{"", "42 (x) S 1 2", "42 (x) S 1 42 42 0 -1 4194304 5200 0 3 0 utime 66 0 0 20 0 11 0 8810 1753595904 2500 1"} {
		if _, _, err := parseStat([]byte(bad), 4096); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestProcessUsageOfThisProcess(t *testing.T) {
	_, rss, err := processUsage(os.Getpid())
	if err != nil || rss <= 0 {
		t.Errorf("resident %d, %v", rss, err)
	}
	if _, _, err := processUsage(1 << 30); err == nil {
		t.Error("no error for a process that is not there")
	}
}
