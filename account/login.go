package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// How long a login lasts.
const (
	LoginLife = 7 * 24 * time.Hour // at most
	LoginIdle = 12 * time.Hour     // without a request
)

// Login is one browser in which a person is logged in. The browser holds a secret, the record its hash.
type Login struct {
	ID        string // hash of the secret
	Account   string
	Device    string // what the browser said of itself, shortened
	CreatedAt time.Time
	SeenAt    time.Time // of the last request, to a few minutes
}

// NewSecret returns 256 random bits for a browser to keep.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// LoginID is what the record keeps of a secret. A secret has 256 random bits, so its hash needs neither salt nor work.
func LoginID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Valid reports whether a login lets its browser in.
func (l Login) Valid(now time.Time) bool {
	return now.Sub(l.CreatedAt) < LoginLife && now.Sub(l.SeenAt) < LoginIdle
}
