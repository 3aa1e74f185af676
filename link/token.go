package link

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
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

	ID    string // of an administrator's token, by which it is revoked; empty = from before they had one
	Given string // name of the account that was given the link of a console; empty = nobody in particular
	Grant string // of that account, when the link was given; another one than it has now ends the link

	Key string // kid of the key that signed the token, as Verify found it; empty in those from before tokens named one
}

// Admin reports whether the token is an administrator's.
func (h Holder) Admin() bool { return h.Role == RoleAdmin }

// claims of a token (RFC 7519), with the names kept short: they stand in every link.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid,omitempty"`
	Role    string `json:"role"`
	Serial  int    `json:"ser,omitempty"`
	Given   string `json:"acc,omitempty"`
	Grant   string `json:"gra,omitempty"`
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
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding()),
	}
}

// Keys are the keys that tokens are signed by.
func (t *Tokens) Keys() *Keys { return t.keys }

// SignLink makes the token of a seat; the same one each time as long as the key stays. It says nothing of an end: that is
// the session's matter, which may be moved. See Seats.
func (t *Tokens) SignLink(h Holder) (string, error) { return t.sign(h, nil) }

// SignAdmin makes the token of an administrator.
func (t *Tokens) SignAdmin(h Holder, expires time.Time) (string, error) {
	return t.sign(h, jwt.NewNumericDate(expires))
}

func (t *Tokens) sign(h Holder, expires *jwt.NumericDate) (string, error) {
	key, kid := t.keys.current()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{ID: h.ID, Subject: h.Endpoint, ExpiresAt: expires},
		Session:          h.Session, Role: h.Role, Serial: h.Serial, Given: h.Given, Grant: h.Grant,
	})
	token.Header["kid"] = kid
	return token.SignedString(key)
}

// Verify checks the signature, and of an administrator's token the expiry. That of links is for Seats to say, also of those
// from before, which name one that the session may have been moved away from.
func (t *Tokens) Verify(token string, now time.Time) (Holder, error) {
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, t.keyOf)
	if err != nil {
		return Holder{}, err
	}
	h := Holder{Session: c.Session, Endpoint: c.Subject, Role: c.Role, Serial: c.Serial, ID: c.ID, Given: c.Given, Grant: c.Grant}
	h.Key, _ = parsed.Header["kid"].(string)
	switch {
	case h.Admin() != (h.Session == ""):
		return Holder{}, errors.New("the token is neither a link nor an administrator's")
	case h.Admin() && (c.ExpiresAt == nil || !now.Before(c.ExpiresAt.Time)):
		return Holder{}, errors.New("the token is expired")
	}
	return h, nil
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

// UnnumberedTokens is the id under which the record has the administrators' tokens from before they had ids.
const UnnumberedTokens = "unnumbered"

// AdminToken is an administrator's token as the record knows it, without the token itself.
type AdminToken struct {
	ID        string
	Name      string // of who uses it
	CreatedBy string // name of the account that made it; empty = the administrator of the machine
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero while valid
}

// NewID returns 96 random bits, but for a few that CanBeTyped refuses: the id of a token, or what tells one grant from another.
func NewID() string {
	b := make([]byte, 12)
	for {
		_, _ = rand.Read(b) // never fails
		if id := base64.RawURLEncoding.EncodeToString(b); CanBeTyped(id) {
			return id
		}
	}
}

// CanBeTyped reports whether an id is taken for one where it is typed: on a command line, what begins with a dash is a flag.
func CanBeTyped(id string) bool { return !strings.HasPrefix(id, "-") }
