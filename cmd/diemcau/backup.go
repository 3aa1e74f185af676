package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

type backupCmd struct {
	Out string `arg:"" help:"File to write; it must not exist." placeholder:"FILE" type:"path"`
	target
}

// Run writes a whole copy of the record, also while the server runs. A failed backup leaves no file.
func (c *backupCmd) Run(ctx context.Context, std streams) error {
	if _, err := os.Lstat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s is there already; a backup overwrites nothing", c.Out))
	}
	dir := filepath.Dir(c.Out)
	file, err := os.CreateTemp(dir, ".diemcau-backup-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	var size int64
	err = c.withAPI(ctx, func(a *api) error {
		body, err := a.do(ctx, http.MethodGet, "/api/v1/backup", "", nil)
		if err != nil {
			return err
		}
		defer body.Close()
		size, err = io.Copy(file, body)
		return err
	})
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), c.Out); err != nil { // unlike a rename it overwrites nothing
		return err
	}
	_, err = fmt.Fprintf(std.out, "%d bytes\n", size)
	return err
}
