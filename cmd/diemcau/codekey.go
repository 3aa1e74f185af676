package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/diemcau/diemcau/link"
)

// codeKeyFile is the key that seals the short codes of links. It is not in the database, so that a copy of that gives no
// code away.
const codeKeyFile = "codes.key"

// keepCodeKey reads the key of a data folder, or makes it the first time.
func keepCodeKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, codeKeyFile)
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == link.CodeKeySize:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("%s is damaged; restore it, or remove it: printed codes stay valid, and sheets printed again get new ones", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key = make([]byte, link.CodeKeySize)
	_, _ = rand.Read(key) // never fails
	// Under another name first: a machine that stops meanwhile leaves no half key.
	f, err := os.CreateTemp(dir, codeKeyFile+"-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return key, os.Rename(f.Name(), path)
}
