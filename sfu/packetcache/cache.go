package packetcache

import (
	"sync"
	"time"
)

const (
	minSize = 64
	// maxSize bounds a cache to about 1.2 MB of payloads, more than a second of 8 Mbit/s.
	maxSize = 1024
)

// Cache holds the packets of one rendition that are younger than its age limit, at most 1,024 of them.
// The zero value is not ready; use New. It is safe for concurrent use.
type Cache struct {
	maxAge int64

	mu       sync.Mutex
	ring     []*Packet // indexed by Seq modulo its length, a power of two
	newest   uint16
	oldest   uint16 // nothing before it is held
	filled   bool
	keyframe uint16 // sequence number of the last keyframe's first packet
	hasKey   bool
}

// New returns an empty cache that keeps packets for maxAge.
func New(maxAge time.Duration) *Cache {
	return &Cache{maxAge: int64(maxAge)}
}

// Put stores a packet. A packet older than everything held is ignored, so is a second one of the same number.
func (c *Cache) Put(p *Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.filled {
		c.ring = make([]*Packet, minSize)
		c.newest, c.oldest, c.filled = p.Seq, p.Seq, true
	}
	switch ahead := int16(p.Seq - c.newest); {
	case ahead > maxSize || ahead < -maxSize: // a new stream
		clear(c.ring)
		c.newest, c.oldest, c.hasKey = p.Seq, p.Seq, false
	case ahead > 0:
		c.newest = p.Seq
		c.evict(p.Arrived)
		c.grow()
	case int16(p.Seq-c.oldest) < 0:
		if c.span()+int(c.oldest-p.Seq) > len(c.ring) {
			return
		}
		c.oldest = p.Seq
	}
	at := c.at(p.Seq)
	if *at != nil && (*at).Seq == p.Seq {
		return
	}
	*at = p
	if p.Keyframe && (!c.hasKey || int16(p.Seq-c.keyframe) > 0) {
		c.keyframe, c.hasKey = p.Seq, true
	}
}

func (c *Cache) at(seq uint16) **Packet { return &c.ring[int(seq)&(len(c.ring)-1)] }

// span is how many sequence numbers the cache stretches over.
func (c *Cache) span() int { return int(c.newest-c.oldest) + 1 }

// evict forgets what is too old or does not fit any more.
func (c *Cache) evict(now int64) {
	for c.oldest != c.newest {
		p := *c.at(c.oldest)
		if p != nil && p.Seq == c.oldest {
			if c.span() <= maxSize && now-p.Arrived <= c.maxAge {
				return
			}
			*c.at(c.oldest) = nil
		}
		if c.hasKey && c.keyframe == c.oldest {
			c.hasKey = false
		}
		c.oldest++
	}
}

func (c *Cache) grow() {
	if c.span() <= len(c.ring) {
		return
	}
	size := len(c.ring)
	for size < c.span() {
		size *= 2
	}
	old := c.ring
	c.ring = make([]*Packet, size)
	for _, p := range old {
		if p != nil {
			*c.at(p.Seq) = p
		}
	}
}

// Get returns the packet with that sequence number, or nil.
func (c *Cache) Get(seq uint16) *Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.get(seq)
}

func (c *Cache) get(seq uint16) *Packet {
	if !c.filled || seq-c.oldest > c.newest-c.oldest {
		return nil
	}
	if p := *c.at(seq); p != nil && p.Seq == seq {
		return p
	}
	return nil
}

// SinceKeyframe appends to list the packets from the last keyframe on, in order, if that keyframe is held, arrived
// after notBefore (nanoseconds, as Packet.Arrived) and at most limit packets follow from it without a gap;
// otherwise it returns list as it was.
func (c *Cache) SinceKeyframe(list []*Packet, notBefore int64, limit int) []*Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hasKey {
		return list
	}
	first := c.get(c.keyframe)
	n := int(c.newest-c.keyframe) + 1
	if first == nil || first.Arrived < notBefore || n > limit {
		return list
	}
	out := list
	for seq := c.keyframe; ; seq++ {
		p := c.get(seq)
		if p == nil {
			return list
		}
		out = append(out, p)
		if seq == c.newest {
			return out
		}
	}
}

// From appends to list the packets that are held from a number on, in order.
func (c *Cache) From(list []*Packet, seq uint16) []*Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; c.filled && int16(c.newest-seq) >= 0; seq++ {
		if p := c.get(seq); p != nil {
			list = append(list, p)
		}
	}
	return list
}

// Whole tells whether all that came after a number is still held.
func (c *Cache) Whole(seq uint16) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.filled && int16(seq+1-c.oldest) >= 0
}

// Reset forgets everything.
func (c *Cache) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring, c.filled, c.hasKey = nil, false, false
}
