package sfu

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/diemcau/diemcau/sfu/transport/lean"
)

// bustle is two sites that send three renditions and sound, and a stage that changes all the time, until stop is called.
func (r *rig) bustle() (sites []*site, stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	until := func(work func(i int)) {
		running.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					work(i)
					r.settle()
				}
			}
		})
	}
	for i, owner := range []string{alice, bob} {
		c := r.site(owner, byte(i+1))
		sites = append(sites, c)
		until(func(f int) {
			c.tick()
			for layer := range renditions {
				c.video(layer, 1+layer, f%7 == layer)
			}
			c.audio()
		})
	}
	until(func(i int) {
		owner := []string{alice, bob, ""}[i%3]
		for slot, kind := range map[SlotID]SourceKind{main: SourceCamera, "a-main": SourceMicrophone, "v-floor": SourceCamera} {
			if err := r.stage.Feed(slot, owner, kind); err != nil {
				r.t.Error(err)
			}
		}
	})
	return sites, func() { close(done); running.Wait() }
}

// empty fails the test unless nothing of any viewer is left.
func (r *rig) empty() {
	r.t.Helper()
	for _, s := range r.node.shards {
		s.do(func(time.Duration) {
			if len(s.legs) != 0 || len(s.viewers) != 0 || len(s.probing) != 0 {
				r.t.Errorf("shard %d still has %d slots, %d viewers, %d that are probed", s.index, len(s.legs), len(s.viewers), len(s.probing))
			}
		})
		if n := s.load.Load(); n != 0 {
			r.t.Errorf("shard %d counts %d viewers", s.index, n)
		}
	}
}

// Viewers join, complain and leave while sites send and the stage changes: for the race detector, and to see that
// everything ends.
func TestStress(t *testing.T) {
	n := newNode(t, func(c *Config) { c.viewers = sinks{} })
	r := &rig{t: t, node: n, stage: n.Stage("s")}
	sites, stop := r.bustle()
	var joining sync.WaitGroup
	for g := range 4 {
		joining.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 60 {
				set := []SlotSet{StageSlots, MonitorSlots}[rnd.IntN(2)]
				v, err := r.stage.OpenViewer(ViewerParams{ID: fmt.Sprint(g, i), Owner: alice, Slots: set})
				if err != nil {
					t.Error(err)
					return
				}
				if err := v.Answer(""); err != nil {
					t.Error(err)
				}
				v.onState(Connected)
				if set == MonitorSlots {
					if err := v.FeedMonitor("v-thumb3", bob, SourceCamera); err != nil {
						t.Error(err)
					}
				}
				feedback, err := rtcp.Marshal([]rtcp.Packet{
					&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: mainSSRC, LastSequenceNumber: uint32(i)}}},
					&rtcp.TransportLayerNack{MediaSSRC: mainSSRC, Nacks: []rtcp.NackPair{{PacketID: uint16(rnd.Uint32()), LostPackets: 0xffff}}},
					&rtcp.PictureLossIndication{MediaSSRC: mainSSRC},
				})
				if err != nil {
					t.Error(err)
				}
				v.feedback.handle(feedback)
				v.Stats()
				if rnd.IntN(4) > 0 {
					v.Close()
					v.Wait()
				}
			}
		})
	}
	joining.Wait()
	stop()
	for _, c := range sites {
		r.stage.removePublisher(c.pub) // it has no connection to close
	}
	n.CloseStage("s")
	r.empty()
}

// TestStressOverTheNetwork is the same with the transport of production: handshakes, sealing and batches under way while
// viewers join, complain, change their address and leave. Each packet that arrives must open, and only once.
func TestStressOverTheNetwork(t *testing.T) {
	n := newNode(t, nil)
	r := &rig{t: t, node: n, stage: n.Stage("s")}
	sites, stop := r.bustle()
	me := newIdentity(t)
	before := goleak.IgnoreCurrent()
	var joining sync.WaitGroup
	for g := range 4 {
		joining.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 2))
			for i := range 8 {
				l, err := listen(r.stage, me, ViewerParams{ID: fmt.Sprint(g, i), Owner: "viewer", Slots: StageSlots})
				if err != nil {
					t.Error(err)
					return
				}
				l.stay(t, rnd)
				if err := l.leave(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	joining.Wait()
	if err := goleak.Find(before); err != nil {
		t.Error("after all have left: ", err)
	}
	stop()
	for _, c := range sites {
		r.stage.removePublisher(c.pub)
	}
	r.empty()
	for reason, n := range n.viewers.(*lean.Factory).Stats() {
		// The goodbye of an association that was let go, to one who has left.
		goodbye := reason == lean.DropHandshake || reason == lean.DropUnknown
		if n > 0 && !goodbye {
			t.Errorf("%d datagrams dropped: %s", n, reason)
		}
	}
}

// stay reads what comes, sends all kinds of feedback and changes its address twice.
func (l *listener) stay(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	var count atomic.Int64
	var latest atomic.Pointer[net.UDPConn]
	seen := map[uint32]map[uint16]bool{}
	l.receive(func(from *net.UDPConn, p *rtp.Packet, err error) {
		if err != nil {
			t.Errorf("a packet that does not open: %v", err)
			return
		}
		if seen[p.SSRC] == nil {
			seen[p.SSRC] = map[uint16]bool{}
		}
		if seen[p.SSRC][p.SequenceNumber] {
			t.Errorf("packet %d of %x twice", p.SequenceNumber, p.SSRC)
		}
		seen[p.SSRC][p.SequenceNumber] = true
		count.Add(1)
		latest.Store(from)
	})
	more := func(what string) {
		goal := count.Load() + 50
		eventually(t, what, func() bool { return count.Load() >= goal })
	}
	more("the stage arrives")
	for range 2 {
		for i := range 10 {
			if err := l.report(
				&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: mainSSRC, LastSequenceNumber: uint32(i)}}},
				&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: float32(rnd.IntN(5_000_000)), SSRCs: []uint32{mainSSRC}},
				&rtcp.TransportLayerNack{MediaSSRC: mainSSRC, Nacks: []rtcp.NackPair{{PacketID: uint16(rnd.IntN(1 << 13)), LostPackets: 0xffff}}},
				&rtcp.PictureLossIndication{MediaSSRC: mainSSRC},
			); err != nil {
				t.Error(err)
			}
		}
		if err := l.report(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 20e6, SSRCs: []uint32{mainSSRC}}); err != nil {
			t.Error(err)
		}
		if err := l.move(); err != nil {
			t.Error(err)
			return
		}
		l.mu.Lock()
		current := l.conns[0]
		l.mu.Unlock()
		eventually(t, "the stage arrives on the new path", func() bool { return latest.Load() == current })
		more("it goes on")
		l.Stats()
	}
}
