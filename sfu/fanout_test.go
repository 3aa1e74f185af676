package sfu

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/diemcau/diemcau/sfu/packetcache"
)

// audience is a stage of alice's with viewers over the transport of production, whose sockets nobody reads: what
// overflows there costs the kernel the same.
func audience(tb testing.TB, viewers int) (*rig, *site) {
	tb.Helper()
	n := newNode(tb, nil)
	r := &rig{t: tb, node: n, stage: n.Stage("s")}
	r.feed(main, alice, SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	attend(tb, viewers, func(me *identity, i int) (*listener, error) {
		return listen(r.stage, me, ViewerParams{ID: fmt.Sprint(i), Owner: "viewer", Slots: StageSlots})
	}, func(l *listener) { l.goodLine(tb) }) // otherwise it is paced, and frames come here as fast as they are sent
	return r, r.site(alice, markA)
}

// attend has many enter, and consent to what they are sent until the test ends.
func attend(tb testing.TB, many int, enter func(me *identity, i int) (*listener, error), then func(*listener)) {
	tb.Helper()
	me := newIdentity(tb)
	var mu sync.Mutex
	var all []*listener
	each := func(do func(*listener)) {
		mu.Lock()
		list := all
		mu.Unlock()
		for _, l := range list {
			do(l)
		}
	}
	stop := make(chan struct{})
	var consent sync.WaitGroup
	consent.Go(func() {
		ticker := time.NewTicker(2500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				each(func(l *listener) { _ = l.check(l.conns[0]) })
			case <-stop:
				return
			}
		}
	})
	var entering errgroup.Group
	entering.SetLimit(8)
	for i := range many {
		entering.Go(func() error {
			l, err := enter(me, i)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, l)
			return l.conns[0].SetReadBuffer(4096)
		})
	}
	if err := entering.Wait(); err != nil {
		tb.Fatal(err)
	}
	each(then)
	tb.Cleanup(func() {
		close(stop)
		consent.Wait()
		each(func(l *listener) {
			if err := l.leave(); err != nil {
				tb.Error(err)
			}
		})
	})
}

// frame5 sends a picture of five packets of 1,000 B, and a packet of sound.
func (c *site) frame5(key bool) {
	c.tick()
	c.frame[0]++
	payload := append(vp8(true, key, c.frame[0], c.mark), make([]byte, 1000)...)[:1000]
	for i := range 5 {
		c.seq[0]++
		c.push(SourceCamera, 0, c.seq[0], i == 4, payload)
		payload[0] &^= 0x10 // only the first begins a partition
	}
	c.sound++
	c.pub.sources[SourceMicrophone].push(0, &packet{
		seq: c.sound, time: uint32(c.sound) * 960, payload: payload[:80], arrived: c.r.node.now(),
	})
}

// forwarded is how many packets the shards have sent.
func (r *rig) forwarded() (total uint64) {
	for _, s := range r.node.shards {
		total += s.packets.Load()
	}
	return total
}

// BenchmarkFanout is the cost of a packet from the publisher's goroutine through the legs, sealing and batches to
// sockets on loopback, by number of viewers. cpu-ns/leg is what a frame with its sound costs of processor time for each
// viewer, the kernel's included; the rest is per packet forwarded.
func BenchmarkFanout(b *testing.B) {
	for _, viewers := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) { benchmarkFanout(b, viewers) })
	}
}

func benchmarkFanout(b *testing.B, viewers int) {
	b.Helper()
	r, a := audience(b, viewers)
	a.frame5(true)
	r.settle()
	eventually(b, "all are sent the picture", func() bool { a.frame5(true); r.settle(); return r.forwarded() >= uint64(viewers)*6 })
	before, cpu := r.forwarded(), processTime(b)
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	frames := 0
	for b.Loop() {
		a.frame5(false)
		frames++
		for _, s := range r.node.shards {
			for len(s.bursts) > 8 {
				time.Sleep(100 * time.Microsecond) // not in vain: what spins would count
			}
		}
	}
	r.settle()
	runtime.ReadMemStats(&m1)
	cpu = processTime(b) - cpu
	packets := float64(r.forwarded() - before)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/packets, "ns/packet")
	b.ReportMetric(float64(cpu.Nanoseconds())/packets, "cpu-ns/packet")
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(frames*viewers), "cpu-ns/leg")
	b.ReportMetric(float64(m1.Mallocs-m0.Mallocs)/packets, "allocs/packet")
	b.ReportMetric(0, "ns/op")
	if sent := r.node.port.Stats().Packets; sent == 0 {
		b.Fatal("nothing went through the port")
	}
}

// A packet costs no allocation from the shard to the socket: numbers, headers, sealing, batch and system call.
func TestForwardingAllocatesNothing(t *testing.T) {
	const viewers, frames, tries = 20, 100, 5
	r, a := audience(t, viewers)
	a.frame5(true)
	r.settle()
	const bursts = tries * (frames + 1)
	picture, sound := r.following(main, bursts, 5, 1000), r.following("a-main", bursts, 1, 80)
	shard := r.node.shards[0]
	before, sent := shard.packets.Load(), r.node.port.Stats().Packets
	least, frame := math.Inf(1), 0
	for range tries { // what else runs allocates now and then; a packet that does, does so each time
		shard.do(func(now time.Duration) {
			allocs := testing.AllocsPerRun(frames, func() { // and once before
				shard.accept(picture[frame], now)
				shard.accept(sound[frame], now)
				frame++
			})
			least = min(least, allocs)
		})
	}
	if least != 0 && !locksChecked {
		t.Errorf("%v allocations for a frame with its sound to %d viewers", least, viewers)
	}
	const want = bursts * 6 * viewers
	if n := shard.packets.Load() - before; n != want {
		t.Errorf("%d packets forwarded, want %d", n, want)
	}
	if n := r.node.port.Stats().Packets - sent; n != want {
		t.Errorf("%d packets went through the port, want %d", n, want)
	}
}

// following makes bursts of a slot that go on with its numbers, each of some packets of size bytes.
func (r *rig) following(id SlotID, bursts, packets, size int) []burst {
	s := r.stage.slots[id]
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]burst, bursts)
	seq := s.rends[0].out
	last, _ := s.line.latest.Get(int64(s.arrived))
	for i := range list {
		list[i] = burst{slot: s, gen: s.gen.Load(), from: s.cur}
		last += 3000
		for n := range packets {
			seq++
			list[i].packets = append(list[i].packets, &packetcache.Packet{
				Seq: seq, Time: last, Payload: make([]byte, size), Start: n == 0, Marker: n == packets-1,
			})
		}
	}
	return list
}
