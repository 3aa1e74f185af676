package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/diemcau/diemcau/sfu/adapt"
	"github.com/diemcau/diemcau/sfu/codec"
	"github.com/diemcau/diemcau/sfu/rewrite"
	"github.com/diemcau/diemcau/sfu/transport"
)

// show sends frames of all layers of a site, keyframes as they are asked for, until ok.
func show(t *testing.T, sites []*site, what string, ok func() bool) {
	t.Helper()
	asked := make([]int, len(sites))
	last := time.Duration(0)
	eventually(t, what, func() bool {
		now := sites[0].r.node.now()
		if now-last < 30*time.Millisecond {
			return ok()
		}
		last = now
		for i, c := range sites {
			c.tick()
			n := len(c.asked())
			for layer := range renditions {
				c.video(layer, 1+layer, n > asked[i])
			}
			asked[i] = n
		}
		return ok()
	})
}

func TestWeakLineStepsDownInOrder(t *testing.T) {
	r := newRig(t)
	a, b, c := r.site(alice, markA), r.site(bob, markB), r.site("C00003", 0xcc)
	r.feed(main, alice, SourceCamera)
	r.feed("v-floor", bob, SourceCamera)
	r.feed("v-presentation", "C00003", SourceCamera)
	r.feed("a-main", alice, SourceMicrophone)
	v, w := r.view("C00009", StageSlots)
	levels := func() map[SlotID]int {
		m := map[SlotID]int{}
		for _, s := range v.Stats().Slots {
			m[s.Slot] = s.Rendition
		}
		return m
	}
	sites := []*site{a, b, c}
	show(t, sites, "everything at its best", func() bool {
		l := levels()
		return l[main] == 2 && l["v-floor"] == 2 && l["v-presentation"] == 2
	})
	show(t, sites, "rates are measured", func() bool {
		for _, slot := range []SlotID{main, "v-floor", "v-presentation"} {
			if r.stage.slots[slot].rates[0].Load() > 80_000 {
				return false
			}
		}
		return true
	})
	remb := func(bitrate float32) {
		w.feedback(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bitrate, SSRCs: []uint32{ssrcOf(w, main)}})
	}
	queued := func(ok func() bool) func() bool { // round trips bear the estimate out
		return func() bool {
			r.trip(w, main, 800*time.Millisecond)
			return ok()
		}
	}
	r.trip(w, main, 10*time.Millisecond)
	cost := func(slot SlotID) float32 { return float32(r.stage.slots[slot].rates[0].Load()) }
	remb(cost(main) + cost("v-presentation"))
	show(t, sites, "the floor is left out first", queued(func() bool {
		l := levels()
		return l[main] == 0 && l["v-floor"] == none && l["v-presentation"] == 0
	}))
	remb(cost("v-presentation") + cost(main)/8)
	show(t, sites, "then main", queued(func() bool {
		l := levels()
		return l[main] == none && l["v-presentation"] == 0 && v.Stats().Starved
	}))
	r.stage.SetBudget(10_000)
	show(t, sites, "then the presentation", func() bool { return levels()["v-presentation"] == none })
	heard := len(r.got(w, "a-main"))
	for range 10 {
		a.audio()
	}
	eventually(t, "sound to the last", func() bool { return len(r.got(w, "a-main")) == heard+10 })
	v.SetTop(-1)
	show(t, sites, "no pictures when sound alone is wanted", func() bool {
		return levels()["v-presentation"] == none && !v.Stats().Starved
	})
	for _, slot := range []SlotID{main, "v-floor", "v-presentation"} {
		decodable(t, r.got(w, slot))
	}
}

func TestCeilings(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	v, _ := r.view(bob, StageSlots)
	sites := []*site{a}
	at := func(level int32) func() bool {
		return func() bool { return mainLeg(v).rendition.Load() == level }
	}
	show(t, sites, "h", at(2))
	r.stage.SetBudget(10_000) // the media budget of the meeting
	show(t, sites, "nothing within the budget", at(none))
	r.stage.SetBudget(0)
	show(t, sites, "h again", at(2))
	v.SetTop(0)
	show(t, sites, "l", at(0))
	v.SetTop(-1)
	show(t, sites, "nothing", at(none))
	v.SetTop(2)
	show(t, sites, "h once more", at(2))
}

// A line of which nothing is known is probed with padding on the RTX stream, on numbers of its own.
func TestProbe(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	r.feed(main, alice, SourceCamera)
	v, err := r.stage.OpenViewer(ViewerParams{ID: bob, Owner: bob, Slots: StageSlots})
	if err != nil {
		t.Fatal(err)
	}
	w := r.wires.last()
	if err := v.Answer(""); err != nil {
		t.Fatal(err)
	}
	v.onState(Connected)
	last := time.Duration(0)
	level := func() int32 { return mainLeg(v).rendition.Load() }
	fast := func(layer int) { // more than the initial budget allows
		now := r.node.now()
		if now-last < 20*time.Millisecond {
			return
		}
		last = now
		a.tick()
		for i := range layer + 1 {
			n := []int{1, 3, 25}[i]
			a.video(i, n, len(a.asked())%2 == 1)
		}
	}
	eventually(t, "h is being sent", func() bool { fast(2); return level() == 2 })
	var padding int
	w.mu.Lock()
	for _, p := range w.rtp {
		if p.PayloadType == codec.PayloadRTX && len(p.Payload) == 0 && p.Padding {
			padding++
		}
	}
	w.mu.Unlock()
	if padding == 0 {
		t.Fatal("no padding was sent")
	}
	decodable(t, r.got(w, main))
}

// The estimate of a computer that was busy for a moment falls, though all arrives: it goes on being shown pictures, and
// is shown those of the next speaker.
func TestBusyViewerKeepsItsPictures(t *testing.T) {
	r := newRig(t)
	a, b := r.site(alice, markA), r.site(bob, markB)
	r.feed(main, alice, SourceCamera)
	v, w := r.view("C00009", StageSlots)
	sites := []*site{a, b}
	level := func(slot SlotID) int {
		for _, s := range v.Stats().Slots {
			if s.Slot == slot {
				return s.Rendition
			}
		}
		return none
	}
	show(t, sites, "main at its best", func() bool { return level(main) == 2 })
	r.trip(w, main, 10*time.Millisecond)
	remb := func(bitrate float32) {
		w.feedback(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bitrate, SSRCs: []uint32{ssrcOf(w, main)}})
		r.trip(w, main, 12*time.Millisecond)
	}
	remb(35_000)
	remb(8_000)
	watch := func(what string, ok func() bool) {
		t.Helper()
		show(t, sites, what, func() bool {
			if v.Stats().Starved {
				t.Fatal("its pictures were taken away")
			}
			return ok()
		})
	}
	watch("the fall is heeded", func() bool { return v.Stats().Budget < 100_000 })
	watch("main at its lowest", func() bool { return level(main) == 0 })
	r.feed("v-floor", bob, SourceCamera)
	watch("the floor as well", func() bool { return level("v-floor") == 0 && len(r.got(w, "v-floor")) > 10 })
	decodable(t, r.got(w, main))
	decodable(t, r.got(w, "v-floor"))
}

// trip reports a round trip of a slot's stream and returns the report.
func (r *rig) trip(w *wire, slot SlotID, rtt time.Duration) rtcp.ReceptionReport {
	at := uint32(rewrite.ToNTP(r.node.wall(r.node.now()-rtt)) >> 16)
	report := rtcp.ReceptionReport{SSRC: ssrcOf(w, slot), LastSenderReport: at}
	w.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{report}})
	return report
}

// A stream that has paused goes on being reported with its last sender report: an old round trip says nothing.
func TestOldRoundTrip(t *testing.T) {
	r := newRig(t)
	v, w := r.view(bob, StageSlots)
	old := r.trip(w, main, 800*time.Millisecond)
	if rtt := v.Stats().RTT; rtt < 700*time.Millisecond {
		t.Fatalf("round trip %v", rtt)
	}
	r.trip(w, "a-main", 10*time.Millisecond)
	rtt := v.Stats().RTT
	w.feedback(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{old}})
	if again := v.Stats().RTT; again != rtt || rtt > 700*time.Millisecond {
		t.Fatalf("round trip %v, then %v", rtt, again)
	}
}

func TestDemand(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	src := a.pub.sources[SourceCamera]
	r.feed(main, alice, SourceCamera)
	v, _ := r.view(bob, StageSlots)
	show(t, []*site{a}, "h", func() bool { return mainLeg(v).rendition.Load() == 2 })
	top, tell := src.demand(r.node.now())
	if top != 2 || tell {
		t.Fatalf("top %d, tell %v: all are wanted, as the sender assumes", top, tell)
	}
	v.Close()
	v.Wait()
	now := r.node.now()
	if top, tell := src.demand(now); top != none || tell {
		t.Fatalf("top %d, tell %v: less is told late", top, tell)
	}
	if top, tell := src.demand(now + demandDelay); top != none || !tell {
		t.Fatalf("top %d, tell %v", top, tell)
	}
	_, _ = r.view(bob, StageSlots)
	eventually(t, "demand", func() bool { return r.stage.slots[main].demand[2].Load() == 1 })
	if top, tell := src.demand(now + demandDelay); top != 2 || !tell {
		t.Fatalf("top %d, tell %v: more is told at once", top, tell)
	}

	// On stand-by the lowest layer goes on; a camera of which nothing has come yet is told nothing.
	b := r.site("C00003", 0xcc)
	standBy := b.pub.sources[SourceCamera]
	standBy.demand(now)
	if top, tell := standBy.demand(now + demandDelay); top != 0 || !tell {
		t.Fatalf("top %d, tell %v on stand-by", top, tell)
	}
	silent := newSource(&b.pub.origin, bob, SourceCamera, nil)
	silent.demand(now)
	if _, tell := silent.demand(now + demandDelay); tell {
		t.Fatal("a camera that does not send yet was paused")
	}
}

// A camera that was paused altogether is taken up again when somebody comes, although it has long been silent.
func TestPausedCameraComesBack(t *testing.T) {
	r := newRig(t)
	a := r.site(alice, markA)
	tops := make(chan int, 10)
	a.pub.params.OnDemand = func(top int) { tops <- top }
	told := func(want int) {
		t.Helper()
		for top := range tops {
			if top == want {
				return
			}
		}
	}
	r.feed(main, alice, SourceCamera)
	for layer := range renditions {
		a.video(layer, 1, true)
	}
	told(-1)
	src := a.pub.sources[SourceCamera]
	eventually(t, "the camera counts as silent", func() bool { return !src.isActive() })
	v, _ := r.view(bob, StageSlots)
	told(2)
	show(t, []*site{a}, "h", func() bool { return mainLeg(v).rendition.Load() == 2 })

	// The same where another slot asks for it meanwhile.
	v.Close()
	v.Wait()
	told(-1)
	eventually(t, "the camera counts as silent", func() bool { return !src.isActive() })
	r.feed(main, "", SourceCamera)
	r.feed("v-floor", alice, SourceCamera)
	told(0)
	show(t, []*site{a}, "it is in the other slot", func() bool { return r.stage.slots["v-floor"].owner() == alice })
}

func TestSpeech(t *testing.T) {
	var s speech
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	quiet, loud := []byte{127}, []byte{0x80 | 30}
	at := 0
	play := func(level []byte, packets int) {
		for range packets {
			at += 20
			s.level(level, ms(at))
		}
	}
	play(quiet, 50)
	play(loud, 3) // a knock
	play(quiet, 50)
	play(nil, 1)
	if speaking, changed := s.tick(ms(at)); speaking || changed {
		t.Fatal("a knock is not speech")
	}
	play(loud, 20)
	if speaking, changed := s.tick(ms(at)); !speaking || !changed {
		t.Fatal("that was speech")
	}
	play(quiet, 30) // a breath
	if speaking, changed := s.tick(ms(at)); !speaking || changed {
		t.Fatal("a breath does not end speech")
	}
	play(quiet, 20)
	if speaking, changed := s.tick(ms(at)); speaking || !changed {
		t.Fatal("silence ends speech")
	}
}

func TestWithAbsent(t *testing.T) {
	type rates = [adapt.Levels]float64
	tests := []struct {
		name             string
		rates            rates
		top, level, want int
		left             float64
	}{
		{"idle, a good line", rates{}, 2, none, 2, 5e6},
		{"idle, a weak line", rates{}, 2, none, 0, 10_000},
		{"idle, not wanted", rates{}, none, none, none, 5e6},
		{"only l arrives yet", rates{100_000}, 2, 0, 2, 5e6},
		{"only l arrives yet, m would do", rates{100_000}, 2, 0, 1, 500_000},
		{"nothing is left", rates{100_000}, 2, 0, 0, 0},
		{"m arrives and is too much", rates{100_000, 400_000}, 2, 0, 0, 5e6},
		{"l does not arrive, m is too much", rates{0, 400_000}, 2, none, none, 100_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := adapt.Stream{Rates: tt.rates, Top: tt.top}
			if got := withAbsent(&s, tt.level, tt.left); got != tt.want {
				t.Fatalf("level %d, want %d", got, tt.want)
			}
		})
	}
}

func (w *wire) budget(r *rig) int64 {
	for _, v := range r.node.allViewers() {
		if v.conn == transport.Conn(w) {
			return v.Stats().Budget
		}
	}
	return 0
}
