package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v5/vnet"

	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/packetcache"
)

const mainSound = SlotID("a-main")

// newMergingRig is a node without a network whose viewers take RED and that sends 40 ms of sound in a packet.
func newMergingRig(t *testing.T) *rig {
	t.Helper()
	f := &wires{accept: accepted()}
	f.accept.RED = true
	n := newNode(t, func(c *Config) { c.viewers, c.SoundPacket = f, 40*time.Millisecond })
	return &rig{t, n, n.Stage("s"), f}
}

func TestMerging(t *testing.T) {
	opus := func(mark byte) []byte { return []byte{0xf8, 0xff, mark} }
	both := func(a, b byte) []byte { return []byte{0xf9, 0xff, a, 0xff, b} }
	type in struct {
		seq     uint16
		time    int // in packets of 20 ms
		payload []byte
		marker  bool
	}
	type out struct {
		ahead   uint16 // of the number before the first
		time    int
		payload []byte
	}
	dtx := []byte{0xf8}
	long := append(opus(1), make([]byte, 600)...)
	tooLong := append(opus(1), make([]byte, maxMerged)...)
	tests := []struct {
		name string
		in   []in
		want []out // 0 ahead: the steps from here on follow the next packet
		left []byte
	}{
		{"pairs", []in{{1, 1, opus(1), false}, {2, 2, opus(2), false}, {3, 3, opus(3), false}, {4, 4, opus(4), false}},
			[]out{{1, 1, both(1, 2)}, {2, 3, both(3, 4)}}, nil},
		{"one left over", []in{{1, 1, opus(1), false}, {2, 2, opus(2), false}, {3, 3, opus(3), false}},
			[]out{{1, 1, both(1, 2)}}, opus(3)},
		{"second half lost", []in{{1, 1, opus(1), false}, {3, 3, opus(3), false}, {4, 4, opus(4), false}},
			[]out{{1, 1, opus(1)}, {3, 3, both(3, 4)}}, nil},
		{"first half lost", []in{{1, 1, opus(1), false}, {2, 2, opus(2), false}, {4, 4, opus(4), false}, {5, 5, opus(5), false}},
			[]out{{1, 1, both(1, 2)}, {3, 4, both(4, 5)}}, nil},
		{"overtaken", []in{{1, 1, opus(1), false}, {3, 3, opus(3), false}, {2, 2, opus(2), false}, {4, 4, opus(4), false}},
			[]out{{1, 1, opus(1)}, {2, 2, opus(2)}, {3, 3, both(3, 4)}}, nil},
		{"come twice", []in{{1, 1, opus(1), false}, {2, 2, opus(2), false}, {2, 2, opus(2), false}, {1, 1, opus(1), false}},
			[]out{{1, 1, both(1, 2)}}, nil},
		{"a pause", []in{{1, 1, opus(1), false}, {2, 22, opus(2), true}, {3, 23, opus(3), false}},
			[]out{{1, 1, opus(1)}, {2, 22, both(2, 3)}}, nil},
		{"a new beginning without a pause", []in{{1, 1, opus(1), false}, {2, 2, opus(2), true}, {3, 3, opus(3), false}},
			[]out{{1, 1, opus(1)}, {2, 2, both(2, 3)}}, nil},
		{"silence begins", []in{{1, 1, opus(1), false}, {2, 2, dtx, false}, {3, 22, opus(3), false}, {4, 23, dtx, false}},
			[]out{{1, 1, opus(1)}, {2, 2, dtx}, {3, 22, opus(3)}, {4, 23, dtx}}, nil},
		{"silence after a whole packet", []in{{1, 1, opus(1), false}, {2, 2, opus(2), false}, {3, 3, dtx, false}},
			[]out{{1, 1, both(1, 2)}, {2, 3, dtx}}, nil},
		{"another mode", []in{{1, 1, opus(1), false}, {2, 2, []byte{0x78, 7, 2}, false}, {3, 3, []byte{0x78, 8, 3}, false}},
			[]out{{1, 1, opus(1)}, {2, 2, []byte{0x79, 7, 2, 8, 3}}}, nil},
		{"10 ms", []in{{1, 1, []byte{0xf0, 1, 2}, false}, {2, 2, []byte{0xf0, 3, 4}, false}},
			[]out{{1, 1, []byte{0xf0, 1, 2}}, {2, 2, []byte{0xf0, 3, 4}}}, nil},
		{"40 ms already", []in{{1, 1, both(1, 1), false}, {2, 3, both(2, 2), false}},
			[]out{{1, 1, both(1, 1)}, {2, 3, both(2, 2)}}, nil},
		{"60 ms", []in{{1, 1, opus(1), false}, {2, 2, []byte{0x18, 1, 2}, false}, {3, 5, []byte{0x18, 3, 4}, false}},
			[]out{{1, 1, opus(1)}, {2, 2, []byte{0x18, 1, 2}}, {3, 5, []byte{0x18, 3, 4}}}, nil},
		{"malformed", []in{{1, 1, opus(1), false}, {2, 2, []byte{0xfa, 9, 1, 1}, false}, {3, 3, opus(3), false}},
			[]out{{1, 1, opus(1)}, {2, 2, []byte{0xfa, 9, 1, 1}}}, opus(3)},
		{"together too long", []in{{1, 1, long, false}, {2, 2, long, false}}, []out{{1, 1, long}}, long},
		{"by itself too long", []in{{1, 1, tooLong, false}}, []out{{1, 1, tooLong}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMerging(new(rendition), new(atomic.Int32))
			m.out = 65534 // the numbers go round
			began, from := m.out, uint16(65530)
			var got []*packetcache.Packet
			for _, p := range tt.in {
				list, _ := m.pair(&packetcache.Packet{
					Seq: from + p.seq, Time: uint32(p.time) * opusFrame, Marker: p.marker, Start: true, Payload: p.payload, RED: []byte{1},
				})
				got = append(got, list...)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d packets, want %d", len(got), len(tt.want))
			}
			slices.SortFunc(got, func(a, b *packetcache.Packet) int { return int(int16(a.Seq - b.Seq)) })
			for i, want := range tt.want {
				p := got[i]
				if p.Seq != began+want.ahead || p.Time != uint32(want.time)*opusFrame || !bytes.Equal(p.Payload, want.payload) {
					t.Errorf("packet %d: %d ahead, time %d, % x; want %+v", i, p.Seq-began, p.Time/opusFrame, p.Payload, want)
				}
				if p.Marker != slices.ContainsFunc(tt.in, func(in in) bool { return in.marker && in.time == want.time }) || !p.Start || p.RED != nil {
					t.Errorf("packet %d: %+v", i, p)
				}
				if m.cache.Get(p.Seq) != p {
					t.Errorf("packet %d cannot be sent again", i)
				}
			}
			var left []byte
			for _, b := range m.expire(time.Second-patience, nil) {
				left = b.packets[0].Payload
			}
			if !bytes.Equal(left, tt.left) {
				t.Errorf("% x waits, want % x", left, tt.left)
			}
		})
	}
}

// lasts is how long the sound of a packet to a viewer is, in timestamp units; RED by its primary.
func lasts(t *testing.T, p *rtp.Packet) uint32 {
	t.Helper()
	payload := p.Payload
	if p.PayloadType == codec.PayloadRED {
		var err error
		if payload, _, _, err = parseRED(payload); err != nil {
			t.Fatal(err)
		}
	}
	return codec.OpusTicks(payload)
}

// tiled checks that sound has neither gap nor overlap, in numbers and in time. It returns how many packets are merged.
func tiled(t *testing.T, packets []*rtp.Packet) (merged int) {
	t.Helper()
	follows(t, packets)
	for i, p := range packets {
		length := lasts(t, p)
		if length == 2*opusFrame {
			merged++
		}
		if i+1 < len(packets) && packets[i+1].Timestamp-p.Timestamp != length {
			t.Fatalf("packet %d lasts %d, the next begins %d later", i, length, packets[i+1].Timestamp-p.Timestamp)
		}
	}
	return merged
}

// A change of speaker, in the middle of a packet or not, is no gap, and no packet has sound of two.
func TestMergedSpeakersJoin(t *testing.T) {
	r := newMergingRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	_, w := r.view("C00009", StageSlots)
	said := 0
	a.audio() // they are active
	b.audio()
	for turn, c := range []*site{a, b, a, b, a} {
		r.feed(mainSound, c.pub.params.Owner, SourceMicrophone)
		for range 3 + turn%2 {
			c.audio()
			said++
		}
	}
	eventually(t, "all is sent, the last half too", func() bool {
		var sent uint32
		for _, p := range r.got(w, mainSound) {
			sent += lasts(t, p)
		}
		return sent == uint32(said)*opusFrame
	})
	got := r.got(w, mainSound)
	if merged := tiled(t, got); merged < 3 { // 7, unless the test was kept waiting for longer than a packet does
		t.Fatalf("%d packets, %d merged", len(got), merged)
	}
	for i, p := range got {
		if p.Payload[0] == 0xf9 && p.Payload[2] != p.Payload[4] {
			t.Fatalf("packet %d has two speakers", i)
		}
	}
}

// What a cut leaves of a packet is not heard.
func TestMergedCut(t *testing.T) {
	r := newMergingRig(t)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	r.feed(mainSound, alice, SourceMicrophone)
	for range 3 {
		a.audio()
	}
	r.settle()
	r.feed(mainSound, "", SourceMicrophone)
	r.stage.tick(r.node.now() + time.Second)
	if got, cut := r.got(w, mainSound), r.node.drops.Of(DropCut); len(got)+int(cut) != 2 {
		t.Fatalf("%d packets, %d were cut", len(got), cut)
	}
}

// A viewer that is sent redundancy has packets of 20 ms for that time, and changes to them and back without a gap or an
// overlap. Nobody else's sound changes.
func TestMergedBesideRED(t *testing.T) {
	for _, tt := range []struct {
		name           string
		payload        []byte
		length, merged uint32
	}{
		{"merged", []byte{0xf8, 0xff, markA}, opusFrame, 2 * opusFrame},
		{"too long to be merged", []byte{0x18, 0xff, markA}, 3 * opusFrame, 3 * opusFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newMergingRig(t)
			r.feed(mainSound, alice, SourceMicrophone)
			a := r.site(alice, markA)
			_, steady := r.view("C00008", StageSlots)
			lossy, w := r.view("C00009", StageSlots)
			leg := lossy.feedback.bySSRC[ssrcOf(w, mainSound)]
			slot := r.stage.slots[mainSound]
			seq := uint16(0)
			speak := func(n int) *rtp.Packet {
				for range n {
					seq++
					a.pub.sources[SourceMicrophone].push(0, &packet{seq: seq, time: uint32(seq) * tt.length, payload: tt.payload, arrived: r.node.now()})
				}
				got := r.got(w, mainSound)
				if len(got) == 0 {
					return new(rtp.Packet)
				}
				return got[len(got)-1]
			}
			for round := range 6 {
				eventually(t, "the merged form is sent", func() bool { return lasts(t, speak(1)) == tt.merged && slot.plain.Load() == 0 })
				w.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: leg.media.SSRC, FractionLost: 26}}})
				eventually(t, "the plain form is sent", func() bool { return speak(1).PayloadType == codec.PayloadRED })
				if p := speak(round); lasts(t, p) != tt.length || p.PayloadType != codec.PayloadRED {
					t.Fatalf("round %d: %v", round, p)
				}
				lossy.redundancy.sound.Store(0)
				lossy.redundancy.line.Store(0)
			}
			eventually(t, "the merged form is sent", func() bool { return lasts(t, speak(1)) == tt.merged && slot.plain.Load() == 0 })
			tiled(t, r.got(w, mainSound))
			got := r.got(steady, mainSound)
			tiled(t, got)
			if slices.ContainsFunc(got, func(p *rtp.Packet) bool { return p.PayloadType != codec.PayloadOpus }) {
				t.Fatal("the other viewer is sent redundancy")
			}
			lossy.redundancy.sound.Store(int64(time.Hour))
			eventually(t, "the plain form is wanted", func() bool { return slot.plain.Load() == 1 })
			lossy.Close()
			lossy.Wait()
			if n := slot.plain.Load(); n != 0 {
				t.Fatalf("%d legs want the plain form after the viewer left", n)
			}
		})
	}
}

func TestMergedRepair(t *testing.T) {
	r := newMergingRig(t)
	r.feed(mainSound, alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	var sent *rtp.Packet
	eventually(t, "a merged packet", func() bool {
		a.audio()
		for _, p := range r.got(w, mainSound) {
			sent = p
		}
		return sent != nil && lasts(t, sent) == 2*opusFrame
	})
	w.nack(mainSound, sent.SequenceNumber)
	var again []*rtp.Packet
	eventually(t, "it is sent again", func() bool {
		r.settle()
		again = r.gotOn(w, 0) // sound is offered without a stream for it
		return len(again) == 1
	})
	if seq, payload := original(again[0]); seq != sent.SequenceNumber || !bytes.Equal(payload, sent.Payload) || again[0].Timestamp != sent.Timestamp {
		t.Fatalf("got %v, want %v", again[0], sent)
	}
}

func TestMergedReports(t *testing.T) {
	r := newMergingRig(t)
	r.feed(mainSound, alice, SourceMicrophone)
	a := r.site(alice, markA)
	_, w := r.view(bob, StageSlots)
	var report *rtcp.SenderReport
	eventually(t, "a sender report of the sound", func() bool {
		a.audio()
		r.settle()
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.rtcp {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == ssrcOf(w, mainSound) {
				report = sr
			}
		}
		return report != nil
	})
	ahead := int32(report.RTPTime - r.got(w, mainSound)[0].Timestamp)
	if most := int32(codec.OpusClock * 30); ahead < -most || ahead > most || report.PacketCount == 0 {
		t.Fatalf("%d after the first packet: %+v", ahead, report)
	}
}

// Only a stage has viewers enough to pay for it; a console's preview is heard as it comes.
func TestMonitorIsNotMerged(t *testing.T) {
	r := newMergingRig(t)
	a := r.site(alice, markA)
	v, w := r.view(bob, MonitorSlots)
	if err := v.FeedMonitor("a-preview", alice, SourceMicrophone); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		a.audio()
	}
	if got := r.got(w, "a-preview"); len(got) != 3 || tiled(t, got) != 0 {
		t.Fatalf("%d packets", len(got))
	}
}

// An uplink that loses, repeats and reorders: sound that is heard is heard once and in its place.
func TestMergedBadUplink(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	n, siteNet, viewerNet := virtualNetwork(t, func(c vnet.Chunk) bool {
		return c.DestinationAddr().String()[:8] != "10.0.0.1" || !isMedia(c.UserData()) || rnd.IntN(20) != 0
	}, func(c *Config) { c.SoundPacket = 40 * time.Millisecond })
	s := n.Stage("s")
	if err := s.Feed(mainSound, alice, SourceMicrophone); err != nil {
		t.Fatal(err)
	}
	card := &rough{Net: siteNet}
	publish(t, s, alice, markA, &line{net: card})
	w := watch(t, s, ViewerParams{ID: "w", Owner: bob}, &line{net: viewerNet})
	eventually(t, "enough packets", func() bool { return len(w.got(mainSound)) > 200 })
	got := slices.Clone(w.got(mainSound))
	slices.SortStableFunc(got, func(a, b *rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	merged := 0
	for i, p := range got {
		length := lasts(t, p)
		if length == 2*opusFrame {
			merged++
		}
		if i+1 < len(got) && int32(got[i+1].Timestamp-p.Timestamp) < int32(length) {
			t.Fatalf("number %d at %d lasts %d, %d begins at %d", p.SequenceNumber, p.Timestamp, length, got[i+1].SequenceNumber, got[i+1].Timestamp)
		}
	}
	if merged == 0 || merged == len(got) || card.overtaken.Load() == 0 || card.repeated.Load() == 0 {
		t.Fatalf("%d of %d packets are merged, %d were overtaken, %d repeated", merged, len(got), card.overtaken.Load(), card.repeated.Load())
	}
}

func TestSoundPacketIsChecked(t *testing.T) {
	for _, length := range []time.Duration{-1, 30 * time.Millisecond, 60 * time.Millisecond} {
		if _, err := New(Config{SoundPacket: length, viewers: &wires{}}, slog.New(slog.DiscardHandler), nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%v: %v", length, err)
		}
	}
}

// BenchmarkFanoutSound is the cost of 20 ms of sound from the publisher's goroutine to a viewer's transport, with both
// lengths of packets.
func BenchmarkFanoutSound(b *testing.B) {
	for _, length := range []time.Duration{20 * time.Millisecond, 40 * time.Millisecond} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			r, forwarded := benchmarkStage(b, Config{SoundPacket: length}, 1000)
			r.feed(mainSound, alice, SourceMicrophone)
			a := r.site(alice, markA)
			a.audio()
			benchmark(b, r, forwarded, a.audio)
		})
	}
}
