package rewrite

import (
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

func TestClock(t *testing.T) {
	video := Clock{Rate: 90_000}
	video.Arrived(4_294_967_290, 1000*ms)
	video.Arrived(8994, 1100*ms) // 9,000 ticks and 100 ms later
	if got := video.Local(8994+90_000, 0); got != 2100*ms {
		t.Fatalf("by arrival: %d", got)
	}
	if got := video.Local(4_294_967_290, 0); got != 1000*ms {
		t.Fatalf("by arrival, earlier: %d", got)
	}
	// The sender says that the sample was taken 40 ms before it arrived.
	video.Report(8994, 500_000*ms)
	skew := 1060*ms - 500_000*ms
	if got := video.Local(8994, skew); got != 1060*ms {
		t.Fatalf("by report: %d", got)
	}
	if got := video.At(1160*ms, skew); got != 8994+9000 {
		t.Fatalf("At: %d", got)
	}
	if got := video.At(960*ms, skew); got != 4_294_967_290 {
		t.Fatalf("At, before the wrap: %d", got)
	}
	// A report that puts the sample an hour off is not believed.
	video.Report(8994, 4_000_000*ms)
	if got := video.Local(8994, skew); got != 1100*ms {
		t.Fatalf("absurd report: %d", got)
	}
}

// Audio and video of one sender, sampled together, come out together, however differently they travelled.
func TestLipSync(t *testing.T) {
	audio, video := Clock{Rate: 48_000}, Clock{Rate: 90_000}
	var skew Skew
	audio.Arrived(1_000, 10_000*ms)
	video.Arrived(70_000, 10_090*ms)
	skew.Report(77_000*ms, 10_020*ms)
	audio.Report(1_000, 77_000*ms)
	skew.Report(77_050*ms, 10_100*ms)
	video.Report(70_000+4_500, 77_050*ms)
	if a, v := audio.Local(1_000, skew.Value()), video.Local(70_000, skew.Value()); a != v {
		t.Fatalf("audio at %d, video at %d", a, v)
	}
}

// A first report that came 800 ms late does not put the picture 800 ms ahead of its arrival.
func TestLateReport(t *testing.T) {
	video := Clock{Rate: 90_000}
	var skew Skew
	skew.Bound(77_000*ms, 9_000*ms) // says nothing before the first report
	video.Arrived(70_000, 10_000*ms)
	skew.Report(77_000*ms, 10_770*ms)
	video.Report(70_000, 77_000*ms)
	video.Arrived(70_000+72_000, 10_810*ms)
	ntp, ok := video.Remote(70_000 + 72_000)
	if !ok || ntp != 77_800*ms {
		t.Fatalf("the sender's clock at %d, %v", ntp, ok)
	}
	skew.Bound(ntp, 10_810*ms)
	if got := video.Local(70_000+72_000, skew.Value()); got != 10_810*ms {
		t.Fatalf("sampled at %d, after it arrived", got)
	}
	skew.Bound(ntp, 10_900*ms) // one that was slower says nothing
	skew.Bound(1_000_000*ms, 10_900*ms)
	if got := video.Local(70_000, skew.Value()); got != 10_010*ms {
		t.Fatalf("sampled at %d", got)
	}
}

func TestTicks(t *testing.T) {
	tests := []struct {
		ns   int64
		rate uint32
		want uint32
	}{
		{0, 90_000, 0},
		{int64(time.Second), 90_000, 90_000},
		{-int64(time.Second), 90_000, ^uint32(90_000) + 1},
		{int64(100 * time.Hour), 90_000, uint32(100 * 3600 * 90_000 % (1 << 32))},
		{int64(20 * 365 * 24 * time.Hour), 48_000, uint32(uint64(20*365*24*3600*48_000) & 0xffffffff)},
	}
	for _, tt := range tests {
		if got := Ticks(tt.ns, tt.rate); got != tt.want {
			t.Errorf("Ticks(%d, %d) = %d, want %d", tt.ns, tt.rate, got, tt.want)
		}
	}
}

func TestNTP(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 500_000_000, time.UTC)
	ntp := ToNTP(at)
	if ntp&0xffffffff != 1<<31 {
		t.Fatalf("half a second is %x", ntp&0xffffffff)
	}
	epoch := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	if got, want := NTP(ntp)/int64(time.Second), at.Unix()-epoch.Unix(); got != want {
		t.Fatalf("seconds since 1900: %d, want %d", got, want)
	}
}

// A layer that was paused for so long that its timestamps seem to have gone back is taken as new.
func TestLongPause(t *testing.T) {
	hours := func(n int64) int64 { return n * int64(time.Hour) }
	ticks := func(n int64) uint32 { return uint32(n * 3600 * 90_000) }
	for n := int64(1); n < 30; n++ {
		video := Clock{Rate: 90_000}
		video.Arrived(70_000, 0)
		video.Arrived(70_000+ticks(n), hours(n))
		video.Arrived(70_000+ticks(n)-9000, hours(n)+10*ms) // overtaken
		if got := video.Local(70_000+ticks(n)+9000, 0); got != hours(n)+100*ms {
			t.Errorf("after %d hours: sampled at %v", n, time.Duration(got))
		}
	}
}

// While the uplink holds a queue of about a second, reports and arrivals disagree by now a little more, now a little
// less than what is doubted. The relation stays what it was.
func TestQueuedUplink(t *testing.T) {
	video := Clock{Rate: 90_000}
	video.Report(0, 50_000*ms)
	skew := -49_000 * ms // sampled at 1 s
	video.Arrived(0, 1000*ms)
	for i, queue := range []int64{500, 900, 1100, 950, 1300, 900, 2000, 800} {
		at := uint32(i+1) * 9000
		video.Arrived(at, 1000*ms+int64(i+1)*100*ms+queue*ms)
		if got := video.At(5000*ms, skew); got != 4*90_000 {
			t.Errorf("with a queue of %d ms: timestamp %d", queue, got)
		}
	}
	// A relation that is an hour off is left, and not taken up again where it is a little off.
	video.Arrived(90_000, 3_600_000*ms)
	if got := video.Local(90_000, skew); got != 3_600_000*ms {
		t.Errorf("absurd: sampled at %v", time.Duration(got))
	}
	for i, tt := range []struct{ queue, want int64 }{{1500, 1500}, {900, 0}, {1500, 0}} {
		at, sampled := 90_000+9000*uint32(i+1), (2100+100*int64(i))*ms
		video.Arrived(at, sampled+tt.queue*ms)
		if got := video.Local(at, skew); got != sampled+tt.want*ms {
			t.Errorf("with a queue of %d ms: sampled at %v", tt.queue, time.Duration(got))
		}
	}
}
