package peer

import (
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"github.com/diemcau/diemcau/sfu/pionlog"
)

const (
	// maxTCPPerPeer bounds the TCP connections of one PeerConnection: each of a client's interfaces opens one to each
	// candidate.
	maxTCPPerPeer = 32
	// tcpReadQueue bounds the packets that wait for a PeerConnection; then its TCP connection is read no further.
	tcpReadQueue = 64
	// tcpWriteQueue bounds the bytes that wait for a TCP connection: a publisher is sent reports only.
	tcpWriteQueue = 64 << 10
)

// TCPMux lends PeerConnections a TCP port that somebody else accepts on (RFC 6544, passive candidates). It knows the
// PeerConnections that have gathered their candidates, and takes connections for those only.
type TCPMux struct {
	*ice.TCPMuxDefault
	handed *handedListener

	mu    sync.Mutex
	peers map[string]*tcpPeer // by ufrag

	dropped atomic.Uint64
}

// tcpPeer is what a PeerConnection has of the port.
type tcpPeer struct {
	locals map[tcpLocal]int // candidates by local address
	open   int              // TCP connections
}

// tcpLocal is an address of this host on which candidates of a PeerConnection wait.
type tcpLocal struct {
	v6 bool
	ip string
}

// NewTCPMux returns a mux that announces the port of addr.
func NewTCPMux(addr net.Addr, log *slog.Logger) *TCPMux {
	handed := &handedListener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
	return &TCPMux{
		handed: handed, peers: map[string]*tcpPeer{},
		TCPMuxDefault: ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: handed, Logger: pionlog.Factory{Logger: log}.NewLogger("ice"),
			ReadBufferSize: tcpReadQueue, WriteBufferSize: tcpWriteQueue,
		}),
	}
}

// GetConnByUfrag makes the packet connection of a candidate.
func (m *TCPMux) GetConnByUfrag(ufrag string, v6 bool, local net.IP) (net.PacketConn, error) {
	conn, err := m.TCPMuxDefault.GetConnByUfrag(ufrag, v6, local)
	if err != nil {
		return nil, err
	}
	at := tcpLocal{v6, local.String()}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[ufrag]
	if p == nil {
		p = &tcpPeer{locals: map[tcpLocal]int{}}
		m.peers[ufrag] = p
	}
	p.locals[at]++
	return &tcpCandidate{PacketConn: conn, mux: m, ufrag: ufrag, at: at}, nil
}

// Take takes a connection whose first STUN request, not yet read, names ufrag. It reports false if there is no such
// PeerConnection, or if that has too many already.
func (m *TCPMux) Take(c net.Conn, ufrag string) bool {
	at, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	m.mu.Lock()
	p := m.peers[ufrag]
	local := p.local(at.IP)
	if local == nil || p.open >= maxTCPPerPeer {
		m.mu.Unlock()
		return false
	}
	p.open++
	m.mu.Unlock()
	taken := &takenConn{Conn: c, local: &net.TCPAddr{IP: local, Port: at.Port}, gone: func() {
		m.mu.Lock()
		p.open--
		m.mu.Unlock()
	}}
	select {
	case m.handed.conns <- taken:
		return true
	case <-m.handed.done:
		return false
	}
}

// RemoveConnByUfrag forgets a PeerConnection.
func (m *TCPMux) RemoveConnByUfrag(ufrag string) {
	m.mu.Lock()
	delete(m.peers, ufrag)
	m.mu.Unlock()
	m.TCPMuxDefault.RemoveConnByUfrag(ufrag)
}

// Dropped counts the packets that a TCP connection took too slowly or that had none any more.
func (m *TCPMux) Dropped() uint64 { return m.dropped.Load() }

func (m *TCPMux) release(ufrag string, at tcpLocal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[ufrag]
	if p == nil {
		return
	}
	if p.locals[at]--; p.locals[at] <= 0 {
		delete(p.locals, at)
	}
	if len(p.locals) == 0 {
		delete(m.peers, ufrag)
	}
}

// local finds the candidates that a connection to an address of this host is for: those of that address, or others of
// its family, since one that is announced for several addresses keeps the first.
func (p *tcpPeer) local(ip net.IP) net.IP {
	if p == nil {
		return nil
	}
	v6 := ip.To4() == nil
	if p.locals[tcpLocal{v6, ip.String()}] > 0 {
		return ip
	}
	for at := range p.locals {
		if at.v6 == v6 {
			return net.ParseIP(at.ip)
		}
	}
	return nil
}

// tcpCandidate is the packet connection of one candidate. It outlives the TCP connections that come and go.
type tcpCandidate struct {
	net.PacketConn
	mux   *TCPMux
	ufrag string
	at    tcpLocal
	once  sync.Once
}

// ReadFrom waits for a packet. That a TCP connection has ended is no error: the client may open another.
func (c *tcpCandidate) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err == nil || from == nil { // an error without an address is of the whole
			return n, from, err
		}
	}
}

func (c *tcpCandidate) WriteTo(b []byte, to net.Addr) (int, error) {
	n, err := c.PacketConn.WriteTo(b, to)
	if err != nil {
		c.mux.dropped.Add(1)
	}
	return n, err
}

func (c *tcpCandidate) Close() error {
	c.once.Do(func() { c.mux.release(c.ufrag, c.at) })
	return c.PacketConn.Close()
}

// takenConn has the address of the candidates that it is for.
type takenConn struct {
	net.Conn
	local net.Addr
	once  sync.Once
	gone  func()
}

func (c *takenConn) LocalAddr() net.Addr { return c.local }

func (c *takenConn) Close() error {
	c.once.Do(c.gone)
	return c.Conn.Close()
}

// handedListener accepts what it is handed.
type handedListener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *handedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *handedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *handedListener) Addr() net.Addr { return l.addr }
