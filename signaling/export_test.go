package signaling

import "time"

// SetPingEvery makes tests of silent connections short.
func (s *Server) SetPingEvery(d time.Duration) { s.pingEvery = d }

// Concerned is concerned.
var Concerned = concerned
