package signaling

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/signaling/protocol"
)

// MovedParameter marks, in the query of a page's address, a page that came because its node was gone: it is not sent back there.
const MovedParameter = "moved"

// Nodes are the other central nodes that share the record.
type Nodes interface {
	Others() []string // addresses of their pages
	Owner() string    // of the one that owns the record now; empty if that is this one or unknown
}

// withNodes adds to a welcome what the page of a session with so many seats has to know where another node may go on.
func withNodes(w protocol.Welcome, nodes Nodes, seats int) protocol.Welcome {
	if nodes != nil {
		w.Alternates, w.RetryMs = nodes.Others(), reconnectSpreadMs(seats)
	}
	return w
}

// turnAway tells a page where no sessions are run when to come back, and where to if another node runs them.
func turnAway(ws *websocket.Conn, nodes Nodes) {
	_ = ws.SetWriteDeadline(time.Now().Add(closeWithin))
	back := protocol.Reconnect{AfterMs: reconnectAfterMs / 2, SpreadMs: reconnectAfterMs}
	if nodes != nil {
		back.URL = nodes.Owner()
	}
	data, err := protocol.Encode(back, 0)
	if err == nil {
		_ = ws.WriteMessage(websocket.TextMessage, data)
	}
}

// Leave closes every socket of a server with word to come back, and waits a moment for that to go out. It asks nothing of coordinators or the
// record: the process is about to end, because another node may own the sessions.
func Leave(s *Server) {
	const within = 300 * time.Millisecond
	s.mu.Lock()
	var conns []*conn
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	var gone sync.WaitGroup
	for _, c := range conns {
		c.send(protocol.Reconnect{AfterMs: reconnectAfterMs, SpreadMs: reconnectSpreadMs(len(conns))})
		c.close(fault.Of(errStopped))
		gone.Go(func() { <-c.written })
	}
	all := make(chan struct{})
	go func() {
		gone.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-time.After(within):
	}
}
