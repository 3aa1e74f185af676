package rewrite

import (
	"math/bits"
	"time"
)

const (
	// maxDisagreement is how far a sender report may put a packet from its arrival to be believed, maxQueue how far until
	// it is not any more: so far an uplink's queue may grow.
	maxDisagreement = time.Second
	maxQueue        = 3 * time.Second
)

// Clock relates the RTP timestamps of one input stream to local time: by its sender reports once there is one,
// before that by the arrival of its packets. Times are nanoseconds. The zero value knows only Rate 0; set Rate.
type Clock struct {
	Rate uint32 // of the timestamps, in hertz

	reportTime uint32
	reportNTP  int64
	reported   bool
	believed   bool // as things stood last

	latest Latest
}

// Report takes a sender report: the sender's wall clock (any epoch) at an RTP timestamp.
func (c *Clock) Report(rtp uint32, ntp int64) {
	c.reportTime, c.reportNTP, c.reported = rtp, ntp, true
}

// Reported tells whether a sender report has come.
func (c *Clock) Reported() bool { return c.reported }

// Arrived takes the arrival of a packet.
func (c *Clock) Arrived(rtp uint32, at int64) {
	c.latest.Take(rtp, at)
}

// Local returns the local time at which the sample of an RTP timestamp was taken, as far as can be known. skew is
// local time minus the sender's, equal for all streams of one sender: that is what keeps lips right.
func (c *Clock) Local(rtp uint32, skew int64) int64 {
	arrival := c.latest.at + c.span(rtp-c.latest.time)
	if !c.reported {
		return arrival
	}
	local := c.reportNTP + skew + c.span(rtp-c.reportTime)
	if !c.latest.any {
		return local
	}
	limit := maxDisagreement
	if c.believed {
		limit = maxQueue
	}
	if c.believed = max(local-arrival, arrival-local) <= int64(limit); c.believed {
		return local
	}
	return arrival
}

// Remote returns the sender's wall clock at an RTP timestamp, if a report has told.
func (c *Clock) Remote(rtp uint32) (ntp int64, ok bool) {
	return c.reportNTP + c.span(rtp-c.reportTime), c.reported
}

// At is the inverse of Local.
func (c *Clock) At(local int64, skew int64) uint32 {
	rtp, at := c.latest.time, c.Local(c.latest.time, skew)
	if !c.latest.any {
		rtp, at = c.reportTime, c.reportNTP+skew
	}
	return rtp + Ticks(local-at, c.Rate)
}

// span is the duration of a signed number of ticks.
func (c *Clock) span(ticks uint32) int64 {
	return int64(int32(ticks)) * int64(time.Second) / int64(c.Rate)
}

// Ticks converts nanoseconds to timestamp units modulo 2^32.
func Ticks(ns int64, rate uint32) uint32 {
	abs := uint64(max(ns, -ns))
	hi, lo := bits.Mul64(abs, uint64(rate))
	q, _ := bits.Div64(hi%uint64(time.Second), lo, uint64(time.Second))
	if ns < 0 {
		return -uint32(q)
	}
	return uint32(q)
}

// NTP converts the 64-bit timestamp of a sender report (RFC 3550 4) to nanoseconds since 1900, modulo its range.
func NTP(ntp uint64) int64 {
	return int64(ntp>>32)*int64(time.Second) + int64((ntp&0xffffffff)*uint64(time.Second)>>32)
}

// ToNTP converts wall-clock time to the 64-bit timestamp of a sender report.
func ToNTP(t time.Time) uint64 {
	const sinceEpoch = 2_208_988_800 // seconds from 1900 to 1970
	return uint64(t.Unix()+sinceEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// Skew estimates local minus remote time from sender reports: the least delay seen is the nearest to the truth.
// It may grow slowly, so that a clock that drifts is followed.
type Skew struct {
	value int64
	valid bool
}

// Report takes the arrival of a report and the sender's clock in it.
func (s *Skew) Report(ntp, arrived int64) {
	skew := arrived - ntp
	switch {
	case !s.valid || skew < s.value:
		s.value, s.valid = skew, true
	default:
		s.value += (skew - s.value) / 128
	}
}

// Bound takes the arrival of a packet and the sender's clock when it was sampled. Nothing arrives before it is sampled, so
// the skew cannot be more than that. Without it a first report that comes late would move all that follows ahead by as
// much, and viewers would wait for it as long.
func (s *Skew) Bound(ntp, arrived int64) {
	if skew := arrived - ntp; s.valid && skew < s.value && s.value-skew < int64(maxDisagreement) {
		s.value = skew
	}
}

// Value is the estimate in nanoseconds, 0 before the first report.
func (s *Skew) Value() int64 { return s.value }
