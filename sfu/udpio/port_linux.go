package udpio

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readBatch datagrams are taken from the socket at once.
const readBatch = 32

// readPause is the least time between two wakings of the reader, as a network card moderates its interrupts. A thousand
// viewers report six thousand times a second, and to wake the process costs more than to read a report.
const readPause = 2 * time.Millisecond

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// pathSys is a path as the kernel wants it.
type pathSys struct {
	name    unix.RawSockaddrInet6
	nameLen uint32
	control [controlSize]byte // IP(V6)_PKTINFO with the local address
	ctrlLen int
}

// controlSize has room for a packet's source address and its segment size.
const controlSize = 64

func (p *Path) init(inet6 bool) {
	s := &p.sys
	if inet6 {
		s.nameLen = unix.SizeofSockaddrInet6
		s.name.Family = unix.AF_INET6
		s.name.Addr = p.remote.Addr().As16()
		s.name.Scope_id = zoneIndex(p.remote.Addr().Zone())
		putPort(&s.name.Port, p.remote.Port())
		if p.local.IsValid() && !p.local.IsUnspecified() {
			info := unix.Inet6Pktinfo{Addr: p.local.As16()}
			s.ctrlLen = putControl(s.control[:], unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, asBytes(&info))
		}
		return
	}
	s.nameLen = unix.SizeofSockaddrInet4
	sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name))
	sa.Family = unix.AF_INET
	if p.remote.Addr().Is4() {
		sa.Addr = p.remote.Addr().As4()
	}
	putPort(&sa.Port, p.remote.Port())
	if p.local.Is4() && !p.local.IsUnspecified() {
		info := unix.Inet4Pktinfo{Spec_dst: p.local.As4()}
		s.ctrlLen = putControl(s.control[:], unix.IPPROTO_IP, unix.IP_PKTINFO, asBytes(&info))
	}
}

// setTo points a message at the path.
func (p *Path) setTo(h *unix.Msghdr) {
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&p.sys.name)), p.sys.nameLen
	h.Control = nil
	if p.sys.ctrlLen > 0 {
		h.Control = &p.sys.control[0]
	}
	h.SetControllen(p.sys.ctrlLen)
}

func putPort(field *uint16, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(field))[:], port)
}

func asBytes[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

// putControl writes one control message and returns the room it takes.
func putControl(b []byte, level, typ int32, data []byte) int {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = level, typ
	h.SetLen(unix.CmsgLen(len(data)))
	copy(b[unix.CmsgLen(0):], data)
	return unix.CmsgSpace(len(data))
}

func receiveLocalAddr(c *net.UDPConn, inet6 bool) error {
	return control(c, func(fd int) error {
		if inet6 {
			return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
}

func supportsGSO(c *net.UDPConn) bool {
	return control(c, func(fd int) error {
		_, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT)
		return err
	}) == nil
}

// unread is how many datagrams the kernel dropped that had come to the socket, modulo 2^32 (SO_MEMINFO, Linux 4.12).
func unread(c *net.UDPConn) (n uint64, ok bool) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	err := control(c, func(fd int) error {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
	return uint64(info[unix.SK_MEMINFO_DROPS]), err == nil && size == uint32(unsafe.Sizeof(info))
}

// duplicate returns a second descriptor of the same socket.
func duplicate(c *net.UDPConn) (*net.UDPConn, error) {
	var dup int
	if err := control(c, func(fd int) (err error) {
		dup, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		return err
	}); err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(dup), "udp")
	defer f.Close() // FilePacketConn has its own
	pc, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	return pc.(*net.UDPConn), nil
}

func control(c *net.UDPConn, fn func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = fn(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// write sends one datagram at once.
func (p *Path) write(c *net.UDPConn, packet []byte) error {
	_, _, err := c.WriteMsgUDPAddrPort(packet, p.sys.control[:p.sys.ctrlLen], p.remote)
	return err
}

func errnoReason(err error) DropReason {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return DropSendError
	}
	switch {
	case oneOf(errno, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ECONNREFUSED, unix.EADDRNOTAVAIL, unix.ENETDOWN,
		unix.EHOSTDOWN):
		return DropUnreachable
	case oneOf(errno, unix.EPERM, unix.EACCES):
		return DropRefused
	case oneOf(errno, unix.ENOBUFS, unix.ENOMEM):
		return DropNoBuffer
	case errno == unix.EMSGSIZE:
		return DropTooBig
	default:
		return DropSendError
	}
}

func oneOf(errno syscall.Errno, list ...syscall.Errno) bool { return slices.Contains(list, errno) }

// inbox is the memory of one recvmmsg.
type inbox struct {
	msgs    [readBatch]mmsghdr
	iovs    [readBatch]unix.Iovec
	names   [readBatch]unix.RawSockaddrInet6
	control [readBatch][controlSize]byte
	bufs    [readBatch][MaxPacket]byte
}

// read takes datagrams off the socket until it is closed.
func (p *Port) read() {
	raw, err := p.conn.SyscallConn()
	if err != nil {
		return
	}
	in := new(inbox)
	var n int
	recv := func(fd uintptr) bool {
		in.reset()
		for {
			r, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&in.msgs[0])), readBatch, 0, 0, 0)
			if errno == unix.EINTR {
				continue
			}
			if errno == unix.EAGAIN {
				return false
			}
			if n = int(r); errno != 0 {
				n = 0 // a pending ICMP error: nothing was read, nothing is wrong with the socket
			}
			return true
		}
	}
	for last := time.Now(); raw.Read(recv) == nil; {
		for i := range n {
			remote, ok := in.remote(i)
			if !ok {
				continue
			}
			p.deliver(in.bufs[i][:min(int(in.msgs[i].len), MaxPacket)], remote, in.local(i))
		}
		if n == readBatch { // there may be more
			continue
		}
		if now := time.Now(); now.Sub(last) < readPause {
			time.Sleep(readPause)
		}
		last = time.Now()
	}
}

func (in *inbox) reset() {
	for i := range in.msgs {
		in.iovs[i].Base = &in.bufs[i][0]
		in.iovs[i].SetLen(MaxPacket)
		h := &in.msgs[i].hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&in.names[i])), unix.SizeofSockaddrInet6
		h.Iov = &in.iovs[i]
		h.SetIovlen(1)
		h.Control = &in.control[i][0]
		h.SetControllen(controlSize)
	}
}

func (in *inbox) remote(i int) (netip.AddrPort, bool) {
	name := &in.names[i]
	switch name.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), port(&sa.Port)), true
	case unix.AF_INET6:
		a := netip.AddrFrom16(name.Addr).Unmap()
		if name.Scope_id != 0 && a.Is6() {
			a = a.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
		}
		return netip.AddrPortFrom(a, port(&name.Port)), true
	default:
		return netip.AddrPort{}, false
	}
}

func port(field *uint16) uint16 { return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(field))[:]) }

// local finds the destination address in the packet's control messages.
func (in *inbox) local(i int) netip.Addr {
	b := in.control[i][:min(int(in.msgs[i].hdr.Controllen), controlSize)]
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		end := int(h.Len)
		if end < unix.CmsgLen(0) || end > len(b) {
			break
		}
		data := b[unix.CmsgLen(0):end]
		switch {
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			return netip.AddrFrom16([16]byte(data[:16])).Unmap()
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			return netip.AddrFrom4([4]byte(data[8:12])) // ipi_addr, the header's destination
		}
		b = b[min(len(b), unix.CmsgSpace(len(data))):]
	}
	return netip.Addr{}
}
