//go:build linux && !race

package attendance_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/diemcau/diemcau/attendance"
)

// nationChild in the environment makes the test binary the process that is measured.
const nationChild = "DIEMCAU_TEST_NATION"

// maxNationMB is what a process may take to fold a session of 10,600 sites and 300,000 entries and to write its
// workbook, with everything else that a Go program holds.
const maxNationMB = 300

// TestWorkbookOfTheNation measures in a process of its own, by the kernel's word (VmHWM). The ledger is read as a server
// reads it from its database: entry by entry.
func TestWorkbookOfTheNation(t *testing.T) {
	if os.Getenv(nationChild) != "" {
		begun := time.Now()
		r, err := attendance.Fold(nation(t, 10_600, 300_000), attendance.FoldOptions{})
		if err != nil {
			t.Fatal(err)
		}
		folded := time.Now()
		var out bytes.Buffer // as an answer to a download is held
		if err := r.WriteXLSX(&out, attendance.Vietnamese); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("measured %d %d %d %d\n", peakKB(t), folded.Sub(begun).Milliseconds(), time.Since(folded).Milliseconds(), out.Len())
		return
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWorkbookOfTheNation$")
	cmd.Env = append(os.Environ(), nationChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var kb, fold, write, size int
	_, line, _ := strings.Cut(string(out), "measured ")
	if _, err := fmt.Sscan(line, &kb, &fold, &write, &size); err != nil || size < 1<<20 {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d MB at most; made and folded in %d ms, written in %d ms, %d bytes", kb>>10, fold, write, size)
	if kb>>10 > maxNationMB {
		t.Errorf("the process took %d MB, limit %d", kb>>10, maxNationMB)
	}
}

// peakKB is the most memory that this process has had resident.
func peakKB(t *testing.T) (kb int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(line, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
