package store_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/diemcau/diemcau/store"
)

// What a process that was killed while it copied the record left of the copy goes when the record is opened; other files stay.
func TestCopiesLeftBehind(t *testing.T) {
	dir := t.TempDir()
	path, left := filepath.Join(dir, "diemcau.db"), filepath.Join(dir, "diemcau.db.copy-"+uuid.NewString())
	other, named := filepath.Join(dir, "diemcau.db.kept"), filepath.Join(dir, "diemcau.db.copy-before-update")
	for _, file := range []string{left, left + "-journal", other, named} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for file, stays := range map[string]bool{left: false, left + "-journal": false, other: true, named: true} {
		if _, err := os.Stat(file); (err == nil) != stays {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
	copied, err := st.Copy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(copied)
	if !bytes.HasPrefix(text, []byte("SQLite format 3\x00")) || err != nil {
		t.Errorf("%.20q, %v", text, err)
	}
	if err := copied.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(copied.Name()); err == nil {
		t.Error("a copy outlives its end")
	}
}
