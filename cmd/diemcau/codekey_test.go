package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestCodeKey(t *testing.T) {
	dir := t.TempDir()
	key, err := keepCodeKey(dir)
	if err != nil || len(key) != 32 || bytes.Equal(key, make([]byte, 32)) {
		t.Fatalf("%x %v", key, err)
	}
	if again, err := keepCodeKey(dir); err != nil || !bytes.Equal(again, key) {
		t.Errorf("after a restart %x, was %x, %v", again, key, err)
	}
	path := filepath.Join(dir, codeKeyFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left over: %v %v", files, err)
	}
	if err := os.WriteFile(path, key[:31], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keepCodeKey(dir); err == nil {
		t.Error("a damaged key is used")
	}
}
