package api

import (
	"bytes"
	"os"
	"testing"
)

// What is small stays in memory, what is large waits on disk, and nothing is left of it.
func TestSpool(t *testing.T) {
	for name, pieces := range map[string]int{"nothing": 0, "small": 3, "to the brim": spoolMemory / 1000, "large": 5000} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var s spool
			var want bytes.Buffer
			for i := range pieces {
				piece := bytes.Repeat([]byte{byte(i)}, 1000)
				want.Write(piece)
				if n, err := s.Write(piece); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if onDisk := s.file != nil; onDisk != (want.Len() > spoolMemory) || s.small.Len() > spoolMemory {
				t.Errorf("%d bytes: on disk %v, %d in memory", want.Len(), onDisk, s.small.Len())
			}
			var got bytes.Buffer
			if err := s.sendTo(&got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("%v, %d bytes of %d", err, got.Len(), want.Len())
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	s := spool{size: maxSpool}
	if _, err := s.Write([]byte{0}); err == nil {
		t.Error("there is no bound")
	}
}
