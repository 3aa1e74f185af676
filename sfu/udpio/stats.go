package udpio

import (
	"errors"
	"net"
	"sync/atomic"
)

// DropReason names why a datagram was not sent or not delivered; it is a metric label and a log word.
type DropReason string

// The reasons, in the order they are counted.
const (
	DropUnreachable DropReason = "unreachable" // no route, or the host or port refuses
	DropRefused     DropReason = "refused"     // a local firewall said no
	DropNoBuffer    DropReason = "no_buffer"   // the kernel had no memory or queue for it
	DropTooBig      DropReason = "too_big"     // larger than the path allows
	DropClosed      DropReason = "closed"      // the port was closed
	DropSendError   DropReason = "send_error"  // any other error of the kernel
	DropUnclaimed   DropReason = "unclaimed"   // nobody read the unclaimed packets fast enough
	DropUnread      DropReason = "unread"      // came faster than the reader took it, or was damaged; the kernel's own count
)

// dropReasons are those that are counted here: all but DropUnread.
func dropReasons() [7]DropReason {
	return [...]DropReason{DropUnreachable, DropRefused, DropNoBuffer, DropTooBig, DropClosed, DropSendError, DropUnclaimed}
}

// drops counts datagrams by reason.
type drops [7]atomic.Uint64

func (d *drops) add(reason DropReason, n int) {
	for i, r := range dropReasons() {
		if r == reason {
			d[i].Add(uint64(n))
			return
		}
	}
}

// reasonOf maps an error of a send to the reason it is counted under.
func reasonOf(err error) DropReason {
	if errors.Is(err, net.ErrClosed) {
		return DropClosed
	}
	return errnoReason(err)
}

// counters of one writer, padded so that two writers do not share a cache line.
type counters struct {
	packets, bytes, messages, segmented, syscalls, waits, fallbacks atomic.Uint64
	_                                                               [64]byte
}

// Stats is a snapshot of a port's counters since it was opened.
type Stats struct {
	Packets   uint64 // datagrams sent in batches
	Bytes     uint64 // their payload
	Messages  uint64 // messages they were sent as; a segmented message holds several
	Segmented uint64 // messages sent with segmentation offload
	Syscalls  uint64
	Waits     uint64                // times a writer waited for room in the socket's send buffer
	Fallbacks uint64                // segmented messages that the kernel refused and that were sent packet by packet
	Drops     map[DropReason]uint64 // without DropUnread where the kernel does not tell it
}

// Stats sums the writers' counters.
func (p *Port) Stats() Stats {
	s := Stats{Drops: make(map[DropReason]uint64)}
	for _, w := range p.writers {
		c := &w.counters
		s.Packets += c.packets.Load()
		s.Bytes += c.bytes.Load()
		s.Messages += c.messages.Load()
		s.Segmented += c.segmented.Load()
		s.Syscalls += c.syscalls.Load()
		s.Waits += c.waits.Load()
		s.Fallbacks += c.fallbacks.Load()
	}
	for i, r := range dropReasons() {
		s.Drops[r] = p.drops[i].Load()
	}
	if n, ok := unread(p.conn); ok {
		s.Drops[DropUnread] = n
	}
	return s
}
