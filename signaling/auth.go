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
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
	"github.com/golang-jwt/jwt/v5"
)

// RoleAdmin is the role of tokens for the API that belong to no session.
const RoleAdmin = "admin"

const (
	linkLife       = 30 * 24 * time.Hour // how long after its session a join link stays valid
	tokenKeyEntry  = "token_key"         // settings of the record
	ledgerKeyEntry = "ledger_key"
)

// Identity is who a token speaks for.
type Identity struct {
	Session  string // empty for admins
	Endpoint string // endpoint code; an admin's name
	Role     string // a meeting.Role or RoleAdmin
	Serial   int    // issue of the link; an older one than the record's is revoked

	Account *account.Account // who is logged in, instead of a link; nil otherwise
	Login   string           // id of that login
}

func (id Identity) admin() bool { return id.Role == RoleAdmin }

// may reports whether somebody has a right of the office: admins all, accounts those of their role, links none.
func (id Identity) may(right account.Right) bool {
	return id.admin() || id.Account != nil && id.Account.May(right)
}

// claims of a token (RFC 7519), with the names kept short: they stand in every link.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid,omitempty"`
	Role    string `json:"role"`
	Serial  int    `json:"ser,omitempty"`
}

// tokens signs and verifies with the record's own Ed25519 key (RFC 8037), so links outlive a restart.
type tokens struct {
	key    ed25519.PrivateKey
	parser *jwt.Parser
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

func newTokens(key ed25519.PrivateKey) *tokens {
	return &tokens{
		key:    key,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding()),
	}
}

func (t *tokens) sign(id Identity, expires time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: id.Endpoint, ExpiresAt: jwt.NewNumericDate(expires)},
		Session:          id.Session, Role: id.Role, Serial: id.Serial,
	}).SignedString(t.key)
}

// verify checks signature and expiry; whether a link was revoked only the record knows.
func (t *tokens) verify(token string) (Identity, error) {
	var c claims
	_, err := t.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return t.key.Public(), nil })
	if err != nil {
		return Identity{}, refusal(protocol.BadToken, err.Error())
	}
	return Identity{Session: c.Session, Endpoint: c.Subject, Role: c.Role, Serial: c.Serial}, nil
}

// linkExpiry is when the links of a session end.
func linkExpiry(scheduled time.Time) time.Time { return scheduled.Add(linkLife) }

// link is the address that an endpoint opens. The token stands behind the #, which browsers do not send.
func link(publicURL string, role meeting.Role, token string) string {
	page := "/join"
	switch role {
	case meeting.Host, meeting.Operator:
		page = "/host"
	case meeting.Secretary:
		page = "/secretary"
	case meeting.Site:
	}
	return strings.TrimSuffix(publicURL, "/") + page + "#" + token
}

// bearer returns the token of an Authorization header (RFC 6750), or "".
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
