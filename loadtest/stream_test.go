package loadtest

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func videoStream() *stream {
	return newStream(&offeredMedia{mid: mainVideo, video: true, nack: true, ssrc: 7, rtxSSRC: 8})
}

// asked lists the numbers that a NACK asks for.
func asked(n *rtcp.TransportLayerNack) (numbers []uint16) {
	if n != nil {
		for _, pair := range n.Nacks {
			numbers = append(numbers, pair.PacketList()...)
		}
	}
	return numbers
}

func TestStreamAsksForWhatIsMissing(t *testing.T) {
	now := time.Unix(1000, 0)
	s := videoStream()
	for _, n := range []uint16{65533, 65534, 2, 3} {
		s.put(n, 0, 100, now)
	}
	if got := asked(s.nack(1, now)); got != nil {
		t.Errorf("asked for %v, which may only have been overtaken", got)
	}
	now = now.Add(nackDelay)
	if got := asked(s.nack(1, now)); !slices.Equal(got, []uint16{65535, 0, 1}) {
		t.Fatalf("asked for %v", got)
	}
	if got := asked(s.nack(1, now.Add(nackRetry/2))); got != nil {
		t.Errorf("asked again at once for %v", got)
	}
	s.put(0, 0, 100, now) // sent again as it was
	s.repair(65535)       // by RFC 4588
	for i := 1; i < nackTries; i++ {
		now = now.Add(nackRetry)
		if got := asked(s.nack(1, now)); !slices.Equal(got, []uint16{1}) {
			t.Fatalf("try %d asked for %v", i+1, got)
		}
	}
	if s.pli(now, false) {
		t.Error("asked for a keyframe while repair may still come")
	}
	now = now.Add(nackRetry)
	if got := asked(s.nack(1, now)); got != nil {
		t.Errorf("asked once too often for %v", got)
	}
	if !s.pli(now, false) {
		t.Error("no keyframe asked for after a packet was given up")
	}
	if s.pli(now, false) {
		t.Error("asked twice for one keyframe")
	}
}

func TestStreamWithoutNackDoesNotAsk(t *testing.T) {
	s := newStream(&offeredMedia{mid: mainAudio})
	s.put(1, 0, 100, time.Unix(1, 0))
	s.put(5, 0, 100, time.Unix(1, 0))
	if got := asked(s.nack(1, time.Unix(2, 0))); got != nil {
		t.Errorf("asked for %v", got)
	}
}

func TestStreamBoundsWhatItAsksFor(t *testing.T) {
	s := videoStream()
	s.put(0, 0, 100, time.Unix(1, 0))
	s.put(30_000, 0, 100, time.Unix(1, 0))
	if got := len(asked(s.nack(1, time.Unix(2, 0)))); got != maxMissing {
		t.Errorf("asked for %d numbers, want %d", got, maxMissing)
	}
}

func TestStreamAsksForTheFirstKeyframe(t *testing.T) {
	now := time.Unix(1000, 0)
	s := videoStream()
	if s.pli(now, true) {
		t.Error("asked before anything came")
	}
	s.put(1, 0, 100, now)
	if s.pli(now.Add(keyframePatience), true) {
		t.Error("asked too early")
	}
	if !s.pli(now.Add(keyframePatience+pulse), true) {
		t.Error("did not ask")
	}
}

func TestStreamReports(t *testing.T) {
	now := time.Unix(1000, 0)
	s := videoStream()
	if _, ok := s.report(now); ok {
		t.Error("reported before anything came")
	}
	for n := uint16(65530); n != 34; n++ {
		if n%10 != 3 { // 65533, 3, 13, 23, 33 are lost
			s.put(n, 0, 100, now)
		}
	}
	s.repair(13) // does not count: RFC 3550 knows nothing of it
	s.reportedNTP, s.reportedAt = 0xabcd, now.Add(-500*time.Millisecond)
	r, ok := s.report(now)
	if !ok {
		t.Fatal("no report")
	}
	// 65530 … 65568 is 39 numbers, of which four are missing; the last one that came is 32.
	want := rtcp.ReceptionReport{
		SSRC: 7, FractionLost: 4 * 256 / 39, TotalLost: 4, LastSequenceNumber: 1<<16 + 32, LastSenderReport: 0xabcd, Delay: 32768,
	}
	if r != want {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	if _, ok := s.report(now.Add(time.Second)); ok {
		t.Error("reported a silent stream")
	}
	s.put(34, 0, 100, now)
	s.put(35, 0, 100, now)
	if r, _ := s.report(now.Add(2 * time.Second)); r.FractionLost != 256/3 || r.TotalLost != 5 {
		t.Errorf("second report: fraction %d, total %d", r.FractionLost, r.TotalLost)
	}
}

func TestStreamJitter(t *testing.T) {
	at := time.Unix(1000, 0)
	s := videoStream()
	for n := range uint16(200) {
		s.put(n, uint32(n)*3600, 100, at)
		at = at.Add(frameInterval)
	}
	if s.jitter > 1 {
		t.Errorf("jitter %f of an even stream", s.jitter)
	}
	for n := uint16(200); n < 600; n++ {
		s.put(n, uint32(n)*3600, 100, at.Add(time.Duration(n%2)*10*time.Millisecond))
		at = at.Add(frameInterval)
	}
	if got := s.jitter / s.clock; got < 0.009 || got > 0.011 {
		t.Errorf("jitter %f s, want 10 ms", got)
	}
}

func TestReportsAreSpread(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, test := range []struct {
		video bool
		mean  time.Duration
	}{{true, videoReports}, {false, audioReports}} {
		s := newStream(&offeredMedia{video: test.video})
		if s.reportDue(now) {
			t.Error("due before anything was scheduled")
		}
		least, most := time.Hour, time.Duration(0)
		for range 200 {
			s.schedule(now)
			after := s.reportAt.Sub(now)
			least, most = min(least, after), max(most, after)
		}
		if least < test.mean/2 || most > test.mean*3/2 || most-least < test.mean/2 {
			t.Errorf("reports after %v to %v, want %v more or less by half", least, most, test.mean)
		}
		if s.reportDue(s.reportAt.Add(-1)) || !s.reportDue(s.reportAt) {
			t.Error("due at another time than scheduled")
		}
	}
}

// fed gives an estimator a megabit per second in packets of 20 ms, and returns when it had something to send.
func fed(b *bandwidth, from time.Time, d time.Duration) (sent []time.Time) {
	const packet = 2500
	bytes := b.bytes
	for at := from; at.Before(from.Add(d)); at = at.Add(20 * time.Millisecond) {
		bytes += packet
		if b.update(bytes, at) {
			sent = append(sent, at)
		}
	}
	return sent
}

func TestBandwidthGrowsWithWhatArrives(t *testing.T) {
	at := time.Unix(1000, 0)
	var b bandwidth
	sent := fed(&b, at, firstEstimate+300*time.Millisecond)
	if len(sent) == 0 || sent[0].Sub(at) < firstEstimate {
		t.Fatalf("estimates at %v", sent)
	}
	if b.estimate < 0.97e6 || b.estimate > 1.03e6 {
		t.Errorf("first estimate %.0f, want what arrives", b.estimate)
	}
	at = at.Add(firstEstimate + 300*time.Millisecond)
	if sent = fed(&b, at, time.Second); len(sent) != 5 {
		t.Errorf("%d estimates in a second", len(sent))
	}
	if b.estimate < 1.05e6 || b.estimate > 1.15e6 {
		t.Errorf("%.0f after a second, want about 8 %% more", b.estimate)
	}
	at = at.Add(time.Second)
	fed(&b, at, 30*time.Second)
	if b.estimate < 1.5e6 || b.estimate > 1.55e6 {
		t.Errorf("%.0f in the end, want 1.5 times what arrives", b.estimate)
	}
	if b.update(b.bytes, at.Add(time.Minute)) {
		t.Error("an estimate of a line on which nothing comes")
	}
}

func TestPoorLinesEstimateLessOften(t *testing.T) {
	for _, test := range []struct {
		estimate float64
		want     time.Duration
	}{{1e6, 200 * time.Millisecond}, {32_000, 400 * time.Millisecond}, {1000, time.Second}} {
		if got := (&bandwidth{estimate: test.estimate}).interval(); got != test.want {
			t.Errorf("at %.0f bit/s every %v, want %v", test.estimate, got, test.want)
		}
	}
}
