package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/internal/postgrestest"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/store"
)

// Who holds the data folder without its keys, or a backup, holds nothing by which a link or a ledger is signed.
func TestTheRecordHoldsNoKeys(t *testing.T) {
	dir, keys := t.TempDir(), filepath.Join(t.TempDir(), "keys")
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir, "--keys", keys)
	url, stop := serve(t, dir, "--keys", keys)
	links := create(t, "--data", dir, "--keys", keys)
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, "backup", copied, "--data", dir, "--keys", keys)
	if status, _ := get(t, url+"/api/v1/ledger-key", token(links.Links.Secretary)); status != http.StatusOK {
		t.Errorf("the public key: %d", status)
	}
	stop()
	ring, err := keyring.Open(keys)
	if err != nil {
		t.Fatal(err)
	}
	var secrets [][]byte
	for _, name := range []string{keyring.Tokens, keyring.Ledger} {
		set, err := ring.Keys(name)
		if err != nil {
			t.Fatal(err)
		}
		seed := set.Signing.Seed()
		secrets = append(secrets, seed, []byte(base64.RawStdEncoding.EncodeToString(seed)))
	}
	for _, name := range []string{keyring.Codes, keyring.DTLS} {
		secret, err := ring.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret, []byte(base64.RawStdEncoding.EncodeToString(secret)))
	}
	searched := 0
	look := func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		searched++
		for _, secret := range secrets {
			if bytes.Contains(data, secret) {
				t.Errorf("%s holds a key", filepath.Base(path))
			}
		}
		if bytes.Contains(data, []byte("PRIVATE KEY")) {
			t.Errorf("%s holds a private key", filepath.Base(path))
		}
		return nil
	}
	if err := filepath.WalkDir(dir, look); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(filepath.Dir(copied), look); err != nil {
		t.Fatal(err)
	}
	if searched < 2 {
		t.Fatalf("only %d files", searched)
	}
}

// seeds are what an older version kept in the settings of the record.
func seeds() (tokens, ledger ed25519.PrivateKey) {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
}

func TestKeysMoveOutOfTheRecord(t *testing.T) {
	databases := map[string]func(t *testing.T, dir string) string{
		"SQLite": func(t *testing.T, dir string) string { t.Helper(); return filepath.Join(dir, "diemcau.db") },
		"PostgreSQL": func(t *testing.T, _ string) string {
			t.Helper()
			server, err := postgrestest.Start()
			if err != nil {
				t.Skip("needs PostgreSQL: ", err)
			}
			t.Cleanup(func() {
				if err := server.Stop(); err != nil {
					t.Error(err)
				}
			})
			return server.Database(t)
		},
	}
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dsn := database(t, dir)
			st, err := store.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			tokens, ledger := seeds()
			old := map[string]string{
				oldTokenKey:  base64.RawStdEncoding.EncodeToString(tokens.Seed()),
				oldLedgerKey: base64.RawStdEncoding.EncodeToString(ledger.Seed()), oldCertificate: "-----BEGIN CERTIFICATE-----",
			}
			for entry, value := range old {
				if err := st.SetSetting(t.Context(), entry, value); err != nil {
					t.Fatal(err)
				}
			}
			check := func() {
				ring, err := openKeys(t.Context(), dir, st, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				for name, want := range map[string]ed25519.PrivateKey{keyring.Tokens: tokens, keyring.Ledger: ledger} {
					if set, err := ring.Keys(name); err != nil || !set.Signing.Equal(want) {
						t.Errorf("%s is another key: %v", name, err)
					}
				}
				if cert, err := ring.Load(keyring.DTLS); err != nil || string(cert) != old[oldCertificate] {
					t.Errorf("%q, %v", cert, err)
				}
				for entry := range old {
					if value, err := setting(t.Context(), st, entry); err != nil || value != "" {
						t.Errorf("%s is still in the record: %q, %v", entry, value, err)
					}
				}
			}
			check()
			// Killed after the file was written and before the setting was removed: the same once more.
			if err := st.SetSetting(t.Context(), oldTokenKey, old[oldTokenKey]); err != nil {
				t.Fatal(err)
			}
			check()
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			if name != "SQLite" {
				return
			}
			for _, file := range []string{dsn, dsn + "-wal"} {
				data, err := os.ReadFile(file)
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				for entry, value := range old {
					if bytes.Contains(data, []byte(value)) {
						t.Errorf("%s still holds %s", filepath.Base(file), entry)
					}
				}
			}
		})
	}
}

// An old backup of the record was restored beside files that have been rotated since: its links stay valid, its key signs
// nothing any more.
func TestAnOldRecordBesideNewerKeys(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(t.Context(), filepath.Join(dir, "diemcau.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	ring, err := keyring.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	now, err := ring.Keys(keyring.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	tokens, _ := seeds()
	if err := st.SetSetting(t.Context(), oldTokenKey, base64.RawStdEncoding.EncodeToString(tokens.Seed())); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeys(t.Context(), dir, st, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	got, err := ring.Keys(keyring.Tokens)
	if err != nil || !got.Signing.Equal(now.Signing) || !got.Knows(tokens.Public().(ed25519.PublicKey)) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Lost keys are named; nobody makes new ones unasked, which would end every link.
func TestLostKeys(t *testing.T) {
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	lost := filepath.Join(dir, keyring.Tokens)
	if err := os.Rename(lost, lost+".away"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--http", "127.0.0.1:0", "--udp", "0", "--tcp", "0"}, {"session", "list"}} {
		if code, _, errOut := call(t, append(args, "--data", dir)...); code != exitBroken || !strings.Contains(errOut, "token.key is not there") {
			t.Errorf("%v: %d %s", args, code, errOut)
		}
	}
	if _, err := os.Stat(lost); err == nil {
		t.Fatal("a key was made unasked")
	}
	if out := must(t, "admin", "new-keys", "--data", dir); out != lost+"\n" {
		t.Errorf("made %q", out)
	}
	url, stop := serve(t, dir)
	if status, _ := get(t, url+"/api/v1/sessions/"+links.ID+"/attendance.csv", token(links.Links.Secretary)); status != http.StatusUnauthorized {
		t.Errorf("a link of the lost key: %d", status)
	}
	stop()
	if err := os.Rename(lost+".away", lost); err != nil {
		t.Fatal(err)
	}
	url, _ = serve(t, dir)
	if status, _ := get(t, url+"/api/v1/sessions/"+links.ID+"/attendance.csv", token(links.Links.Secretary)); status != http.StatusOK {
		t.Errorf("a link after its key came back: %d", status)
	}
}
