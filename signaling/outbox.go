package signaling

import (
	"sync"
	"time"

	"github.com/diemcau/diemcau/internal/fault"

	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

const (
	writeWithin = 10 * time.Second
	closeWithin = 2 * time.Second
	maxOutgoing = 128 // messages that may wait for a socket
)

// outbox is the sending half of a connection: a bounded queue that one goroutine, run, writes to the socket.
// The rest may be called from anywhere and never waits, but for write, which only queued jobs may use.
type outbox struct {
	ws      *websocket.Conn
	metrics *metrics
	out     chan func() error

	closeOnce sync.Once
	closing   chan struct{} // closed by close
	why       fault.Fault   // why; set before closing is closed
}

func newOutbox(ws *websocket.Conn, m *metrics) *outbox {
	return &outbox{ws: ws, metrics: m, out: make(chan func() error, maxOutgoing), closing: make(chan struct{})}
}

// run sends what is queued, and pings, until the connection closes. last runs before what is still queued then.
func (o *outbox) run(pingEvery time.Duration, last func()) {
	ping := time.NewTimer(untilPing(time.Now(), pingEvery))
	defer ping.Stop()
	for {
		var err error
		select {
		case job := <-o.out:
			err = job()
		case at := <-ping.C:
			ping.Reset(untilPing(at, pingEvery))
			err = o.write(protocol.Ping{T: at.UnixMilli()})
		case <-o.closing:
			last()
			o.farewell()
			return
		}
		if err != nil {
			o.close(fault.Fault{Close: websocket.CloseAbnormalClosure})
			o.ws.Close()
			return
		}
	}
}

// untilPing is how long to wait for the next ping: those of all connections fall on a few common instants, so that
// thousands of them wake the process a few times a second.
func untilPing(now time.Time, every time.Duration) time.Duration {
	const instants = 8
	next := now.Add(every)
	if step := every / instants; step > 0 {
		next = next.Truncate(step)
	}
	return next.Sub(now)
}

// farewell sends what is still queued and the close frame, and gives the page a moment to answer it.
func (o *outbox) farewell() {
	deadline := time.Now().Add(closeWithin)
	for {
		select {
		case job := <-o.out:
			if err := job(); err == nil && time.Now().Before(deadline) {
				continue
			}
		default:
		}
		break
	}
	_ = o.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(o.why.Close, o.why.Code), deadline)
	_ = o.ws.SetReadDeadline(deadline)
}

// write sends one message now; only the writer's goroutine may.
func (o *outbox) write(m protocol.Message) error {
	text, err := protocol.Encode(m, 0)
	if err != nil {
		return err
	}
	return o.writeText(text)
}

func (o *outbox) writeText(text []byte) error {
	if err := o.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return o.ws.WriteMessage(websocket.TextMessage, text)
}

// enqueue gives the writer a job. A page that does not read what it is sent is dropped: a State or Offer that
// it missed would leave it wrong without knowing.
func (o *outbox) enqueue(job func() error) {
	select {
	case <-o.closing:
		return
	default:
	}
	select {
	case o.out <- job:
	default:
		o.metrics.dropped(dropSlow)
		o.close(fault.Fault{Close: protocol.CloseSlow, Code: "slow"})
	}
}

// send queues a message; it is encoded by the writer.
func (o *outbox) send(m protocol.Message) { o.enqueue(func() error { return o.write(m) }) }

func (o *outbox) sendPrepared(p *websocket.PreparedMessage) { o.sendThen(p, func() {}) }

// sendThen calls written when the message has left for the socket.
func (o *outbox) sendThen(p *websocket.PreparedMessage, written func()) {
	o.enqueue(func() error {
		if err := o.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		if err := o.ws.WritePreparedMessage(p); err != nil {
			return err
		}
		written()
		return nil
	})
}

// close ends the connection once, with the first reason given. It does not wait.
func (o *outbox) close(f fault.Fault) {
	o.closeOnce.Do(func() {
		o.why = f
		close(o.closing)
	})
}
