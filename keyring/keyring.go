// Package keyring keeps the secrets of a server in files, outside its record: who reads the database, or a backup of it,
// can then neither sign a ledger nor make a link.
package keyring

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/diemcau/diemcau/internal/durable"
	"github.com/diemcau/diemcau/link"
)

// Names of the files, in a folder of keys and as systemd credentials.
const (
	Tokens = "token.key"  // signs links and administrators' tokens; PEM
	Ledger = "ledger.key" // signs exported ledgers; PEM
	Codes  = "codes.key"  // seals short codes of links; 32 bytes
	DTLS   = "dtls.pem"   // certificate and key of the media plane; PEM
)

// ErrFixed says that a secret is a systemd credential, which this program only reads.
var ErrFixed = errors.New("it is a systemd credential: replace it there, and restart")

// maxSecret bounds a file.
const maxSecret = 1 << 20

// Ring is a folder of secrets. A secret of the same name among the credentials that systemd passes on
// (systemd.exec(5), LoadCredential) goes before its file.
type Ring struct {
	dir         string
	credentials string // folder; empty without any
}

// Open takes a folder, which is made if it is not there, readable to its owner alone.
func Open(dir string) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of keys: %w", err)
	}
	return &Ring{dir: dir, credentials: os.Getenv("CREDENTIALS_DIRECTORY")}, nil
}

// Load reads a secret; fs.ErrNotExist if there is none. A file that others may read is refused.
func (r *Ring) Load(name string) ([]byte, error) {
	if r.credentials != "" {
		secret, err := readSecret(filepath.Join(r.credentials, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return secret, err
		}
	}
	path := filepath.Join(r.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o027 != 0 {
		return nil, fmt.Errorf("%s is open to others than its owner (mode %04o): chmod 600 it, and think about who has read it", path, mode)
	}
	return readSecret(path)
}

func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSecret {
		return nil, fmt.Errorf("%s is no file of a key", path)
	}
	return os.ReadFile(path)
}

// Save keeps a secret in the place of a former one. When it returns nil it is on the disk, whole, and readable to its
// owner alone; otherwise what was there before still is.
func (r *Ring) Save(name string, secret []byte) error {
	if r.credentials != "" {
		if _, err := os.Stat(filepath.Join(r.credentials, name)); err == nil {
			return fmt.Errorf("%s: %w", name, ErrFixed)
		}
	}
	f, err := os.CreateTemp(r.dir, "."+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(secret)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(r.dir, name)); err != nil {
		return err
	}
	return durable.Dir(r.dir)
}

// Text reads a secret, or makes it the first time.
func (r *Ring) Text(name string, newSecret func() ([]byte, error)) ([]byte, error) {
	secret, err := r.Load(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if secret, err = newSecret(); err != nil {
		return nil, err
	}
	return secret, r.Save(name, secret)
}

// Random reads a secret of n bytes, or makes it the first time.
func (r *Ring) Random(name string, n int) ([]byte, error) {
	secret, err := r.Text(name, func() ([]byte, error) {
		secret := make([]byte, n)
		_, _ = rand.Read(secret) // never fails
		return secret, nil
	})
	if err == nil && len(secret) != n {
		return nil, fmt.Errorf("%s is damaged: it has %d bytes, not %d", name, len(secret), n)
	}
	return secret, err
}

// Set is a key that signs and the public halves of those before it that are still trusted, the latest first.
type Set struct {
	Signing ed25519.PrivateKey
	Former  []ed25519.PublicKey
}

// Public is the public half of the key that signs.
func (s Set) Public() ed25519.PublicKey {
	return ed25519.PublicKey(s.Signing[ed25519.PrivateKeySize-ed25519.PublicKeySize:]) // RFC 8032
}

// Knows reports whether a key is in the set.
func (s Set) Knows(public ed25519.PublicKey) bool {
	return s.Public().Equal(public) || slices.ContainsFunc(s.Former, func(f ed25519.PublicKey) bool { return f.Equal(public) })
}

// NewSet makes a key, with no former ones.
func NewSet() (Set, error) {
	private, err := link.NewKey()
	return Set{Signing: private}, err
}

// Keys reads a set of Ed25519 keys, or makes it the first time.
func (r *Ring) Keys(name string) (Set, error) {
	text, err := r.Text(name, func() ([]byte, error) {
		set, err := NewSet()
		if err != nil {
			return nil, err
		}
		return set.Encode()
	})
	if err != nil {
		return Set{}, err
	}
	set, err := DecodeSet(text)
	if err != nil {
		return Set{}, fmt.Errorf("%s is damaged: %w", name, err)
	}
	return set, nil
}

// SaveKeys keeps a set in the place of a former one, as Save does.
func (r *Ring) SaveKeys(name string, set Set) error {
	text, err := set.Encode()
	if err != nil {
		return err
	}
	return r.Save(name, text)
}

const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// Encode writes a set as PEM: the private key (PKCS #8, RFC 8410; as `openssl genpkey -algorithm ed25519` writes it),
// then the former public ones (PKIX).
func (s Set) Encode() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(s.Signing)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := pem.Encode(&out, &pem.Block{Type: privateBlock, Bytes: der}); err != nil {
		return nil, err
	}
	for _, public := range s.Former {
		if der, err = x509.MarshalPKIXPublicKey(public); err != nil {
			return nil, err
		}
		if err := pem.Encode(&out, &pem.Block{Type: publicBlock, Bytes: der}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// DecodeSet reads what Encode wrote.
func DecodeSet(text []byte) (Set, error) {
	var s Set
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		switch block.Type {
		case privateBlock:
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return Set{}, err
			}
			private, ok := parsed.(ed25519.PrivateKey)
			if !ok || s.Signing != nil {
				return Set{}, errors.New("one Ed25519 private key is wanted")
			}
			s.Signing = private
		case publicBlock:
			parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				return Set{}, err
			}
			public, ok := parsed.(ed25519.PublicKey)
			if !ok {
				return Set{}, errors.New("a former key is not Ed25519")
			}
			s.Former = append(s.Former, public)
		default:
			return Set{}, fmt.Errorf("it has a PEM block %q", block.Type)
		}
	}
	if s.Signing == nil {
		return Set{}, errors.New("it has no private key")
	}
	return s, nil
}
