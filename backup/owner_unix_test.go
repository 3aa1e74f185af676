//go:build unix

package backup

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A server that is another user opens what root restores for it.
func TestRestoreByRootGivesToTheOwnerOfTheFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root alone gives files away")
	}
	const server = 61184 // the first of systemd's dynamic users
	st, copied := record(t, t.TempDir(), 3)
	defer st.Close()
	dir := t.TempDir()
	if err := os.Chown(dir, server, server); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, dir, false, t0, mute); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{recordFile, lockFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != server || owner.Gid != server {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}
