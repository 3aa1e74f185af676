// Package durable forces to the disk what the file system would write some time later.
package durable

import (
	"errors"
	"os"
)

// Dir makes new, changed and removed names in a folder durable.
func Dir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
