//go:build !linux

package udpio

import (
	"errors"
	"net"
	"net/netip"
)

// Elsewhere packets leave one by one, writers share one descriptor and the kernel chooses the source address.
type (
	pathSys  struct{}
	batchSys struct{}
	// writerSys sends on the one descriptor of the port.
	writerSys struct{}
)

func (*Path) init(bool) {}

func receiveLocalAddr(*net.UDPConn, bool) error { return nil }
func supportsGSO(*net.UDPConn) bool             { return false }
func unread(*net.UDPConn) (uint64, bool)        { return 0, false }

func duplicate(c *net.UDPConn) (*net.UDPConn, error) { return c, nil }

func errnoReason(error) DropReason { return DropSendError }

func (p *Port) openWriters(n int) error {
	for range n {
		p.writers = append(p.writers, &writer{port: p})
	}
	return nil
}

func (*writer) close() error { return nil }

func (p *Path) write(c *net.UDPConn, packet []byte) error {
	_, err := c.WriteToUDPAddrPort(packet, p.remote)
	return err
}

func (p *Port) read() {
	buf := make([]byte, MaxPacket)
	for {
		n, remote, err := p.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.deliver(buf[:n], unmap(remote), netip.Addr{})
		}
	}
}

func (b *Batch) init() {}

func (b *Batch) send() error {
	c := &b.w.counters
	for i := range b.runs {
		r := &b.runs[i]
		c.syscalls.Add(1)
		c.messages.Add(1)
		c.packets.Add(1)
		c.bytes.Add(uint64(r.len))
		if _, err := b.w.port.conn.WriteToUDPAddrPort(b.arena[r.off:r.off+r.len], r.path.remote); err != nil {
			b.w.port.drops.Add(reasonOf(err), 1)
			if errors.Is(err, net.ErrClosed) {
				return net.ErrClosed
			}
		}
	}
	return nil
}
