package signaling

import "sync"

// closer is a media plane whose ends nobody waits for but the server when it closes: ending a peer or a stage may wait for
// DTLS and for sockets, which must not hold up a session.
type closer struct {
	Media
	ends sync.WaitGroup
}

// Close implements Media.
func (c *closer) Close(peerID string) { c.ends.Go(func() { c.Media.Close(peerID) }) }

// CloseSession implements Media.
func (c *closer) CloseSession(session string) { c.ends.Go(func() { c.Media.CloseSession(session) }) }
