package udpio

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writerSys is a writer's descriptor: a socket of its own on the port's address (SO_REUSEPORT), blocking as far as Go
// knows, so that it is in no epoll set. The kernel wakes those who wait on a socket for room at each packet that has
// left; on the socket that is read, that would be the thread that polls the network, for nothing.
type writerSys struct {
	file *os.File
	raw  syscall.RawConn
}

// openWriters opens n sockets that only send. Everything that arrives stays with the port's first socket.
func (p *Port) openWriters(n int) error {
	if err := setReusePort(p.conn); err != nil {
		return err
	}
	for range n {
		fd, err := p.openSender()
		if err != nil {
			return err
		}
		w := &writer{port: p}
		w.sys.file = os.NewFile(uintptr(fd), "udp")
		p.writers = append(p.writers, w)
		if w.sys.raw, err = w.sys.file.SyscallConn(); err != nil {
			return err
		}
	}
	return control(p.conn, func(fd int) error {
		// The classic BPF program returns 0: the first socket of the group.
		first := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &unix.SockFprog{Len: 1, Filter: &first})
	})
}

func setReusePort(c *net.UDPConn) error {
	return control(c, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
}

// openSender returns a socket bound to the port's address.
func (p *Port) openSender() (fd int, err error) {
	at := p.LocalAddr()
	var family, only int
	var sa unix.Sockaddr
	if p.inet6 {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16(), ZoneId: zoneIndex(at.Addr().Zone())}
		if err := control(p.conn, func(fd int) (err error) {
			only, err = unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
			return err
		}); err != nil {
			return 0, err
		}
	} else {
		family = unix.AF_INET
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	if fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unix.Close(fd))
		}
	}()
	if p.inet6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return 0, err
		}
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, err
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer) // less only means earlier waits
	if err := unix.Bind(fd, sa); err != nil {
		return 0, fmt.Errorf("a second socket on %v: %w", at, err)
	}
	return fd, nil
}

func (w *writer) close() error { return w.sys.file.Close() }

// sendmmsg never sleeps, it computes for a few hundred microseconds; told of it, the Go scheduler would hand the
// processor's work to another thread meanwhile, which costs more than it gives.
func sendmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// roomTimeout bounds a wait for room, in milliseconds. A send buffer is far shorter than that on any network card that
// still sends.
const roomTimeout = 100

// waitForRoom sleeps until a socket takes more, and reports whether it does.
func waitForRoom(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(fds, roomTimeout)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}
