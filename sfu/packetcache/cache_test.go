package packetcache

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

func packet(seq uint16, arrived int64) *Packet { return &Packet{Seq: seq, Arrived: arrived} }

func TestGet(t *testing.T) {
	tests := []struct {
		name       string
		put        []*Packet
		held, gone []uint16
	}{
		{"empty", nil, nil, []uint16{0, 1, 65535}},
		{"in order", []*Packet{packet(1, 0), packet(2, 1), packet(3, 2)}, []uint16{1, 2, 3}, []uint16{0, 4}},
		{"gap and late arrival", []*Packet{packet(1, 0), packet(4, 1), packet(2, 2)}, []uint16{1, 2, 4}, []uint16{3}},
		{"wrap", []*Packet{packet(65534, 0), packet(65535, 1), packet(0, 2), packet(1, 3)}, []uint16{65534, 65535, 0, 1}, []uint16{2}},
		{"before the first", []*Packet{packet(10, 0), packet(9, 1)}, []uint16{9, 10}, nil},
		{"too old", []*Packet{packet(1, 0), packet(2, 600*ms), packet(3, 1001*ms)}, []uint16{2, 3}, []uint16{1}},
		{"a jump starts anew", []*Packet{packet(1, 0), packet(20000, 1)}, []uint16{20000}, []uint16{1}},
		{"far behind", []*Packet{packet(100, 0), packet(20, 1)}, []uint16{100}, []uint16{20}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(time.Second)
			for _, p := range tt.put {
				c.Put(p)
			}
			for _, seq := range tt.held {
				if p := c.Get(seq); p == nil || p.Seq != seq {
					t.Errorf("packet %d is not held: %v", seq, p)
				}
			}
			for _, seq := range tt.gone {
				if p := c.Get(seq); p != nil {
					t.Errorf("packet %d is held", seq)
				}
			}
		})
	}
}

func TestBounded(t *testing.T) {
	c := New(time.Hour)
	for i := range 3 * maxSize {
		c.Put(packet(uint16(i), int64(i)))
	}
	if len(c.ring) != maxSize {
		t.Fatalf("ring of %d", len(c.ring))
	}
	last := uint16(3*maxSize - 1)
	if c.Get(last) == nil || c.Get(last-maxSize+1) == nil || c.Get(last-maxSize) != nil {
		t.Fatal("the cache must hold the newest packets and only them")
	}
}

func TestSinceKeyframe(t *testing.T) {
	c := New(time.Second)
	put := func(seq uint16, at int64, key bool) {
		c.Put(&Packet{Seq: seq, Arrived: at, Keyframe: key})
	}
	if got := c.SinceKeyframe(nil, 0, 10); got != nil {
		t.Fatal("empty cache")
	}
	put(65530, 0, true)
	put(65531, 1, false)
	put(65535, 2, true)
	put(0, 3, false)
	put(2, 4, false)
	if got := c.SinceKeyframe(nil, 0, 10); got != nil {
		t.Fatalf("a gap after the keyframe must not be passed on: %v", got)
	}
	put(1, 5, false)
	got := c.SinceKeyframe(nil, 0, 10)
	if len(got) != 4 || got[0].Seq != 65535 || got[3].Seq != 2 {
		t.Fatalf("got %v", got)
	}
	if c.SinceKeyframe(nil, 3, 10) != nil {
		t.Fatal("keyframe is too old")
	}
	if c.SinceKeyframe(nil, 0, 3) != nil {
		t.Fatal("more packets than the limit")
	}
}

// Every packet of a lossy, reordered stream that the cache gives back is the one that was put in, and the last
// 64 that were put in order are always there.
func TestRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	c := New(time.Second)
	seq := uint16(65000)
	for i := range 20_000 {
		seq++
		if rnd.IntN(20) == 0 {
			seq += uint16(rnd.IntN(5))
		}
		c.Put(packet(seq, int64(i)*ms))
		if rnd.IntN(10) == 0 {
			c.Put(packet(seq-uint16(rnd.IntN(8)), int64(i)*ms))
		}
		probe := seq - uint16(rnd.IntN(2000))
		if p := c.Get(probe); p != nil && p.Seq != probe {
			t.Fatalf("asked %d, got %d", probe, p.Seq)
		}
		if c.Get(seq) == nil {
			t.Fatalf("newest %d is missing", seq)
		}
	}
}

func FuzzCache(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 5, 0, 0, 128, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		c := New(100 * time.Millisecond)
		var seq uint16
		for i, step := range steps {
			seq += uint16(int8(step)) * uint16(step&7)
			c.Put(&Packet{Seq: seq, Arrived: int64(i) * 10 * ms, Keyframe: step&8 != 0})
			if p := c.Get(seq); p != nil && p.Seq != seq {
				t.Fatalf("asked %d, got %d", seq, p.Seq)
			}
			for j, p := range c.SinceKeyframe(nil, 0, 50) {
				if j == 0 && !p.Keyframe {
					t.Fatal("does not begin with a keyframe")
				}
			}
			if len(c.ring) > maxSize {
				t.Fatalf("ring of %d", len(c.ring))
			}
		}
	})
}

func TestArena(t *testing.T) {
	var a Arena
	var packets []*Packet
	for i := range 500 {
		packets = append(packets, a.Packet(bytes.Repeat([]byte{byte(i)}, i*7)))
	}
	for i, p := range packets {
		if !bytes.Equal(p.Payload, bytes.Repeat([]byte{byte(i)}, i*7)) {
			t.Fatalf("payload %d was overwritten", i)
		}
		if room := cap(p.Payload) - len(p.Payload); room < 1 || room > 1+len(p.Payload)/paddingShare {
			t.Fatalf("%d bytes of padding have room behind %d", room, len(p.Payload))
		}
	}
	first, second := a.List(3), a.List(3)
	first = append(first, packets[1], packets[2], packets[3])
	second = append(second, packets[4])
	if first[2] != packets[3] || second[0] != packets[4] {
		t.Fatal("lists overlap")
	}
}

func TestPad(t *testing.T) {
	var a Arena
	payload := bytes.Repeat([]byte{7}, 640)
	for _, tt := range []struct {
		size, padding int
	}{{639, 0}, {640, 0}, {641, 1}, {651, 11}, {652, 0}, {2000, 0}} {
		p := a.Packet(payload)
		next := a.Packet(payload)
		p.Pad(tt.size)
		if !bytes.Equal(p.Payload, payload) || !bytes.Equal(next.Payload, payload) {
			t.Fatal("padding changed a payload")
		}
		if tt.padding == 0 {
			if p.Padded != nil {
				t.Errorf("padded to %d", tt.size)
			}
			continue
		}
		want := append(slices.Clone(payload), make([]byte, tt.padding)...)
		want[tt.size-1] = byte(tt.padding)
		if !bytes.Equal(p.Padded, want) {
			t.Errorf("to %d: %v", tt.size, p.Padded[640:])
		}
	}
}

func BenchmarkPut(b *testing.B) {
	var a Arena
	c := New(time.Second)
	payload := make([]byte, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := a.Packet(payload)
		p.Seq, p.Arrived = uint16(i), int64(i)*2*ms
		c.Put(p)
	}
}

func BenchmarkGet(b *testing.B) {
	c := New(time.Hour)
	for i := range maxSize {
		c.Put(packet(uint16(i), 0))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if c.Get(uint16(i%maxSize)) == nil {
			b.Fatal("missing")
		}
	}
}

func TestFrom(t *testing.T) {
	c := New(time.Second)
	if c.From(nil, 1) != nil || c.Whole(1) {
		t.Fatal("an empty cache has something")
	}
	for i, seq := range []uint16{65530, 65534, 1, 65535, 3} {
		c.Put(packet(seq, int64(i)*300*ms)) // the last puts out the first
	}
	for _, tt := range []struct {
		seq   uint16
		want  []uint16
		whole bool
	}{
		{65530, []uint16{65534, 65535, 1, 3}, false},
		{65533, []uint16{65534, 65535, 1, 3}, true},
		{65535, []uint16{65535, 1, 3}, true},
		{3, []uint16{3}, true},
		{4, nil, true},
	} {
		var got []uint16
		for _, p := range c.From(nil, tt.seq) {
			got = append(got, p.Seq)
		}
		if !slices.Equal(got, tt.want) || c.Whole(tt.seq) != tt.whole {
			t.Errorf("From(%d) = %v, Whole %v", tt.seq, got, c.Whole(tt.seq))
		}
	}
}
