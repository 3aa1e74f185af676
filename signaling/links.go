package signaling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/ledger"

	"github.com/diemcau/diemcau/link"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// serialsOf reads which links of a session are in force: the serial of each, 0 where it was revoked.
func serialsOf(ctx context.Context, rec Record, session string) (map[string]int, error) {
	issued, err := rec.Links(ctx, session)
	if err != nil {
		return nil, fmt.Errorf("links of session %s: %w", session, err)
	}
	serials := make(map[string]int, len(issued))
	for _, l := range issued {
		serials[l.Endpoint] = 0
		if l.RevokedAt.IsZero() {
			serials[l.Endpoint] = l.Serial
		}
	}
	return serials, nil
}

// linkSites takes over the first links of sites that were added, as the record has them.
func linkSites(c *coordinator, outcomes []outcome) {
	for _, o := range outcomes {
		for _, ev := range o.events {
			if added, ok := ev.(*meeting.SitesAdded); ok {
				for _, ep := range added.Endpoints {
					c.seats.Set(ep.Code, 1)
				}
			}
		}
	}
}

// Links are the links of a server's sessions: which are in force, and who holds one.
type Links struct{ srv *Server }

// Links returns those of a server.
func (s *Server) Links() Links { return Links{s} }

// Identify returns the holder of a token that is genuine and was not revoked, with the seat that a link opens.
func (l Links) Identify(ctx context.Context, token string) (access.Identity, error) {
	if token == "" {
		return access.Identity{}, refusal(protocol.CodeBadToken, "no token")
	}
	holder, err := l.srv.tokens.Verify(token, l.srv.clock.Now())
	if err != nil {
		return access.Identity{}, refusal(protocol.CodeBadToken, err.Error())
	}
	who := access.Identity{Holder: holder}
	if who.Admin() {
		return who, l.checkToken(ctx, holder)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l.srv.patience.Load()))
	defer cancel()
	if who.Seat, err = l.seatOf(ctx, holder); err != nil {
		return access.Identity{}, err
	}
	if err := l.checkGiven(ctx, holder); err != nil {
		return access.Identity{}, err
	}
	return who, nil
}

// seatOf returns the seat of a link's holder as the session has it now, or why the link is refused. A server that does not
// run its sessions looks into the record.
func (l Links) seatOf(ctx context.Context, h link.Holder) (link.Seat, error) {
	if err := l.srv.known(ctx, h.Session); err != nil {
		return link.Seat{}, refusal(protocol.CodeBadToken, link.ErrForeign.Error())
	}
	var seats *link.Seats
	c, err := l.srv.coordinator(ctx, h.Session)
	switch {
	case err == nil:
		seats = c.seats
	case errors.Is(err, errStopped):
		session, _, err := ledger.Replay(h.Session, l.srv.record.Entries(ctx, h.Session, 1), nil)
		if err != nil {
			return link.Seat{}, err
		}
		serials, err := serialsOf(ctx, l.srv.record, h.Session)
		if err != nil {
			return link.Seat{}, err
		}
		seats = &link.Seats{}
		seats.Load(serials)
		seats.Follow(&session.View)
	default:
		return link.Seat{}, err
	}
	seat, err := seats.Check(h, l.srv.clock.Now())
	if errors.Is(err, link.ErrUnknown) && c != nil && c.unread != nil {
		return seat, c.unread
	}
	return seat, linkFault(err)
}

// Change reissues or revokes the link of a seat in the coordinator's turn: who came by the one before is out when it
// returns, and whose link was checked before it is refused after it. change returns the serial that is valid then, 0 for none.
func (l Links) Change(
	ctx context.Context, session, code string, change func(ctx context.Context, session, code string) (int, error),
) (serial int, err error) {
	ctx = context.WithoutCancel(ctx) // a change that has begun is seen through
	coord, err := l.srv.coordinator(ctx, session)
	if errors.Is(err, errStopped) { // nobody is connected to a session that does not run
		return change(ctx, session, code)
	}
	if err != nil {
		return 0, err
	}
	put := func() (err error) {
		if serial, err = change(ctx, session, code); err == nil {
			coord.seats.Set(code, serial)
		}
		return err
	}
	work := func() error {
		err := put()
		if err == nil {
			uncontested(coord.audience, code)
		}
		return err
	}
	if err = coord.call(ctx, request{work: work}); isBroken(err) {
		err = put() // a session that is stopped lets nobody in, but its links can be ended
	}
	if err == nil {
		l.expel(ctx, coord, code)
	}
	return serial, err
}

// isBroken reports whether a session refused because it is stopped.
func isBroken(err error) bool { return err != nil && fault.Of(err).Code == string(protocol.CodeBroken) }

// expel ends what an endpoint has open by links that are no longer valid.
func (l Links) expel(ctx context.Context, coord *coordinator, code string) {
	_ = coord.call(ctx, request{prepare: func() meeting.Command {
		cmd := meeting.Disconnect{Endpoint: code, Clean: true, Why: meeting.EndRevoked}
		if m := coord.audience.members[code]; m != nil && m.conn != nil {
			if _, err := coord.seats.Check(m.conn.who.Holder, coord.clock.Now()); err != nil {
				cmd.Conn = m.conn.id
			}
		}
		return cmd // refused as stale when nobody is there
	}})
	l.shut(coord, code)
}

// shut ends what a seat has open besides its connection, as far as it is refused now.
func (l Links) shut(coord *coordinator, code string) {
	l.srv.downloads.End(func(who access.Identity) bool {
		if who.Session != coord.id || who.Endpoint != code {
			return false
		}
		now, err := coord.seats.Check(who.Holder, coord.clock.Now())
		return err != nil || now.Removed || now.Withdrawn
	})
}
