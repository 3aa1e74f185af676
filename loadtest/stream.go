package loadtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pion/rtcp"
)

const (
	// nackDelay lets packets overtake each other, as they do when a sender moves from one processor to another.
	nackDelay = 10 * time.Millisecond
	// nackRetry, nackTries and maxMissing are those of libwebrtc, but for a fixed time instead of the round trip.
	nackRetry  = 100 * time.Millisecond
	nackTries  = 10
	maxMissing = 1000
	// keyframePatience is how long a decoder waits for its first keyframe before it asks.
	keyframePatience = 300 * time.Millisecond
	pliInterval      = time.Second
	// videoReports and audioReports are the mean times between receiver reports, which vary by half (RFC 3550 6.3.1).
	videoReports = time.Second
	audioReports = 5 * time.Second
)

// gap is a number that was skipped and may still come.
type gap struct {
	number int64
	due    time.Time // of the next request
	tries  int
}

// stream is what one viewer receives on one m-line: its own packets and their RFC 4588 repairs.
type stream struct {
	media *offeredMedia
	clock float64 // hertz of the RTP timestamps

	seq     sequence
	gaps    []gap
	bytes   int64     // repairs and padding included
	last    time.Time // of the last packet
	repairs int64     // packets that came by RFC 4588

	// Of the receiver reports (RFC 3550 6.4.1); repairs do not count there.
	arrived, expectedBefore, arrivedBefore int64
	first                                  int64
	jitter                                 float64 // in clock ticks
	transit                                float64
	reportedNTP                            uint32 // middle of the last sender report
	reportedAt                             time.Time
	reportAt                               time.Time // when the next report is due

	started   bool
	firstAt   time.Time
	broken    bool      // a packet was given up
	requested time.Time // when a keyframe was asked for

	wanted bool // packets are decrypted and frames assembled
	synced bool // the SRTP context knows the roll-over counter
	frames assembler
}

func newStream(m *offeredMedia) *stream {
	s := &stream{media: m, clock: 48_000}
	if m.video {
		s.clock = 90_000
	}
	return s
}

// put takes the clear header of a packet.
func (s *stream) put(number uint16, timestamp uint32, size int, at time.Time) (extended int64, what arrival) {
	if !s.started {
		s.started, s.first, s.firstAt = true, int64(number), at
	}
	extended, missed, what := s.seq.put(number)
	s.arrived++
	s.bytes += int64(size)
	s.last = at
	if what != fresh {
		return extended, what
	}
	if missed > 0 && s.media.nack {
		for n := max(extended-missed, extended-maxMissing); n < extended && len(s.gaps) < maxMissing; n++ {
			s.gaps = append(s.gaps, gap{number: n, due: at.Add(nackDelay)})
		}
	}
	s.fill(extended)
	// Interarrival jitter (RFC 3550 A.8), only of packets that came in order.
	if extended == s.seq.highest {
		transit := float64(at.UnixNano())/1e9*s.clock - float64(timestamp)
		if d := transit - s.transit; s.transit != 0 && d < s.clock && d > -s.clock {
			s.jitter += (max(d, -d) - s.jitter) / 16
		}
		s.transit = transit
	}
	return extended, what
}

// repair takes the original number of a packet that came by RFC 4588.
func (s *stream) repair(number uint16) (extended int64, what arrival) {
	if !s.seq.started {
		return 0, stale
	}
	extended, _, what = s.seq.put(number)
	s.repairs++
	s.fill(extended)
	return extended, what
}

func (s *stream) fill(number int64) {
	if len(s.gaps) == 0 {
		return
	}
	s.gaps = slices.DeleteFunc(s.gaps, func(g gap) bool { return g.number == number })
}

// nack returns the request for what is due (RFC 4585 6.2.1), nil for nothing.
func (s *stream) nack(sender uint32, now time.Time) *rtcp.TransportLayerNack {
	var due []uint16
	kept := s.gaps[:0]
	for _, g := range s.gaps {
		if !now.Before(g.due) {
			if g.tries == nackTries {
				s.broken = true
				continue
			}
			g.due, g.tries = now.Add(nackRetry), g.tries+1
			due = append(due, uint16(g.number))
		}
		kept = append(kept, g)
	}
	s.gaps = kept
	if due == nil {
		return nil
	}
	return &rtcp.TransportLayerNack{
		SenderSSRC: sender, MediaSSRC: s.media.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(due),
	}
}

// pli reports whether to ask for a keyframe now (RFC 4585 6.3.1): because a packet is lost for good, or because the
// first one is overdue.
func (s *stream) pli(now time.Time, waiting bool) bool {
	overdue := waiting && s.started && now.Sub(s.firstAt) > keyframePatience
	if !s.media.video || !s.broken && !overdue || now.Sub(s.requested) < pliInterval {
		return false
	}
	s.broken, s.requested = false, now
	return true
}

// reportDue reports whether it is time for a receiver report.
func (s *stream) reportDue(now time.Time) bool {
	if s.reportAt.IsZero() {
		s.schedule(now)
	}
	return !now.Before(s.reportAt)
}

// schedule sets when the next report is due.
func (s *stream) schedule(now time.Time) {
	mean := audioReports
	if s.media.video {
		mean = videoReports
	}
	s.reportAt = now.Add(mean/2 + rand.N(mean))
}

// report returns the reception report (RFC 3550 6.4.1 and A.3); ok is false when nothing came since the last one.
func (s *stream) report(now time.Time) (r rtcp.ReceptionReport, ok bool) {
	s.schedule(now)
	if s.arrived == s.arrivedBefore {
		return r, false
	}
	expected := s.seq.highest - s.first + 1
	lost := min(max(expected-s.arrived, 0), 1<<23-1)
	r = rtcp.ReceptionReport{
		SSRC: s.media.ssrc, TotalLost: uint32(lost), LastSequenceNumber: uint32(s.seq.highest), Jitter: uint32(s.jitter),
		LastSenderReport: s.reportedNTP,
	}
	if due, came := expected-s.expectedBefore, s.arrived-s.arrivedBefore; due > 0 && due > came {
		r.FractionLost = uint8(min((due-came)<<8/due, 255))
	}
	s.expectedBefore, s.arrivedBefore = expected, s.arrived
	if s.reportedNTP != 0 {
		r.Delay = uint32(now.Sub(s.reportedAt).Seconds() * 65536)
	}
	return r, true
}

const (
	// estimateSize is what libwebrtc reckons an estimate to take, in bits; they may take estimateShare of the line.
	estimateSize        = 80 * 8
	estimateShare       = 0.05
	estimateInterval    = 200 * time.Millisecond
	estimateIntervalMax = time.Second
	// firstEstimate is how long what arrives is measured before it is believed.
	firstEstimate = 5 * time.Second
	// rateWindow is the time over which what arrives is measured.
	rateWindow = time.Second
)

// bandwidth is a receiver's estimate as browsers send it (REMB), without the part that watches queues: it grows
// by 8 % a second up to 1.5 × what arrives. On a path without queues libwebrtc's does the same, and never falls.
type bandwidth struct {
	estimate float64 // bits per second, 0 while there is none
	rate     float64 // of what arrives, over about rateWindow
	bytes    int64   // by the time of the last update
	first    time.Time
	at       time.Time // of the last update
}

// update takes the bytes received so far; it reports whether there is an estimate to be sent now.
func (b *bandwidth) update(bytes int64, now time.Time) bool {
	elapsed := now.Sub(b.at)
	if elapsed < b.interval() || bytes == b.bytes {
		return false
	}
	if b.first.IsZero() {
		b.first, b.at, b.bytes = now, now, bytes
		return false
	}
	arrived := float64(bytes-b.bytes) * 8 / elapsed.Seconds()
	b.rate += (arrived - b.rate) * min(1, elapsed.Seconds()/rateWindow.Seconds())
	b.bytes, b.at = bytes, now
	if b.estimate == 0 {
		if now.Sub(b.first) < firstEstimate {
			return false
		}
		b.estimate = b.rate
	} else {
		grown := b.estimate * math.Pow(1.08, elapsed.Seconds())
		b.estimate = max(b.estimate, min(grown, 1.5*b.rate+10_000))
	}
	return true
}

// interval is the time between two estimates.
func (b *bandwidth) interval() time.Duration {
	if b.estimate == 0 {
		return estimateInterval
	}
	seconds := estimateSize / (estimateShare * b.estimate)
	return min(max(time.Duration(seconds*float64(time.Second)), estimateInterval), estimateIntervalMax)
}
