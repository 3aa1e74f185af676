package link

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
)

// Keys are the Ed25519 keys (RFC 8032) of tokens: one signs, and those before it still verify, so that changing the key
// does not end the links that were given out. Where they are kept is not its matter.
type Keys struct {
	mu      sync.RWMutex
	signing ed25519.PrivateKey
	kid     string                       // of signing
	trusted map[string]ed25519.PublicKey // by kid, that of signing among them
}

// NewKeys makes a set that signs by one key and trusts the public halves of former ones besides.
func NewKeys(signing ed25519.PrivateKey, former ...ed25519.PublicKey) (*Keys, error) {
	k := &Keys{trusted: map[string]ed25519.PublicKey{}}
	for _, public := range former {
		if len(public) != ed25519.PublicKeySize {
			return nil, errors.New("a former key of tokens is not Ed25519")
		}
		k.trusted[KeyID(public)] = public
	}
	return k, k.Rotate(signing)
}

// Rotate signs by another key from now on; the one before still verifies, until Retire.
func (k *Keys) Rotate(signing ed25519.PrivateKey) error {
	if len(signing) != ed25519.PrivateKeySize {
		return errors.New("the key of tokens is not Ed25519")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	public, _ := signing.Public().(ed25519.PublicKey)
	k.signing, k.kid = signing, KeyID(public)
	k.trusted[k.kid] = public
	return nil
}

// Retire ends every token that a former key signed. The one that signs now stays.
func (k *Keys) Retire(kid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if kid != k.kid {
		delete(k.trusted, kid)
	}
}

// Trusts reports whether the key that a holder's token was signed by is still in force. Of a token that names none, Verify
// alone can tell.
func (k *Keys) Trusts(h Holder) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, trusted := k.trusted[h.Key]
	return trusted || h.Key == ""
}

// ID is the kid of the key that signs now.
func (k *Keys) ID() string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.kid
}

func (k *Keys) current() (ed25519.PrivateKey, string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.signing, k.kid
}

// of returns the keys that may have signed a token: the one of its kid, or all if it has none, as those from before
// tokens had one.
func (k *Keys) of(kid string) []ed25519.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if kid != "" {
		if public, ok := k.trusted[kid]; ok {
			return []ed25519.PublicKey{public}
		}
		return nil
	}
	all := make([]ed25519.PublicKey, 0, len(k.trusted))
	for _, public := range k.trusted {
		all = append(all, public)
	}
	return all
}

// NewKey makes a key whose KeyID can be typed.
func NewKey() (ed25519.PrivateKey, error) {
	for {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil || CanBeTyped(KeyID(public)) {
			return private, err
		}
	}
}

// KeyID is the kid (RFC 7515 4.1.4) of a key: 48 bits of the hash of its public half, so that it need not be kept.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}
