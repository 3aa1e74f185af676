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

	"github.com/diemcau/diemcau/backup"
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
		_, err = copyKeys(c.dir(c.Data), c.KeysOut)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%d bytes\n", size)
	return err
}

// copyKeys copies what there is of keys into a folder that has none, and returns the files it made.
func copyKeys(from, to string) (made []string, err error) {
	source, err := keyring.Open(from)
	if err != nil {
		return nil, err
	}
	copied, err := keyring.Open(to)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{keyring.Tokens, keyring.Ledger, keyring.Codes, keyring.DTLS} {
		secret, err := source.Load(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return made, err
		}
		path := filepath.Join(to, name)
		if _, err := copied.Load(name); !errors.Is(err, fs.ErrNotExist) {
			return made, errors.Join(err, fmt.Errorf("%s is there already, and nothing is overwritten", path))
		}
		if err := copied.Save(name, secret); err != nil {
			return made, err
		}
		made = append(made, path)
	}
	return made, nil
}

// bringKeys copies keys back to where the server of a data folder looks for them, as files that it can open.
func bringKeys(from, to, data string) error {
	_, before := os.Stat(to)
	made, err := copyKeys(from, to)
	if errors.Is(before, fs.ErrNotExist) && err == nil {
		made = append(made, to)
	}
	return errors.Join(err, backup.GiveToOwner(data, made...))
}
