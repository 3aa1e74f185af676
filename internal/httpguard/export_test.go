package httpguard

import "time"

// Hurry makes the time that a body and a piece of an answer may take short.
func (g *Guard) Hurry(d time.Duration) { g.bodyWithin, g.writeWithin = d, d }
