package link_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/diemcau/diemcau/link"
)

// testKey is a key that is the same each time.
func testKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func newKeys(t *testing.T, signing ed25519.PrivateKey, former ...ed25519.PublicKey) *link.Keys {
	t.Helper()
	keys, err := link.NewKeys(signing, former...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// What people type as an id begins with no dash. By chance one in 64 would.
func TestIDsCanBeTyped(t *testing.T) {
	const draws = 2000 // by chance alone all would do once in 10^13 runs
	for range draws {
		if id := link.NewID(); !link.CanBeTyped(id) {
			t.Fatalf("a token %s", id)
		}
		key, err := link.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if id := link.KeyID(public(key)); !link.CanBeTyped(id) {
			t.Fatalf("a key %s", id)
		}
	}
	for id, typed := range map[string]bool{"-gAB": false, "--": false, "g-AB": true, "_gAB": true} {
		if link.CanBeTyped(id) != typed {
			t.Errorf("%s: %t", id, !typed)
		}
	}
}

func TestTokensAfterAnotherKey(t *testing.T) {
	keys := newKeys(t, testKey(1))
	tokens := link.NewTokens(keys)
	holder := link.Holder{Session: "s", Endpoint: "C1", Role: "endpoint", Serial: 3}
	sign := func() string {
		t.Helper()
		token, err := tokens.SignLink(holder)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	before := sign()
	if again := sign(); again != before {
		t.Errorf("signed twice: %s and %s", before, again)
	}
	if err := keys.Rotate(testKey(2)); err != nil {
		t.Fatal(err)
	}
	after := sign()
	for name, token := range map[string]string{"the former key": before, "the present key": after} {
		got, err := tokens.Verify(token, time.Now())
		if !keys.Trusts(got) || got.Key == "" {
			t.Errorf("%s: signed by %q", name, got.Key)
		}
		if got.Key = ""; got != holder || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// As after a restart: the former key's public half is all that is left of it.
	later := link.NewTokens(newKeys(t, testKey(2), public(testKey(1))))
	if _, err := later.Verify(before, time.Now()); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	former := link.KeyID(public(testKey(1)))
	keys.Retire(keys.ID()) // the one that signs stays
	keys.Retire(former)
	if keys.Trusts(link.Holder{Key: former}) || !keys.Trusts(link.Holder{Key: keys.ID()}) || !keys.Trusts(link.Holder{}) {
		t.Error("the keys in force are others")
	}
	if _, err := tokens.Verify(before, time.Now()); err == nil {
		t.Error("a token of a key that is distrusted is accepted")
	}
	if _, err := tokens.Verify(after, time.Now()); err != nil {
		t.Errorf("of the present key: %v", err)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	tokens := link.NewTokens(newKeys(t, testKey(1)))
	good := jwt.MapClaims{"sub": "C1", "sid": "s", "role": "endpoint", "ser": 1, "exp": time.Now().Add(time.Hour).Unix()}
	sign := func(method jwt.SigningMethod, key any, header map[string]any, claims jwt.Claims) string {
		t.Helper()
		token := jwt.NewWithClaims(method, claims)
		for name, value := range header {
			token.Header[name] = value
		}
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	kid := link.KeyID(public(testKey(1)))
	if _, err := tokens.Verify(sign(jwt.SigningMethodEdDSA, testKey(1), nil, good), time.Now()); err != nil {
		t.Errorf("one from before tokens had a kid: %v", err)
	}
	valid := sign(jwt.SigningMethodEdDSA, testKey(1), map[string]any{"kid": kid}, good)
	if _, err := tokens.Verify(valid, time.Now()); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"nothing":            "",
		"cut":                valid[:len(valid)-2],
		"trailing":           valid + "A",
		"another key":        sign(jwt.SigningMethodEdDSA, testKey(9), nil, good),
		"another key's kid":  sign(jwt.SigningMethodEdDSA, testKey(1), map[string]any{"kid": link.KeyID(public(testKey(9)))}, good),
		"a false kid":        sign(jwt.SigningMethodEdDSA, testKey(9), map[string]any{"kid": kid}, good),
		"a kid that is none": sign(jwt.SigningMethodEdDSA, testKey(1), map[string]any{"kid": 7}, good),
		"an empty kid":       sign(jwt.SigningMethodEdDSA, testKey(1), map[string]any{"kid": ""}, good),
		"HMAC by the public": sign(jwt.SigningMethodHS256, []byte(public(testKey(1))), map[string]any{"kid": kid}, good),
		"unsigned":           sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"kid": kid}, good),
		"expired": sign(jwt.SigningMethodEdDSA, testKey(1), nil,
			jwt.MapClaims{"sub": "a", "role": "admin", "exp": time.Now().Add(-time.Hour).Unix()}),
		"without an end": sign(jwt.SigningMethodEdDSA, testKey(1), nil, jwt.MapClaims{"sub": "a", "role": "admin"}),
		"of no session":  sign(jwt.SigningMethodEdDSA, testKey(1), nil, jwt.MapClaims{"sub": "C1", "role": "endpoint"}),
		"admin of a session": sign(jwt.SigningMethodEdDSA, testKey(1), nil,
			jwt.MapClaims{"sub": "C1", "role": "admin", "sid": "s", "exp": time.Now().Add(time.Hour).Unix()}),
		"other text as claims": strings.Replace(valid, strings.Split(valid, ".")[1], "e30", 1),
	} {
		if who, err := tokens.Verify(token, time.Now()); err == nil {
			t.Errorf("%s: accepted as %+v", name, who)
		}
	}
	if _, err := link.NewKeys(nil); err == nil {
		t.Error("no key is a key")
	}
}

func FuzzVerify(f *testing.F) {
	keys, err := link.NewKeys(testKey(1))
	if err != nil {
		f.Fatal(err)
	}
	tokens := link.NewTokens(keys)
	good, err := tokens.SignLink(link.Holder{Session: "s", Endpoint: "C1", Role: "endpoint", Serial: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if who, err := tokens.Verify(token, time.Now()); err == nil && token != good {
			t.Errorf("%q is accepted as %+v", token, who)
		}
	})
}
