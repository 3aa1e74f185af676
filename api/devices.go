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
// there: the browser by a cookie with a MAC over the account's name and grant, which outlives restarts and ends with the
// grant: with another password, and with any change of the account; the address in memory, likewise.
type devices struct {
	key       []byte
	addresses *account.Known
}

// newDevices derives the key of the cookies from one that is kept outside the record.
func newDevices(secret []byte) (*devices, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "diemcau device cookie", sha256.Size)
	return &devices{key: key, addresses: account.NewKnown(maxKnown)}, err
}

func (d *devices) mac(who *account.Account, nonce string) []byte {
	h := hmac.New(sha256.New, d.key)
	h.Write([]byte(nonce + pairMark + who.LinkGrant + pairMark + who.Name)) // neither nonce nor grant has a mark in it
	return h.Sum(nil)
}

// cookie is what a browser keeps in which a person has just logged in.
func (d *devices) cookie(who *account.Account) string {
	nonce := account.NewSecret()
	return nonce + "." + base64.RawURLEncoding.EncodeToString(d.mac(who, nonce))
}

// device returns which browser of an account a cookie is of; empty if of none.
func (d *devices) device(value string, who *account.Account) (nonce string) {
	nonce, text, ok := strings.Cut(value, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || strings.Contains(nonce, pairMark) || !hmac.Equal(mac, d.mac(who, nonce)) {
		return ""
	}
	return nonce
}

// knows reports whether a request comes from where a person has logged in before, and which browser that is, if its cookie says.
func (o *office) knows(r *http.Request, who *account.Account) (known bool, device string) {
	if who == nil {
		return false, ""
	}
	if c, err := r.Cookie(o.cookieName(deviceCookie)); err == nil {
		device = o.devices.device(c.Value, who)
	}
	return device != "" || o.devices.addresses.Has(addressOf(r, who)), device
}

// addressOf is the key of where a person is logged in.
func addressOf(r *http.Request, who *account.Account) string {
	return pairOf(who.Name, httpguard.Source(r)) + pairMark + who.LinkGrant
}

// remember takes note of where a person is logged in.
func (o *office) remember(r *http.Request, who *account.Account) {
	o.devices.addresses.Add(addressOf(r, who))
}
