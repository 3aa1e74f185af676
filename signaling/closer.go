package signaling

import (
	"sync"

	"github.com/diemcau/diemcau/internal/contain"
)

// closer is a media plane whose ends nobody waits for but the server when it closes: ending a peer or a stage may wait for
// DTLS and for sockets, which must not hold up a session.
type closer struct {
	Media
	panicked contain.Report
	ends     sync.WaitGroup
}

func (c *closer) end(f func(), what, id string) {
	c.ends.Go(func() { _ = contain.Run(c.panicked, func() error { f(); return nil }, what, id) })
}

// Close implements Media.
func (c *closer) Close(peerID string) { c.end(func() { c.Media.Close(peerID) }, "peer", peerID) }

// CloseSession implements Media.
func (c *closer) CloseSession(session string) {
	c.end(func() { c.Media.CloseSession(session) }, "session", session)
}
