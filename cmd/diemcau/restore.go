package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/diemcau/diemcau/backup"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/keyring"
	"github.com/prometheus/client_golang/prometheus"
)

type restoreCmd struct {
	File     string `arg:"" help:"Copy that backup made." type:"path"`
	Data     string `help:"Data folder; its server has to be stopped." default:"./data" placeholder:"DIR" type:"path"`
	KeysFrom string `help:"Folder of keys to copy as well, as backup --keys-out made it." name:"keys-from" placeholder:"DIR" type:"path"`
	Replace  bool   `help:"Put a record that is in the folder aside; it is kept under another name."`
	Check    bool   `help:"Only try: restore into a folder beside the copy, read every ledger, and remove it again."`
	keysFlag
}

// Run restores, and says what was put aside, what is lost and what is missing.
func (c *restoreCmd) Run(ctx context.Context, std streams) error {
	quiet := slog.New(slog.DiscardHandler)
	if c.Check {
		summary, err := backup.Drill(ctx, c.File, quiet)
		if err == nil {
			_, err = fmt.Fprintf(std.out, "it can be restored: %s\n", summary)
		}
		return err
	}
	r, err := backup.Restore(ctx, c.File, c.Data, c.Replace, time.Now(), quiet)
	if errors.Is(err, backup.ErrRecordThere) {
		return fmt.Errorf("%w; --replace puts it aside, it is kept", err)
	}
	if err == nil && c.KeysFrom != "" {
		err = bringKeys(c.KeysFrom, c.dir(c.Data), c.Data)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("restored: %s\n", r.Summary)
	for _, name := range r.Aside {
		text += fmt.Sprintf("put aside: %s\n", name)
	}
	for _, lost := range r.Lost {
		text += fmt.Sprintf("lost: %s\n", lost)
	}
	_, err = fmt.Fprint(std.out, text+c.missingKeys(r.Sessions))
	return err
}

// missingKeys says which keys the record needs and does not have.
func (c *restoreCmd) missingKeys(sessions int) (text string) {
	ring, err := keyring.Open(c.dir(c.Data))
	if err != nil || sessions == 0 {
		return ""
	}
	for _, name := range []string{keyring.Tokens, keyring.Ledger, keyring.Codes} {
		if _, err := ring.Load(name); errors.Is(err, fs.ErrNotExist) {
			text += fmt.Sprintf("missing: %s; bring it from where the keys are kept, or make others with `diemcau admin new-keys`\n",
				filepath.Join(c.dir(c.Data), name))
		}
	}
	return text
}

// backupFlags say when a server backs up its record by itself.
type backupFlags struct {
	BackupEvery time.Duration `help:"How often the record is copied to --backup-dir, and the copy restored for a trial; 0 never." name:"backup-every"`
	BackupDir   string        `help:"Folder of these copies, best on another disk." name:"backup-dir" placeholder:"DIR" type:"path"`
	BackupKeep  int           `help:"How many of them stay." name:"backup-keep" default:"14"`
}

func (f backupFlags) check(database string) error {
	switch {
	case (f.BackupEvery != 0) != (f.BackupDir != ""):
		return &usageError{"--backup-every and --backup-dir go together"}
	case f.BackupEvery == 0:
		return nil
	case f.BackupEvery < time.Minute || f.BackupKeep < 1:
		return &usageError{"--backup-every wants a minute or more, --backup-keep 1 or more"}
	case database != "":
		return &usageError{"--backup-every copies SQLite; back up PostgreSQL by pg_dump or its archive of logs (docs/operations.md)"}
	}
	return nil
}

// openBackups makes what backs up a server's record; nil if nothing shall.
func (f backupFlags) openBackups(record backup.Source, panicked contain.Report, log *slog.Logger, reg prometheus.Registerer) (*backup.Keeper, error) {
	if f.BackupEvery == 0 {
		return nil, nil
	}
	return backup.NewKeeper(backup.Config{
		Record: record, Dir: f.BackupDir, Every: f.BackupEvery, Keep: f.BackupKeep, Log: log.With("part", "backup"), Registry: reg, Now: time.Now,
		Panicked: panicked,
	})
}
