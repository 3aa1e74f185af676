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
	pairMark      = "\x00" // between name and address in a key
	longestName   = 100    // of a key; no account has a longer one
	busyAfter     = 2 * time.Second
)

// guesses slow down who tries passwords and codes. Addresses are those of httpguard.Source: behind trusted proxies the
// client's, of IPv6 the /64.
type guesses struct {
	byName    *account.Throttle // passwords, by name and address: who guesses a name elsewhere does not shut its person out
	byAddress *account.Throttle // passwords
	codes     *account.Throttle // short codes, by address
}

func newGuesses() guesses {
	return guesses{
		byName: account.NewThrottle(freeByName), byAddress: account.NewThrottle(freeByAddress), codes: account.NewThrottle(freeByAddress),
	}
}

// attempt is one try at a password. It counts as failed from its beginning.
type attempt struct {
	o    *office
	ctx  context.Context //nolint:containedctx // that of its one request
	name string
	from string
}

func (a attempt) pair() string { return shorten(a.name) + pairMark + a.from }

// shorten cuts a name to what a key holds.
func shorten(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), longestName)])
}

// attempt begins one, unless who asks has to wait first.
func (o *office) attempt(w http.ResponseWriter, r *http.Request, name string) (attempt, error) {
	a, now := attempt{o: o, ctx: r.Context(), name: name, from: httpguard.Source(r)}, o.api.now()
	wait := o.guesses.byName.Begin(a.pair(), now)
	if wait == 0 {
		if wait = o.guesses.byAddress.Begin(a.from, now); wait > 0 {
			o.guesses.byName.Undo(a.pair(), 1)
		}
	}
	if wait > 0 {
		return a, tooMany(w, wait, "too many wrong passwords; try again later")
	}
	return a, nil
}

// undo takes the attempt back: nothing was learned of the password.
func (a attempt) undo() {
	a.o.guesses.byName.Undo(a.pair(), 1)
	a.o.guesses.byAddress.Undo(a.from, 1)
}

// verify checks a password. A right one excuses the wrong ones before it.
func (a attempt) verify(w http.ResponseWriter, who *account.Account, password, wrong string) error {
	err := a.o.hasher.Verify(a.ctx, a.from, who, password)
	switch {
	case err == nil:
		a.o.guesses.byAddress.Undo(a.from, a.o.guesses.byName.Succeeded(a.pair()))
		return nil
	case errors.Is(err, account.ErrRefused):
		a.o.api.log.Warn("a password was refused", "name", a.name, "from", a.from)
		return fault.New(protocol.BadLogin, wrong)
	}
	a.undo()
	if errors.Is(err, account.ErrBusy) {
		a.o.api.dropped(dropLogins)
		w.Header().Set("Retry-After", strconv.Itoa(int(busyAfter/time.Second)))
		return fault.New(protocol.Unavailable, "too many people log in at this moment; try again")
	}
	return err
}

// tooMany refuses until some time has passed.
func tooMany(w http.ResponseWriter, wait time.Duration, why string) error {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return fault.New(protocol.TooMany, why)
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
