package signaling

import (
	"context"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
)

// command carries a command out: through the session's owner, or on the record itself where no server runs and the
// administrator of the machine works on the data folder alone.
func (s *Server) command(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	s.mu.Lock()
	offline := !s.started && !s.closed
	s.mu.Unlock()
	if offline {
		return s.commandOffline(ctx, id, cmd, by)
	}
	coord, err := s.coordinator(ctx, id)
	if err != nil {
		return err
	}
	return coord.call(ctx, request{cmd: cmd, by: by})
}

// commandOnRecord carries a command out by the session's owner if there is one, otherwise on the record while nobody can take
// the session over.
func (s *Server) commandOnRecord(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	s.loading.Lock()
	if coord, err := s.loaded(id); err == nil && coord == nil {
		defer s.loading.Unlock()
		return s.commandOffline(ctx, id, cmd, by)
	}
	s.loading.Unlock()
	return s.command(ctx, id, cmd, by)
}

func (s *Server) commandOffline(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	session, head, err := ledger.Replay(id, s.record.Entries(ctx, id, 1), nil)
	if err != nil {
		return err
	}
	done, err := ledger.NewJournal(session, s.node, head).Do(cmd, by, time.Time{}, s.clock.Now())
	if err != nil {
		return err
	}
	return s.record.Append(ctx, id, session.Phase, done.Entries)
}
