package signaling

import (
	"maps"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
)

// recording is how the record stands, as consoles were told.
type recording struct {
	consoles map[*conn]*console // of the audience
	told     protocol.Recording
}

// warn tells consoles since when the record cannot be written, zero that it can again, if they were told otherwise.
func (r *recording) warn(since time.Time) {
	if since.IsZero() != (r.told.SinceMs == 0) {
		r.stands(func(now *protocol.Recording) { now.SinceMs = ms(since) })
	}
}

// doubt tells consoles by how much the clock is behind the record, and that the list of sessions contradicts the ledger,
// if they were told otherwise. How long the clock will be behind is told once: it grows less by itself.
func (r *recording) doubt(behind time.Duration, contradiction bool) {
	r.stands(func(now *protocol.Recording) {
		if (behind == 0) != (now.ClockBehindMs == 0) {
			now.ClockBehindMs = behind.Milliseconds()
		}
		now.Contradiction = contradiction
	})
}

// stands changes how the record stands, and tells consoles if that is another than they know.
func (r *recording) stands(change func(*protocol.Recording)) {
	next := r.told
	if change(&next); next != r.told {
		r.told = next
		sendTo(next, maps.Keys(r.consoles))
	}
}
