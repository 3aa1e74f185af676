package signaling

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// Messages returns the types of the messages that an attached connection may send, but leave and pong.
func Messages() []protocol.Type { return slices.Collect(maps.Keys(handlers())) }

// ZeroMessages has one of each type that Messages lists.
func ZeroMessages() []protocol.Message {
	return []protocol.Message{
		protocol.Answer{}, protocol.PeerFailed{}, protocol.Received{}, protocol.Receive{}, protocol.Frozen{}, protocol.Watch{Slot: "preview"}, protocol.Start{},
		protocol.End{},
		protocol.RaiseHand{}, protocol.LowerHand{}, protocol.StandBy{}, protocol.Grant{}, protocol.Revoke{}, protocol.Confirm{}, protocol.Mute{},
		protocol.Remove{},
		protocol.RollCall{}, protocol.RollCallAnswer{}, protocol.Headcount{}, protocol.Delegates{}, protocol.Lock{}, protocol.HandOver{}, protocol.Agenda{},
		protocol.Budget{}, protocol.SendMessage{}, protocol.Microphone{},
	}
}

// Admit asks in the coordinator's turn whether a message is admitted.
func (s *Server) Admit(ctx context.Context, who access.Identity, m protocol.Message) error {
	coord, err := s.coordinator(ctx, who.Session)
	if err != nil {
		return err
	}
	c := &conn{srv: s, who: who, coord: coord}
	return coord.call(ctx, request{admit: c.admits(m)})
}

// CodeOf is the stable name of an error, "" for none.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

// Stall keeps the coordinator of a session busy until release is called.
func (s *Server) Stall(session string) (release func()) {
	coord, err := s.coordinator(context.Background(), session)
	if err != nil {
		panic(err)
	}
	begun, over := make(chan struct{}), make(chan struct{})
	if err := coord.do(context.Background(), request{work: func() error { close(begun); <-over; return nil }}); err != nil {
		panic(err)
	}
	<-begun
	return sync.OnceFunc(func() { close(over) })
}

// ExpireLinks lets the links of a session be as if it were long over.
func (s *Server) ExpireLinks(session string) {
	coord, err := s.coordinator(context.Background(), session)
	if err != nil {
		panic(err)
	}
	err = coord.call(context.Background(), request{work: func() error {
		s := coord.session
		s.Phase, s.ScheduledAt, s.OpenedAt, s.StartedAt, s.EndedAt = meeting.PhaseOpen, time.Unix(0, 0), time.Time{}, time.Time{}, time.Time{}
		publish(coord)
		return nil
	}})
	if err != nil {
		panic(err)
	}
}
