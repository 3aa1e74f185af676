package signaling

import (
	"context"
	"errors"
	"time"

	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/store"
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
// the session over. What it erases goes from the files of the record, too.
func (s *Server) commandOnRecord(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	err := s.commandUnowned(ctx, id, cmd, by)
	if _, erases := cmd.(meeting.EraseNames); erases && err == nil {
		if err := s.record.EmptyLog(ctx); err != nil { // what is recorded is recorded
			s.metrics.leftInLog.Inc()
			s.log.Error("what was erased stays in the write-ahead log until it is written over", "session", id, "err", err)
		}
	}
	return err
}

// errOwned says that a session has an owner, or that none can be had.
var errOwned = errors.New("the session has an owner")

func (s *Server) commandUnowned(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) (err error) {
	const tries = 2 // the second one if an owner wrote, and went, meanwhile
	for range tries {
		if coord, missing := s.loaded(id); coord != nil || missing != nil {
			return s.command(ctx, id, cmd, by)
		}
		var made decided
		if made, err = s.decideOffline(ctx, id, cmd, by); err != nil {
			return err
		}
		if err = s.appendUnowned(ctx, id, made); errors.Is(err, errOwned) {
			return s.command(ctx, id, cmd, by)
		}
		if !errors.Is(err, store.ErrForked) {
			return err
		}
	}
	return err
}

// appendUnowned is append while nobody can take the session over; errOwned if somebody has.
func (s *Server) appendUnowned(ctx context.Context, id string, made decided) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	if coord, err := s.loaded(id); coord != nil || err != nil {
		return errOwned
	}
	return s.append(ctx, id, made)
}

func (s *Server) commandOffline(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) error {
	made, err := s.decideOffline(ctx, id, cmd, by)
	if err != nil {
		return err
	}
	return s.append(ctx, id, made)
}

// decided is what a command makes of a session that nobody has in memory.
type decided struct {
	phase   meeting.Phase
	entries []ledger.Entry
}

func (s *Server) decideOffline(ctx context.Context, id string, cmd meeting.Command, by meeting.Actor) (decided, error) {
	session, head, err := ledger.Replay(id, s.record.Entries(ctx, id, 1), nil)
	if err != nil {
		return decided{}, err
	}
	done, err := ledger.NewJournal(session, s.node, head).Do(cmd, by, time.Time{}, s.clock.Now())
	return decided{session.Phase, done.Entries}, err
}

// append records what was decided, and tells whoever follows the record.
func (s *Server) append(ctx context.Context, id string, made decided) error {
	if err := s.record.Append(ctx, id, made.phase, made.entries); err != nil {
		return err
	}
	s.recorded(id)
	return nil
}
