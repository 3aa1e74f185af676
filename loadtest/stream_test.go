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

func TestBandwidthGrowsWithWhatArrives(t *testing.T) {
	at := time.Unix(1000, 0)
	var b bandwidth
	bytes := int64(0)
	if got := b.update(bytes, at); got != 0 {
		t.Errorf("%f before anything came", got)
	}
	for i := range 30 {
		at, bytes = at.Add(time.Second), bytes+125_000
		got := b.update(bytes, at)
		if i == 0 && got != 1e6 {
			t.Errorf("first estimate %f, want what arrived", got)
		}
		if got > 1.5*1e6+10_000 {
			t.Fatalf("after %d s %f bit/s are estimated", i, got)
		}
		if i == 29 && got < 1.5*1e6 {
			t.Errorf("at the end %f bit/s", got)
		}
	}
}
