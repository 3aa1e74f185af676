package signaling

import (
	"context"
	"errors"
	"sync"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// checkToken refuses an administrator's token that was revoked, or that the record has never had.
func (l Links) checkToken(ctx context.Context, h link.Holder) error {
	id := h.ID
	if id == "" {
		id = link.UnnumberedTokens
	}
	switch t, err := l.srv.record.AdminToken(ctx, id); {
	case errors.Is(err, store.ErrNotFound), err == nil && !t.RevokedAt.IsZero():
		return refusal(protocol.CodeBadToken, "the token was revoked")
	default:
		return err
	}
}

// given are the links of consoles that accounts were given, as far as they have ended while this server runs: what an account
// was given before is in force only if it carries the grant that stands here.
type given struct {
	mu     sync.Mutex
	grants map[string]string
}

func (g *given) set(name, grant string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.grants == nil {
		g.grants = map[string]string{}
	}
	g.grants[name] = grant
}

// check refuses a link that was given to an account and has ended with what that was.
func (g *given) check(h link.Holder) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if grant, changed := g.grants[h.Given]; h.Given != "" && changed && grant != h.Grant {
		return errGiven
	}
	return nil
}

var errGiven = refusal(protocol.CodeBadToken, "the account that was given this link is not what it was")

// checkGiven refuses the link of a console whose account was disabled, removed or changed.
func (l Links) checkGiven(ctx context.Context, h link.Holder) error {
	if h.Given == "" {
		return nil
	}
	switch a, err := l.srv.record.Account(ctx, h.Given); {
	case errors.Is(err, store.ErrNotFound), err == nil && (a.Disabled || a.LinkGrant != h.Grant):
		return errGiven
	default:
		return err
	}
}

// EndGiven ends the connections of links that an account was given with another grant, and refuses those from then on.
func (l Links) EndGiven(ctx context.Context, name, grant string) {
	l.srv.given.set(name, grant)
	l.srv.downloads.End(func(who access.Identity) bool {
		return who.Account != nil && who.Account.Name == name || l.srv.given.check(who.Holder) != nil
	})
	l.expelAll(ctx, func(who access.Identity) bool { return l.srv.given.check(who.Holder) != nil })
}

// EndRetired ends what was opened by tokens whose key is in force no more. Those that name no key may be its: who has such a
// one comes in again by it, if it is not.
func (l Links) EndRetired(ctx context.Context) {
	out := func(who access.Identity) bool {
		return who.Account == nil && (who.Key == "" || !l.srv.tokens.Keys().Trusts(who.Holder))
	}
	l.srv.downloads.End(out)
	l.expelAll(ctx, out)
}

// expelAll ends the connections of those who may no longer have them.
func (l Links) expelAll(ctx context.Context, refused func(access.Identity) bool) {
	for _, coord := range l.srv.all() {
		_ = coord.call(ctx, request{work: func() error {
			for c := range coord.audience.conns {
				if refused(c.who) {
					l.expelConn(coord, c)
				}
			}
			return nil
		}})
	}
}

// stands refuses a link whose key was retired, or that was given to an account and has ended with what that was.
func (l Links) stands(h link.Holder) error {
	if !l.srv.tokens.Keys().Trusts(h) {
		return refusal(protocol.CodeBadToken, "the key that signed the link was retired")
	}
	return l.srv.given.check(h)
}

// expelConn ends a connection in a later turn of the coordinator, in whose turn it is called.
func (l Links) expelConn(coord *coordinator, c *conn) {
	select {
	case coord.requests <- request{cmd: meeting.Disconnect{Endpoint: c.who.Endpoint, Conn: c.id, Clean: true, Why: meeting.EndRevoked}}:
	default: // the queue is full: the socket ends, and what it was is lost to the meeting as any other
		c.close(ending(meeting.EndRevoked))
	}
}
