package lean

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/internal/admission"
	"github.com/diemcau/diemcau/internal/contain"
	"github.com/diemcau/diemcau/sfu/udpio"
)

const (
	// tcpFirst is how long a new TCP connection may take to say whom it is for, and to prove that it may.
	tcpFirst = 10 * time.Second
	// tcpQueue bounds the bytes that wait for a TCP peer: a keyframe and a little more.
	tcpQueue = 256 << 10
)

// tcpLimits bound the TCP connections of a factory. Those of an address that have not authenticated are as many as the
// sites behind one NAT open at the same moment.
func tcpLimits() admission.Limits {
	return admission.Limits{Total: 4096, Unauthenticated: 512, PerAddress: 128, PerSeat: maxPaths}
}

// errTCP ends a TCP connection that does not speak ICE (RFC 6544) in frames (RFC 4571).
var errTCP = errors.New("lean: not ICE-TCP")

// tcpPeer is one TCP connection that a peer has opened to the passive candidate. Frames wait in a bounded buffer for
// its writer: a line that takes them too slowly loses them there, as UDP would on the way.
type tcpPeer struct {
	factory *Factory
	conn    net.Conn
	remote  netip.AddrPort
	local   netip.Addr
	ticket  *admission.Ticket
	proven  atomic.Bool // it has authenticated

	mu      sync.Mutex
	pending []byte // frames
	closed  bool
	wake    chan struct{}
}

// serveTCP accepts until the listener is closed.
func (f *Factory) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, most likely
			select {
			case <-time.After(time.Second):
				continue
			case <-f.done:
				return
			}
		}
		if t := f.newTCPPeer(c); t != nil {
			f.handshakes.Go(func() { t.contained(t.serve) })
		} else {
			f.drops.Add(DropTCPFull, 1)
			_ = c.Close()
		}
	}
}

func (f *Factory) newTCPPeer(c net.Conn) *tcpPeer {
	remote, ok1 := c.RemoteAddr().(*net.TCPAddr)
	local, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return nil
	}
	a := remote.AddrPort()
	t := &tcpPeer{
		factory: f, conn: c, wake: make(chan struct{}, 1),
		remote: netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), local: local.AddrPort().Addr().Unmap(),
	}
	t.ticket = f.gate.Enter(t.remote.Addr(), func() {
		f.drops.Add(DropTCPFull, 1)
		t.close()
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.ticket == nil || f.closed {
		t.ticket.Leave()
		return nil
	}
	f.tcp[t] = struct{}{}
	return t
}

// contained closes the connection if what works for it panics.
func (t *tcpPeer) contained(f func()) {
	if contain.Run(t.factory.cfg.Panicked, func() error { f(); return nil }, "from", t.remote) != nil {
		t.close()
	}
}

// serve hands what arrives to the connection that the first frame names. A TCP connection that names none of the
// factory's is offered to the others, with what was read of it.
func (t *tcpPeer) serve() {
	r, buf := bufio.NewReaderSize(t.conn, udpio.MaxPacket+2), make([]byte, udpio.MaxPacket)
	c, b := t.named(r, buf)
	if c == nil {
		if ufrag := requestUfrag(b); ufrag != nil && t.factory.cfg.UnclaimedTCP != nil {
			first := append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
			handed := &replayed{t.conn, io.MultiReader(bytes.NewReader(first), r), t.ticket}
			_ = t.conn.SetReadDeadline(time.Time{})
			if t.factory.cfg.UnclaimedTCP(handed, string(ufrag)) {
				t.vouch(string(ufrag))
				t.forget()
				return
			}
		}
		t.factory.drops.Add(DropTCPUnauthenticated, 1)
		t.close()
		return
	}
	defer t.close()
	t.factory.handshakes.Go(func() { t.contained(t.write) })
	for {
		c.worker.push(c, &datagram{data: b, remote: t.remote, local: t.local, tcp: t})
		t.live()
		var err error
		if b, err = readFrame(r, buf); err != nil {
			return
		}
	}
}

// prove takes note that the peer has authenticated.
func (t *tcpPeer) prove(ufrag string) {
	t.vouch(ufrag)
	t.proven.Store(true)
	t.live()
}

// vouch makes it no stranger any more, here and to whoever else counts the connections of this process.
func (t *tcpPeer) vouch(ufrag string) {
	t.ticket.Known(ufrag)
	admission.TicketOf(t.conn).Known("media " + ufrag)
}

// live gives a peer that has authenticated until its consent expires. Before that it has tcpFirst in all.
func (t *tcpPeer) live() {
	if t.proven.Load() {
		_ = t.conn.SetReadDeadline(time.Now().Add(consentExpiry))
	}
}

// named reads the first frame and finds the connection that it is for, nil if it is for none of the factory's.
func (t *tcpPeer) named(r io.Reader, buf []byte) (*conn, []byte) {
	_ = t.conn.SetReadDeadline(time.Now().Add(tcpFirst))
	b, err := readFrame(r, buf)
	if err != nil || requestUfrag(b) == nil {
		return nil, nil
	}
	return t.factory.find(b, t.remote), b
}

// replayed is a TCP connection whose first bytes were read and are read again.
type replayed struct {
	net.Conn
	r      io.Reader
	ticket *admission.Ticket
}

// Close implements net.Conn.
func (c *replayed) Close() error {
	c.ticket.Leave()
	return c.Conn.Close()
}

func (c *replayed) Read(b []byte) (int, error) { return c.r.Read(b) }

// readFrame reads one frame (RFC 4571 2) into buf.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n == 0 || n > len(buf) {
		return nil, errTCP
	}
	_, err := io.ReadFull(r, buf[:n])
	return buf[:n], err
}

// write sends what is pending whenever there is some.
func (t *tcpPeer) write() {
	defer t.close()
	var out []byte
	for range t.wake {
		t.mu.Lock()
		out, t.pending = t.pending, out[:0]
		t.mu.Unlock()
		_ = t.conn.SetWriteDeadline(time.Now().Add(consentExpiry))
		if _, err := t.conn.Write(out); err != nil {
			return
		}
	}
}

// begin returns the memory of a frame of size bytes, nil if there is no room; the caller fills it and calls end.
func (t *tcpPeer) begin(size int) []byte {
	t.mu.Lock()
	if t.closed || len(t.pending)+2+size > tcpQueue {
		t.mu.Unlock()
		t.factory.drops.Add(DropTCP, 1)
		return nil
	}
	t.pending = binary.BigEndian.AppendUint16(t.pending, uint16(size))
	n := len(t.pending)
	t.pending = append(t.pending, make([]byte, size)...)
	return t.pending[n:]
}

func (t *tcpPeer) end() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
	t.mu.Unlock()
}

// close ends both goroutines.
func (t *tcpPeer) close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.wake)
	}
	t.mu.Unlock()
	_ = t.conn.Close()
	t.ticket.Leave()
	t.forget()
}

func (t *tcpPeer) forget() {
	t.factory.mu.Lock()
	defer t.factory.mu.Unlock()
	delete(t.factory.tcp, t)
}
