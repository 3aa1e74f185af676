package rewrite

import "time"

// forget is how long a timestamp counts. One that is half the range of its clock old, 6.6 hours at 90 kHz, would seem to
// lie ahead of all that follow.
const forget = int64(time.Hour)

// Latest is the highest RTP timestamp of a stream. It is forgotten in a long pause. The zero value has none.
type Latest struct {
	time uint32
	at   int64
	any  bool
}

// Take takes a timestamp and when it came, in nanoseconds of any one monotonic clock.
func (l *Latest) Take(rtp uint32, at int64) {
	if !l.any || int32(rtp-l.time) > 0 || at-l.at > forget {
		l.time, l.at, l.any = rtp, at, true
	}
}

// Get returns the highest timestamp, as things stand at a time; false if there is none.
func (l *Latest) Get(at int64) (rtp uint32, ok bool) { return l.time, l.any && at-l.at <= forget }
