package sfu

import (
	"fmt"
	"testing"
	"time"
)

// frame8 sends a frame of thirty a second in three renditions, eight packets, and sound: 290 packets a second.
func (c *site) frame8(i int) {
	c.tick()
	payload := append(vp8(true, i == 0, uint16(i), c.mark), make([]byte, 1000)...)
	for layer, size := range [renditions]int{600, 900, 1000} {
		for n := range [renditions]int{1, 2, 5}[layer] {
			c.seq[layer]++
			last := n == [renditions]int{1, 2, 5}[layer]-1
			if payload[0] |= 0x10; n > 0 {
				payload[0] &^= 0x10
			}
			c.push(SourceCamera, layer, c.seq[layer], last, payload[:size])
		}
	}
	for range [3]int{2, 2, 1}[i%3] {
		c.sound++
		c.pub.sources[SourceMicrophone].push(0, &packet{
			seq: c.sound, time: uint32(c.sound) * 960, payload: payload[:80], arrived: c.r.node.now(),
		})
	}
}

// BenchmarkTrunks is what the trunks to the relays of all provinces cost the centre, in real time: a picture in three
// renditions and its sound. %core is the share of one processor that the process took, the kernel's part included; nobody
// reads at the other ends.
func BenchmarkTrunks(b *testing.B) {
	const relays = 63
	n := newNode(b, nil)
	r := &rig{t: b, node: n, stage: n.Stage("s")}
	for slot, kind := range map[SlotID]SourceKind{main: SourceCamera, mainSoundSlot: SourceMicrophone} {
		if err := r.stage.FeedNumbered(slot, alice, 1, kind); err != nil {
			b.Fatal(err)
		}
	}
	attend(b, relays, func(me *identity, i int) (*listener, error) {
		l := &listener{me: me, connected: make(chan struct{})}
		t, err := r.stage.OpenTrunk(TrunkParams{ID: fmt.Sprint(i), OnState: func(s State) {
			if s == Connected {
				close(l.connected)
			}
		}})
		if err != nil {
			return nil, err
		}
		l.apply, l.end = t.Answer, func() { t.Close(); t.Wait() }
		return l, l.connect(t.Offer())
	}, func(*listener) {})
	a := r.site(alice, markA)
	a.frame8(0)
	r.settle()
	frames, before, cpu, began := 0, r.forwarded(), processTime(b), time.Now()
	ticker := time.NewTicker(time.Second / 30)
	defer ticker.Stop()
	for b.Loop() {
		<-ticker.C
		frames++
		a.frame8(frames)
	}
	r.settle()
	cpu, elapsed := processTime(b)-cpu, time.Since(began)
	packets := float64(r.forwarded() - before)
	b.ReportMetric(100*cpu.Seconds()/elapsed.Seconds(), "%core")
	b.ReportMetric(packets/relays/elapsed.Seconds(), "packets/s/trunk")
	b.ReportMetric(float64(cpu.Nanoseconds())/packets, "cpu-ns/packet")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRelay compares, in turn, what a packet forwarded costs on a node whose publisher is its own and on one that gets
// it by a trunk. The centre is in the same process, so that its part is in the relay's figure.
func BenchmarkRelay(b *testing.B) {
	const viewers, round = 100, 50
	single, own := audience(b, viewers)
	x := lay(b, nil, nil, IntakeParams{Seat: seats})
	x.feed(b, alice, 1)
	attend(b, viewers, func(me *identity, i int) (*listener, error) {
		return listen(x.far, me, ViewerParams{ID: fmt.Sprint(i), Owner: "viewer", Slots: StageSlots})
	}, func(l *listener) { l.goodLine(b) })
	far := &rig{t: b, node: x.relay, stage: x.far}
	away := (&rig{t: b, node: x.centre, stage: x.near}).site(alice, markA)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	frames := func(r *rig, from *site, key bool) {
		for range round {
			<-ticker.C
			from.frame5(key)
		}
	}
	var cpu [2]time.Duration
	var packets [2]uint64
	frames(single, own, true)
	frames(far, away, true)
	for b.Loop() {
		for i, r := range []*rig{single, far} {
			from, before, began := []*site{own, away}[i], r.forwarded(), processTime(b)
			frames(r, from, false)
			cpu[i] += processTime(b) - began
			packets[i] += r.forwarded() - before
		}
	}
	each := func(i int) float64 { return float64(cpu[i].Nanoseconds()) / float64(packets[i]) }
	b.ReportMetric(each(0), "cpu-ns/packet-single")
	b.ReportMetric(each(1), "cpu-ns/packet-relay")
	b.ReportMetric(each(1)/each(0), "ratio")
	b.ReportMetric(0, "ns/op")
}
