package signaling

import "time"

// SetPingEvery makes tests of silent connections short.
func (s *Server) SetPingEvery(d time.Duration) { s.pingEvery = d }

// Concerned is concerned.
var Concerned = concerned

// LoosenSeats lets tests ask faster than people do; it comes before anyone asks.
func (s *Server) LoosenSeats() { s.seats.most = 1000 }
