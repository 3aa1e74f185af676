package udpio

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// unclaimedQueue bounds the packets waiting for a reader of the view: half a second of a busy publisher.
const unclaimedQueue = 1024

// maxPeers bounds the memory of whom the view has heard from; beyond it everything is learnt anew.
const maxPeers = 1024

// packet is a received datagram in a queue.
type packet struct {
	buf    [MaxPacket]byte
	n      int
	remote netip.AddrPort
}

// unclaimed is the view of a Port for what its handler leaves.
type unclaimed struct {
	port   *Port
	conn   *net.UDPConn // own descriptor: a deadline set here concerns nobody else
	queue  chan *packet
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	peers map[netip.AddrPort]*Path // by remote address, with the local one that it uses
}

func newUnclaimed(p *Port, conn *net.UDPConn) *unclaimed {
	return &unclaimed{
		port: p, conn: conn, queue: make(chan *packet, unclaimedQueue), closed: make(chan struct{}),
		peers: map[netip.AddrPort]*Path{},
	}
}

func (u *unclaimed) push(b []byte, remote netip.AddrPort, local netip.Addr) {
	u.learn(remote, local)
	pkt := u.port.packets.Get().(*packet)
	pkt.n, pkt.remote = copy(pkt.buf[:], b), remote
	select {
	case u.queue <- pkt:
	default:
		u.port.drops.Add(DropUnclaimed, 1)
		u.port.packets.Put(pkt)
	}
}

// learn remembers which of this host's addresses a peer uses, so that answers leave from it.
func (u *unclaimed) learn(remote netip.AddrPort, local netip.Addr) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p := u.peers[remote]; p != nil && p.local == local {
		return
	}
	if len(u.peers) >= maxPeers {
		clear(u.peers)
	}
	u.peers[remote] = u.port.Path(remote, local)
}

// ReadFromAddrPort waits for a packet; a longer one than b is cut.
func (u *unclaimed) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case pkt := <-u.queue:
		n, remote := copy(b, pkt.buf[:pkt.n]), pkt.remote
		u.port.packets.Put(pkt)
		return n, remote, nil
	case <-u.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (u *unclaimed) WriteToAddrPort(b []byte, remote netip.AddrPort) (int, error) {
	u.mu.Lock()
	p := u.peers[unmap(remote)]
	u.mu.Unlock()
	if p == nil {
		return u.conn.WriteToUDPAddrPort(b, remote)
	}
	return len(b), p.write(u.conn, b)
}

func (u *unclaimed) ReadFrom(b []byte) (int, net.Addr, error) {
	n, remote, err := u.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(remote), nil
}

func (u *unclaimed) WriteTo(b []byte, remote net.Addr) (int, error) {
	addr, ok := remote.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError(remote.String())
	}
	return u.WriteToAddrPort(b, addr.AddrPort())
}

func (u *unclaimed) LocalAddr() net.Addr { return u.port.conn.LocalAddr() }

// Close ends the view only, not the port.
func (u *unclaimed) Close() error {
	var err error
	u.once.Do(func() {
		close(u.closed)
		if u.conn != u.port.conn {
			err = u.conn.Close()
		}
	})
	return err
}

func (u *unclaimed) SetWriteDeadline(t time.Time) error { return u.conn.SetWriteDeadline(t) }

// SetReadDeadline is not supported: the mux that reads the view never sets one.
func (u *unclaimed) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

func (u *unclaimed) SetDeadline(time.Time) error { return errors.ErrUnsupported }
