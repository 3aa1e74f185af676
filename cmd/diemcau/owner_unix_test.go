//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/diemcau/diemcau/keyring"
)

func TestKeysBroughtByRootBelongToTheServer(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root alone gives files away")
	}
	const server = 61184
	from, data := t.TempDir(), t.TempDir()
	ring, err := keyring.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Random(keyring.Codes, 32); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(data, server, server); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(data, "keys")
	if err := bringKeys(from, keys, data); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{keys, filepath.Join(keys, keyring.Codes)} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != server || owner.Gid != server {
			t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
	}
}
