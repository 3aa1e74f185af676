package signaling

import "time"

// SetPingEvery makes tests of silent connections short.
func (s *Server) SetPingEvery(d time.Duration) { s.pingEvery = d }

// SetPatience makes tests of a record that does not answer short; 0 is the default.
func (s *Server) SetPatience(d time.Duration) {
	if d == 0 {
		d = recordPatience
	}
	s.patience.Store(int64(d))
}

// Concerned is concerned.
var Concerned = concerned

// LoosenSeats lets tests ask faster than people do; it comes before anyone asks.
func (s *Server) LoosenSeats() { s.seats.most = 1000 }
