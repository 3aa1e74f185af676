package signaling

import (
	"slices"
	"time"

	"github.com/diemcau/diemcau/meeting"
)

const (
	// evidenceEvery is how often the coordinator looks after what the record says of the lines.
	evidenceEvery = 10 * time.Second
	// qualityRound is how often each connection is summed up in the record while it lasts.
	qualityRound = 15 * time.Minute
	// qualityLeast is how many endpoints are looked at together at least.
	qualityLeast = 64
)

// Delivery is what a viewer peer was sent, by the media plane.
type Delivery struct {
	Packets  uint64 // in the time of the receiver reports
	Lost     uint64 // of those
	High     time.Duration
	Medium   time.Duration
	Low      time.Duration
	Nothing  time.Duration // no picture although some came in
	Arriving time.Duration // for how long reports have shown packets arriving without a break
}

func (d Delivery) plus(e Delivery) Delivery {
	return Delivery{
		Packets: d.Packets + e.Packets, Lost: d.Lost + e.Lost, High: d.High + e.High, Medium: d.Medium + e.Medium,
		Low: d.Low + e.Low, Nothing: d.Nothing + e.Nothing, Arriving: e.Arriving,
	}
}

// quality sums up a connection from its beginning.
func (c *conn) quality() meeting.Quality {
	d := c.peers.delivered()
	frames, sound := c.page.totals()
	seconds := func(d time.Duration) int { return int(d.Round(time.Second) / time.Second) }
	return meeting.Quality{
		Endpoint: c.who.Endpoint, Conn: c.id, Packets: d.Packets, Lost: d.Lost,
		HighS: seconds(d.High), MediumS: seconds(d.Medium), LowS: seconds(d.Low), NothingS: seconds(d.Nothing),
		Frames: frames, SoundS: seconds(sound),
	}
}

// rounds goes round the endpoints of a session, a part at a time, so that each is summed up every qualityRound.
type rounds struct {
	next  int       // index in the order of the session
	begun time.Time // the round
}

// part returns the endpoints whose turn it is, none while a round waits for its time.
func (r *rounds) part(order []string, now time.Time) []string {
	if r.next >= len(order) {
		r.next = 0
	}
	if r.next == 0 {
		if !r.begun.IsZero() && now.Sub(r.begun) < qualityRound {
			return nil
		}
		first := r.begun.IsZero()
		r.begun = now
		if first { // nothing has lasted that long yet
			return nil
		}
	}
	parts := int(qualityRound / evidenceEvery)
	n := min(max(qualityLeast, (len(order)+parts-1)/parts), meeting.MaxQuality, len(order)-r.next)
	part := order[r.next : r.next+n]
	r.next += n
	return part
}

// evidence returns what there is to record of the lines: pages that fell silent, and the sums of those whose turn it is. The
// sums go on growing while the record does not answer.
func (r *rounds) evidence(a *audience, now time.Time, sure bool) []request {
	if isOver(a.session) {
		return nil
	}
	batch := a.silenced(now)
	if !sure {
		return batch
	}
	return append(batch, a.sumUp(r.part(a.session.Order, now))...)
}

// sumUp sums up the connections of endpoints for the record.
func (a *audience) sumUp(codes []string) (batch []request) {
	var sums []meeting.Quality
	for _, code := range codes {
		if m := a.members[code]; m.conn != nil {
			sums = append(sums, m.conn.quality())
		}
	}
	for part := range slices.Chunk(sums, meeting.MaxQuality) {
		batch = append(batch, request{cmd: meeting.MeasureQuality{Connections: part}})
	}
	return batch
}
