package signaling

import (
	"context"
	"errors"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// Live are the sessions of a server, for who asks and commands without a socket. A server that was not started has none in
// memory; then it answers from the record.
type Live struct{ srv *Server }

// Live returns those of a server.
func (s *Server) Live() Live { return Live{s} }

// Known refuses an id that no session has.
func (l Live) Known(ctx context.Context, id string) error { return l.srv.known(ctx, id) }

// Running reports whether a session is in memory.
func (l Live) Running(id string) bool {
	c, err := l.srv.loaded(id)
	return c != nil && err == nil
}

// Listed takes note of a session as the list has it, and as it is if it was read, and returns how the list contradicts the
// ledger; empty if it does not.
func (l Live) Listed(ctx context.Context, row store.SessionRow, s *meeting.View) (contradiction string) {
	l.srv.listed.listed(row)
	if s != nil && differ(row, s) != (saying{}) && l.stands(ctx, row, &s) {
		l.srv.listed.compare(row, s)
	}
	return l.srv.listed.of(row.ID)
}

// stands tells whether the list says the same still after a turn of the session's owner, which sets s to what was on record
// then. One of the two may have been read before a commit and the other after it, which is no contradiction.
func (l Live) stands(ctx context.Context, row store.SessionRow, s **meeting.View) bool {
	if c, err := l.srv.loaded(row.ID); err == nil && c != nil {
		if err := c.call(ctx, request{work: func() error { return nil }}); err != nil {
			return false
		}
		if *s, err = viewOf(ctx, c); err != nil {
			return false
		}
	}
	again, err := l.srv.record.Session(ctx, row.ID)
	return err == nil && again.Title == row.Title && again.Noted == row.Noted
}

// View returns a session as it is now: as its owner published it, or from the record where the server runs none. It waits for
// no turn of the owner, and never changes.
func (l Live) View(ctx context.Context, id string) (*meeting.View, error) {
	if err := l.Known(ctx, id); err != nil {
		return nil, err
	}
	switch c, err := l.srv.coordinator(ctx, id); {
	case err == nil:
		return viewOf(ctx, c)
	case !errors.Is(err, errStopped):
		return nil, err
	}
	s, _, err := ledger.Replay(id, l.srv.record.Entries(ctx, id, 1), nil)
	if err != nil {
		return nil, err
	}
	return &s.View, nil
}

// Adopt runs a session that has just been recorded, unless none are run.
func (l Live) Adopt(ctx context.Context, id string) error {
	if !l.srv.serving() {
		return nil
	}
	_, err := l.srv.coordinator(ctx, id)
	return err
}

// Command carries a command out: through the session's owner, or on the record itself where no server runs and the
// administrator of the machine works on the data folder alone.
func (l Live) Command(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	return l.srv.command(ctx, id, cmd, by)
}

// Line tells how the stage reaches a site that is connected. It waits for no turn of the session's owner.
func (l Live) Line(ctx context.Context, id, code string) (view LineView, err error) {
	c, err := l.srv.coordinator(ctx, id)
	if err != nil {
		return view, err
	}
	if _, err := viewOf(ctx, c); err != nil {
		return view, err
	}
	there, ok := c.seated.Load(code)
	if !ok {
		return view, &meeting.Error{Code: meeting.CodeNotConnected, Detail: code}
	}
	page := there.(*conn) //nolint:forcetypeassert // nothing else is put there
	line, ok := l.srv.media.Line(page.peers.id(PeerViewer))
	if !ok {
		return view, refusal(protocol.CodeNotFound, "nothing is sent to "+code)
	}
	return viewLine(line, page.peers.receives(), &page.freezes), nil
}

// CommandOnRecord is Command that leaves a session where it is: on the record alone, if nobody has it in memory. So a command
// for every session of the past does not load them all.
func (l Live) CommandOnRecord(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	return l.srv.commandOnRecord(ctx, id, cmd, by)
}
