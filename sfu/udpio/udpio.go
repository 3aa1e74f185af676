// Package udpio holds the UDP side of the media plane: one port, one descriptor per writer, batched sends
// (sendmmsg with UDP generic segmentation offload where the kernel has it) and drops counted by reason.
//
// Everything that arrives is offered to the port's Handler first; what it does not claim is read from the
// net.PacketConn that Unclaimed returns, so that a pion ice.UDPMux can share the port.
package udpio

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// MaxPacket is the largest datagram that is received whole, in bytes. Media and signalling of WebRTC stay below the
// Ethernet MTU.
const MaxPacket = 1600

// socketBuffer is asked of the kernel for each direction; it grants what net.core.{r,w}mem_max allow.
const socketBuffer = 4 << 20

// Config says how a Port is opened.
type Config struct {
	// Addr to bind. An unspecified IPv6 address takes IPv4 too where the system has dual-stack sockets; the zero value
	// is every interface and a port of the kernel's choice.
	Addr netip.AddrPort
	// Writers is the number of descriptors for batched sends, at least 1.
	Writers int
	// DisableGSO sends every packet as a message of its own.
	DisableGSO bool
	// Logger defaults to one that discards.
	Logger *slog.Logger
}

// Handler is offered each datagram by the port's reader and must not block. The packet is valid during the call only;
// local is the address it was sent to, invalid where the system does not tell. It reports whether it took the packet.
type Handler func(packet []byte, remote netip.AddrPort, local netip.Addr) (claimed bool)

// Port is one UDP port shared by all connections of a node.
type Port struct {
	log       *slog.Logger
	conn      *net.UDPConn // read by the reader, written by Send
	writers   []*writer
	handler   atomic.Pointer[Handler]
	unclaimed *unclaimed
	inet6     bool        // the socket's family: addresses are IPv6 or IPv4-mapped
	gso       atomic.Bool // off for good after the kernel could not do it
	packets   sync.Pool   // *packet
	drops     drops
	reader    sync.WaitGroup
}

// writer is one descriptor of the port: Go serialises the writes on a descriptor.
type writer struct {
	port     *Port
	sys      writerSys
	counters counters
}

// Listen opens the port and starts its reader.
func Listen(cfg Config) (*Port, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var bind *net.UDPAddr
	if cfg.Addr.IsValid() {
		bind = net.UDPAddrFromAddrPort(cfg.Addr)
	}
	conn, err := net.ListenUDP("udp", bind)
	if err != nil {
		return nil, err
	}
	p := &Port{log: cfg.Logger, conn: conn, inet6: isInet6(conn)}
	p.packets.New = func() any { return new(packet) }
	// Smaller buffers than asked for only mean earlier drops under load.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	if err := p.open(cfg); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.reader.Go(p.read)
	return p, nil
}

func (p *Port) open(cfg Config) error {
	if err := receiveLocalAddr(p.conn, p.inet6); err != nil {
		return fmt.Errorf("ask for local addresses: %w", err)
	}
	p.gso.Store(!cfg.DisableGSO && supportsGSO(p.conn))
	if err := p.openWriters(max(1, cfg.Writers)); err != nil {
		return fmt.Errorf("open the writers: %w", err)
	}
	dup, err := duplicate(p.conn)
	if err != nil {
		return fmt.Errorf("duplicate the descriptor: %w", err)
	}
	p.unclaimed = newUnclaimed(p, dup)
	return nil
}

// LocalAddr is the address the port is bound to.
func (p *Port) LocalAddr() netip.AddrPort {
	return unmap(p.conn.LocalAddr().(*net.UDPAddr).AddrPort())
}

// GSO reports whether runs of equal packets leave as one segmented message.
func (p *Port) GSO() bool { return p.gso.Load() }

// Claim sets the handler that is offered every datagram first; nil leaves everything to Unclaimed.
func (p *Port) Claim(h Handler) {
	if h == nil {
		p.handler.Store(nil)
		return
	}
	p.handler.Store(&h)
}

// Unclaimed is a view of the port that receives what the handler did not claim. It has the allocation-free
// ReadFromAddrPort and WriteToAddrPort of ice.AddrPortReaderWriter.
func (p *Port) Unclaimed() net.PacketConn { return p.unclaimed }

// NewBatch returns a batch on the descriptor of writer i, modulo their number.
func (p *Port) NewBatch(i int) *Batch { return newBatch(p.writers[i%len(p.writers)]) }

// Send sends one datagram at once, for what is rare: STUN answers, handshakes, RTCP.
func (p *Port) Send(path *Path, packet []byte) error {
	err := path.write(p.conn, packet)
	if err != nil {
		p.drops.Add(reasonOf(err), 1)
	}
	return err
}

// Close closes every descriptor and waits for the reader. Batches and the view return net.ErrClosed from then on.
func (p *Port) Close() error {
	errs := []error{p.conn.Close()}
	for _, w := range p.writers {
		errs = append(errs, w.close())
	}
	if p.unclaimed != nil {
		errs = append(errs, p.unclaimed.Close())
	}
	p.reader.Wait()
	return errors.Join(errs...)
}

// deliver hands one received datagram to the handler or the view.
func (p *Port) deliver(b []byte, remote netip.AddrPort, local netip.Addr) {
	if h := p.handler.Load(); h != nil && (*h)(b, remote, local) {
		return
	}
	p.unclaimed.push(b, remote, local)
}

// isInet6 tells the family of the socket: that of the address it is bound to, [::] if dual-stack.
func isInet6(c *net.UDPConn) bool {
	return c.LocalAddr().(*net.UDPAddr).IP.To4() == nil
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
