package signaling

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/store"
)

const (
	linkLife       = 30 * 24 * time.Hour // how long after its session a join link stays valid
	tokenKeyEntry  = "token_key"         // settings of the record
	ledgerKeyEntry = "ledger_key"
)

// Identity is who makes a request: the holder of a token, or who is logged in.
type Identity struct {
	link.Holder

	Account *account.Account // who is logged in, instead of a token; nil otherwise
	Login   string           // id of that login
}

func (id Identity) admin() bool { return id.Admin() }

// may reports whether somebody has a right of the office: admins all, accounts those of their role, links none.
func (id Identity) may(right account.Right) bool {
	return id.admin() || id.Account != nil && id.Account.May(right)
}

// loadKey reads an Ed25519 key (RFC 8032) from the record, or makes it the first time.
func loadKey(ctx context.Context, rec Record, entry string) (ed25519.PrivateKey, error) {
	stored, err := rec.Setting(ctx, entry)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", entry, err)
	}
	if err != nil {
		return makeKey(ctx, rec, entry)
	}
	seed, err := base64.RawStdEncoding.DecodeString(stored)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the setting %q of the record is damaged", entry)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// makeKey makes a key and keeps it in the record, in the place of a former one.
func makeKey(ctx context.Context, rec Record, entry string) (ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	if err := rec.SetSetting(ctx, entry, base64.RawStdEncoding.EncodeToString(seed)); err != nil {
		return nil, fmt.Errorf("%s: %w", entry, err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// linkExpiry is when the links of a session end.
func linkExpiry(scheduled time.Time) time.Time { return scheduled.Add(linkLife) }

// bearer returns the token of an Authorization header (RFC 6750), or "".
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
