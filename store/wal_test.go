package store_test

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/ledgertest"
	"github.com/diemcau/diemcau/store"
)

// killed makes a data folder as a process leaves it that was killed after a number of entries: its log was
// never taken into the database.
func killed(t *testing.T, entries int) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+dir, fmt.Sprint("STORE_TEST_ENTRIES=", entries), "STORE_TEST_HANG=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < entries && lines.Scan(); n++ {
		if !strings.HasPrefix(lines.Text(), "ok ") {
			t.Fatalf("child: %s", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	return dir
}

func TestInterruptedAndDamagedWritesAreReported(t *testing.T) {
	const (
		entries = 10
		frame   = 24 + 4096
	)
	dir := killed(t, entries)
	whole, err := os.ReadFile(filepath.Join(dir, "diemcau.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.ReadFile(filepath.Join(dir, "diemcau.db"))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole)%frame != 32 || len(whole) < entries*frame {
		t.Fatalf("the log has %d bytes", len(whole))
	}
	last := whole[len(whole)-frame:]
	uncommitted := bytes.Clone(last)
	copy(uncommitted[4:8], []byte{0, 0, 0, 0})
	tests := map[string]struct {
		log    []byte
		report string // in what is logged; empty = nothing is
		fewest uint64 // entries that have to be there
	}{
		"whole":                    {whole, "", entries},
		"no log":                   {nil, "", 0},
		"a frame torn":             {append(bytes.Clone(whole), last[:1000]...), "interrupted", entries},
		"a frame never committed":  {append(bytes.Clone(whole), uncommitted...), "interrupted", entries},
		"an older log behind":      {append(bytes.Clone(whole), make([]byte, 2*frame)...), "", entries},
		"the last page torn":       {whole[:len(whole)-100], "interrupted", entries - 1},
		"a byte of the last entry": {flipped(whole, len(whole)-10), "damaged", 0},
		"a byte early on":          {flipped(whole, 32+frame*5+500), "damaged", 0},
		"header damaged":           {flipped(whole, 9), "damaged", 0},
		"header only":              {whole[:32], "", 0},
		"less than a header":       {whole[:20], "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "diemcau.db")
			for file, content := range map[string][]byte{path: base, path + "-wal": tt.log} {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var log bytes.Buffer
			s, err := store.Open(t.Context(), path, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			head, err := ledgertest.Verify(s.Entries(t.Context(), "s1", 1))
			if err != nil || head.Seq < tt.fewest {
				t.Errorf("%d entries, %v, want at least %d", head.Seq, err, tt.fewest)
			}
			var reported []string
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "diemcau.db-wal") {
					reported = append(reported, line)
				}
			}
			if tt.report == "" && len(reported) > 0 || tt.report != "" && (len(reported) != 1 || !strings.Contains(reported[0], tt.report)) {
				t.Errorf("reported %q, want %q", reported, tt.report)
			}
		})
	}
}

func flipped(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 0x10
	return data
}
