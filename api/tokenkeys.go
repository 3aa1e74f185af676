package api

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"sync"

	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/keyring"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// tokenKeys are the keys of tokens, where they are kept and as they are in force.
type tokenKeys struct {
	kept  Keys
	force *link.Keys

	changing sync.Mutex // held while they are changed, and written
	mu       sync.Mutex
	set      keyring.Set
}

func newTokenKeys(kept Keys, force *link.Keys) (*tokenKeys, error) {
	set, err := kept.Keys(keyring.Tokens)
	return &tokenKeys{kept: kept, force: force, set: set}, err
}

// tokenKey is a key of tokens as administrators see it.
type tokenKey struct {
	Kid   string `json:"kid"`
	Signs bool   `json:"signs"` // new links and tokens; the others only open what they signed
}

// list returns the keys in force, the one that signs first, then the latest.
func (k *tokenKeys) list() []tokenKey {
	set := k.now()
	keys := []tokenKey{{link.KeyID(set.Public()), true}}
	for _, public := range set.Former {
		keys = append(keys, tokenKey{link.KeyID(public), false})
	}
	return keys
}

func (k *tokenKeys) now() keyring.Set {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set
}

// change keeps another set, then puts it in force.
func (k *tokenKeys) change(make func(keyring.Set) (keyring.Set, error), inForce func(keyring.Set) error) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	set, err := make(k.now())
	if err != nil {
		return err
	}
	if err := k.kept.SaveKeys(keyring.Tokens, set); errors.Is(err, keyring.ErrFixed) {
		return fault.New(protocol.CodeUnavailable, err.Error())
	} else if err != nil {
		return err
	}
	k.mu.Lock()
	k.set = set
	k.mu.Unlock()
	return inForce(set)
}

// rotate signs by a new key from now on. What former ones signed still opens.
func (k *tokenKeys) rotate() error {
	return k.change(func(now keyring.Set) (keyring.Set, error) {
		set, err := keyring.NewSet()
		set.Former = append([]ed25519.PublicKey{now.Public()}, now.Former...)
		return set, err
	}, func(set keyring.Set) error { return k.force.Rotate(set.Signing) })
}

// retire ends what a former key signed.
func (k *tokenKeys) retire(kid string) error {
	return k.change(func(now keyring.Set) (keyring.Set, error) {
		at := slices.IndexFunc(now.Former, func(public ed25519.PublicKey) bool { return link.KeyID(public) == kid })
		switch {
		case kid == link.KeyID(now.Public()):
			return now, fault.New(protocol.CodeConflict, "this key signs new links: make another one sign first (rotate)")
		case at < 0:
			return now, fault.New(protocol.CodeNotFound, "no key of this id is in force")
		}
		now.Former = slices.Delete(slices.Clone(now.Former), at, at+1)
		return now, nil
	}, func(keyring.Set) error { k.force.Retire(kid); return nil })
}
