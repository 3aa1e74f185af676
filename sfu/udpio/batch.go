package udpio

const (
	// maxMessages bounds one flush; beyond ~100 messages a system call amortises nothing more.
	maxMessages = 128
	// arenaSize bounds the bytes of one flush: small enough to stay in a core's cache between sealing and sending.
	arenaSize = 256 << 10
	// maxSegments of one message, the kernel's UDP_MAX_SEGMENTS before 6.9.
	maxSegments = 64
	// maxMessage is the largest UDP payload over IPv6 without jumbograms, the smaller of the two families' limits.
	maxMessage = 65535 - 40 - 8
)

// Batch collects sealed packets of one writer until they leave together. It is used by one goroutine at a time. The
// zero Batch holds nothing and Flush of it does nothing.
//
// Packets are written back to back into one reused arena. Consecutive packets to the same path become one segmented
// message as long as they are equally long, only the last may be shorter; so a caller that goes viewer by viewer, not
// packet by packet, sends the least messages.
//
// A packet is complete when it is appended, so a time of sending inside it (abs-send-time) is as old when it leaves as the
// packets behind it took to append: at most arenaSize bytes, less than a millisecond.
type Batch struct {
	w     *writer
	arena []byte
	used  int
	runs  []run
	sys   batchSys
}

// run is one message: count packets of size bytes, the last maybe shorter, at arena[off:off+len].
type run struct {
	path           *Path
	off, len, size int
	count          int
	closed         bool
}

func newBatch(w *writer) *Batch {
	b := &Batch{w: w, arena: make([]byte, arenaSize), runs: make([]run, 0, maxMessages)}
	b.init()
	return b
}

// Append adds a packet of size bytes to path and returns its memory for the caller to fill before the next call. It
// flushes first when the batch is full. It returns nil for a size out of 1..MaxPacket.
func (b *Batch) Append(path *Path, size int) []byte {
	if size < 1 || size > MaxPacket || b.w == nil {
		return nil
	}
	extends := b.extends(path, size)
	if b.used+size > len(b.arena) || (!extends && len(b.runs) == maxMessages) {
		_ = b.Flush() // a closed port shows at the caller's own Flush
		extends = false
	}
	off := b.used
	b.used += size
	if extends {
		r := &b.runs[len(b.runs)-1]
		r.len += size
		r.count++
		r.closed = size < r.size
	} else {
		b.runs = append(b.runs, run{path: path, off: off, len: size, size: size, count: 1})
	}
	return b.arena[off:b.used:b.used]
}

// extends reports whether a packet may join the last message.
func (b *Batch) extends(path *Path, size int) bool {
	if len(b.runs) == 0 || !b.w.port.gso.Load() {
		return false
	}
	r := &b.runs[len(b.runs)-1]
	return r.path == path && !r.closed && size <= r.size && r.count < maxSegments && r.len+size <= maxMessage
}

// Flush sends what the batch holds. What could not be sent is dropped and counted, never kept; the only error is
// net.ErrClosed.
func (b *Batch) Flush() error {
	if len(b.runs) == 0 {
		return nil
	}
	defer func() { b.runs, b.used = b.runs[:0], 0 }() // after a panic too, or it would come again with each flush
	return b.send()
}
