package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diemcau/diemcau/account"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/internal/httpguard"
	"github.com/diemcau/diemcau/signaling/protocol"
)

const (
	freeByName    = 5      // wrong passwords for a name from an address before the next has to wait
	freeByAddress = 50     // an office shares an address
	freeByAnybody = 30     // wrong passwords for a name from wherever its person has not logged in before, all together
	pairMark      = "\x00" // between name and address in a key
	longestName   = 100    // of a key; no account has a longer one
	busyAfter     = 2 * time.Second
)

// guesses slow down who tries passwords and codes. Addresses are those of httpguard.Source: behind trusted proxies the
// client's, of IPv6 the /64.
type guesses struct {
	byName    *account.Throttle // passwords, by name and address: who guesses a name elsewhere does not shut its person out
	byAddress *account.Throttle // passwords
	byDevice  *account.Throttle // passwords, by name and the browser that the person's cookie is of, wherever that is
	byAnybody *account.Throttle // passwords, by name alone: guesses from very many addresses
	codes     *account.Throttle // short codes, by address
}

func newGuesses() guesses {
	return guesses{
		byName: account.NewThrottle(freeByName), byAddress: account.NewThrottle(freeByAddress),
		byDevice: account.NewThrottle(freeByName), byAnybody: account.NewThrottle(freeByAnybody), codes: account.NewThrottle(freeByAddress),
	}
}

// attempt is one try at a password. It counts as failed from its beginning.
type attempt struct {
	o    *office
	ctx  context.Context //nolint:containedctx // that of its one request
	name string
	from string
	// known: the person has logged in here before. Others who guess the name do not count here.
	known  bool
	device string // the browser by its cookie; empty = it has none of this account
}

func (a attempt) pair() string { return pairOf(a.name, a.from) }

// pairOf is the key of a name at an address, or in a browser.
func pairOf(name, from string) string { return shorten(name) + pairMark + from }

// bound is a throttle with the key under which an attempt counts in it.
type bound struct {
	throttle *account.Throttle
	key      string
}

// bounds are those that an attempt is under, the narrowest first.
func (a attempt) bounds() []bound {
	g := &a.o.guesses
	list := []bound{{g.byName, a.pair()}, {g.byAddress, a.from}}
	if a.device != "" {
		list = append(list, bound{g.byDevice, pairOf(a.name, a.device)})
	}
	if !a.known {
		list = append(list, bound{g.byAnybody, shorten(a.name)})
	}
	return list
}

// shorten cuts a name to what a key holds.
func shorten(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), longestName)])
}

// attempt begins one at the password of an account, nil if the name is of none, unless who asks has to wait first.
func (o *office) attempt(w http.ResponseWriter, r *http.Request, name string, who *account.Account) (attempt, error) {
	a, now := attempt{o: o, ctx: r.Context(), name: name, from: httpguard.Source(r)}, o.api.now()
	a.known, a.device = o.knows(r, who)
	bounds := a.bounds()
	for i, b := range bounds {
		if wait := b.throttle.Begin(b.key, now); wait > 0 {
			for _, begun := range bounds[:i] {
				begun.throttle.Undo(begun.key, 1)
			}
			return a, tooMany(w, wait, "too many wrong passwords; try again later")
		}
	}
	return a, nil
}

// undo takes the attempt back: nothing was learned of the password.
func (a attempt) undo() {
	for _, b := range a.bounds() {
		b.throttle.Undo(b.key, 1)
	}
}

// verify checks a password. A right one excuses the wrong ones before it.
func (a attempt) verify(w http.ResponseWriter, who *account.Account, password, wrong string) error {
	err := a.o.hasher.Verify(a.ctx, a.from, who, password)
	switch {
	case err == nil:
		bounds := a.bounds()
		own := bounds[0].throttle.Succeeded(bounds[0].key)
		for _, b := range bounds[1:] {
			if b.throttle == a.o.guesses.byDevice {
				b.throttle.Succeeded(b.key)
				continue
			}
			b.throttle.Undo(b.key, own)
		}
		return nil
	case errors.Is(err, account.ErrRefused):
		a.o.api.log.Warn("a password was refused", "name", a.name, "from", a.from)
		return fault.New(protocol.CodeBadLogin, wrong)
	}
	a.undo()
	if errors.Is(err, account.ErrBusy) {
		a.o.api.dropped(dropLogins)
		w.Header().Set("Retry-After", strconv.Itoa(int(busyAfter/time.Second)))
		return fault.New(protocol.CodeUnavailable, "too many people log in at this moment; try again")
	}
	return err
}

// tooMany refuses until some time has passed.
func tooMany(w http.ResponseWriter, wait time.Duration, why string) error {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return fault.New(protocol.CodeTooMany, why)
}

// reachedByTLS reports whether people reach a server of this public URL by TLS.
func reachedByTLS(publicURL string) bool { return strings.HasPrefix(publicURL, "https:") }

// cookieName is the name of a cookie with the prefix that binds it to this host, so that no other host of the domain can
// set it (RFC 6265bis 4.1.3.2); browsers take it over TLS only.
func (o *office) cookieName(name string) string {
	if reachedByTLS(o.api.publicURL) {
		return "__Host-" + name
	}
	return name
}
