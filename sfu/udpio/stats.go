package udpio

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/diemcau/diemcau/sfu/drop"
)

// DropReason names why a datagram was not sent or not delivered.
type DropReason uint8

// The reasons, in the order they are counted.
const (
	DropUnreachable DropReason = iota // no route, or the host or port refuses
	DropRefused                       // a local firewall said no
	DropNoBuffer                      // the kernel had no memory or queue for it
	DropTooBig                        // larger than the path allows
	DropClosed                        // the port was closed
	DropSendError                     // any other error of the kernel
	DropUnclaimed                     // nobody read the unclaimed packets fast enough
	DropUnread                        // came faster than the reader took it, or was damaged; the kernel's own count
	dropReasons                       // how many there are
)

// String is the label of a reason in metrics, and its word in logs.
func (r DropReason) String() string {
	return [dropReasons]string{
		DropUnreachable: "unreachable",
		DropRefused:     "refused",
		DropNoBuffer:    "no_buffer",
		DropTooBig:      "too_big",
		DropClosed:      "closed",
		DropSendError:   "send_error",
		DropUnclaimed:   "unclaimed",
		DropUnread:      "unread",
	}[r]
}

// drops counts datagrams by reason, but for DropUnread, which the kernel counts.
type drops = drop.Counts[DropReason]

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
	for r := range DropUnread {
		s.Drops[r] = p.drops.Of(r)
	}
	if n, ok := unread(p.conn); ok {
		s.Drops[DropUnread] = n
	}
	return s
}
