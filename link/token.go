package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// RoleAdmin is the role of tokens for the API that belong to no session.
const RoleAdmin = "admin"

// Holder is who a token speaks for.
type Holder struct {
	Session  string // empty for administrators
	Endpoint string // code of the seat; an administrator's name
	Role     string // a meeting.Role or RoleAdmin
	Serial   int    // issue of the link; an older one than the record's is revoked
}

// Admin reports whether the token is an administrator's.
func (h Holder) Admin() bool { return h.Role == RoleAdmin }

// claims of a token (RFC 7519), with the names kept short: they stand in every link.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid,omitempty"`
	Role    string `json:"role"`
	Serial  int    `json:"ser,omitempty"`
}

// Tokens signs and verifies (EdDSA, RFC 8037).
type Tokens struct {
	keys   *Keys
	parser *jwt.Parser
}

// NewTokens makes tokens of a set of keys, which may change meanwhile.
func NewTokens(keys *Keys) *Tokens {
	return &Tokens{
		keys:   keys,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding()),
	}
}

// Sign makes the token of a holder; the same one each time as long as the key stays.
func (t *Tokens) Sign(h Holder, expires time.Time) (string, error) {
	key, kid := t.keys.current()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: h.Endpoint, ExpiresAt: jwt.NewNumericDate(expires)},
		Session:          h.Session, Role: h.Role, Serial: h.Serial,
	})
	token.Header["kid"] = kid
	return token.SignedString(key)
}

// Verify checks signature and expiry.
func (t *Tokens) Verify(token string) (Holder, error) {
	var c claims
	if _, err := t.parser.ParseWithClaims(token, &c, t.keyOf); err != nil {
		return Holder{}, err
	}
	return Holder{Session: c.Session, Endpoint: c.Subject, Role: c.Role, Serial: c.Serial}, nil
}

// keyOf finds the keys that a token may be signed by.
func (t *Tokens) keyOf(token *jwt.Token) (any, error) {
	kid, ok := token.Header["kid"].(string)
	if _, there := token.Header["kid"]; there && (!ok || kid == "") {
		return nil, errors.New("kid is no name of a key")
	}
	set := jwt.VerificationKeySet{}
	for _, public := range t.keys.of(kid) {
		set.Keys = append(set.Keys, public)
	}
	if len(set.Keys) == 0 {
		return nil, fmt.Errorf("no key %q is in force", kid)
	}
	return set, nil
}
