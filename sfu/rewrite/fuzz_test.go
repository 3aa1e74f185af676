package rewrite

import (
	"encoding/binary"
	"testing"
	"time"
)

// FuzzClock lets packets and reports of any content arrive, in the order of time: the sample that arrived last is never
// put further from its arrival than an uplink may queue, and At finds it again.
func FuzzClock(f *testing.F) {
	f.Add(uint32(90_000), []byte{0, 0, 0, 0, 0, 10, 1, 0, 0, 0, 0, 20, 0, 0xff, 0xff, 0xff, 0xf0, 30})
	f.Add(uint32(48_000), []byte{1, 0x80, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 255, 1, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, rate uint32, ops []byte) {
		c := Clock{Rate: []uint32{48_000, 90_000}[rate%2]}
		var skew Skew
		now := int64(0)
		for ; len(ops) >= 6; ops = ops[6:] {
			rtp := binary.BigEndian.Uint32(ops[1:])
			now += int64(ops[5]) * int64(time.Second) / 50
			if ops[0]%2 == 0 {
				c.Arrived(rtp, now)
			} else {
				ntp := NTP(uint64(ops[0])<<56 | uint64(rtp)<<8)
				c.Report(rtp, ntp)
				skew.Report(ntp, now)
			}
			if ntp, ok := c.Remote(rtp); ok {
				skew.Bound(ntp, now)
			}
			local := c.Local(c.latest.time, skew.Value())
			if !c.latest.any {
				continue
			}
			if d := local - c.latest.at; max(d, -d) > int64(maxQueue) {
				t.Fatalf("a sample that arrived at %d was taken at %d", c.latest.at, local)
			}
			if d := int32(c.At(local, skew.Value()) - c.latest.time); d < -1 || d > 1 {
				t.Fatalf("At is %d ticks off", d)
			}
		}
	})
}

// FuzzTicks compares with what is exact for short times.
func FuzzTicks(f *testing.F) {
	f.Add(int64(time.Second), uint32(90_000))
	f.Add(-int64(time.Millisecond), uint32(48_000))
	f.Add(int64(-1<<63), uint32(1))
	f.Fuzz(func(t *testing.T, ns int64, rate uint32) {
		got := Ticks(ns, rate)
		if ns > -int64(time.Minute) && ns < int64(time.Minute) && rate <= 90_000 {
			if want := uint32(ns * int64(rate) / int64(time.Second)); got != want {
				t.Errorf("%d, want %d", got, want)
			}
		}
	})
}
