package keyring_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/diemcau/diemcau/keyring"
)

func open(t *testing.T, dir string) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeysAreMadeOnceAndReadableToTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := open(t, dir).Keys(keyring.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(t, dir).Keys(keyring.Ledger)
	if err != nil || !again.Signing.Equal(first.Signing) {
		t.Errorf("another key after a restart: %v", err)
	}
	code, err := open(t, dir).Random(keyring.Codes, 32)
	if err != nil || len(code) != 32 {
		t.Fatalf("%d bytes, %v", len(code), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v: something was left behind", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestFormerKeysStay(t *testing.T) {
	r := open(t, t.TempDir())
	old, err := r.Keys(keyring.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	set, err := keyring.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	set.Former = append(set.Former, old.Public())
	if err := r.SaveKeys(keyring.Tokens, set); err != nil {
		t.Fatal(err)
	}
	got, err := r.Keys(keyring.Tokens)
	if err != nil || !got.Signing.Equal(set.Signing) || len(got.Former) != 1 || !got.Former[0].Equal(old.Public()) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFileThatOthersMayReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no such modes")
	}
	dir := t.TempDir()
	r := open(t, dir)
	if _, err := r.Keys(keyring.Tokens); err != nil {
		t.Fatal(err)
	}
	for mode, refused := range map[fs.FileMode]bool{0o400: false, 0o440: false, 0o644: true, 0o660: true} {
		if err := os.Chmod(filepath.Join(dir, keyring.Tokens), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Keys(keyring.Tokens); (err != nil) != refused {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestADamagedFileIsNeverReplaced(t *testing.T) {
	dir := t.TempDir()
	for name, load := range map[string]func(*keyring.Ring) error{
		keyring.Ledger: func(r *keyring.Ring) error { _, err := r.Keys(keyring.Ledger); return err },
		keyring.Codes:  func(r *keyring.Ring) error { _, err := r.Random(keyring.Codes, 32); return err },
	} {
		for _, damage := range []string{"", "rubbish"} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := load(open(t, dir)); err == nil {
				t.Errorf("%s with %q was taken", name, damage)
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != damage {
				t.Errorf("%s was overwritten: %q, %v", name, left, err)
			}
		}
	}
}

func TestSystemdCredentialsGoFirstAndStay(t *testing.T) {
	dir, credentials := t.TempDir(), t.TempDir()
	set, err := keyring.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	text, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(credentials, keyring.Ledger), text, 0o440); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	r := open(t, dir)
	got, err := r.Keys(keyring.Ledger)
	if err != nil || !got.Signing.Equal(set.Signing) {
		t.Fatalf("the credential is not used: %v", err)
	}
	if err := r.SaveKeys(keyring.Ledger, set); !errors.Is(err, keyring.ErrFixed) {
		t.Errorf("a credential was replaced: %v", err)
	}
	if _, err := r.Keys(keyring.Tokens); err != nil { // not among the credentials: a file
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestKeysOfOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl")
	}
	text, err := exec.CommandContext(t.Context(), openssl, "genpkey", "-algorithm", "ed25519").Output()
	if err != nil {
		t.Fatal(err)
	}
	set, err := keyring.DecodeSet(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := set.Encode(); err != nil || !bytes.Equal(again, text) {
		t.Errorf("%s and %s, %v", text, again, err)
	}
}

func FuzzDecodeSet(f *testing.F) {
	set, err := keyring.NewSet()
	if err != nil {
		f.Fatal(err)
	}
	set.Former = append(set.Former, set.Public())
	text, err := set.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := keyring.DecodeSet(text)
		if err != nil {
			return
		}
		again, err := set.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := keyring.DecodeSet(again); err != nil || !back.Signing.Equal(set.Signing) || len(back.Former) != len(set.Former) {
			t.Fatalf("%v", err)
		}
	})
}
