package udpio

import (
	"encoding/binary"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// batchSys is the memory of one sendmmsg, filled anew by each flush and never allocated after.
type batchSys struct {
	out  outbox
	redo outbox // the segments of one message the kernel refused to segment

	pending []mmsghdr             // what the running system call sends
	sent    int                   // how many of pending it sent
	errno   syscall.Errno         // why it stopped
	write   func(fd uintptr) bool // bound once, so that a flush allocates nothing
	sendmsg sendmmsgFunc          // this and wait are replaced by tests that inject errors
	wait    func(fd uintptr) bool // for room; false after too long
}

// sendmmsgFunc is sendmmsg(2) on a non-blocking descriptor: the messages sent, or why the first was not.
type sendmmsgFunc func(fd uintptr, msgs []mmsghdr) (int, syscall.Errno)

type outbox struct {
	msgs    [maxMessages]mmsghdr
	iovs    [maxMessages]unix.Iovec
	control [maxMessages][controlSize]byte
}

func (b *Batch) init() {
	b.sys.sendmsg, b.sys.wait = sendmmsg, waitForRoom
	b.sys.write = b.trySend
}

// set makes message i one datagram, or segments of size bytes if the data is longer.
func (o *outbox) set(i int, path *Path, data []byte, size int) {
	h := &o.msgs[i].hdr
	path.setTo(h)
	o.iovs[i].Base = &data[0]
	o.iovs[i].SetLen(len(data))
	h.Iov = &o.iovs[i]
	h.SetIovlen(1)
	if len(data) > size {
		c := o.control[i][:]
		n := copy(c, path.sys.control[:path.sys.ctrlLen])
		var seg [2]byte
		binary.NativeEndian.PutUint16(seg[:], uint16(size))
		n += putControl(c[n:], unix.SOL_UDP, unix.UDP_SEGMENT, seg[:])
		h.Control = &c[0]
		h.SetControllen(n)
	}
}

func (b *Batch) send() error {
	var segmented, packets uint64
	for i := range b.runs {
		r := &b.runs[i]
		b.sys.out.set(i, r.path, b.arena[r.off:r.off+r.len], r.size)
		packets += uint64(r.count)
		if r.count > 1 {
			segmented++
		}
	}
	c := &b.w.counters
	c.packets.Add(packets)
	c.bytes.Add(uint64(b.used))
	c.messages.Add(uint64(len(b.runs)))
	c.segmented.Add(segmented)
	return b.transmit(b.sys.out.msgs[:len(b.runs)], b.failed)
}

// transmit sends every message, asking failed what to do about each that the kernel refuses.
func (b *Batch) transmit(msgs []mmsghdr, failed func(i int, errno syscall.Errno) error) error {
	for done := 0; done < len(msgs); {
		s := &b.sys
		s.pending, s.sent, s.errno = msgs[done:], 0, 0
		if err := b.w.sys.raw.Write(s.write); err != nil {
			b.w.port.drops.Add(DropClosed, len(msgs)-done)
			return net.ErrClosed
		}
		done += s.sent
		if s.errno != 0 {
			if err := failed(done, s.errno); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

// trySend runs on the writer's descriptor, and waits while the socket has no room.
func (b *Batch) trySend(fd uintptr) bool {
	for {
		n, errno := b.sys.sendmsg(fd, b.sys.pending)
		b.w.counters.syscalls.Add(1)
		if errno == unix.EINTR {
			continue
		}
		if errno == unix.EAGAIN {
			b.w.counters.waits.Add(1)
			if b.sys.wait(fd) {
				continue
			}
			errno = unix.ENOBUFS
		}
		b.sys.sent, b.sys.errno = max(n, 0), errno
		return true
	}
}

// failed handles message i of the batch: a segmented one is sent again packet by packet, others are dropped.
func (b *Batch) failed(i int, errno syscall.Errno) error {
	r := &b.runs[i]
	if r.count == 1 || !refusesSegments(errno) {
		b.w.port.drops.Add(errnoReason(errno), r.count)
		return nil
	}
	b.w.counters.fallbacks.Add(1)
	if errno != unix.EINVAL && errno != unix.EMSGSIZE && b.w.port.gso.Swap(false) {
		// Not this path's MTU but the device or kernel: nothing is gained by asking again.
		b.w.port.log.Warn("UDP segmentation offload failed, sending packet by packet", "err", errno)
	}
	data, n := b.arena[r.off:r.off+r.len], 0
	for ; len(data) > 0; n++ {
		seg := data[:min(r.size, len(data))]
		data = data[len(seg):]
		b.sys.redo.set(n, r.path, seg, r.size)
	}
	return b.transmit(b.sys.redo.msgs[:n], b.dropped)
}

// dropped counts a single datagram that the kernel refused.
func (b *Batch) dropped(_ int, errno syscall.Errno) error {
	b.w.port.drops.Add(errnoReason(errno), 1)
	return nil
}

// refusesSegments tells errors that a single datagram may not meet: EIO from a device without checksum offload, EINVAL
// or EMSGSIZE from segments over the path's MTU, the others from kernels that do not know the option.
func refusesSegments(errno syscall.Errno) bool {
	return oneOf(errno, unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EOPNOTSUPP, unix.ENOPROTOOPT)
}
