package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/store"
)

// keysFlag says where the secrets of a server are.
type keysFlag struct {
	Keys string `help:"Folder of the keys that sign links and ledgers (default: the data folder); systemd credentials go before it." placeholder:"DIR" type:"path"`
}

func (f keysFlag) dir(data string) string {
	if f.Keys != "" {
		return f.Keys
	}
	return data
}

// The settings in which older versions kept keys.
const (
	oldTokenKey    = "token_key"  // base64 of a seed (RFC 8032)
	oldLedgerKey   = "ledger_key" // same
	oldCertificate = "dtls_certificate"
)

// openKeys opens the folder of keys and moves into it what an older version kept in the record. New keys are made where
// there is nothing yet that the former ones signed.
func openKeys(ctx context.Context, dir string, st *store.Store, log *slog.Logger) (*keyring.Ring, error) {
	ring, err := keyring.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := moveKeys(ctx, ring, st, log); err != nil {
		return nil, fmt.Errorf("keys cannot be moved from the record to %s: %w", dir, err)
	}
	rows, err := st.Sessions(ctx)
	if err != nil || len(rows) == 0 {
		return ring, err
	}
	for _, name := range []string{keyring.Tokens, keyring.Ledger} {
		if _, err := ring.Load(name); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is not there, but the record has sessions: restore it, name its folder with --keys, or make another with `diemcau "+
				"admin new-keys`",
				filepath.Join(dir, name))
		} else if err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// moveKeys takes the keys out of the settings of the record. A file that is there already wins: an old backup of the record
// was restored beside it; links that the old key signed stay valid.
func moveKeys(ctx context.Context, ring *keyring.Ring, st *store.Store, log *slog.Logger) error {
	for entry, name := range map[string]string{oldTokenKey: keyring.Tokens, oldLedgerKey: keyring.Ledger, oldCertificate: keyring.DTLS} {
		value, err := setting(ctx, st, entry)
		if err != nil {
			return err
		}
		if value == "" {
			continue
		}
		if entry == oldCertificate {
			_, err = ring.Text(name, func() ([]byte, error) { return []byte(value), nil })
		} else {
			err = moveKey(ring, name, value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", entry, err)
		}
		if err := st.DropSetting(ctx, entry); err != nil {
			return err
		}
		log.Info("moved a key out of the record; backups made before still hold it", "key", name)
	}
	return nil
}

func moveKey(ring *keyring.Ring, name, value string) error {
	seed, err := base64.RawStdEncoding.DecodeString(value)
	if err != nil || len(seed) != ed25519.SeedSize {
		return errors.New("the setting of the record is damaged")
	}
	moved := keyring.Set{Signing: ed25519.NewKeyFromSeed(seed)}
	kept, err := ring.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ring.SaveKeys(name, moved)
	}
	if err != nil {
		return err
	}
	set, err := keyring.DecodeSet(kept)
	if err != nil || name != keyring.Tokens || set.Knows(moved.Public()) {
		return err
	}
	set.Former = append(set.Former, moved.Public())
	return ring.SaveKeys(name, set)
}

type adminNewKeysCmd struct {
	Data     string `help:"Data folder." default:"./data" placeholder:"DIR" type:"path"`
	Database string `help:"postgres:// URL of the record, if it is not in the data folder." placeholder:"URL"`
	keysFlag
}

// Run makes the keys that are missing, after they were lost: links given out before are void then.
func (c *adminNewKeysCmd) Run(ctx context.Context, std streams) error {
	st, err := openStore(ctx, store.Open, c.Data, c.Database, slog.New(slog.DiscardHandler)) // no server runs meanwhile
	if err != nil {
		return err
	}
	made, err := newKeys(c.dir(c.Data))
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	for _, name := range made {
		if _, err := fmt.Fprintln(std.out, name); err != nil {
			return err
		}
	}
	return nil
}

// newKeys makes those that are missing and returns their files.
func newKeys(dir string) (made []string, err error) {
	ring, err := keyring.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{keyring.Tokens, keyring.Ledger} {
		if _, err := ring.Load(name); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return made, err
		}
		if _, err := ring.Keys(name); err != nil {
			return made, err
		}
		made = append(made, filepath.Join(dir, name))
	}
	return made, nil
}
