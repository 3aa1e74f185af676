package account

import (
	"context"
	"errors"
	"sync"

	"github.com/alexedwards/argon2id"
)

// Hasher makes and checks hashes of passwords, a few at a time: each takes memory, and who sends many logins must not
// take the processors from the meeting.
type Hasher struct {
	params *argon2id.Params
	queue  *queue
	decoy  func() (string, error) // made when first needed
}

// NewHasher makes a hasher with parameters of RFC 9106 (second recommended option, 64 MiB and three passes) that
// works on as many passwords at once as given.
func NewHasher(atOnce int) *Hasher {
	return NewHasherOf(atOnce, &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

// NewHasherOf makes a hasher with other parameters, such as cheap ones for tests.
func NewHasherOf(atOnce int, params *argon2id.Params) *Hasher {
	return &Hasher{params: params, queue: newQueue(max(1, atOnce)), decoy: sync.OnceValues(func() (string, error) {
		return argon2id.CreateHash("nobody's password", params)
	})}
}

// Hash returns the hash of a password, salt and parameters in it (PHC string format).
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.queue.enter(ctx, ""); err != nil {
		return "", err
	}
	defer h.queue.leave()
	return argon2id.CreateHash(password, h.params)
}

// Verify returns ErrRefused unless the password is the account's. An account that is not there (nil), is disabled or
// has no password takes as long as another. Those who ask from one address wait behind each other; ErrBusy means that too
// many wait already, context errors that who asked has gone: in both cases nothing was checked.
func (h *Hasher) Verify(ctx context.Context, from string, a *Account, password string) error {
	if err := h.queue.enter(ctx, from); err != nil {
		return err
	}
	defer h.queue.leave()
	hash, err := h.decoy()
	if err != nil {
		return err
	}
	real := false
	if a != nil && !a.Disabled && a.Hash != "" {
		hash, real = a.Hash, true
	}
	if len(password) > 4*MaxPassword {
		password = password[:4*MaxPassword]
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	switch {
	case err != nil:
		return errors.Join(ErrRefused, err)
	case !match || !real:
		return ErrRefused
	}
	return nil
}
