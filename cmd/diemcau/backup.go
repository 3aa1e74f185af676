package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"

	"github.com/diemcau/diemcau/keyring"
)

type backupCmd struct {
	Out     string `arg:"" help:"File to write; it must not exist. A device or FIFO is written through." placeholder:"FILE" type:"path"`
	KeysOut string `help:"Folder to copy the keys to as well; without it a backup holds none." name:"keys-out" placeholder:"DIR" type:"path"`
	target
}

// Run writes a whole copy of the record, also while the server runs. A failed backup leaves no file.
func (c *backupCmd) Run(ctx context.Context, std streams) error {
	if c.KeysOut != "" && c.Server != "" {
		return &usageError{"--keys-out copies the keys of this machine, and does not go with --server"}
	}
	var size int64
	err := writeNew(ctx, c.Out, func(w io.Writer) error {
		return c.withAPI(ctx, func(a *api) error {
			body, err := a.do(ctx, http.MethodGet, "/api/v1/backup", "", nil)
			if err != nil {
				return err
			}
			defer body.Close()
			size, err = io.Copy(w, body)
			return err
		})
	})
	if err == nil && c.KeysOut != "" {
		err = copyKeys(c.dir(c.Data), c.KeysOut)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%d bytes\n", size)
	return err
}

// copyKeys copies what there is of keys into a folder that has none.
func copyKeys(from, to string) error {
	source, err := keyring.Open(from)
	if err != nil {
		return err
	}
	copied, err := keyring.Open(to)
	if err != nil {
		return err
	}
	for _, name := range []string{keyring.Tokens, keyring.Ledger, keyring.Codes, keyring.DTLS} {
		secret, err := source.Load(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := copied.Load(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("%s is there already, and nothing is overwritten", filepath.Join(to, name)))
		}
		if err := copied.Save(name, secret); err != nil {
			return err
		}
	}
	return nil
}
