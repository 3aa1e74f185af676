package anchor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/diemcau/diemcau/ledger"
)

// disk is a file that counts what is forced to the disk, and can be full.
type disk struct {
	*os.File
	syncs int
	full  bool // half of what is written fits
	bad   bool // Sync fails
}

var errDisk = errors.New("no space left on device")

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	if !d.full {
		return d.File.WriteAt(p, at)
	}
	n, _ := d.File.WriteAt(p[:len(p)/2], at)
	return n, errDisk
}

func (d *disk) Sync() error {
	d.syncs++
	if d.bad {
		return errDisk
	}
	return d.File.Sync()
}

func open(t *testing.T, path string) *heads {
	t.Helper()
	h, err := openHeads(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.close() })
	return h
}

func head(session string, seq uint64) ledger.Anchor {
	return ledger.Anchor{Session: session, Seq: seq, Head: ledger.Genesis(), At: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
}

// TestHeadsAreForcedToTheDisk: once for all that was noted, and at the end.
func TestHeadsAreForcedToTheDisk(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), HeadsFile))
	d := &disk{File: h.file.(*os.File)}
	h.file = d
	for i := range uint64(3) {
		if err := h.note(head("s1", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if d.syncs != 0 {
		t.Errorf("%d times before it was asked for", d.syncs)
	}
	for range 2 {
		if err := h.sync(); err != nil || d.syncs != 1 {
			t.Errorf("%v, %d times", err, d.syncs)
		}
	}
	if err := errors.Join(h.note(head("s1", 4)), h.close()); err != nil || d.syncs != 2 {
		t.Errorf("closed: %v, %d times", err, d.syncs)
	}
	h.file = d.File // for the clean-up
}

// TestHeadsOnAFullDisk: half a line that was written is no line, and stands in the way of none that comes later.
func TestHeadsOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), HeadsFile)
	h := open(t, path)
	d := &disk{File: h.file.(*os.File)}
	h.file = d
	if err := h.note(head("s1", 1)); err != nil {
		t.Fatal(err)
	}
	d.full = true
	if err := h.note(head("s2", 7)); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if again := open(t, path); again.last["s1"].Seq != 1 || again.torn == 0 {
		t.Errorf("after a crash then: %+v, %d bytes torn", again.last, again.torn)
	}
	_ = h.rewrite() // the name was taken over by the one above
	d = &disk{File: h.file.(*os.File), full: true}
	h.file = d
	if err := h.note(head("s2", 7)); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	d.full = false
	if err := errors.Join(h.note(head("s3", 1)), h.note(head("s2", 7)), h.sync()); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if again.last["s1"].Seq != 1 || again.last["s2"].Seq != 7 || again.last["s3"].Seq != 1 || again.torn != 0 {
		t.Errorf("%+v, %d bytes torn", again.last, again.torn)
	}
}

// TestHeadsAreWrittenAnewAfterABadSync: what the kernel has given up is not told twice (fsyncgate), so the file is made anew.
func TestHeadsAreWrittenAnewAfterABadSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), HeadsFile)
	h := open(t, path)
	d := &disk{File: h.file.(*os.File), bad: true}
	h.file = d
	if err := h.note(head("s1", 1)); err != nil {
		t.Fatal(err)
	}
	if err := h.sync(); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
	if h.file == file(d) || h.late {
		t.Error("it goes on with the same file")
	}
	if again := open(t, path); again.last["s1"].Seq != 1 {
		t.Errorf("%+v", again.last)
	}
}
