package signaling

import (
	"context"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// SetPingEvery makes tests of silent connections short.
func (s *Server) SetPingEvery(d time.Duration) { s.pingEvery = d }

// SetPatience makes tests of a record that does not answer short; 0 is the default.
func (s *Server) SetPatience(d time.Duration) {
	if d == 0 {
		d = recordPatience
	}
	s.patience.Store(int64(d))
}

// Upset lets the coordinator of a session panic in its turn, and returns what the one who asked is told.
func (s *Server) Upset(ctx context.Context, session string) error {
	co, err := s.coordinator(ctx, session)
	if err != nil {
		return err
	}
	return co.call(ctx, request{prepare: func() meeting.Command { panic("of a test") }})
}

// UpsetReaders lets messages of a type panic where they are read; it comes before anyone sends one.
func (s *Server) UpsetReaders(t protocol.Type) {
	s.handlers[t] = func(context.Context, *conn, int64, protocol.Message) error { panic("of a test") }
}
