package api

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/httpguard"
)

const (
	deviceCookie = "diemcau_device"
	deviceLife   = 400 * 24 * 60 * 60 // seconds: as long as browsers keep a cookie (RFC 6265bis 5.5)
	maxKnown     = 10_000
)

// devices knows where a person has logged in before, so that others who guess the same name elsewhere keep nobody out
// there: the browser by a cookie that names the account, with a MAC, which asks nothing of the record and outlives
// restarts; the address in memory.
type devices struct {
	key       []byte
	addresses *account.Known
}

// newDevices derives the key of the cookies from one that is kept outside the record.
func newDevices(secret []byte) (*devices, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "diemcau device cookie", sha256.Size)
	return &devices{key: key, addresses: account.NewKnown(maxKnown)}, err
}

func (d *devices) mac(name, nonce string) []byte {
	h := hmac.New(sha256.New, d.key)
	h.Write([]byte(nonce + pairMark + name)) // a nonce has no mark in it
	return h.Sum(nil)
}

// cookie is what a browser keeps in which a person has just logged in.
func (d *devices) cookie(name string) string {
	nonce := account.NewSecret()
	return nonce + "." + base64.RawURLEncoding.EncodeToString(d.mac(name, nonce))
}

// opens reports whether a cookie is one of an account.
func (d *devices) opens(value, name string) bool {
	nonce, text, ok := strings.Cut(value, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	return ok && err == nil && !strings.Contains(nonce, pairMark) && hmac.Equal(mac, d.mac(name, nonce))
}

// knows reports whether a request comes from where a person has logged in before.
func (o *office) knows(r *http.Request, name string) bool {
	if c, err := r.Cookie(o.cookieName(deviceCookie)); err == nil && o.devices.opens(c.Value, name) {
		return true
	}
	return o.devices.addresses.Has(pairOf(name, httpguard.Source(r)))
}

// remember takes note of where a person is logged in.
func (o *office) remember(r *http.Request, name string) {
	o.devices.addresses.Add(pairOf(name, httpguard.Source(r)))
}
