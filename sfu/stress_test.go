package sfu

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// Viewers join, complain and leave while sites send and the stage changes: for the race detector, and to see that
// everything ends.
func TestStress(t *testing.T) {
	n := newNode(t, func(c *Config) { c.viewers = sinks{} })
	r := &rig{t: t, node: n, stage: n.Stage("s")}
	stop := make(chan struct{})
	var sending, joining sync.WaitGroup
	running := func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	var sites []*site
	for i, owner := range []string{alice, bob} {
		c := r.site(owner, byte(i+1))
		sites = append(sites, c)
		sending.Go(func() {
			for f := 0; running(); f++ {
				c.tick()
				for layer := range renditions {
					c.video(layer, 1+layer, f%7 == layer)
				}
				c.audio()
				r.settle()
			}
		})
	}
	sending.Go(func() {
		for i := 0; running(); i++ {
			owner := []string{alice, bob, ""}[i%3]
			for slot, kind := range map[SlotID]SourceKind{main: Camera, "a-main": Microphone, "v-floor": Camera} {
				if err := r.stage.Feed(slot, owner, kind); err != nil {
					t.Error(err)
				}
			}
			r.settle()
		}
	})
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
					if err := v.FeedMonitor("v-thumb3", bob, Camera); err != nil {
						t.Error(err)
					}
				}
				feedback, err := rtcp.Marshal([]rtcp.Packet{
					&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: firstSSRC, LastSequenceNumber: uint32(i)}}},
					&rtcp.TransportLayerNack{MediaSSRC: firstSSRC, Nacks: []rtcp.NackPair{{PacketID: uint16(rnd.Uint32()), LostPackets: 0xffff}}},
					&rtcp.PictureLossIndication{MediaSSRC: firstSSRC},
				})
				if err != nil {
					t.Error(err)
				}
				v.onRTCP(feedback)
				v.Stats()
				if rnd.IntN(4) > 0 {
					if err := v.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	joining.Wait()
	close(stop)
	sending.Wait()
	for _, c := range sites {
		r.stage.removePublisher(c.pub) // it has no connection to close
	}
	n.CloseStage("s")
	for _, s := range n.shards {
		s.do(func(time.Duration) {
			if len(s.legs) != 0 || len(s.viewers) != 0 {
				t.Errorf("shard %d still has %d slots and %d viewers", s.index, len(s.legs), len(s.viewers))
			}
		})
	}
}
